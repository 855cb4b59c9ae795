import Foundation
import KafkaTestKit
import RandomTestKit
import Testing

/// Several workers on one pipeline, through Kafka and PostgreSQL, as real processes.
@Suite(.serialized, .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct FleetTests {
  @Test(.timeLimit(.minutes(60))) func `kill -9 of workers at random leaves the rows of an undisturbed replay`() async throws {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("FleetTests: seed \(seed), \(KillTests.rounds) rounds")
    var generator = SeededGenerator(seed: seed)
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 3)
    let writers = scene.writers(fleet.tables.tables)
    for _ in 0..<KillTests.rounds {
      await scene.acknowledged.more(Int.random(in: 5...400, using: &generator))
      let victim = Int.random(in: 0..<3, using: &generator)
      await fleet.kill(victim)
      // The others take over, or the same one comes back before they notice.
      if Bool.random(using: &generator) { await scene.acknowledged.more(Int.random(in: 100...1_500, using: &generator)) }
      try await fleet.start(victim)
    }
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }
}
