import Foundation
import PostgresTestKit
import Testing

/// Machines whose wall clocks differ by hours, by a library that gives each process a clock of its own.
@Suite(.serialized, .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct SkewedClockTests {
  /// What `env` is given so that a process's clock stands so many seconds beside the machine's.
  struct Clocks {
    private let library: String

    init(_ folder: TestFolder) async throws {
      library = folder.file("shifted-clock.so")
      let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "ShiftedClock.c").path
      let made = try await Program.run("/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, source])
      try #require(made.status == 0, "\(made)")
    }

    func shifted(by seconds: Int) -> [String] { ["LD_PRELOAD=\(library)", "AFTERIMAGE_CLOCK_SHIFT=\(seconds)"] }
  }

  @Test(.timeLimit(.minutes(5)))
  func
    `workers a day behind and a day ahead write the rows of a quiet replay, carry effects out once, and say how their clocks stand`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let clocks = try await Clocks(scene.folder)
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    let counter = try EffectCounter(fleet.tables.tables)
    fleet.effectsEndpoint = counter.url
    let (day, hour) = (86_400, 3_600)
    try await fleet.start(0, environment: clocks.shifted(by: -day))
    try await fleet.start(1, environment: clocks.shifted(by: day))
    try await fleet.startQuery(environment: clocks.shifted(by: 2 * hour))
    let page = fleet.queries[0].page
    try await fleet.wait("both have lanes") { fleet.assigned.allSatisfy { !$0.isEmpty } }
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(500)
    func isKnown(_ workers: Int) async throws -> Bool {
      let owners = try await Fleet.owners(at: page)
      return owners.count == Fleet.partitions && Set(owners.values).count == workers && !owners.values.contains(nil)
    }
    try await fleet.wait("who runs which lane is known") { try await isKnown(2) }
    #expect(try await Fleet.stopped(at: page).isEmpty)
    for (worker, words) in [(0, "86400 s behind the database's"), (1, "86400 s ahead of the database's")] {
      try await fleet.wait("worker \(worker) says it") { !fleet.lines(worker, "clocks differ").isEmpty }
      #expect(fleet.lines(worker, "clocks differ").count == 1 && fleet.lines(worker, words).count == 1, "\(fleet.said)")
    }
    // What the one that is behind had begun the one ahead takes over, and the other way.
    for (victim, shift) in [(0, -day), (1, day)] {
      await fleet.kill(victim)
      await scene.acknowledged.more(300)
      try await fleet.lanesGoOn()
      try await fleet.start(victim, environment: clocks.shifted(by: shift))
      try await fleet.wait("both have lanes again") { fleet.assigned.allSatisfy { !$0.isEmpty } }
    }
    try await fleet.wait("it is known again") { try await isKnown(2) }
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    let asked = counter.asked
    #expect(asked.count > 100 && asked.allSatisfy { $0 <= 3 })
    let url = fleet.database.url(password: PostgresCluster.password)
    let doctor = try await Program.run(
      "/usr/bin/env",
      clocks.shifted(by: hour) + [Program.path, "doctor", "--data", scene.folder.file("none"), "--read-models", url])
    #expect(doctor.output.contains("this machine's clock is 3600 s ahead of the database's"), "\(doctor)")
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }
}
