internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import PipelineFiles
internal import Pipelines
internal import Projections
internal import ReadModels
import SQLiteReadModels
internal import TableStore
internal import Workers

/// Sessions of 20,000 users from change records of about 600 bytes, crash-safe.
enum SessionBench {
  static let users = 20_000
  static let records = 400_000

  static func yaml(_ table: String) -> String {
    """
    pipeline: bench
    tables:
      \(table): { key: { partition: user string } }
    items:
      visit: { in: \(table), match: { user: "{person}" }, fields: { page: page } }
    projections:
      active:
        sessions: person
        touch: visit inserted, visit changed(seen)
        gap: 30m
        columns: { touches: count, last_page: last(page), seconds: duration }
    """
  }

  static func pipeline(_ table: String = "Activity") throws -> Pipeline {
    try PipelineLoader.load(text: Array(yaml(table).utf8), file: "bench.yaml")
  }

  static func item(_ user: Int, _ n: Int) -> Item {
    [
      "user": .string("user-\(user)"), "seen": .number(Number(Int64(n))), "page": .string("/page/\(n % 97)"),
      "agent": .string("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"), "tenant": .string("tenant-\(user % 50)"),
      "notes": .string(String(repeating: "x", count: 80)),
    ]
  }

  /// Fills a store with the records; their mean size in bytes.
  static func fill(
    _ store: TableStore, _ table: String = "Activity", _ make: (Int, Int) -> Item = SessionBench.item
  ) async throws -> Int {
    let pipeline = try pipeline(table)
    _ = try store.createTable(pipeline.tables[0].definition, clock: .history)
    var time: Int64 = 1_700_000_000_000
    var next: UInt64 = 1
    var actions: [WriteAction] = []
    var times: [LogTime] = []
    var users = Set<Int>()
    for n in 0..<records {
      next = next &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let user = Int(next >> 33) % SessionBench.users
      // A transaction changes an item once.
      if actions.count == 1000 || !users.insert(user).inserted {
        _ = try await store.write(WriteTransaction(actions: actions, times: times))
        (actions, times, users) = ([], [], [user])
      }
      let item = make(user, n)
      let key: Item = ["user": item["user"] ?? .null]
      actions.append(WriteAction(table: table, key: key, needsCurrent: false) { _ in .put(item) })
      time += n % 10 == 0 ? 100 : 0
      times.append(LogTime(rawValue: time))
    }
    _ = try await store.write(WriteTransaction(actions: actions, times: times))
    let log = EmbeddedLog(store, table: table)
    let start = LogCursor(tableID: try await log.describe().tableID, sequence: SequenceNumber(rawValue: UInt64(records / 2)))
    let batch = try await log.read(partition: 0, after: start, limit: ReadLimit(records: 1000, bytes: 8 << 20), wait: .zero)
    return batch.bytes.count / max(1, batch.entries.count)
  }

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      let store = try TableStore(path: directory + "/tables")
      defer { store.close() }
      measured.add("sessions.record_bytes", Double(try await fill(store)), "bytes")
      let model = try SQLiteGeneration(path: directory + "/read-model.db", pipeline: try pipeline())
      var replay = Replay(store: model, logs: [EmbeddedLog(store, table: "Activity")], checkpointEvery: 100_000)
      let watch = Stopwatch()
      try await replay.catchUp()
      measured.add("sessions.embedded_per_second", Double(records) / watch.seconds, "records/s")
      measured.add("sessions.embedded_per_cpu_second", Double(records) / watch.cpuSeconds, "records/cpu-s")
    }
    report = measured
  }
}
