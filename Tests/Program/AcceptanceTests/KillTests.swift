import Foundation
import KafkaTestKit
import RandomTestKit
import Testing

/// The process is killed at random points while it writes, projects, expires and deletes; what it leaves equals an undisturbed replay of
/// the log it left, and every acknowledged write is there. 10 rounds; AFTERIMAGE_KILL_ROUNDS sets another number.
@Suite(.serialized) struct KillTests {
  static let rounds = ProcessInfo.processInfo.environment["AFTERIMAGE_KILL_ROUNDS"].flatMap { Int($0) } ?? 10

  @Test(.timeLimit(.minutes(60))) func `kill -9 at random points leaves the rows of an undisturbed replay`() async throws {
    try await run([])
  }

  @Test(.timeLimit(.minutes(60)), .enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)))
  func `through Kafka too kill -9 at random points leaves the rows of an undisturbed replay`() async throws {
    try await run(["--kafka", try KafkaBroker.bootstrap()])
  }

  /// Relay, tables, worker and queries each in a process of its own, one killed after the other while writers go on; the relay most often.
  @Test(.timeLimit(.minutes(60)), .enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)))
  func `kill -9 of one of four processes at random points loses nothing and publishes nothing twice`() async throws {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("KillTests: four processes, seed \(seed), \(Self.rounds) rounds")
    var generator = SeededGenerator(seed: seed)
    let scene = try KillScene(table: KafkaBroker.uniqueName("Visits"))
    let roles = try await RoleProcesses(scene.folder, pipeline: scene.pipeline, kafka: try KafkaBroker.bootstrap())
    let writers = scene.writers(roles.endpoint)
    for _ in 0..<Self.rounds {
      await scene.acknowledged.more(Int.random(in: 5...400, using: &generator))
      let victim =
        Bool.random(using: &generator) ? RoleProcesses.Role.relay : RoleProcesses.Role.allCases.randomElement(using: &generator)!
      try await roles.killAndStart(victim)
    }
    writers.cancel()
    _ = await writers.value
    try await scene.peace(roles.endpoint, .files(roles.models)) { roles.said }
    let sessions = try await Program.run("session", "killed", "presence", "--server", roles.page)
    #expect(sessions.status == 0, "\(sessions)")
    let doctor = try await Program.run("doctor", "--data", roles.tables, "--endpoint", roles.endpoint, "--server", roles.page)
    #expect(doctor.status == 0 && doctor.output.contains("kept by a worker in another process"), "\(doctor)")
    let relayed = try await roles.relayed(scene.table)
    await roles.stop()
    try await scene.compare(tables: roles.tables, models: .files(roles.models), relayed: relayed)
  }

  @Test func `effects are active from the first start on, not from the first dispatch`() async throws {
    let scene = try KillScene(table: "Visits")
    let data = scene.folder.file("data")
    var found: [String] = []
    for _ in 0..<2 {
      let dev = try await DevProcess.start(data: data, pipelines: [scene.pipeline])
      let end = ContinuousClock.now + .seconds(20)
      var known = ""
      while known.isEmpty, ContinuousClock.now < end {
        known = try await Program.run(
          "/usr/bin/env",
          ["sqlite3", data + "/read-models/killed/catalog.db", "SELECT name, sequence, watermark FROM activations"]
        ).output
      }
      found.append(known)
      await dev.kill()
    }
    #expect(found[0].hasPrefix("presence|") && found[0] == found[1], "\(found)")
  }

  private func run(_ more: [String]) async throws {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("KillTests: seed \(seed), \(Self.rounds) rounds")
    var generator = SeededGenerator(seed: seed)
    let scene = try KillScene(table: "Visits")
    let data = scene.folder.file("data")
    for _ in 0..<Self.rounds {
      let dev = try await DevProcess.start(data: data, pipelines: [scene.pipeline], ["--partitions", "3"] + more)
      let writers = scene.writers(dev.tables)
      await scene.acknowledged.more(Int.random(in: 5...600, using: &generator))
      await dev.kill()
      writers.cancel()
      _ = await writers.value
    }
    // In peace: every session ends, every item goes, and the process stops in order.
    let dev = try await DevProcess.start(data: data, pipelines: [scene.pipeline], ["--partitions", "3"] + more)
    try await scene.peace(dev.tables, .files(data)) { dev.child.errors }
    #expect(await dev.stop() == 0)
    try await scene.compare(tables: data, models: .files(data))
  }
}
