package import ChangeRecords
package import DynamoModel
internal import RocksDB

/// TTL by the tables' own clocks. A table with a history clock removes what is due before a write with a later time; for live ones
/// the sweeper, or whoever calls this, does.
extension TableStore {
  /// Removes every item of a live table that is due at the store's time, and returns how many. The commit time of the removals is the
  /// commit clock's. Nothing while the machine's clock is not believed. Waits for the committer: not to be called from its completions.
  @discardableResult
  package func removeDue() throws(DynamoError) -> Int {
    var total = 0
    while true {
      let count = try state.removeDueRound(committer)
      total += count
      if count < Committer.roundRemovalsMax { return total }
    }
  }

  /// The least instant at which an item of these tables is due; nil when none ever is. One seek a table.
  package func nextExpiry(_ tables: some Sequence<String>) throws(DynamoError) -> LogTime? {
    var least: LogTime?
    for name in tables {
      guard let table = state.table(name), let next = try state.nextExpiry(table) else { continue }
      least = min(least ?? next, next)
    }
    return least
  }
}

extension StoreState {
  /// When the first item of a table is due; nil when none is.
  func nextExpiry(_ table: StoredTable) throws(DynamoError) -> LogTime? {
    guard table.definition.timeToLive != nil else { return nil }
    let prefix = KeyBytes.index(table.id, KeyBytes.timeToLiveIndex)
    var walk = KeyIterator(database, Family.index, lower: prefix, upper: KeyBytes.successor(prefix))
    walk.seekToFirst()
    if walk.isValid { return KeyBytes.timeToLive(Array(walk.key)) }
    do throws(RocksDBError) {
      try walk.check()
    } catch {
      throw .storage(error)
    }
    return nil
  }

  /// Removes what is due in live tables, at most `Committer.roundRemovalsMax` items, and returns how many. Between two rounds other writes go
  /// on.
  func removeDueRound(_ committer: Committer) throws(DynamoError) -> Int {
    try committer.perform { [self] () throws(DynamoError) in try removeDueNow() }
  }

  /// On the committer's thread: one round of removals.
  private func removeDueNow() throws(DynamoError) -> Int {
    guard let now = clock.due() else { return 0 }
    var due: [StoredTable] = []
    for table in tables().sorted(by: { $0.id < $1.id }) where table.clock == .live {
      if let next = try nextExpiry(table), next <= now { due.append(table) }
    }
    guard !due.isEmpty else { return 0 }
    var left = Committer.roundRemovalsMax
    try commit { (round) throws(DynamoError) in
      for table in due { if try !round.removeDue(table, through: round.time, &left) { return } }
    }
    return Committer.roundRemovalsMax - left
  }
}
