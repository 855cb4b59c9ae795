internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// TTL removals within a round: records like any other, with the service's identity, in the order of their due instants.
extension CommitRound {
  /// Whether writes to a table remove what is due before them: one with a history clock and TTL.
  func removesBeforeWrites(_ name: String) -> Bool {
    tables[name].map { $0.clock == .history && $0.definition.timeToLive != nil } ?? false
  }

  /// Before writes with the given time: removes what is due at or before it in those of their tables that have a history clock, so that no
  /// write overtakes a removal. Also when the write is refused afterwards: its time has come all the same.
  ///
  /// At most `left` removals, which is counted down; false when there are more, and then the write waits for the next round.
  mutating func removeDue(before time: LogTime?, _ actions: [WriteAction], _ left: inout Int) throws(DynamoError) -> Bool {
    for action in actions {
      guard removesBeforeWrites(action.table), let table = tables[action.table] else { continue }
      expect(table)
      guard let time, time > progress[table.id]?.historyTime ?? .zero else { continue }
      guard try removeDue(table, through: time, &left) else { return false }
    }
    return true
  }

  /// Removes the items of a table whose instant is at most `time`. With a history clock the commit time of each removal is its instant, or the last
  /// time given when that is later; with a live one it is the round's. At most `left` removals; false when there are more.
  mutating func removeDue(_ table: StoredTable, through time: LogTime, _ left: inout Int) throws(DynamoError) -> Bool {
    expect(table)
    while let entry = try firstEntry(table), KeyBytes.timeToLive(entry) <= time {
      guard left > 0 else { return false }
      left -= 1
      try remove(entry, table)
    }
    return true
  }

  /// Keeps the TTL entries of a table for this round, so that what it puts is noticed.
  mutating func expect(_ table: StoredTable) {
    if expiries[table.id] == nil {
      expiries[table.id] = ExpiryQueue(prefix: KeyBytes.index(table.id, KeyBytes.timeToLiveIndex))
    }
  }

  private mutating func firstEntry(_ table: StoredTable) throws(DynamoError) -> [UInt8]? {
    let database = database
    let upper = KeyBytes.successor(KeyBytes.index(table.id, KeyBytes.timeToLiveIndex))
    do throws(RocksDBError) {
      return try expiries[table.id]?.first { (from, limit) throws(RocksDBError) in
        var entries: [[UInt8]] = []
        var walk = KeyIterator(database, Family.index, lower: from, upper: upper)
        walk.seekToFirst()
        while walk.isValid, entries.count < limit {
          entries.append(Array(walk.key))
          walk.next()
        }
        try walk.check()
        return entries
      }
    } catch {
      throw .storage(error)
    }
  }

  private mutating func remove(_ entry: [UInt8], _ table: StoredTable) throws(DynamoError) {
    let itemKey = KeyBytes.table(table.id) + entry[KeyBytes.timeToLivePrefixBytes...]
    guard let stored = try current(itemKey), let item = StoredItem.item(stored), let key = table.definition.key.key(of: item),
      table.timeToLiveKey(of: item, itemKey: itemKey, now: nil) == entry
    else {
      // It leads to no item that is due, or to a damaged one, which `table verify` names: neither may hold back the others.
      expiries[table.id]?.replace(entry, with: nil)
      return
    }
    let time = table.clock == .history ? max(KeyBytes.timeToLive(entry), progress[table.id]?.historyTime ?? .zero) : nil
    let action = WriteAction(table: table.definition.name, key: key) { _ in .delete }
    _ = try apply(WriteTransaction(actions: [action], time: time, cause: .service))
  }
}
