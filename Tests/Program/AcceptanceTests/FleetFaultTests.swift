import Foundation
import KafkaTestKit
import Postgres
import PostgresTestKit
import Testing

/// What goes wrong around several workers, as real processes: their database, their brokers, who reads.
@Suite(.serialized, .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct FleetFaultTests {
  @Test(.timeLimit(.minutes(4)))
  func `commits whose answers are lost, and a database that takes no writes or is full, leave the rows of a replay`() async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(
      scene.folder, pipeline: scene.pipeline, workers: 0, queries: 1,
      database: try PostgresCluster(tablespaceMegabytes: PostgresCluster.canMount ? 40 : nil))
    let proxy = try CuttingProxy(fleet.database)
    try await fleet.start(0)
    for worker in [1, 2] { try await fleet.start(worker, database: proxy.url) }
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.lanesGoOn()
    for _ in 0..<10 {
      proxy.cut(1)
      await scene.acknowledged.more(100)
    }
    try await fleet.lanesGoOn()
    let connection = try PostgresConnection(fleet.database.settings())
    defer { connection.close() }
    try connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    try connection.execute("SELECT pg_reload_conf()")
    await scene.acknowledged.more(300)
    let page = fleet.queries[0].page
    try await fleet.wait("it is said that nothing goes on") {
      let stopped = try await Fleet.stopped(at: page)
      return (0..<Fleet.partitions).allSatisfy { lane in
        stopped.contains { $0.hasPrefix("Visits[\(lane)] has not been worked on") }
      }
    }
    #expect(try await Fleet.status("rooms", at: page) == 200)
    try connection.execute("SET default_transaction_read_only = off")
    try connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
    try connection.execute("SELECT pg_reload_conf()")
    try await fleet.lanesGoOn()
    try await fleet.wait("nothing is said to stand still any more") { try await Fleet.stopped(at: page).isEmpty }
    if PostgresCluster.canMount {
      try fleet.database.fill()
      try await fleet.wait("workers say that the disk is full") {
        [0, 1, 2].contains { !fleet.lines($0, "the disk is full").isEmpty }
      }
      try await fleet.wait("a query process says so, or that nobody gets on") {
        try await Fleet.stopped(at: page).contains { $0.contains("the disk is full") || $0.contains("has not been worked on") }
      }
      // Writers and readers do not notice.
      await scene.acknowledged.more(300)
      #expect(try await Fleet.status("rooms", at: page) == 200)
      try fleet.database.makeRoom()
      try await fleet.lanesGoOn()
      try await fleet.wait("nothing is said to stand still any more") { try await Fleet.stopped(at: page).isEmpty }
    } else {
      print("FleetFaultTests: a full database is skipped: nobody may mount here")
    }
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(4))) func `a database that goes over to a standby loses its last commits, and no row is wrong`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    let (primary, standby) = (fleet.database, try PostgresCluster(standbyOf: fleet.database))
    let either = primary.url(orOf: standby)
    for worker in [0, 1] { try await fleet.start(worker, database: either) }
    try await fleet.startQuery(database: either)
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.lanesGoOn()
    try standby.stopReceiving()
    await scene.acknowledged.more(500)
    try await fleet.lanesGoOn()
    let page = fleet.queries[0].page
    // The boards are in memory there, as the primary had them.
    #expect(try await Fleet.best(at: page).count == 3)
    let applied = "SELECT sum(sequence)::bigint FROM _lanes"
    let had = try fleet.models.count(applied)
    primary.kill()
    try standby.promote()
    fleet.use(standby)
    // What was committed is gone, before anybody has written here.
    #expect(try fleet.models.count(applied) < had - 300)
    try await fleet.lanesGoOn()
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    let (shown, rows) = (try await Fleet.best(at: page), try fleet.bestRows())
    #expect(shown == rows)
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(6)), .enabled(if: KillTests.rounds > 10, "two minutes of three brokers: `make soak`"))
  func `a broker of three and a query process die, and nobody but its readers hears of it`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 2, queries: 2, brokers: 3)
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.lanesGoOn()
    let pages = fleet.queries.map(\.page)
    let readers = try pages.map { try EventReader($0 + "/v1/events") }
    for reader in readers { try await fleet.wait("events come") { reader.count > 0 } }
    await fleet.killQuery(0)
    #expect(try await readers[0].ended())
    try fleet.kafka.kill(Int.random(in: 1...3))
    await scene.acknowledged.more(200)
    try await fleet.lanesGoOn()
    try fleet.kafka.restart()
    await scene.acknowledged.more(200)
    let before = readers[1].count
    try await fleet.wait("the other's readers hear of what is new") { readers[1].count > before }
    #expect(try await Fleet.status("rooms", at: pages[1]) == 200)
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }
}

/// Reads server-sent events with a program of its own, until it ends.
final class EventReader: Sendable {
  private let child: ChildProcess

  init(_ url: String) throws { child = try ChildProcess("/usr/bin/curl", ["--silent", "--no-buffer", url]) }

  /// What has come.
  var output: String { child.output }

  /// Events that have come.
  var count: Int { child.output.split(separator: "\n").count { $0.hasPrefix("data:") } }

  /// Whether the stream has ended, once it has.
  func ended() async throws -> Bool { await child.ended() != 0 }
}
