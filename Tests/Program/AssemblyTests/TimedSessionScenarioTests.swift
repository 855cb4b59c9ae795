import Assembly
import PipelineFiles
import Pipelines
import Testing

/// Sessions by event time as users see them, however the records come.
@Suite struct TimedSessionScenarioTests {
  private func run(_ pipeline: String, _ scenario: String, _ way: HistoryScenarioTests.Way) async throws -> [String] {
    let pipeline = try PipelineLoader.load(text: Array(pipeline.utf8), file: "p.yaml")
    let scenarios = try ScenarioLoader.load(text: Array(scenario.utf8), file: "t.yaml", of: pipeline)
    let runner = ScenarioRunner(partitions: way.partitions, restartEvery: way.restartEvery, redelivers: way.redelivers)
    var problems: [String] = []
    for scenario in scenarios { problems += try await runner.run(scenario) }
    return problems
  }

  @Test(.timeLimit(.minutes(2)), arguments: HistoryScenarioTests.ways)
  func `messages that come late correct the sessions that they were sent in`(_ way: HistoryScenarioTests.Way) async throws {
    let pipeline = """
      pipeline: chat
      tables: { Chat: { key: { partition: PK string, sort: SK string } } }
      items:
        message:
          in: Chat
          match: { PK: "User:{who}", SK: "{n}" }
          fields: { sent: Sent timestamp(UTC) optional, text: Text optional }
      projections:
        talks:
          sessions: who
          touch: message inserted
          time: sent
          lateness: 10m
          gap: 30m
          columns: { messages: count, first_text: first(text), last_text: last(text), lasted: duration }
      effects:
        talk_is_over: { each: talks expired, topic: { name: over, key: who, value: { who: who, id: session_id, n: messages, ended: ended_at } } }
      """
    func put(_ n: Int, _ sent: String) -> String {
      "{ PK: 'User:ana', SK: '\(n)', Sent: '2026-01-01T\(sent)', Text: t\(n) }"
    }
    let scenario = """
      - test: a late message joins two sessions, and what is over is said once, when nothing can correct it
        steps:
          - { at: 2026-01-01T10:00:00Z, put: { Chat: \(put(1, "09:59:00")) } }
          - at: 2026-01-01T10:50:00Z
            put: { Chat: [\(put(2, "10:31:00")), { PK: 'User:ana', SK: '9' }] }
            expect: { talks: [{ who: ana, started_at: 2026-01-01T09:59:00Z, status: expired, ended_by: gap, ended_at: 2026-01-01T10:29:00Z }, { started_at: 2026-01-01T10:31:00Z, status: active }] }
            effects: [{ effect: talk_is_over, topic: { value: { who: ana, n: 1, ended: 2026-01-01T10:29:00.000000Z } } }]
            dead_letters: []
          - at: 2026-01-01T10:55:00Z
            put: { Chat: \(put(3, "10:20:00")) }
            expect: { talks: [{ started_at: 2026-01-01T09:59:00Z }, { started_at: 2026-01-01T10:31:00Z, messages: 1 }] }
            dead_letters: [{ projection: talks, path: Sent }]
          - at: 2026-01-01T11:20:00Z
            put: { Chat: \(put(4, "11:19:00")) }
            expect: { talks: { contains: [{ started_at: 2026-01-01T10:31:00Z, status: expired, ended_at: 2026-01-01T11:01:00Z }, { started_at: 2026-01-01T11:19:00Z }] } }
            effects: [{ effect: talk_is_over, topic: { value: { n: 1, ended: 2026-01-01T11:01:00.000000Z } } }]
          - at: 2026-01-01T11:25:00Z
            put: { Chat: \(put(5, "10:50:00")) }
            dead_letters: [{ projection: talks, path: Sent }, { projection: talks, path: Sent }]
      - test: within lateness a late message joins two sessions, and takes an end back
        steps:
          - { at: 2026-01-01T10:00:00Z, put: { Chat: \(put(1, "10:00:00")) } }
          - at: 2026-01-01T10:35:00Z
            put: { Chat: \(put(2, "10:34:00")) }
            expect: { talks: [{ started_at: 2026-01-01T10:00:00Z, status: expired }, { started_at: 2026-01-01T10:34:00Z, status: active }] }
            effects: []
          - at: 2026-01-01T10:40:00Z
            put: { Chat: \(put(3, "10:15:00")) }
            expect: { talks: [{ started_at: 2026-01-01T10:00:00Z, last_at: 2026-01-01T10:34:00Z, status: active, ended_at: null, messages: 3, first_text: t1, last_text: t2, lasted: 2040, session_id: "2026-01-01T10:00:00.000000Z 8:User:ana 1:1" }] }
            effects: []
            dead_letters: []
          - { at: 2026-01-01T11:14:00Z, effects: [], expect: { talks: [{ status: expired, ended_at: 2026-01-01T11:04:00Z }] } }
          - { advance: 1ms, effects: [{ effect: talk_is_over, topic: { value: { n: 3, ended: 2026-01-01T11:04:00.000000Z } } }] }
      - test: a message from the future is a dead letter
        steps:
          - at: 2026-01-01T10:00:00Z
            put: { Chat: [\(put(1, "10:05:00")), \(put(2, "10:05:00.001"))] }
            expect: { talks: [{ messages: 1, last_text: t1 }] }
            dead_letters: [{ projection: talks, path: Sent }]
      """
    let problems = try await run(pipeline, scenario, way)
    #expect(problems == [])
  }

  @Test(.timeLimit(.minutes(2)), arguments: HistoryScenarioTests.ways)
  func `a move to another room begins the next session, by commit time and by an own time`(
    _ way: HistoryScenarioTests.Way
  ) async throws {
    for time in ["", "time: at, lateness: 1h, "] {
      let pipeline = """
        pipeline: rooms
        tables: { Seats: { key: { partition: PK string } } }
        items:
          seat: { in: Seats, match: { PK: "{who}" }, fields: { room: Room, at: At timestamp(UTC), out: Out optional } }
        projections:
          stays: { sessions: who, touch: [seat inserted, seat changed], \(time)gap: 1h, split when: old.room <> new.room, end: { change: seat changed, when: attribute_exists(Out) }, columns: { room: room, c: count } }
        """
      let scenario = """
        test: rooms
        steps:
          - { at: 2026-01-01T10:00:00Z, put: { Seats: { PK: ana, Room: a, At: '2026-01-01T10:00:00' } } }
          - { at: 2026-01-01T10:10:00Z, put: { Seats: { PK: ana, Room: a, At: '2026-01-01T10:10:00' } } }
          - at: 2026-01-01T10:20:00Z
            put: { Seats: { PK: ana, Room: b, At: '2026-01-01T10:20:00' } }
            expect: { stays: [{ room: a, c: 2, status: expired, ended_by: cut, ended_at: 2026-01-01T10:20:00Z }, { room: b, c: 1, status: active, started_at: 2026-01-01T10:20:00Z }] }
          - at: 2026-01-01T10:30:00Z
            put: { Seats: { PK: ana, Room: b, At: '2026-01-01T10:30:00', Out: x } }
            expect: { stays: [{ room: a }, { room: b, c: 2, status: ended, ended_by: explicit, ended_at: 2026-01-01T10:30:00Z }] }
            dead_letters: []
        """
      let problems = try await run(pipeline, scenario, way)
      #expect(problems == [])
    }
  }
}
