import Foundation
import KafkaTestKit
import PostgresTestKit
import RandomTestKit
import Testing

private let soakSeconds = ProcessInfo.processInfo.environment["AFTERIMAGE_SOAK_SECONDS"].flatMap { Int($0) } ?? 0

/// Everything that can fail around several workers, at random and for long: `make soak`.
@Suite(.serialized, .enabled(if: Fleet.isAvailable && soakSeconds > 0, "it takes minutes: `make soak`")) struct FleetSoakTests {
  private static let workers = 3
  private static let brokers = 3
  /// What a worker that was asked to stop may take, whatever is away.
  private static let stopMax = Duration.seconds(10)

  private enum Fault: String, CaseIterable {
    case kill, suspend, restart, another, twin, none, broker, brokers, outage, database, answers, query, rebuild
  }

  /// The first worker has a name under which it comes back to its lanes; the others are dynamic members.
  private static func words(of worker: Int) -> [String] { worker == 0 ? ["--instance", "stays"] : [] }

  @Test(.timeLimit(.minutes(60))) func `whatever fails, in whatever order, the rows are those of an undisturbed replay`()
    async throws
  {
    let given = ProcessInfo.processInfo.environment["AFTERIMAGE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 1...UInt64.max)
    print("FleetSoakTests: seed \(seed), \(soakSeconds) s")
    var generator = SeededGenerator(seed: seed)
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0, queries: 2, brokers: Self.brokers)
    let proxy = try CuttingProxy(fleet.database)
    let counter = try EffectCounter(fleet.tables.tables)
    fleet.effectsEndpoint = counter.url
    func start(_ worker: Int) async throws { try await fleet.start(worker, Self.words(of: worker), database: proxy.url) }
    func stop(_ worker: Int) async {
      let asked = ContinuousClock.now
      #expect(await fleet.stop(worker, Bool.random(using: &generator) ? SIGTERM : SIGINT) == 0, "\(fleet.ended.last?.said ?? "")")
      #expect(asked.duration(to: .now) < Self.stopMax, "\(fleet.ended.last?.said ?? "")")
    }
    for worker in 0..<Self.workers { try await start(worker) }
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.lanesGoOn()
    var faults: [String: Int] = [:]
    var takeOvers: [Duration] = []
    let end = ContinuousClock.now + .seconds(soakSeconds)
    while .now < end {
      let fault = Fault.allCases.randomElement(using: &generator) ?? .kill
      faults[fault.rawValue, default: 0] += 1
      let worker = Int.random(in: 0..<Self.workers, using: &generator)
      switch fault {
      case .kill:
        let lanes = fleet.lanes(of: worker)
        let before = fleet.positions()
        let killed = ContinuousClock.now
        await fleet.kill(worker)
        if Bool.random(using: &generator) {
          try await fleet.wait("the others take its lanes") {
            let now = fleet.positions()
            return lanes.allSatisfy { now[$0] ?? 0 > before[$0] ?? 0 }
          }
          if !lanes.isEmpty { takeOvers.append(killed.duration(to: .now)) }
        }
        try await start(worker)
      case .suspend:
        fleet.signal(worker, SIGSTOP)
        await scene.acknowledged.more(Int.random(in: 10...1_500, using: &generator))
        fleet.signal(worker, SIGCONT)
      case .restart:
        await stop(worker)
        try await start(worker)
      case .another:
        try await start(Self.workers)
        await scene.acknowledged.more(Int.random(in: 10...500, using: &generator))
        await stop(Self.workers)
      case .twin:
        try await fleet.start(Self.workers, Self.words(of: 0), database: proxy.url)
        // The older one, but where its group has just come back from an outage it may be the younger.
        try await fleet.wait("one of the two ends") { !fleet.isRunning(0) || !fleet.isRunning(Self.workers) }
        let isOlder = !fleet.isRunning(0)
        let first = try await fleet.end(of: isOlder ? 0 : Self.workers)
        #expect(
          first.status == 1 && first.errors.contains("with the instance name stays: give each process its own --instance"),
          "\(first)")
        await scene.acknowledged.more(Int.random(in: 10...500, using: &generator))
        if isOlder {
          await stop(Self.workers)
          try await start(0)
        }
      case .none:
        for worker in 0..<Self.workers { await stop(worker) }
        await scene.acknowledged.more(Int.random(in: 10...1_000, using: &generator))
        for worker in 0..<Self.workers { try await start(worker) }
      case .broker:
        try fleet.kafka.kill(Int.random(in: 1...Self.brokers, using: &generator))
        await scene.acknowledged.more(Int.random(in: 10...1_000, using: &generator))
        try fleet.kafka.restart()
      case .brokers:
        try fleet.kafka.kill()
        await scene.acknowledged.more(Int.random(in: 10...1_000, using: &generator))
        try fleet.kafka.restart()
      case .outage:
        // Neither of them is there, or one is not.
        let isDatabaseAway = Bool.random(using: &generator)
        let areBrokersAway = !isDatabaseAway || Bool.random(using: &generator)
        if areBrokersAway { try fleet.kafka.kill() }
        if isDatabaseAway { fleet.database.kill() }
        await scene.acknowledged.more(Int.random(in: 10...300, using: &generator))
        await stop(worker)
        if isDatabaseAway { try fleet.database.start() }
        if areBrokersAway { try fleet.kafka.restart() }
        try await start(worker)
      case .database:
        fleet.database.kill()
        await scene.acknowledged.more(Int.random(in: 10...1_000, using: &generator))
        try fleet.database.start()
      case .answers: proxy.cut(Int.random(in: 1...20, using: &generator))
      case .query:
        let reader = try EventReader(fleet.queries[0].page + "/v1/events")
        try await fleet.wait("events come") { reader.count > 0 }
        await fleet.killQuery(0)
        #expect(try await reader.ended())
        try await fleet.startQuery()
      case .rebuild:
        let asked = try await Program.run("pipeline", "rebuild", "killed", "--server", fleet.queries[0].page)
        #expect(asked.status == 0, "\(asked)")
      }
      // Often before the last one is over.
      await scene.acknowledged.more(Int.random(in: 1...400, using: &generator))
      if Int.random(in: 0..<3, using: &generator) == 0 { try await fleet.lanesGoOn() }
      for worker in 0..<Self.workers {
        #expect(fleet.isRunning(worker), "worker \(worker) has ended by itself after \(fault): \(fleet.said)")
      }
    }
    try await fleet.lanesGoOn()
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    takeOvers.sort()
    print(
      "FleetSoakTests: \(scene.acknowledged.all.count) writes; faults \(faults.map { "\($1) \($0)" }.sorted()); lanes of a worker that was killed went on after "
        + "\(takeOvers.isEmpty ? "-" : "\(takeOvers[takeOvers.count / 2])") (median), \(takeOvers.last.map { "\($0)" } ?? "-") (longest); "
        + "effects asked for \(counter.asked.count), again \(counter.asked.reduce(0) { $0 + $1 - 1 })")
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }
}
