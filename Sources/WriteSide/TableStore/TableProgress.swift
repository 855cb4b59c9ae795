internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// What a table's log and items amount to, kept in memory and published after each commit.
struct TableProgress: Sendable {
  /// By partition: the sequence number of the last record, 0 before the first.
  var last: [SequenceNumber]
  /// By partition: the first record kept; `last + 1` when none is.
  var first: [SequenceNumber]
  /// The last time given to a history clock.
  var historyTime: LogTime
  var itemCount: Int
  var sizeBytes: Int
  /// By the number of the index: what its entries amount to.
  var indexes: [UInt16: IndexProgress] = [:]

  /// The entries of an index, and the stored bytes of the attributes that it shows.
  struct IndexProgress: Sendable, Equatable {
    var itemCount = 0
    var sizeBytes = 0
  }

  var binary: [UInt8] {
    var out: [UInt8] = []
    KeyBytes.append64(UInt64(bitPattern: historyTime.rawValue), to: &out)
    KeyBytes.append64(UInt64(itemCount), to: &out)
    KeyBytes.append64(UInt64(sizeBytes), to: &out)
    for (number, index) in indexes.sorted(by: { $0.key < $1.key }) {
      for value in [UInt64(number), UInt64(max(0, index.itemCount)), UInt64(max(0, index.sizeBytes))] {
        KeyBytes.append64(value, to: &out)
      }
    }
    return out
  }

  init(partitions: Int) {
    last = Array(repeating: .beforeAll, count: partitions)
    first = Array(repeating: .first, count: partitions)
    historyTime = .zero
    itemCount = 0
    sizeBytes = 0
  }

  /// Reads a table's progress when the store is opened: one seek to each end of each partition.
  init(_ database: Database, _ table: StoredTable) throws(RocksDBError) {
    self.init(partitions: table.definition.partitions)
    if let bytes = try database.value(Family.meta, MetaKey.progress(table.id)), bytes.count >= 24 {
      let numbers = bytes.withUnsafeBytes { raw in
        stride(from: 0, through: bytes.count - 8, by: 8).map { KeyBytes.read64(raw, at: $0) }
      }
      historyTime = LogTime(rawValue: Int64(bitPattern: numbers[0]))
      itemCount = Int(numbers[1])
      sizeBytes = Int(numbers[2])
      for at in stride(from: 3, to: numbers.count - 2, by: 3) {
        indexes[UInt16(numbers[at])] = IndexProgress(itemCount: Int(numbers[at + 1]), sizeBytes: Int(numbers[at + 2]))
      }
    }
    for partition in 0..<table.definition.partitions {
      let lower = KeyBytes.log(table.id, partition, .beforeAll)
      var walk = KeyIterator(database, Family.log, lower: lower, upper: KeyBytes.log(table.id, partition, .afterAll))
      let trimmed = try database.value(Family.meta, MetaKey.sequence(table.id, partition))
      let floor =
        trimmed.map { bytes in SequenceNumber(rawValue: bytes.withUnsafeBytes { KeyBytes.read64($0, at: 0) }) } ?? .beforeAll
      last[partition] = floor
      first[partition] = floor.next
      walk.seekToFirst()
      if walk.isValid {
        first[partition] = KeyBytes.sequence(ofLog: walk.key)
        walk.seekToLast()
        // A damage at the end leaves no key to look at.
        if walk.isValid { last[partition] = KeyBytes.sequence(ofLog: walk.key) }
      }
      try walk.check()
    }
  }
}
