import ChangeLog
import ChangeRecords
import DynamoModel
import StoreTestKit
import Testing

@testable import TableStore

/// What of a partition may be read.
@Suite struct EmbeddedLogTests {
  @Test func `what is committed and not yet published is not read`() async throws {
    let directory = TemporaryDirectory()
    let store = try TableStore(path: directory.path, options: .init(time: ManualTime(wall: 1_700_000_000_000)))
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false), partitions: 1))
    for number in 0..<5 { _ = try await store.put("T", ["pk": .string("key \(number)")]) }
    let table = try #require(store.state.table("T"))
    let partition = EmbeddedLog.Partition(state: store.state, table: table, number: 0)
    for last in [SequenceNumber.beforeAll, .first, SequenceNumber(rawValue: 4), SequenceNumber(rawValue: 5)] {
      let start = LogCursor(tableID: table.tableID, sequence: .beforeAll)
      var batch = RecordBatch(partition: 0, format: .stored, end: start, watermark: .zero)
      try partition.read(into: &batch, ReadLimit(records: 100, bytes: 1 << 20), through: last)
      #expect(batch.end.sequence == last && batch.entries.count == Int(last.rawValue))
    }
  }
}
