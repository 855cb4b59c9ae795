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

  @Test(.timeLimit(.minutes(4)), arguments: cases)
  func `a scenario holds with its key and does not without it`(_ key: GrammarKeyCase) async throws {
    let (with, without) = (try await Self.problems(key.with), try await Self.problems(key.without))
    let works = with.isEmpty && !without.isEmpty
    #expect(works, "with the key: \(with)\nwithout it: \(without)")
  }
}
