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
    try await check.run(.embedded(EmbeddedLog(store, table: "T"), store, definition, time))
  }
}
