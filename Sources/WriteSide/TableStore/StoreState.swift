internal import ChangeRecords
internal import DynamoModel
internal import RocksDB
internal import Services
internal import Synchronization

/// What the committer and the readers share: the database, the catalogue, the progress of each table, the clock.
///
/// Only the committer's thread changes catalogue and progress; readers see them after the write that made them true.
final class StoreState: Sendable {
  let database: Database
  let clock: CommitClock
  private let published: Mutex<Published>
  /// By table.
  private let signals = Mutex<[TableNumber: Signal]>([:])
  /// When the committer last came round, in milliseconds since 1970 by the machine's clock.
  let committerBeat = Atomic<Int64>(0)

  struct Published {
    var tables: [String: StoredTable]
    /// Deleted tables whose log is still kept.
    var dropped: [StoredTable]
    var progress: [TableNumber: TableProgress]
    var jobs: [TableNumber: TableJob] = [:]
    /// The order of the last record committed: rises over all tables and partitions, and is in the write that used it.
    var order: CommitOrder = .beforeAll
  }

  init(database: Database, clock: CommitClock, published: Published) {
    self.database = database
    self.clock = clock
    self.published = Mutex(published)
  }

  func table(_ name: String) -> StoredTable? { published.withLock { $0.tables[name] } }
  func tableNames() -> [String] { published.withLock { Array($0.tables.keys) } }
  func tables() -> [StoredTable] { published.withLock { Array($0.tables.values) } }
  func allTables() -> [StoredTable] { published.withLock { Array($0.tables.values) + $0.dropped } }
  var order: CommitOrder { published.withLock { $0.order } }
  func jobs() -> [TableJob] { published.withLock { Array($0.jobs.values) } }
  func progress(_ id: TableNumber) -> TableProgress? { published.withLock { $0.progress[id] } }

  func describe(_ table: StoredTable, status: String? = nil) -> TableDescription {
    let progress = progress(table.id)
    return TableDescription(
      definition: table.definition, status: status ?? (table.isFilling ? "CREATING" : "ACTIVE"), createdAt: table.createdAt,
      itemCount: progress?.itemCount ?? 0,
      sizeBytes: progress?.sizeBytes ?? 0,
      indexProgress: progress?.indexes ?? [:], indexNumbers: table.indexNumbers, number: table.id, clock: table.clock,
      tableID: table.tableID,
      streamLabel: table.streams.last?.label)
  }

  /// The table of this table id, deleted or not.
  func table(tableID: TableID) -> StoredTable? {
    published.withLock { state in
      state.tables.values.first { $0.tableID == tableID } ?? state.dropped.first { $0.tableID == tableID }
    }
  }

  /// Publishes another state of a table, deleted or not.
  func replace(_ table: StoredTable) {
    update { state in
      if let place = state.dropped.firstIndex(where: { $0.id == table.id }) {
        state.dropped[place] = table
      } else {
        state.tables[table.definition.name] = table
      }
    }
  }

  func update(_ change: (inout Published) -> Void) { published.withLock { change(&$0) } }

  /// Announced when the table with this number has new records, or has become another.
  func arrivals(_ id: TableNumber) -> Signal {
    signals.withLock { signals in
      if let signal = signals[id] { return signal }
      let signal = Signal()
      signals[id] = signal
      return signal
    }
  }

  /// The time below which no further record of the table will come. Take it before reading records.
  func watermark(_ table: StoredTable) -> LogTime {
    if table.isDropped { return .distantFuture }
    switch table.clock {
    case .live: return clock.watermark()
    case .history: return progress(table.id)?.historyTime ?? .zero
    }
  }

  /// On the committer's thread: evaluates a round, writes it with sync, publishes what it changed.
  func commit(_ body: (inout CommitRound) throws(DynamoError) -> Void) throws(DynamoError) {
    let (time, ceilings) = try beginCommit()
    let (tables, progress, order) = published.withLock { ($0.tables, $0.progress, $0.order) }
    var round = CommitRound(database, tables: tables, progress: progress, time: time, order: order)
    do throws(DynamoError) {
      try body(&round)
      if round.order > order { round.batch.put(Family.meta, MetaKey.order, StoreState.encode(Int64(round.order.rawValue))) }
      try write(&round, ceilings)
    } catch {
      clock.end(nil)
      throw error
    }
    let changed = round.touched
    let new = round.progress
    let last = round.order
    published.withLock { state in
      state.order = last
      for id in changed { state.progress[id] = new[id] }
    }
    clock.end(ceilings)
    for id in changed { arrivals(id).announce() }
  }

  /// A commit's time and the ceilings to write with it; the error names the command that accepts a clock that stands ahead.
  func beginCommit() throws(DynamoError) -> (time: LogTime, ceilings: ClockCeilings?) {
    if let begun = clock.begin() { return begun }
    let ahead = clock.jump / 1000
    throw DynamoError(
      .internalServer,
      "The machine's clock stands \(ahead) s ahead of the store's last time: writes are stopped and nothing expires. If the clock is right, accept "
        + "it with: afterimage table clock --accept-jump")
  }

  func put(_ ceilings: ClockCeilings, _ batch: inout WriteBatch) {
    batch.put(Family.meta, MetaKey.clockCeiling, ceilings.durableBytes)
    batch.put(Family.meta, MetaKey.clockNearCeiling, ceilings.nearBytes(boot: clock.boot))
  }

  private func write(_ round: inout CommitRound, _ ceilings: ClockCeilings?) throws(DynamoError) {
    for id in round.touched {
      if let progress = round.progress[id] { round.batch.put(Family.meta, MetaKey.progress(id), progress.binary) }
    }
    if let ceilings { put(ceilings, &round.batch) }
    guard round.batch.count > 0 else { return }
    do throws(RocksDBError) {
      try database.write(round.batch, sync: true)
    } catch {
      throw .storage(error)
    }
  }

  /// On the committer's thread, while nobody writes.
  func extendClock() {
    guard let more = clock.idleExtension() else { return }
    var batch = WriteBatch(database)
    if more.sync {
      put(more.ceilings, &batch)
    } else {
      batch.put(Family.meta, MetaKey.clockNearCeiling, more.ceilings.nearBytes(boot: clock.boot))
    }
    // A failure leaves the old ceilings: the watermark then stands still, which is the safe side.
    if (try? database.write(batch, sync: more.sync)) != nil { clock.end(more.ceilings) }
  }

  /// Reads the catalogue and the progress of every table.
  static func load(_ database: Database) throws -> Published {
    var published = Published(tables: [:], dropped: [], progress: [:])
    if let bytes = try database.value(Family.meta, MetaKey.order) {
      published.order = CommitOrder(rawValue: bytes.withUnsafeBytes { KeyBytes.read64($0, at: 0) })
    }
    var walk = KeyIterator(
      database, Family.meta, lower: MetaKey.tablePrefix, upper: KeyBytes.successor(MetaKey.tablePrefix))
    walk.seekToFirst()
    while walk.isValid {
      guard let table = StoredTable(binary: Array(walk.value)) else {
        throw StoreError.damaged(database.path, "an entry of the table catalogue does not decode")
      }
      published.progress[table.id] = try TableProgress(database, table)
      if table.isDropped { published.dropped.append(table) } else { published.tables[table.definition.name] = table }
      walk.next()
    }
    try walk.check()
    var jobs = KeyIterator(database, Family.meta, lower: MetaKey.jobPrefix, upper: KeyBytes.successor(MetaKey.jobPrefix))
    jobs.seekToFirst()
    while jobs.isValid {
      guard let job = TableJob(binary: Array(jobs.value)) else {
        throw StoreError.damaged(database.path, "an entry of a backup, export or import does not decode")
      }
      published.jobs[job.id] = job
      jobs.next()
    }
    try jobs.check()
    return published
  }

  /// On the committer's thread, after a write that failed: when the disk takes files again the database is closed and opened again, and
  /// the store goes on from what it finds there. Answers whether it does. Reads that come meanwhile fail.
  func recover() throws -> Bool {
    guard database.diskTakesFiles() else { return false }
    try database.reopen()
    let found = try StoreState.load(database)
    published.withLock { $0 = found }
    database.acceptWrites()
    for id in found.progress.keys { arrivals(id).announce() }
    return true
  }

  static func encode(_ number: Int64) -> [UInt8] {
    var out: [UInt8] = []
    KeyBytes.append64(UInt64(bitPattern: number), to: &out)
    return out
  }
}
