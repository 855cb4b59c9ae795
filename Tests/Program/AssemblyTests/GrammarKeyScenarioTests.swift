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

  @Test(arguments: [("''", "The AttributeValue for a key attribute cannot contain an empty string value"), ("i, S: S", "")])
  func `a test whose write a table refuses has failed at that step`(_ key: String, _ reason: String) async throws {
    let pipeline = """
      pipeline: p
      tables: { Docs: { key: { partition: PK string } } }
      items: { doc: { in: Docs, match: { PK: "{id}" }, fields: { s: S } } }
      projections: { docs: { collection: doc, key: [id], columns: [s] } }
      """
    let scenario = """
      test: refused
      steps:
        - { at: 2026-01-01T10:00:00Z, put: { Docs: { PK: a, S: a } } }
        - { advance: 1s, put: { Docs: { PK: \(key) } } }
        - { advance: 1s, expect: { docs: [] }, dead_letters: [] }
      """
    let problems = try await Self.problems((pipeline, scenario))
    if reason.isEmpty {
      #expect(problems.count == 1 && problems[0].hasPrefix("t.yaml:5: "), "\(problems)")
    } else {
      #expect(problems.count == 1 && problems[0].hasPrefix("t.yaml:4: a table refuses what the step writes: "), "\(problems)")
      #expect(problems.first?.contains(reason) == true, "\(problems)")
    }
  }
}
