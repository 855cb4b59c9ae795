import ChangeLog
import ChangeLogConformance
import DynamoModel
import StoreTestKit
import TableStore
import Testing

@Suite(.timeLimit(.minutes(2))) struct EmbeddedLogConformanceTests {
  @Test(arguments: ChangeLogConformance.allCases)
  func `the table store's log keeps the contract`(_ check: ChangeLogConformance) async throws {
    let directory = TemporaryDirectory()
    let time = ManualTime(wall: 1_700_000_000_000)
    let store = try TableStore(
      path: directory.path, options: .init(retention: LogFixture.retention, time: time, sweepInterval: .milliseconds(10)))
    defer { store.close() }
    let definition = TableDefinition(name: "T", key: .strings(sort: false), partitions: LogFixture.partitions)
    _ = try store.createTable(definition)
    let log = EmbeddedLog(store, table: "T")
    let fixture = LogFixture(
      log: log, put: { _, item in try await store.put("T", item)! }, advance: { time.advance($0) },
      trim: { partition, cursor in
        // The records are older than the retention already; the sweeper comes by.
        for _ in 0..<1_000 where try await log.bounds(partition: partition).first <= cursor.sequence {
          time.advance(11)
          try await Task.sleep(for: .milliseconds(5))
        }
      },
      remake: {
        _ = try store.deleteTable("T")
        _ = try store.createTable(definition)
      })
    try await check.run(fixture)
  }
}
