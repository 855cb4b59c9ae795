internal import ChangeRecords
package import DynamoModel
internal import Foundation
internal import RocksDB
internal import Synchronization

/// The write store: tables of items with their indexes and change logs in one RocksDB directory.
///
/// An item, its index entries and its change record are one atomic, synced batch; an acknowledged write is on disk.
/// Writes go through one committer; reads run on any thread and never wait for writes. Closing waits for what was
/// submitted.
package final class TableStore: Sendable {
  let state: StoreState
  let committer: Committer
  let sweeper: Sweeper
  let runner: JobRunner
  let options: Options

  package struct Options: Sendable {
    package var blockCacheBytes: Int
    /// Age in milliseconds after which records are trimmed; nil keeps them forever.
    package var retention: Int64?
    /// Milliseconds by which the wall clock may run ahead of the boot clock before writes stop.
    package var clockJumpMax: Int64
    /// Milliseconds by which the wall clock may stand after the store's last time at a start before writes stop.
    package var clockStartGapMax: Int64
    package var time: any TimeSource
    /// How often due TTL entries are looked for.
    package var sweepInterval: Duration
    /// Whether due items of live tables are removed in the background; without it `removeDue` does.
    package var sweepsExpired: Bool
    /// Milliseconds after which a stream's shard with records is closed and a child of it opened.
    package var streamShardLifetime: Int64
    /// Where exports go and imports come from; nil for a store that has no such place.
    package var files: (any TableFiles)?
    /// Called when writes stop for a failure of the disk, and when they go on. On the committer's thread; must not block.
    package var report: @Sendable (StoreEvent) -> Void

    package init(
      blockCacheBytes: Int = 96 << 20, retention: Int64? = nil, clockJumpMax: Int64 = 60_000,
      clockStartGapMax: Int64 = 7 * 86_400_000, time: any TimeSource = SystemTime(), sweepInterval: Duration = .milliseconds(200),
      sweepsExpired: Bool = true,
      streamShardLifetime: Int64 = 4 * 3_600_000, files: (any TableFiles)? = nil,
      report: @escaping @Sendable (StoreEvent) -> Void = { _ in }
    ) {
      self.blockCacheBytes = blockCacheBytes
      self.retention = retention
      self.clockJumpMax = clockJumpMax
      self.clockStartGapMax = clockStartGapMax
      self.time = time
      self.sweepInterval = sweepInterval
      self.sweepsExpired = sweepsExpired
      self.streamShardLifetime = streamShardLifetime
      self.files = files
      self.report = report
    }
  }

  package static let formatVersion: UInt8 = 2

  /// Opens or makes the store at `path`. Throws `inUse`, `otherVersion`, `damaged`, `logDamaged` or `storage`.
  package init(path: String, options: Options = Options()) throws(StoreError) {
    self.options = options
    let database: Database
    do throws(RocksDBError) {
      database = try Database(path: path, families: Family.all, blockCacheBytes: options.blockCacheBytes)
    } catch {
      throw StoreError(error, path)
    }
    do {
      state = try TableStore.load(database, path: path, options)
    } catch let error as StoreError {
      throw error
    } catch {
      throw .storage(path, "\(error)")
    }
    committer = Committer(state, report: options.report)
    sweeper = Sweeper(
      state: state, committer: committer, interval: options.sweepInterval, retention: options.retention,
      shardLifetime: options.streamShardLifetime, sweepsExpired: options.sweepsExpired)
    let work = JobWork(state: state, committer: committer, files: options.files)
    let (state, committer) = (state, committer)
    runner = JobRunner(
      job: { id in state.jobs().first { $0.id == id } }, work: work.run,
      end: { id, failure in TableStore.end(id, failure: failure, state, committer) })
    do {
      try committer.start()
      try sweeper.start()
      try runner.start()
    } catch {
      throw .storage(path, "\(error)")
    }
    for job in state.jobs().sorted(by: { $0.id < $1.id }) where job.status == .running { runner.add(job.id) }
  }

  private static func load(_ database: Database, path: String, _ options: Options) throws -> StoreState {
    if let version = try database.value(Family.meta, MetaKey.formatVersion) {
      guard version == [formatVersion] else {
        throw StoreError.otherVersion(path, Int(version.first ?? 0), Int(formatVersion))
      }
    } else {
      var batch = WriteBatch(database)
      batch.put(Family.meta, MetaKey.formatVersion, [formatVersion])
      try database.write(batch, sync: true)
    }
    let published = try StoreState.load(database)
    let clock = CommitClock(
      nearBytes: try database.value(Family.meta, MetaKey.clockNearCeiling),
      durableBytes: try database.value(Family.meta, MetaKey.clockCeiling), time: options.time, jumpMax: options.clockJumpMax,
      startGapMax: options.clockStartGapMax)
    return StoreState(database: database, clock: clock, published: published)
  }

  /// Finishes what was submitted, writes the exact clock, and lets go of the directory.
  package func close() {
    runner.stop()
    sweeper.stop()
    committer.stop()
    var batch = WriteBatch(state.database)
    state.put(ClockCeilings(near: state.clock.last.rawValue, durable: state.clock.last.rawValue), &batch)
    // Without it the next start goes on from the ceiling, which is safe.
    _ = try? state.database.write(batch, sync: true)
    state.database.close()
  }

  /// Commits a transaction; `completion` is called in the order of the commits, on a thread of the store's, and must not block.
  package func write(
    _ transaction: WriteTransaction, completion: @escaping @Sendable (Result<[WriteResult], DynamoError>) -> Void
  ) {
    committer.submit(transaction, completion)
  }

  /// The same for callers that can wait.
  package func write(_ transaction: WriteTransaction) async throws(DynamoError) -> [WriteResult] {
    let result: Result<[WriteResult], DynamoError> = await withCheckedContinuation { continuation in
      committer.submit(transaction) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  package func table(_ name: String) -> TableHandle? {
    state.table(name).map { TableHandle(stored: $0, state: state) }
  }

  /// Names in byte order after `after`, at most `limit`, and whether there are more.
  package func tableNames(
    after: String?, limit: Int, where isShown: (String) -> Bool = { _ in true }
  ) -> (names: [String], more: Bool) {
    let all = state.tableNames().filter { name in isShown(name) && (after.map { Text.less($0, name) } ?? true) }
      .sorted(by: Text.less)
    return (Array(all.prefix(limit)), all.count > limit)
  }

  func describe(_ table: StoredTable, status: String? = nil) -> TableDescription { state.describe(table, status: status) }

  /// Brings the watermark of quiet tables to the time source's time at once; by itself it follows within a tenth of a second.
  package func settleClock() throws(DynamoError) {
    _ = state.clock.watermark()
    try committer.perform { [state] () throws(DynamoError) in state.extendClock() }
  }

  /// The wall clock that the store goes by, in milliseconds since 1970, as requests count time.
  package var now: Int64 { state.clock.wall().rawValue }

  /// Accepts a wall clock that stands ahead: writes go on with its time.
  package func acceptClockJump() { state.clock.acceptJump() }

  /// Milliseconds by which the wall clock has jumped ahead of what is accepted, or stood after the store's last time at the start; 0
  /// normally.
  package var clockJump: Int64 { state.clock.jump }

  /// When the committer last came round, in milliseconds since 1970: a tenth of a second ago at the most, unless it has much to write, or
  /// hangs. 0 before it has begun.
  package var committerBeat: Int64 { state.committerBeat.load(ordering: .relaxed) }
}

/// What an operator wants to know about a running store.
package enum StoreEvent: Sendable, Equatable {
  /// A write failed: every write is refused until the disk takes files again, which is tried every second. In RocksDB's words.
  case writesRefused(String)
  /// The disk took files, but the store could not be opened again yet.
  case notRecovered(String)
  case writesGoOn
}

/// Why a store cannot be opened.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  case inUse(String)
  case otherVersion(String, Int, Int)
  case damaged(String, String)
  /// The write-ahead log lacks changes that were acknowledged, or holds damage: nothing was opened or changed.
  case logDamaged(StoreDamage)
  case storage(String, String)

  package var description: String {
    switch self {
    case .inUse(let path): "\(path) is in use by another afterimage process: stop it, or choose another directory with --data"
    case .otherVersion(let path, let found, let known):
      "\(path) was written by \(found > known ? "a newer" : "an older") afterimage (format \(found); this one reads format \(known)): "
        + (found > known ? "use that version" : "export its tables with that version and import them here")
    case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
    case .logDamaged(let damage):
      "\(damage.file) is damaged at byte \(damage.offset): \(damage.reason); acknowledged writes would be lost, so the tables are not "
        + "opened. Put the file back from a copy, or see what can be kept with: afterimage table recover --up-to-damage"
    case .storage(let path, let reason): "\(path) cannot be opened: \(reason)"
    }
  }
}

extension StoreError {
  init(_ error: RocksDBError, _ path: String) {
    if error.isLocked {
      self = .inUse(path)
    } else if let damage = error.damage {
      self =
        damage.file.hasSuffix(".log")
        ? .logDamaged(StoreDamage(damage))
        : .damaged(damage.file, "at byte \(damage.offset): \(damage.reason); put the data directory back from a copy")
    } else {
      self = .storage(path, error.message)
    }
  }
}
