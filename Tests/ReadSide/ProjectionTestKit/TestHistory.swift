package import ChangeLog
package import ChangeRecords
package import DynamoModel
internal import LiteralTestKit
internal import PipelineFiles
package import Pipelines
internal import RecordLiteralTestKit

/// What was written to a pipeline's tables, as records: a write store in a test's hand, without files. Each write has the time that the test
/// has set, and the next order; an item's records are in the partition of its partition key.
package struct TestHistory: Sendable {
  /// One record as a log holds it.
  package struct Entry: Sendable {
    package let bytes: [UInt8]
    package let time: LogTime
  }

  package let pipeline: Pipeline
  package let partitions: Int
  package var time: LogTime
  /// The order of the next record.
  package var order: CommitOrder = 1
  /// By table, then by partition.
  package private(set) var entries: [[[Entry]]]
  /// By table, then by the key's bytes.
  private var items: [[BytesKey: Item]]

  /// 2026-01-01T00:00:00Z.
  package static let start: LogTime = 1_767_225_600_000

  package init(_ pipeline: Pipeline, partitions: Int = 1) {
    self.pipeline = pipeline
    self.partitions = partitions
    time = TestHistory.start
    entries = pipeline.tables.map { _ in Array(repeating: [], count: partitions) }
    items = pipeline.tables.map { _ in [:] }
  }

  /// Of each table, by its index.
  package static func tableID(_ table: TableIndex) -> TableID { TableID(rawValue: 0xA0 + UInt64(table.rawValue)) }

  /// The lane whose records an item's are.
  package func partition(of item: Item, table: TableIndex = 0) -> Int {
    let name = pipeline.tables[table].definition.key.partition.name
    var key = Item()
    key[name] = item[name]
    return Int(StableHash.bits(of: key.binary) % UInt128(partitions))
  }

  package func key(of item: Item, table: TableIndex = 0) -> Item {
    var key = Item()
    for attribute in pipeline.tables[table].definition.key.attributes { key[attribute.name] = item[attribute.name] }
    return key
  }

  package mutating func put(_ item: Item, table: TableIndex = 0) { write(key(of: item, table: table), item, table, .user) }

  package mutating func delete(_ key: Item, table: TableIndex = 0, cause: ChangeRecord.Cause = .user) {
    write(self.key(of: key, table: table), nil, table, cause)
  }

  /// The item as it is, with some attributes set and some taken away.
  package mutating func update(_ key: Item, set: Item, remove: [String] = [], table: TableIndex = 0) {
    var item = items[table.rawValue][BytesKey(self.key(of: key, table: table).binary)] ?? self.key(of: key, table: table)
    for entry in set.entries { item[entry.name] = entry.value }
    for name in remove { item[name] = nil }
    put(item, table: table)
  }

  private mutating func write(_ key: Item, _ new: Item?, _ table: TableIndex, _ cause: ChangeRecord.Cause) {
    let name = BytesKey(key.binary)
    let old = items[table.rawValue][name]
    if old == new { return }
    items[table.rawValue][name] = new
    let kind: ChangeRecord.Kind = old == nil ? .insert : new == nil ? .remove : .modify
    var bytes: [UInt8] = []
    StoredRecord.append(
      kind: kind, cause: cause, time: time, order: order, keys: key.binary, old: old?.binary, new: new?.binary, to: &bytes)
    order += 1
    entries[table.rawValue][partition(of: key, table: table)].append(Entry(bytes: bytes, time: time))
  }

  /// The records of a lane past a sequence number; `watermark` is the history's time when not given.
  package func batch(
    _ table: TableIndex, _ partition: Int, after sequence: SequenceNumber, limit: Int = .max, watermark: LogTime? = nil
  ) -> RecordBatch {
    let all = entries[table.rawValue][partition]
    let first = min(Int(sequence.rawValue), all.count)
    let last = min(all.count, limit == .max ? all.count : first + limit)
    var bytes: [UInt8] = []
    var found: [RecordBatch.Entry] = []
    for index in first..<last {
      let start = bytes.count
      bytes += all[index].bytes
      found.append(.init(sequence: SequenceNumber(index + 1), time: all[index].time, start: start, end: bytes.count))
    }
    let end = last < all.count ? (found.last?.time ?? TestHistory.start) : watermark ?? time
    return RecordBatch(
      partition: partition, format: .stored, bytes: bytes, entries: found,
      end: LogCursor(tableID: TestHistory.tableID(table), sequence: SequenceNumber(last)), watermark: end,
      behind: UInt64(all.count - last))
  }

  /// The log of each table as it stands now.
  package var logs: [any ChangeLog] { pipeline.tables.indexes.map { HistoryLog(history: self, table: $0) } }
}

/// A table's log out of a history: it stands still.
private struct HistoryLog: ChangeLog {
  let history: TestHistory
  let index: TableIndex

  init(history: TestHistory, table: TableIndex) {
    self.history = history
    index = table
  }

  var table: String { history.pipeline.tables[index].name }

  func describe() async throws(LogError) -> LogDescription {
    LogDescription(tableID: TestHistory.tableID(index), partitions: history.partitions)
  }

  func read(partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration) async throws(LogError) -> RecordBatch {
    history.batch(index, partition, after: cursor.sequence, limit: limit.records)
  }

  func bounds(partition: Int) async throws(LogError) -> LogBounds {
    LogBounds(first: .first, last: SequenceNumber(history.entries[index.rawValue][partition].count))
  }

  func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    let earlier = history.entries[index.rawValue][partition].count { $0.time < time }
    return LogCursor(tableID: TestHistory.tableID(index), sequence: SequenceNumber(earlier))
  }
}

/// A pipeline out of a test's text.
package func pipeline(_ text: String) throws -> Pipeline {
  try PipelineLoader.load(text: Array(text.utf8), file: "pipeline.yaml")
}
