import Assembly
import PipelineFiles
import Pipelines
import Testing

/// Sessions that are items of several kinds.
@Suite struct SessionItemsScenarioTests {
  static let pipeline = """
    pipeline: logins
    tables: { Logins: { key: { partition: PK string }, ttl: gone } }
    items:
      app: { in: Logins, match: { PK: "{id}" }, fields: { n: N integer, until: Until timestamp(UTC) optional, kind: Kind }, when: Kind = 'app' }
      web: { in: Logins, match: { PK: "{id}" }, fields: { n: N integer, until: Until timestamp(UTC) optional, agent: Agent optional, kind: Kind } }
    projections:
      live: { session: [app, web], touch: [changed(n), web changed(agent)], end: when n = 0, deadline: until, gap: 30m, columns: { n: n, kind: kind, c: count } }
    """

  @Test(.timeLimit(.minutes(2)), arguments: HistoryScenarioTests.ways)
  func `an item of each kind is a session, and becomes another with its kind`(_ way: HistoryScenarioTests.Way) async throws {
    let scenario = """
      test: two kinds
      steps:
        - at: 2026-01-01T10:00:00Z
          put: { Logins: [{ PK: a, N: 1, Kind: app }, { PK: b, N: 1, Kind: web }] }
          expect: { live: [{ id: a, kind: app, status: active }, { id: b, kind: web, status: active }] }
        - at: 2026-01-01T10:10:00Z
          put: { Logins: [{ PK: a, N: 1, Kind: app, Agent: x }, { PK: b, N: 1, Kind: web, Agent: x }] }
          expect: { live: [{ id: a, c: 1, last_at: 2026-01-01T10:00:00Z }, { id: b, c: 2, last_at: 2026-01-01T10:10:00Z }] }
        - at: 2026-01-01T10:20:00Z
          put: { Logins: [{ PK: a, N: 2, Kind: web }, { PK: b, N: 0, Kind: web }] }
          expect: { live: [{ id: a, kind: app, status: ended, ended_by: removed }, { id: a, kind: web, n: 2, c: 1, status: active }, { id: b, status: ended, ended_by: explicit }] }
        - at: 2026-01-01T10:51:00Z
          expect: { live: { contains: [{ id: a, kind: web, status: expired, ended_by: gap, ended_at: 2026-01-01T10:50:00Z }] } }
          dead_letters: []
      """
    let pipeline = try PipelineLoader.load(text: Array(Self.pipeline.utf8), file: "p.yaml")
    let scenarios = try ScenarioLoader.load(text: Array(scenario.utf8), file: "t.yaml", of: pipeline)
    let runner = ScenarioRunner(partitions: way.partitions, restartEvery: way.restartEvery, redelivers: way.redelivers)
    #expect(try await runner.run(scenarios[0]) == [])
    #expect(
      pipeline.explanation.contains("each app and each web is a session, by id") && pipeline.explanation.contains("N of a web"),
      "\(pipeline.explanation)")
  }
}
