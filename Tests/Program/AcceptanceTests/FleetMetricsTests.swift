import DynamoClient
import DynamoModel
import Foundation
import HTTPClient
import Postgres
import PostgresTestKit
import RecordLiteralTestKit
import Testing

/// `/metrics` of the processes of a fleet on Kafka and PostgreSQL, while a generation is built.
@Suite(.timeLimit(.minutes(3)), .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct FleetMetricsTests {
  /// In each value that the test writes, and in no name.
  private static let mark = "zanzibar"

  /// Waits until a process says all of these; then promtool has nothing to say of it, and no value of a user is in it.
  private func check(_ process: DevProcess, has metrics: [String], _ fleet: Fleet) async throws {
    let address = await process.health + "/metrics"
    var scrape = ""
    try await fleet.wait("\(metrics) in \(address)") {
      scrape = String(decoding: try await HTTPClient().send(.init(url: address)).body, as: UTF8.self)
      return metrics.allSatisfy { scrape.contains("\n\($0)") }
    }
    let file = try fleet.folder.write("scrape.txt", scrape)
    let found = try await Program.run("/bin/sh", ["-c", "promtool check metrics < '\(file)' 2>&1"])
    #expect(found.status == 0 && found.output.isEmpty, "\(found)")
    #expect(!scrape.lowercased().contains(Self.mark), "\(scrape)")
  }

  @Test func `promtool takes what each of them says, with the build's progress, and no value of a user is in it`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 1, queries: 1)
    let (worker, query) = (try #require(fleet.workers[0]), fleet.queries[0])
    let client = DynamoClient(endpoint: fleet.tables.tables)
    func put(_ number: Int, _ points: AttributeValue) async throws {
      _ = try await client.call("PutItem") { writer in
        writer.member("TableName", scene.table)
        writer.name("Item")
        writer.item([
          "visitor": .string("\(Self.mark)-\(number)"), "room": .string("\(Self.mark) room"), "points": points,
          "seen": .number(Number(Int64(number))),
        ])
      }
    }
    for number in 0..<20 { try await put(number, .number(Number(Int64(number)))) }
    // What is not a number is a dead letter.
    for number in 20..<24 { try await put(number, .string("\(Self.mark) points")) }
    try await fleet.wait("a query is answered") { try await Fleet.status("rooms", at: query.page) == 200 }
    let board = "\(query.page)/v1/pipelines/killed/leaderboards/board/top?board=\(Self.mark)%20room"
    #expect(try await HTTPClient().send(.init(url: board)).status == 200)

    let relay = ["records_total{", "transactions_total{", "failures_total{", "stopped{", "behind{"]
    try await check(fleet.tables, has: relay.map { "afterimage_relay_\($0)" }, fleet)
    try await check(query, has: ["afterimage_query_seconds_count{pipeline=\"killed\",query=\"rooms\"}"], fleet)
    let counts = [
      "afterimage_group_errors_total{", "afterimage_lag_records{", "afterimage_effects{",
      "afterimage_dead_letters{pipeline=\"killed\",projection=\"here\"} 4\n",
    ]
    try await check(worker, has: counts, fleet)

    // Nothing becomes current while the test holds this.
    let (holder, gate) = (try PostgresConnection(fleet.database.settings()), Int64.random(in: 0 ... .max))
    defer { holder.close() }
    try holder.execute(
      """
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock_shared(\(gate)); RETURN NEW; END $$;
      CREATE TRIGGER hold BEFORE UPDATE ON "afterimage.killed".generations FOR EACH ROW EXECUTE FUNCTION public.hold();
      SELECT pg_advisory_lock(\(gate))
      """)
    let rebuild = try await Program.run("pipeline", "rebuild", "killed", "--server", query.page)
    #expect(rebuild.status == 0, "\(rebuild)")
    let build = "afterimage_build_progress_ratio{pipeline=\"killed\",generation=\"2\"} "
    try await check(worker, has: counts + [build], fleet)
    holder.close()
    try await fleet.wait("the second generation is current") { try fleet.current == 2 }
    await fleet.stop()
  }
}
