package import DynamoModel
internal import RocksDB

/// A condition on a sort key, as a key condition expression can give it.
package enum SortRange: Sendable {
  case all
  case equal(AttributeValue)
  case less(AttributeValue)
  case lessOrEqual(AttributeValue)
  case greater(AttributeValue)
  case greaterOrEqual(AttributeValue)
  case between(AttributeValue, AttributeValue)
  case prefix(AttributeValue)
}

/// Reads: on any thread, each on one snapshot, never waiting for the committer.
extension TableStore {
  /// The item under a key; nil when there is none. One point read.
  package func item(_ table: TableHandle, key: Item) throws(DynamoError) -> Item? {
    try table.stored.check(key: key)
    return try read(table.stored.itemKey(key).bytes, nil)
  }

  /// Several items as of one moment.
  package func items(_ reads: [(TableHandle, key: Item)]) throws(DynamoError) -> [Item?] {
    for (table, key) in reads { try table.stored.check(key: key) }
    let snapshot = Snapshot(state.database)
    var found: [Item?] = []
    for (table, key) in reads { found.append(try read(table.stored.itemKey(key).bytes, snapshot)) }
    return found
  }

  func read(_ key: [UInt8], _ snapshot: Snapshot?) throws(DynamoError) -> Item? {
    let decoded: (exists: Bool, item: Item?)
    do throws(RocksDBError) {
      decoded = try state.database.read(Family.items, key, snapshot: snapshot) { bytes in
        bytes.map { (true, StoredItem.item($0)) } ?? (false, nil)
      }
    } catch {
      throw .storage(error)
    }
    guard decoded.exists else { return nil }
    guard let item = decoded.item else { throw .damaged }
    return item
  }

  /// Calls `visit` with the items of one partition key (a value for each of its attributes) in order of the sort key, those
  /// whose first sort attributes equal `leading` and whose next one lies in `range`, after `after` (a full key of the table,
  /// and of the index when one is read), until it returns false. Through an index the item has the index's attributes.
  package func query(
    _ table: TableHandle, index: IndexDefinition?, partition: [AttributeValue], leading: [AttributeValue] = [], range: SortRange,
    forward: Bool, after: Item?,
    visit: (Item) throws(DynamoError) -> Bool
  ) throws(DynamoError) {
    let stored = table.stored
    var prefix: [UInt8]
    if let index {
      guard let number = stored.indexNumbers[index.name] else { return }
      prefix = KeyBytes.partition(KeyBytes.index(stored.id, number), partition).bytes
    } else {
      prefix = KeyBytes.partition(KeyBytes.table(stored.id), partition).bytes
    }
    for value in leading { KeyBytes.append(value, to: &prefix) }
    let (lower, upper) = TableStore.bounds(prefix, range)
    guard Bytes.less(lower, upper) else { return }
    let start = try after.map { (key) throws(DynamoError) in try startKey(stored, index, key) }
    try walk(stored, index: index, lower: lower, upper: upper, forward: forward, after: start, visit)
  }

  /// Calls `visit` with every item, or those of one of several equal segments, in the order of the keys' hashes.
  package func scan(
    _ table: TableHandle, index: IndexDefinition?, segment: (index: Int, of: Int)?, after: Item?,
    visit: (Item) throws(DynamoError) -> Bool
  ) throws(DynamoError) {
    let stored = table.stored
    var prefix = KeyBytes.table(stored.id)
    if let index {
      guard let number = stored.indexNumbers[index.name] else { return }
      prefix = KeyBytes.index(stored.id, number)
    }
    var lower = prefix
    var upper = KeyBytes.successor(prefix)
    if let segment, segment.of > 1 {
      let bound = { (index: Int) in UInt16(truncatingIfNeeded: index * 65_536 / segment.of) }
      KeyBytes.append16(bound(segment.index), to: &lower)
      if segment.index + 1 < segment.of {
        upper = prefix
        KeyBytes.append16(bound(segment.index + 1), to: &upper)
      }
    }
    guard Bytes.less(lower, upper) else { return }
    let start = try after.map { (key) throws(DynamoError) in try startKey(stored, index, key) }
    // What a scan passes over is not read again soon: it must not drive out what is.
    try walk(stored, index: index, lower: lower, upper: upper, forward: true, after: start, fillCache: false, visit)
  }

  /// Whether a key lies in a segment of a scan: for the check of exclusive start keys.
  package func segment(_ table: TableHandle, index: IndexDefinition?, of key: Item, count: Int) throws(DynamoError) -> Int {
    let bytes = try startKey(table.stored, index, key)
    let at = index == nil ? 4 : 6
    let hash = Int(bytes[at]) << 8 | Int(bytes[at + 1])
    return (0..<count).last { $0 * 65_536 / count <= hash } ?? 0
  }

  private func startKey(_ table: StoredTable, _ index: IndexDefinition?, _ key: Item) throws(DynamoError) -> [UInt8] {
    guard let own = table.definition.key.key(of: key) else { throw .validation("The provided starting key is invalid") }
    let itemKey = table.itemKey(own).bytes
    guard let index else { return itemKey }
    guard let indexKey = table.indexKey(index, of: key, itemKey: itemKey) else {
      throw .validation("The provided starting key is invalid")
    }
    return indexKey
  }

  private static func bounds(_ prefix: [UInt8], _ range: SortRange) -> (lower: [UInt8], upper: [UInt8]) {
    func exact(_ value: AttributeValue) -> [UInt8] {
      var out = prefix
      KeyBytes.append(value, to: &out)
      return out
    }
    let end = KeyBytes.successor(prefix)
    switch range {
    case .all: return (prefix, end)
    case .equal(let value): return (exact(value), KeyBytes.successor(exact(value)))
    case .less(let value): return (prefix, exact(value))
    case .lessOrEqual(let value): return (prefix, KeyBytes.successor(exact(value)))
    case .greater(let value): return (KeyBytes.successor(exact(value)), end)
    case .greaterOrEqual(let value): return (exact(value), end)
    case .between(let low, let high): return (exact(low), KeyBytes.successor(exact(high)))
    case .prefix(let value):
      var start = prefix
      KeyBytes.appendPrefix(value, to: &start)
      return (start, KeyBytes.successor(start))
    }
  }

  private func walk(
    _ table: StoredTable, index: IndexDefinition?, lower: [UInt8], upper: [UInt8], forward: Bool, after: [UInt8]?,
    fillCache: Bool = true, _ visit: (Item) throws(DynamoError) -> Bool
  ) throws(DynamoError) {
    let snapshot = Snapshot(state.database)
    let family = index == nil ? Family.items : Family.index
    var keys = KeyIterator(state.database, family, lower: lower, upper: upper, snapshot: snapshot, fillCache: fillCache)
    switch (forward, after) {
    case (true, nil): keys.seekToFirst()
    case (true, let after?): keys.seek(after + [0])
    case (false, nil): keys.seekToLast()
    case (false, let after?):
      keys.seekBackwards(after)
      if keys.isValid, keys.key.elementsEqual(after) { keys.previous() }
    }
    let wanted = index.flatMap { $0.projected(in: table.definition) }
    while keys.isValid {
      var item: Item?
      if index == nil {
        item = StoredItem.item(keys.value)
      } else {
        item = try read(Array(keys.value), snapshot)
      }
      guard var item else { throw .damaged }
      if let wanted { item = item.only(wanted) }
      guard try visit(item) else { return }
      if forward { keys.next() } else { keys.previous() }
    }
    do throws(RocksDBError) {
      try keys.check()
    } catch {
      throw .storage(error)
    }
  }
}

extension IndexDefinition {
  /// The stored bytes of what the index shows of an item, whose own stored form has `whole` bytes.
  func entryBytes(of item: Item, whole: Int, in table: TableDefinition) -> Int {
    projected(in: table).map { item.only($0).binary.count } ?? whole
  }

  /// The attributes that the index shows; nil for all.
  package func projected(in table: TableDefinition) -> [String]? {
    let keys = (table.key.attributes + key.attributes).map(\.name)
    switch projection {
    case .all: return nil
    case .keysOnly: return keys
    case .include(let names): return keys + names
    }
  }
}

extension AttributeMap {
  fileprivate func only(_ names: [String]) -> AttributeMap {
    AttributeMap(entries.filter { entry in names.contains { Text.equal($0, entry.name) } })
  }
}
