import Assembly
import Foundation
import PipelineFiles
import PipelineTestKit
import Pipelines
import Testing

/// Said is done: the scenario of a key holds with the key, and does not without it.
@Suite struct GrammarKeyScenarioTests {
  static func problems(_ text: (pipeline: String, scenario: String)) async throws -> [String] {
    let pipeline = try PipelineLoader.load(text: Array(text.pipeline.utf8), file: "p.yaml")
    let scenarios = try ScenarioLoader.load(text: Array(text.scenario.utf8), file: "t.yaml", of: pipeline)
    return try await ScenarioRunner().run(scenarios[0])
  }

  static let cases = GrammarKeyCase.all.filter { $0.outcome == .rows }

  @Test(.timeLimit(.minutes(4)), arguments: cases)
  func `a scenario holds with its key and does not without it`(_ key: GrammarKeyCase) async throws {
    let (with, without) = (try await Self.problems(key.with), try await Self.problems(key.without))
    let works = with.isEmpty && !without.isEmpty
    #expect(works, "with the key: \(with)\nwithout it: \(without)")
  }

  @Test func `a query's now is the table's clock`() async throws {
    let pipeline = """
      pipeline: p
      tables: { Docs: { key: { partition: PK string } } }
      items: { doc: { in: Docs, match: { PK: "D:{id}" }, fields: { s: S } } }
      projections: { docs: { collection: doc, key: [id], columns: [s] } }
      queries: { now: { sql: "SELECT :now AS t, count(*) AS c FROM docs" } }
      """
    for (instant, isRight) in [("2026-01-01T10:30:00Z", true), ("2026-01-01T10:30:01Z", false)] {
      let scenario = """
        test: now
        steps:
          - { at: 2026-01-01T10:00:00Z, put: { Docs: { PK: "D:1", S: x } } }
          - { advance: 30m, query: { name: now, rows: [{ t: "\(instant)", c: 1 }] } }
        """
      #expect(try await Self.problems((pipeline, scenario)).isEmpty == isRight)
    }
  }
}
