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
    return try await ScenarioRunner(pipeline: pipeline).run(scenarios[0])
  }

  static let cases = GrammarKeyCase.all.filter { $0.outcome == .rows }

  /// What the engine does not honour yet, by case. The list only shrinks: what works is to be taken off it. TTL removals come from a
  /// thread of the table store, which a scenario's step does not wait for.
  static let enginePending: Set<String> = ["a table: ttl"]

  /// Whether the engine runs scenarios at all: while it is being rewritten it may not, and `ShippedScenarioTests` says so.
  static func runs() async -> Bool {
    let simple = cases.first { $0.key == GrammarKey("aggregate", "when") }
    guard let simple, let problems = try? await problems(simple.with) else { return false }
    return problems.isEmpty
  }

  @Test func `what is pending is a case`() {
    #expect(Self.enginePending.subtracting(Self.cases.map(\.description)) == [])
  }

  @Test(.enabled("the engine runs scenarios", { await runs() }), .timeLimit(.minutes(4)), arguments: cases)
  func `a scenario holds with its key and does not without it`(_ key: GrammarKeyCase) async throws {
    let (with, without) = (try await Self.problems(key.with), try await Self.problems(key.without))
    let works = with.isEmpty && !without.isEmpty
    if Self.enginePending.contains(key.description) {
      print("GrammarKey pending: \(key)\(works ? " works now: take it off the list" : ": \(with)")")
      return
    }
    #expect(works, "with the key: \(with)\nwithout it: \(without)")
  }
}
