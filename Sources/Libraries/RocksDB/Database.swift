internal import CRocksDB
internal import Foundation
internal import Glibc
internal import Synchronization

/// What RocksDB answered instead of doing what was asked, in its own words.
package struct RocksDBError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String
  /// Set when the database was not opened because its log files are damaged.
  package let damage: LogDamage?

  package init(message: String, damage: LogDamage? = nil) {
    self.message = message
    self.damage = damage
  }

  package var description: String { message }

  /// Another process holds the directory.
  package var isLocked: Bool { message.contains("lock") && message.contains("LOCK") }
  package var isDiskFull: Bool { message.contains("No space left") || message.contains("NoSpace") }

  /// The database is being closed and opened again.
  package static let reopening = RocksDBError(message: "the database is being opened again")
}

/// An open RocksDB with its column families, which after a failed write can be closed and opened again inside the process.
///
/// Thread-safe: what changes is behind a lock. Snapshots, walks and batches hold the open database that they belong to, and it closes when
/// the last of them is gone.
package final class Database: Sendable {
  package let path: String
  private let specifications: [Family]
  private let blockCacheBytes: Int
  private let state: Mutex<State>
  private let mark: AcknowledgedMark

  private struct State {
    /// Nil while it is being opened again, and after `close`.
    var open: OpenDatabase?
    /// The error of the write that failed, after which there are no more until the database is opened again.
    var failed: RocksDBError?
  }

  /// A column family and what its access pattern asks for.
  package struct Family: Sendable {
    package let name: String
    /// Point reads are common: keep a Bloom filter.
    package let pointReads: Bool
    package let writeBufferBytes: Int

    package init(name: String, pointReads: Bool, writeBufferBytes: Int) {
      self.name = name
      self.pointReads = pointReads
      self.writeBufferBytes = writeBufferBytes
    }
  }

  /// Opens the database at `path`, making it and the families that are missing. The index of a family in `families` names
  /// it in every call. One process only: a second open fails with `isLocked`. When its log files do not hold everything that was
  /// acknowledged it is not opened, nothing in it is changed, and the error has the `damage`.
  package init(path: String, families specifications: [Family], blockCacheBytes: Int) throws(RocksDBError) {
    self.path = path
    self.specifications = specifications
    self.blockCacheBytes = blockCacheBytes
    try Database.checkSpace(path)
    state = Mutex(State(open: try Database.openWhole(path, specifications, blockCacheBytes), failed: nil))
    mark = AcknowledgedMark(path)
  }

  init(_ path: String, _ specifications: [Family], _ open: OpenDatabase) {
    self.path = path
    self.specifications = specifications
    blockCacheBytes = 16 << 20
    state = Mutex(State(open: open, failed: nil))
    mark = AcknowledgedMark(path)
  }

  /// What opening needs, for the log and the manifest that it begins.
  static let openBytesMin: UInt64 = 16 << 20

  /// What is left free by a flush at the end.
  static let closeBytesMin: UInt64 = 256 << 20

  private static func checkSpace(_ path: String, more: UInt64 = 0) throws(RocksDBError) {
    var status = statvfs()
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    guard statvfs(path, &status) == 0 || statvfs((path.hasPrefix("/") ? "/" : "./") + folder, &status) == 0 else { return }
    let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    guard free >= openBytesMin + more else {
      throw RocksDBError(
        message: "No space left on the disk: \(free >> 20) MB are free, and opening needs \(openBytesMin >> 20) MB; make room")
    }
  }

  /// The database as it is open now; nil while it is not.
  var current: OpenDatabase? { state.withLock { $0.open } }

  /// Syncs the write-ahead log, moves what is in memory into tables while the disk has room, and lets go of everything. Idempotent. Every snapshot and walk must be gone before, which the owner
  /// sees to.
  package func close() {
    let (open, failed) = state.withLock { state in
      defer { state.open = nil }
      return (state.open, state.failed)
    }
    guard failed == nil, let open else { return }
    open.syncLog()
    do throws(RocksDBError) { try Database.checkSpace(path, more: Database.closeBytesMin) } catch { return }
    open.flush()
  }

  /// Calls `body` with the value's bytes in place, or nil when there is none. The bytes live only during the call.
  package func read<Value>(
    _ family: Int, _ key: [UInt8], snapshot: Snapshot? = nil, _ body: (UnsafeRawBufferPointer?) -> Value
  ) throws(RocksDBError) -> Value {
    guard let open = snapshot.map({ $0.open }) ?? current else { throw .reopening }
    // Without it the last reference may go before the C functions that use the pointers return.
    defer { withExtendedLifetime((open, snapshot)) {} }
    var failure: UnsafeMutablePointer<CChar>?
    let slice = key.withUnsafeBytes { raw in
      rocksdb_get_pinned_cf(
        open.pointer, snapshot?.readOptions ?? open.readOptions, open.families[family + 1],
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, &failure)
    }
    if failure != nil { throw OpenDatabase.take(failure) }
    guard let slice else { return body(nil) }
    defer { rocksdb_pinnableslice_destroy(slice) }
    var count = 0
    let bytes = rocksdb_pinnableslice_value(slice, &count)
    return body(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// A copy of the value; nil when there is none. `family` is its index in the families the database was opened with.
  package func value(_ family: Int, _ key: [UInt8], snapshot: Snapshot? = nil) throws(RocksDBError) -> [UInt8]? {
    try read(family, key, snapshot: snapshot) { $0.map { Array($0) } }
  }

  /// Applies a batch atomically. With `sync` it is on disk when this returns.
  ///
  /// After a write that failed every later one fails with the same error, until the database is opened again: what the log's file holds
  /// after the failure is not known, and RocksDB as Debian builds it ends the process at the next write.
  package func write(_ batch: borrowing WriteBatch, sync: Bool) throws(RocksDBError) {
    let (open, failed) = state.withLock { ($0.open, $0.failed) }
    if let failed { throw failed }
    guard let open, batch.open === open else { throw .reopening }
    defer { withExtendedLifetime(open) {} }
    var failure: UnsafeMutablePointer<CChar>?
    // Whoever writes at the same time may take numbers before this batch, which its sync then covers too.
    let last = open.lastChange + UInt64(batch.count)
    rocksdb_write(open.pointer, sync ? open.syncedWrite : open.unsyncedWrite, batch.pointer, &failure)
    if failure == nil {
      if sync { mark.note(last) }
      return
    }
    let error = OpenDatabase.take(failure)
    state.withLock { $0.failed = error }
    throw error
  }

  /// A number of RocksDB's own, such as `rocksdb.estimate-num-keys`; nil when it has none of that name.
  package func property(_ name: String, family: Int) -> String? {
    guard let open = current, let value = rocksdb_property_value_cf(open.pointer, open.families[family + 1], name) else {
      return nil
    }
    defer { withExtendedLifetime(open) { rocksdb_free(value) } }
    return String(cString: value)
  }
}

// MARK: - After a failed write

extension Database {
  /// The error after which nothing is written any more; nil while all is well.
  package var failure: RocksDBError? { state.withLock { $0.failed } }

  /// How long `reopen` waits for those who read, in milliseconds.
  package static let readersWaitMax = 2_000

  /// Whether the disk takes files again: there is room for what opening writes, and a small file can be written and synced.
  package func diskTakesFiles() -> Bool {
    // Opening moves what the write-ahead logs hold into tables.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let logs = names.filter { $0.hasSuffix(".log") }.reduce(into: UInt64(0)) { total, name in
      let size = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)[.size] as? UInt64
      total += size ?? 0
    }
    do throws(RocksDBError) { try Database.checkSpace(path, more: logs) } catch { return false }
    let probe = path + "/probe"
    let descriptor = Glibc.open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer {
      Glibc.close(descriptor)
      unlink(probe)
    }
    let bytes = [UInt8](repeating: 0, count: 64 << 10)
    return Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
  }

  /// Closes the database and opens it again: everything that was written with sync is there. Meanwhile reads fail, and walks that had
  /// begun end first. Writes fail until `acceptWrites`. After an error it may be called again.
  package func reopen(readersWaitMax: Int = readersWaitMax) throws(RocksDBError) {
    var old = state.withLock { state in
      defer { state.open = nil }
      return state.open
    }
    var waited = 0
    while old != nil, !isKnownUniquelyReferenced(&old) {
      guard waited < readersWaitMax else {
        state.withLock { [old] in $0.open = old }
        throw RocksDBError(message: "readers hold the database: it cannot be opened again yet")
      }
      usleep(1_000)
      waited += 1
    }
    old = nil
    let new = try Database.openWhole(path, specifications, blockCacheBytes)
    state.withLock { $0.open = new }
  }

  /// After `reopen`: takes writes again.
  package func acceptWrites() { state.withLock { $0.failed = nil } }
}
