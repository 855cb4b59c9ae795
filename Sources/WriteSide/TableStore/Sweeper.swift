internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import RocksDB
internal import Services
internal import Synchronization

/// The store's background work, on one thread of its own: TTL removals of live tables, retention, filling of new indexes, forgotten
/// idempotency tokens. Everything that changes an item goes through the committer, which looks at the item again.
final class Sweeper: Sendable {
  /// Items that a backfill looks at between two commits.
  static let backfillItemsMax = 1000
  static let housekeepingInterval: Int64 = 10_000

  private struct Work {
    var isStopping = false
    var backfills: Set<TableNumber> = []
  }

  private let state: StoreState
  private let committer: Committer
  private let interval: Duration
  private let retention: Int64?
  private let shardLifetime: Int64
  private let sweepsExpired: Bool
  private let work = Mutex(Work())
  private let wake = DispatchSemaphore(value: 0)
  private let thread = Mutex<OwnedThread?>(nil)

  init(
    state: StoreState, committer: Committer, interval: Duration, retention: Int64?, shardLifetime: Int64, sweepsExpired: Bool
  ) {
    self.state = state
    self.committer = committer
    self.interval = interval
    self.retention = retention
    self.shardLifetime = shardLifetime
    self.sweepsExpired = sweepsExpired
  }

  func start() throws(OwnedThread.NotStarted) {
    for table in state.tables() where table.needsFilling { backfill(table.id) }
    let started = try OwnedThread("sweeper") { [self] in run() }
    thread.withLock { $0 = started }
  }

  func stop() {
    let first = work.withLock { work in
      defer { work.isStopping = true }
      return !work.isStopping
    }
    guard first else { return }
    wake.signal()
    thread.withLock { $0 }?.join()
  }

  func backfill(_ table: TableNumber) {
    work.withLock { _ = $0.backfills.insert(table) }
    wake.signal()
  }

  /// At the next round: not at once, for what went wrong a moment ago goes wrong now.
  private func again(_ table: TableNumber) { work.withLock { _ = $0.backfills.insert(table) } }

  /// Whether an item of a live table is due. Those of a table with a history clock are removed by its writes.
  private var isSomethingDue: Bool {
    guard let now = state.clock.due() else { return false }
    return state.tables().contains { table in
      guard table.clock == .live, let next = try? state.nextExpiry(table) else { return false }
      return next <= now
    }
  }

  private var isStopping: Bool { work.withLock { $0.isStopping } }

  private func run() {
    var housekeepingDue = LogTime.distantPast
    let pause = Double(interval.components.seconds) + Double(interval.components.attoseconds) / 1e18
    while !isStopping {
      let backfills = work.withLock { work in
        defer { work.backfills = [] }
        return work.backfills
      }
      for id in backfills { fill(id) }
      // What fails now is tried again at the next round.
      while sweepsExpired, !isStopping, isSomethingDue {
        guard let count = try? state.removeDueRound(committer), count == Committer.roundRemovalsMax else { break }
      }
      // While the machine's clock is not believed, nothing is forgotten by it.
      if let now = state.clock.due(), now >= housekeepingDue {
        housekeepingDue = now.advanced(by: Sweeper.housekeepingInterval)
        forgetTokens(now)
        for table in state.allTables() where !table.streams.isEmpty { rotateShards(table, now) }
        if let retention { for table in state.allTables() { trim(table, before: now.advanced(by: -retention)) } }
      }
      _ = wake.wait(timeout: .now() + pause)
    }
  }

  /// Fills the indexes that are being created, and the TTL entries. From now on writes keep them by themselves: what is left
  /// is to enter the items that are not written, each looked at again by the committer's thread.
  private func fill(_ id: TableNumber) {
    guard let table = state.tables().first(where: { $0.id == id }) else { return }
    let prefix = KeyBytes.table(id)
    var position = prefix
    while !isStopping {
      var keys: [[UInt8]] = []
      do {
        var walk = KeyIterator(
          state.database, Family.items, lower: prefix, upper: KeyBytes.successor(prefix), fillCache: false)
        walk.seek(position)
        while walk.isValid, keys.count < Sweeper.backfillItemsMax {
          keys.append(Array(walk.key))
          walk.next()
        }
        // An error does not end the sweep: the rest is entered at the next round.
        if (try? walk.check()) == nil { return again(id) }
      }
      guard let last = keys.last else { break }
      position = last + [0]
      let chunk = keys
      let state = state
      let result: Void? = try? committer.perform { () throws(DynamoError) in try Sweeper.enter(chunk, table, state) }
      if result == nil { return again(id) }
    }
    guard !isStopping else { return }
    activate(table)
  }

  private static func enter(_ keys: [[UInt8]], _ table: StoredTable, _ state: StoreState) throws(DynamoError) {
    guard let current = state.table(table.definition.name), current.id == table.id else { return }
    var batch = WriteBatch(state.database)
    var progress = state.progress(table.id) ?? TableProgress(partitions: table.definition.partitions)
    do throws(RocksDBError) {
      for itemKey in keys {
        guard let bytes = try state.database.value(Family.items, itemKey), let item = StoredItem.item(bytes) else { continue }
        for index in current.definition.indexes where index.status == .creating {
          guard let key = current.indexKey(index, of: item, itemKey: itemKey), let number = current.indexNumbers[index.name],
            try state.database.value(Family.index, key) == nil
          else { continue }
          batch.put(Family.index, key, itemKey)
          let size = index.entryBytes(of: item, whole: bytes.count - StoredItem.versionBytes, in: current.definition)
          progress.indexes[number, default: .init()].itemCount += 1
          progress.indexes[number, default: .init()].sizeBytes += size
        }
        let now = current.clock == .history ? progress.historyTime : state.clock.wall()
        if let key = current.timeToLiveKey(of: item, itemKey: itemKey, now: now) {
          batch.put(Family.index, key, itemKey)
        }
      }
      batch.put(Family.meta, MetaKey.progress(table.id), progress.binary)
      try state.database.write(batch, sync: true)
    } catch {
      throw .storage(error)
    }
    let counted = progress.indexes
    state.update { $0.progress[table.id]?.indexes = counted }
  }

  private func activate(_ table: StoredTable) {
    let state = state
    let created = table.definition.indexes.filter { $0.status == .creating }.map(\.name)
    _ = try? committer.perform { () throws(DynamoError) in
      guard var current = state.table(table.definition.name), current.id == table.id else { return }
      for index in current.definition.indexes.indices where created.contains(current.definition.indexes[index].name) {
        current.definition.indexes[index].status = .active
      }
      if current.definition.timeToLive == table.definition.timeToLive { current.isFillingTimeToLive = false }
      try TableStore.store(current, state) { _ in }
      let changed = current
      state.update { $0.tables[changed.definition.name] = changed }
    }
  }

  /// Closes the shards of streams that are old enough, opens their children, and forgets what nobody may read any more.
  private func rotateShards(_ table: StoredTable, _ now: LogTime) {
    guard let progress = state.progress(table.id), table.rotated(now: now, shardLifetime, progress) != nil else { return }
    let (state, shardLifetime) = (state, shardLifetime)
    // What fails now is tried again at the next round.
    _ = try? committer.perform { () throws(DynamoError) in
      guard let current = state.table(tableID: table.tableID), let progress = state.progress(table.id),
        let changed = current.rotated(now: now, shardLifetime, progress)
      else { return }
      try TableStore.store(changed, state) { _ in }
      state.replace(changed)
    }
  }

  private func forgetTokens(_ now: LogTime) {
    var batch = WriteBatch(state.database)
    var walk = KeyIterator(
      state.database, Family.meta, lower: MetaKey.tokenPrefix, upper: KeyBytes.successor(MetaKey.tokenPrefix))
    walk.seekToFirst()
    while walk.isValid {
      if walk.value.count >= 8, LogTime(rawValue: Int64(bitPattern: KeyBytes.read64(walk.value, at: 0))) <= now {
        batch.delete(Family.meta, Array(walk.key))
      }
      walk.next()
    }
    // What is not forgotten now is at the next round.
    if batch.count > 0 { _ = try? state.database.write(batch, sync: false) }
  }

  /// Trims the records older than `time` from each partition of a log; the last number is kept.
  private func trim(_ table: StoredTable, before time: LogTime) {
    let state = state
    for partition in 0..<table.definition.partitions {
      guard let progress = state.progress(table.id), progress.first[partition] <= progress.last[partition] else { continue }
      let log = EmbeddedLog.Partition(state: state, table: table, number: partition)
      guard let cut = try? log.firstSequence(atOrAfter: time), cut > progress.first[partition] else {
        continue
      }
      _ = try? committer.perform { () throws(DynamoError) in
        var batch = WriteBatch(state.database)
        batch.deleteRange(
          Family.log, from: KeyBytes.log(table.id, partition, .beforeAll), to: KeyBytes.log(table.id, partition, cut))
        batch.put(Family.meta, MetaKey.sequence(table.id, partition), StoreState.encode(Int64(cut.previous.rawValue)))
        do throws(RocksDBError) {
          try state.database.write(batch, sync: true)
        } catch {
          throw .storage(error)
        }
        state.update { $0.progress[table.id]?.first[partition] = cut }
      }
    }
  }
}
