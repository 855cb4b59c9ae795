import Assembly
import PipelineFiles
import Pipelines
import Testing

/// Histories as users of them see them, however the records come.
@Suite struct HistoryScenarioTests {
  struct Way: CustomStringConvertible, Sendable {
    let partitions: Int
    let restartEvery: Int?
    let redelivers: Bool
    var description: String { "\(partitions) partitions, restart every \(restartEvery ?? 0), redelivers \(redelivers)" }
  }

  static let ways = [
    Way(partitions: 1, restartEvery: nil, redelivers: false), Way(partitions: 3, restartEvery: 1, redelivers: false),
    Way(partitions: 8, restartEvery: 2, redelivers: true),
  ]

  private func run(_ pipeline: String, _ scenario: String, _ way: Way) async throws -> [String] {
    let pipeline = try PipelineLoader.load(text: Array(pipeline.utf8), file: "p.yaml")
    let scenarios = try ScenarioLoader.load(text: Array(scenario.utf8), file: "t.yaml", of: pipeline)
    let runner = ScenarioRunner(partitions: way.partitions, restartEvery: way.restartEvery, redelivers: way.redelivers)
    var problems: [String] = []
    for scenario in scenarios { problems += try await runner.run(scenario) }
    return problems
  }

  @Test(.timeLimit(.minutes(2)), arguments: ways)
  func `each change of a task is a row with what it was and what it is`(_ way: Way) async throws {
    let pipeline = """
      pipeline: tasks
      tables: { Tasks: { key: { partition: id string }, ttl: gone_at } }
      items: { task: { in: Tasks, match: { id: "{task}" }, fields: { status: taskstatus optional } } }
      projections:
        moves: { history: task, each: changed(status), columns: { from_status: old.status, to_status: new.status } }
        lives: { history: task, each: [inserted, removed, expired], columns: { status: status, was: old.status } }
        last_two: { history: task, columns: [status], keep: 2 }
        fresh: { history: task, each: changed, when: old.status <> 'todo', columns: [status], keep: [1d, 2] }
      """
    let scenario = """
      - test: transitions in order, in one millisecond too
        steps:
          - at: 2026-01-01T10:00:00Z
            put: { Tasks: [{ id: a, taskstatus: todo }, { id: a, taskstatus: inprogress }, { id: a, taskstatus: done }] }
            expect:
              moves: [{ task: a, from_status: todo, to_status: inprogress, time: 2026-01-01T10:00:00Z, event: changed, cause: user }, { from_status: inprogress, to_status: done }]
              lives: [{ task: a, event: inserted, status: todo, was: null }]
              last_two: [{ event: changed, status: inprogress }, { event: changed, status: done }]
              fresh: [{ status: done }]
          - advance: 1m
            update: { Tasks: { key: { id: a }, set: { taskstatus: done } } }
            expect: { moves: { lacks: [{ from_status: done }] }, last_two: [{ status: inprogress }, { status: done }] }
          - advance: 1m
            delete: { Tasks: { id: a } }
            put: { Tasks: { id: b, taskstatus: todo, gone_at: 1767261900 } }
            expect:
              lives: [{ event: inserted }, { task: a, event: removed, status: done, was: done, cause: user }, { task: b, event: inserted }]
              last_two: [{ task: a, event: changed, status: done }, { task: a, event: removed }, { task: b, event: inserted }]
          - at: 2026-01-01T10:10:00Z
            expect: { lives: { contains: [{ task: b, event: expired, cause: service, time: 2026-01-01T10:05:00.001Z, was: todo }] } }
          - at: 2026-01-02T10:00:00Z
            expect: { fresh: [{ status: done }] }
          - advance: 1ms
            expect: { fresh: [], moves: [{ to_status: inprogress }, { to_status: done }] }
      """
    let problems = try await run(pipeline, scenario, way)
    #expect(problems == [])
  }

  @Test(.timeLimit(.minutes(2)), arguments: ways)
  func `a log of messages keeps what the trimmed list has lost`(_ way: Way) async throws {
    let pipeline = """
      pipeline: memory
      tables: { Sessions: { key: { partition: SessionId string } } }
      items:
        chat:
          in: Sessions
          match: { SessionId: "{session}" }
          fields: { kind: "explode(History, 'type')", body: "explode(History, 'data.content') optional" }
      projections:
        message_log: { history: chat, each: added(body), columns: [kind, body] }
        people_said: { history: chat, each: { change: added(History), when: kind = 'human' }, columns: [body], keep: 2 }
        lost: { history: chat, each: removed(History), columns: { text: body } }
      queries:
        log: { sql: "SELECT session, event, ordinal, body FROM message_log ORDER BY session, time, _order, ordinal" }
      """
    func list(_ bodies: [String]) -> String {
      let all = bodies.map { body in
        "{ type: \(body.hasPrefix("m") ? "human" : "ai"), data: { content: \"\(body)\" } }"
      }
      return "{ SessionId: s, History: [\(all.joined(separator: ", "))] }"
    }
    let scenario = """
      - test: five adds with a history of three
        steps:
          - at: 2026-01-01T10:00:00Z
            put: { Sessions: [\(list(["m0"])), \(list(["m0", "a1"])), \(list(["m0", "a1", "m2"]))] }
          - advance: 1s
            put: { Sessions: [\(list(["a1", "m2", "a3"])), \(list(["m2", "a3", "m4"]))] }
            query: { name: log, rows: [{ body: m0, ordinal: 0, event: added }, { body: a1, ordinal: 1 }, { body: m2, ordinal: 2 }, { body: a3, ordinal: 2 }, { body: m4, ordinal: 2 }] }
            expect:
              people_said: [{ body: m2 }, { body: m4 }]
              lost: [{ text: m0, event: removed, ordinal: 0 }, { text: a1, ordinal: 0 }]
          - advance: 1s
            put: { Sessions: \(list(["m2", "a3", "m4", "ok", "ok"])) }
            expect: { message_log: { contains: [{ body: ok, ordinal: 3 }, { body: ok, ordinal: 4 }] } }
          - advance: 1s
            put: { Sessions: \(list(["m2", "a3", "x"])) }
            expect:
              message_log: { contains: [{ event: rewritten, ordinal: 0, body: null, kind: null, time: 2026-01-01T10:00:03Z }], lacks: [{ body: m4, time: 2026-01-01T10:00:03Z }] }
              lost: { contains: [{ event: rewritten, text: null }, { event: removed, text: ok, ordinal: 3 }, { event: removed, text: ok, ordinal: 4 }, { event: removed, text: m4 }], lacks: [{ text: a3 }] }
              people_said: [{ body: m4 }, { event: rewritten }]
          - advance: 1s
            delete: { Sessions: { SessionId: s } }
            expect: { lost: { contains: [{ text: m2, ordinal: 0, time: 2026-01-01T10:00:04Z }, { text: x, ordinal: 2 }] } }
      - test: an element that cannot be read makes the record a dead letter, and no row of it
        steps:
          - at: 2026-01-01T10:00:00Z
            put: { Sessions: [{ SessionId: s, History: [{ type: ai }, { data: 1 }] }, { SessionId: t, History: text }] }
            expect: { message_log: [], lost: [] }
            dead_letters: [{ projection: message_log, path: "History[]" }, { projection: people_said, path: History }, { projection: message_log, path: History }, { projection: lost, path: History }]
          - advance: 1s
            put: { Sessions: { SessionId: t, History: [{ type: ai, data: { content: a } }] } }
            expect: { message_log: [{ session: t, body: a, event: added }] }
      """
    let problems = try await run(pipeline, scenario, way)
    #expect(problems == [])
  }

  @Test(.timeLimit(.minutes(2)), arguments: ways)
  func `members of a set come and go by themselves`(_ way: Way) async throws {
    let pipeline = """
      pipeline: projects
      parameters: { days: 7d }
      tables: { Projects: { key: { partition: id string, sort: SK string } } }
      items: { project: { in: Projects, match: { id: "{project}", SK: info }, fields: { member: explode(groupmembers), title: Title optional } } }
      projections:
        joined: { history: project, each: "added(member)", when: member <> 'bot', columns: { member: member, title: new.title }, keep: $days }
        left_it: { history: project, each: "removed(groupmembers)", columns: { member: member, title: title } }
      """
    let scenario = """
      test: a and b, then b and c
      steps:
        - at: 2026-01-01T10:00:00Z
          put: { Projects: { id: p, SK: info, Title: One, groupmembers: { $ss: [a, b, bot] } } }
          expect: { joined: [{ project: p, member: a, title: One }, { member: b }], left_it: [] }
        - advance: 1m
          put: { Projects: { id: p, SK: info, Title: Two, groupmembers: { $ss: [b, c] } } }
          expect: { joined: [{ member: a }, { member: b }, { member: c, title: Two, ordinal: 1 }], left_it: [{ member: a, title: Two, ordinal: 0 }, { member: bot }] }
        - advance: 7d
          put: { Projects: { id: p, SK: other, groupmembers: { $ss: [z] } } }
          delete: { Projects: { id: p, SK: info } }
          expect: { joined: [{ member: c }], left_it: { contains: [{ member: b, title: Two }, { member: c }] } }
      """
    let problems = try await run(pipeline, scenario, way)
    #expect(problems == [])
  }
}
