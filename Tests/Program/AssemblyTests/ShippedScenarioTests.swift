import Assembly
import Foundation
import PipelineFiles
import Pipelines
import PostgresTestKit
import Testing

/// Every scenario of the shipped pipelines, through in one go and under the conditions that must change nothing: a restart after each
/// record or few, several partitions, records that are delivered more than once.
@Suite struct ShippedScenarioTests {
  struct Conditions: Sendable, CustomStringConvertible {
    var partitions = 1
    var restartEvery: Int?
    var redelivers = false
    var isInDatabase = false

    var description: String {
      "\(isInDatabase ? "PostgreSQL, " : "")partitions \(partitions), restart every \(restartEvery.map { "\($0)" } ?? "-"), redelivers \(redelivers)"
    }
  }

  static let names = [
    "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
    "session-store-single",
  ]
  static let conditions =
    [
      Conditions(), Conditions(restartEvery: 1), Conditions(restartEvery: 3), Conditions(partitions: 3),
      Conditions(redelivers: true),
      Conditions(partitions: 3, restartEvery: 2, redelivers: true),
    ]
    + (PostgresCluster.isAvailable
      ? [
        Conditions(isInDatabase: true), Conditions(partitions: 3, restartEvery: 2, redelivers: true, isInDatabase: true),
      ] : [])

  @Test(.timeLimit(.minutes(4)), arguments: names, conditions)
  func `the scenarios of a shipped pipeline hold`(_ name: String, _ conditions: Conditions) async throws {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { folder, _ in folder.deletingLastPathComponent() }
    let folder = root.appending(path: "pipelines/\(name)").path
    let pipeline = try PipelineLoader.load(folder)
    let place: ScenarioPlace =
      conditions.isInDatabase ? .database(try PostgresCluster.shared().url(password: PostgresCluster.password)) : .files
    let runner = ScenarioRunner(
      partitions: conditions.partitions, restartEvery: conditions.restartEvery, redelivers: conditions.redelivers, place: place)
    let scenarios = try ScenarioLoader.load(folder, of: pipeline)
    #expect(!scenarios.isEmpty)
    for scenario in scenarios {
      let problems = try await runner.run(scenario)
      #expect(problems == [], "\(scenario.name)")
    }
  }
}
