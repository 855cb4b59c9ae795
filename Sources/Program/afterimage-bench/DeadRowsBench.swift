internal import Assembly
internal import DynamoClient
internal import DynamoModel
internal import Foundation
internal import Postgres
internal import PostgresReadModels
internal import Telemetry

/// Whether dead rows stay bounded in PostgreSQL: chat-rooms whole, 20,000 real messages that are written again and again at a steady rate, with other words each
/// time. The rows stay as many as they are, and every change of one leaves a dead one, which autovacuum has to collect as fast.
///
/// AFTERIMAGE_BENCH_READ_MODELS names the database, with its own settings of autovacuum; AFTERIMAGE_BENCH_MINUTES how long, 30 unless it says otherwise. Said of
/// each third of that time: the most dead rows at a look, every 15 s, and the size of all tables with their indexes.
enum DeadRowsBench {
  private static let rate = 1_000
  private static let items = 20_000
  private static let batch = 25
  private static let lookInterval = Duration.seconds(15)

  static func run(_ report: inout Report) async throws {
    let environment = ProcessInfo.processInfo.environment
    guard let url = environment["AFTERIMAGE_BENCH_READ_MODELS"] else {
      return report.note("dead-rows", "skipped: AFTERIMAGE_BENCH_READ_MODELS names no PostgreSQL database")
    }
    guard let messages = try ChatInput.load() else {
      return report.note("dead-rows", "skipped: its messages are in ../shared, or where AFTERIMAGE_SHARED says")
    }
    let minutes = environment["AFTERIMAGE_BENCH_MINUTES"].flatMap { Double($0) } ?? 30
    var measured = report
    try await withTemporaryDirectory { directory in
      let name = "dead-rows-\(UInt16.random(in: 0 ... .max))"
      try PipelineBench.copy("chat-rooms", as: name, to: directory + "/pipeline")
      var settings = NodeSettings(
        roles: [.table, .worker], dataDirectory: directory + "/data", tablePort: 0, pagePort: 0,
        pipelines: [directory + "/pipeline"], logger: .silent)
      settings.healthPort = 0
      settings.readModels = url
      let node = try Node(settings)
      let running = Task { try await node.run() }
      let connection = try PostgresConnection(PostgresSettings(url))
      defer { connection.close() }
      let end = ContinuousClock.now + .seconds(minutes * 60)
      let endpoint = node.tableEndpoint ?? ""
      let writing = Task { try await write(messages, to: endpoint, until: end) }
      var looks: [Look] = []
      while ContinuousClock.now < end {
        try await Task.sleep(until: min(end, .now + lookInterval), clock: .continuous)
        looks.append(try look(connection, name))
      }
      measured.add("dead_rows.writes_per_second", Double(try await writing.value) / (minutes * 60), "items/s")
      say(looks, &measured)
      running.cancel()
      _ = try? await running.value
    }
    report = measured
  }

  private struct Look {
    let dead: Double
    let live: Double
    let changed: Double
    let bytes: Double
  }

  /// Of all tables of the pipeline's generations.
  private static func look(_ connection: PostgresConnection, _ pipeline: String) throws -> Look {
    let rows = try connection.run(
      """
      SELECT coalesce(sum(n_dead_tup), 0)::bigint, coalesce(sum(n_live_tup), 0)::bigint, coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint,
      coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_stat_user_tables WHERE starts_with(schemaname, $1)
      """, .text("afterimage.\(pipeline)."))
    return Look(
      dead: Double(rows.int64(0, 0)), live: Double(rows.int64(0, 1)), changed: Double(rows.int64(0, 2)),
      bytes: Double(rows.int64(0, 3)))
  }

  private static func say(_ looks: [Look], _ report: inout Report) {
    let third = looks.count / 3
    guard third > 0, let last = looks.last else { return report.note("dead-rows", "too short for three looks") }
    let thirds = (0..<3).map { Array(looks[($0 * third)..<($0 == 2 ? looks.count : ($0 + 1) * third)]) }
    let dead = thirds.map { $0.map(\.dead).max() ?? 0 }
    let bytes = thirds.map { $0.map(\.bytes).max() ?? 0 }
    report.add("dead_rows.live", last.live, "rows")
    report.add("dead_rows.changed", last.changed, "rows")
    for (index, name) in ["first", "second", "last"].enumerated() {
      report.add("dead_rows.\(name)_third_dead_max", dead[index], "rows")
      report.add("dead_rows.\(name)_third_bytes_max", bytes[index], "bytes")
    }
    report.add("dead_rows.last_of_second_dead", dead[2] / max(1, dead[1]), "ratio")
    report.add("dead_rows.last_of_second_bytes", bytes[2] / max(1, bytes[1]), "ratio")
  }

  /// How many items were written.
  private static func write(_ messages: ChatInput, to endpoint: String, until end: ContinuousClock.Instant) async throws -> Int {
    let client = DynamoClient(endpoint: endpoint)
    let pause = Duration.microseconds(1_000_000 * batch / rate)
    var due = ContinuousClock.now
    var written = 0
    while ContinuousClock.now < end {
      let (round, first) = written.quotientAndRemainder(dividingBy: items)
      try await client.put(
        (first..<first + batch).map { number in
          var item = messages.record(number).item
          item["Comment"] = .string("\(round): \(number % 7 == round % 7 ? "again" : "what was said")")
          return item
        }, into: "Chat")
      written += batch
      due += pause
      try await Task.sleep(until: due, clock: .continuous)
    }
    return written
  }
}
