import ChangeRecords
import DynamoClient
import DynamoModel
import Foundation
import Postgres
import PostgresReadModels
import PostgresTestKit
import RecordLiteralTestKit
import Testing

/// Processes whose read models are behind PgBouncer.
@Suite(.timeLimit(.minutes(3)), .enabled(if: Pooler.isAvailable, Comment(rawValue: Pooler.skipped)))
struct PooledProcessTests {
  /// A write, and until when a page's events have it.
  private func delay(_ client: DynamoClient, _ number: Int, _ events: ChildProcess) async throws -> Duration {
    let answer = try await client.call("PutItem") { writer in
      writer.member("TableName", "Visits")
      writer.name("Item")
      writer.item([
        "visitor": .string("v\(number)"), "room": .string("room0"), "points": .number(Number(1)), "seen": .number(Number(1)),
      ])
    }
    let start = ContinuousClock.now
    let sequence = try #require(answer.headers["x-afterimage-position"].flatMap { Position($0) }).sequence
    func shown() -> SequenceNumber? {
      events.output.matches(of: /"position":{"Visits":\["([^"]+)"/).last.flatMap { Position(String($0.1)) }?.sequence
    }
    while shown().map({ $0 < sequence }) ?? true {
      try #require(start.duration(to: .now) < PostgresScene.waitMax, "\(sequence): \(events.output.suffix(2_000))")
      try await Task.sleep(for: .milliseconds(2))
    }
    return start.duration(to: .now)
  }

  @Test func `in session mode a worker and a query process do all that they do: notices, effects, a rebuild`() async throws {
    let scene = try KillScene(table: "Visits")
    let cluster = try PostgresCluster()
    let pooler = try Pooler(cluster, .session, connections: 40)
    try pooler.connect().close()
    func serve(_ roles: String) async throws -> DevProcess {
      try await DevProcess.serve([
        "--roles", roles, "--data", scene.folder.file(roles), "--read-models", pooler.url, "--health-port", "0", "-p",
        scene.pipeline,
      ])
    }
    var worker = try await serve("table,worker")
    let query = try await serve("query")
    let models = KilledModels.database(PostgresDatabase(cluster.settings()))
    // A page hears of a commit when it is there: without a notice it would look once a second.
    let events = try ChildProcess("/usr/bin/curl", ["--silent", "--no-buffer", query.page + "/v1/events"])
    let client = DynamoClient(endpoint: worker.tables)
    var delays: [Duration] = []
    for number in 0..<8 { delays.append(try await delay(client, number, events)) }
    #expect(delays.reduce(.zero, +) / delays.count < .milliseconds(600), "\(delays)")
    events.signal(SIGTERM)
    await events.ended()

    let first = scene.writers(worker.tables)
    await scene.acknowledged.more(200)
    let rebuild = try await Program.run("pipeline", "rebuild", "killed", "--server", query.page)
    #expect(rebuild.status == 0, "\(rebuild)")
    let end = ContinuousClock.now + PostgresScene.waitMax
    while try models.current != 2 {
      try #require(ContinuousClock.now < end, "\(worker.child.errors)")
      try await Task.sleep(for: .milliseconds(50))
    }
    // The next start has the right to work that the last one gave back.
    first.cancel()
    _ = await first.value
    #expect(await worker.stop() == 0)
    worker = try await serve("table,worker")
    let writers = scene.writers(worker.tables)
    await scene.acknowledged.more(200)
    writers.cancel()
    _ = await writers.value
    try await scene.peace(worker.tables, models) { worker.child.errors }
    #expect(try await Fleet.status("rooms", at: query.page) == 200)
    #expect(await query.stop() == 0)
    #expect(await worker.stop() == 0)
    try await scene.compare(tables: scene.folder.file("table,worker"), models: models)
  }

  @Test(.enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped)))
  func `in session mode workers of a group share lanes, lose one of them and build a generation`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    let pooler = try Pooler(fleet.database, .session, connections: 80)
    try pooler.connect().close()
    for worker in [0, 1] { try await fleet.start(worker, database: pooler.url) }
    try await fleet.startQuery(database: pooler.url)
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.wait("both have lanes") { [0, 1].allSatisfy { !fleet.lanes(of: $0).isEmpty } }
    try await fleet.lanesGoOn()
    let rebuild = try await Program.run("pipeline", "rebuild", "killed", "--server", fleet.queries[0].page)
    #expect(rebuild.status == 0, "\(rebuild)")
    await fleet.kill(0)
    try await fleet.start(2, database: pooler.url)
    try await fleet.wait("the second generation is current") { try fleet.current == 2 }
    try await fleet.lanesGoOn()
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    #expect(try await Fleet.status("rooms", at: fleet.queries[0].page) == 200)
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(arguments: ["table,worker", "query"])
  func `in transaction mode the start is refused by name`(_ roles: String) async throws {
    let pooler = try Pooler(try PostgresCluster.shared(), .transaction)
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    // Until it listens, another refusal is the answer.
    _ = try? pooler.connect()
    let outcome = try await Program.run(
      "serve",
      arguments: [
        "--roles", roles, "--data", folder.file("data"), "--port", "0", "--page-port", "0", "--read-models", pooler.url, "-p",
        folder.file("notes"),
      ])
    #expect(outcome.status == 1, "\(outcome)")
    #expect(
      outcome.errors.contains("--read-models: this is PgBouncer in transaction mode")
        && outcome.errors.contains("set pool_mode = session for this database, or name the server itself"), "\(outcome)")
  }
}
