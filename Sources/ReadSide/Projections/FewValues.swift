internal import DynamoModel
internal import Pipelines

/// The counted values of one column of a group while they are few: kept in the group's state, so that most groups need nothing of the store. In
/// the order of their keys, whose bytes lie in one array: a state is read and written each time its group changes.
struct FewValues: Sendable, Equatable {
  /// A value: where its key lies, followed by what is kept with it.
  private struct Entry: Sendable, BitwiseCopyable {
    var start: Int
    var keyCount: Int32
    var keptCount: Int32
    var count: Int64

    var key: Range<Int> { start..<start + Int(keyCount) }
    var kept: Range<Int> { key.upperBound..<end }
    var end: Int { start + size }
    /// Bytes of the key and of what is kept with it.
    var size: Int { Int(keyCount) + Int(keptCount) }
  }

  private var entries: [Entry] = []
  private var bytes: [UInt8] = []
  /// The sum of the entries' sizes: the rest of `bytes` is of values that are gone.
  private var size = 0

  /// Bytes of keys and of what is kept with them, past which a list goes into the store for good: a state is written whole each time.
  static let bytesMax = 512

  var isTooLarge: Bool { entries.count > 1 && size > FewValues.bytesMax }
  var count: Int { entries.count }

  init() {}

  /// With memory for so many values of the usual length.
  init(capacity: Int) {
    entries.reserveCapacity(capacity)
    bytes.reserveCapacity(capacity * 2 * Stamp.orderedBytes)
  }

  static func == (left: FewValues, right: FewValues) -> Bool {
    left.entries.count == right.entries.count
      && zip(left.entries, right.entries).allSatisfy { one, other in
        one.count == other.count && left.bytes[one.key] == right.bytes[other.key]
          && left.bytes[one.kept] == right.bytes[other.kept]
      }
  }

  /// Hands each value to `body` in the order of the keys: key, what is kept with it, count. The bytes must not leave `body`.
  func forEach(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, Int64) throws -> Void) rethrows {
    try bytes.withUnsafeBytes { all in
      for entry in entries {
        try body(
          UnsafeRawBufferPointer(rebasing: all[entry.key]), UnsafeRawBufferPointer(rebasing: all[entry.kept]), entry.count)
      }
    }
  }

  /// Takes the next value in the order of the keys; `kept` adds what is kept with it.
  mutating func append(_ key: UnsafeRawBufferPointer, count: Int64, kept: (inout [UInt8]) -> Void) {
    let start = bytes.count
    bytes.append(contentsOf: key)
    kept(&bytes)
    let entry = Entry(
      start: start, keyCount: Int32(key.count), keptCount: Int32(bytes.count - start - key.count), count: count)
    entries.append(entry)
    size += entry.size
  }

  /// The first place whose key is not below `key`, and whether it is that key's.
  private func place(of key: [UInt8]) -> (place: Int, isThere: Bool) {
    bytes.withUnsafeBytes { all in
      key.withUnsafeBytes { key in
        var low = 0
        var high = entries.count
        var isThere = false
        while low < high {
          let middle = (low + high) / 2
          let order = Bytes.compare(UnsafeRawBufferPointer(rebasing: all[entries[middle].key]), key)
          if order == 0 { isThere = true }
          if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, isThere)
      }
    }
  }

  /// Writes bytes that no entry names yet behind the others.
  private mutating func entry(_ key: [UInt8], kept: [UInt8], count: Int64) -> Entry {
    let entry = Entry(start: bytes.count, keyCount: Int32(key.count), keptCount: Int32(kept.count), count: count)
    bytes += key
    bytes += kept
    size += entry.size
    return entry
  }

  mutating func add(_ key: [UInt8], kept: [UInt8]?, change: Int64) -> (before: Int64, after: Int64) {
    let (place, isThere) = place(of: key)
    guard isThere else {
      if change != 0 { entries.insert(entry(key, kept: kept ?? [], count: change), at: place) }
      return (0, change)
    }
    let known = entries[place]
    let after = known.count + change
    if after == 0 {
      entries.remove(at: place)
      size -= known.size
    } else if let kept, kept.count == known.kept.count {
      bytes.replaceSubrange(known.kept, with: kept)
      entries[place].count = after
    } else if let kept {
      size -= known.size
      entries[place] = entry(key, kept: kept, count: after)
    } else {
      entries[place].count = after
    }
    tidy()
    return (known.count, after)
  }

  /// Leaves out what is gone once it is more than what is there.
  private mutating func tidy() {
    guard bytes.count > 2 * size + FewValues.bytesMax else { return }
    var tidied = FewValues(capacity: entries.count)
    forEach { key, kept, count in tidied.append(key, count: count) { $0.append(contentsOf: kept) } }
    self = tidied
  }

  func kept(_ key: [UInt8]) -> [UInt8]? {
    let (place, isThere) = place(of: key)
    return isThere ? Array(bytes[entries[place].kept]) : nil
  }

  private func value(_ entry: Entry) -> (key: [UInt8], kept: [UInt8]) {
    (Array(bytes[entry.key]), Array(bytes[entry.kept]))
  }

  func extreme(greatest: Bool) -> (key: [UInt8], kept: [UInt8])? {
    (greatest ? entries.last : entries.first).map { value($0) }
  }

  func least(prefix: [UInt8]) -> [UInt8]? {
    let found = entries[place(of: prefix).place...].prefix { bytes[$0.key].starts(with: prefix) }
    return found.map { Array(bytes[$0.kept]) }.min(by: Bytes.less)
  }

  func before(_ key: [UInt8]) -> (key: [UInt8], kept: [UInt8])? {
    let place = place(of: key).place
    return place == 0 ? nil : value(entries[place - 1])
  }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8]) {
    entries.removeAll { entry in
      let key = Array(bytes[entry.key])
      return (low.map { Bytes.less($0, key) } ?? true) && Bytes.less(key, high)
    }
    size = entries.reduce(0) { $0 + $1.size }
    tidy()
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
    try own.forEach { key, kept, count in
      _ = try store.add(column: column, key: Array(key), kept: Array(kept), change: count)
    }
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
