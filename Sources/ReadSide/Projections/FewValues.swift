internal import DynamoModel
internal import Pipelines

/// The counted values of one column of a group while they are few: kept in the group's state, so that most groups need nothing of the store. In
/// the order of their keys.
struct FewValues: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    let key: [UInt8]
    var kept: [UInt8]
    var count: Int64
  }

  private(set) var entries: [Entry] = []

  /// Bytes of keys and of what is kept with them, past which a list goes into the store for good: a state is written whole each time.
  static let bytesMax = 512

  var isTooLarge: Bool { entries.count > 1 && entries.reduce(0) { $0 + $1.key.count + $1.kept.count } > FewValues.bytesMax }

  init() {}

  /// As they were written: in the order of their keys.
  init(sorted entries: [Entry]) { self.entries = entries }

  /// The first place whose key is not below `key`.
  private func place(of key: [UInt8]) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if Bytes.less(entries[middle].key, key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  mutating func add(_ key: [UInt8], kept: [UInt8]?, change: Int64) -> (before: Int64, after: Int64) {
    let place = place(of: key)
    guard place < entries.count, entries[place].key == key else {
      if change != 0 { entries.insert(Entry(key: key, kept: kept ?? [], count: change), at: place) }
      return (0, change)
    }
    let before = entries[place].count
    entries[place].count += change
    if let kept { entries[place].kept = kept }
    if entries[place].count == 0 { entries.remove(at: place) }
    return (before, before + change)
  }

  func kept(_ key: [UInt8]) -> [UInt8]? {
    let place = place(of: key)
    return place < entries.count && entries[place].key == key ? entries[place].kept : nil
  }

  func extreme(greatest: Bool) -> (key: [UInt8], kept: [UInt8])? {
    (greatest ? entries.last : entries.first).map { ($0.key, $0.kept) }
  }

  func least(prefix: [UInt8]) -> [UInt8]? {
    entries[place(of: prefix)...].prefix { $0.key.starts(with: prefix) }.map(\.kept).min(by: Bytes.less)
  }

  func before(_ key: [UInt8]) -> (key: [UInt8], kept: [UInt8])? {
    let place = place(of: key)
    return place == 0 ? nil : (entries[place - 1].key, entries[place - 1].kept)
  }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8]) {
    entries.removeAll { entry in (low.map { Bytes.less($0, entry.key) } ?? true) && Bytes.less(entry.key, high) }
  }
}

/// The counted values of a group's columns, each in the state or in the store.
struct ColumnValues<Store: GroupValues>: GroupValues {
  /// By column; nil where the store has them.
  var few: [FewValues?]
  var store: Store

  var watermark: Instant { store.watermark }

  mutating func add(column: Int, key: [UInt8], kept: [UInt8]?, change: Int64) throws -> (before: Int64, after: Int64) {
    guard few[column] != nil else { return try store.add(column: column, key: key, kept: kept, change: change) }
    // Taken out, so that it is changed in place.
    var own = few[column].take() ?? FewValues()
    let result = own.add(key, kept: kept, change: change)
    guard own.isTooLarge else {
      few[column] = own
      return result
    }
    for entry in own.entries { _ = try store.add(column: column, key: entry.key, kept: entry.kept, change: entry.count) }
    return result
  }

  func kept(column: Int, key: [UInt8]) throws -> [UInt8]? {
    if let few = few[column] { return few.kept(key) }
    return try store.kept(column: column, key: key)
  }

  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], kept: [UInt8])? {
    if let few = few[column] { return few.extreme(greatest: greatest) }
    return try store.extreme(column: column, greatest: greatest)
  }

  func least(column: Int, prefix: [UInt8]) throws -> [UInt8]? {
    if let few = few[column] { return few.least(prefix: prefix) }
    return try store.least(column: column, prefix: prefix)
  }

  func before(_ key: [UInt8], column: Int) throws -> (key: [UInt8], kept: [UInt8])? {
    if let few = few[column] { return few.before(key) }
    return try store.before(key, column: column)
  }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) throws {
    if few[column] != nil {
      few[column]?.removeAll(above: low, below: high)
    } else {
      try store.removeAll(above: low, below: high, column: column)
    }
  }
}
