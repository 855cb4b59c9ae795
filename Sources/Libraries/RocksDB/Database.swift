internal import CRocksDB
internal import Glibc
internal import Synchronization

/// What RocksDB answered instead of doing what was asked, in its own words.
package struct RocksDBError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package var description: String { message }

  /// Another process holds the directory.
  package var isLocked: Bool { message.contains("lock") && message.contains("LOCK") }
  package var isDiskFull: Bool { message.contains("No space left") || message.contains("NoSpace") }
}

/// An open RocksDB with its column families.
///
/// The C handle may be used from any thread at once, which is why this is `Sendable`: RocksDB documents its DB, snapshot and
/// column family handles as thread-safe, and this class changes its own fields only in `init` and `close`. Every iterator,
/// snapshot and batch must be gone before `close`, which the owner sees to.
package final class Database: @unchecked Sendable {
  let pointer: OpaquePointer
  private let options: OpaquePointer
  private let cache: OpaquePointer
  private let familyOptions: [OpaquePointer]
  let families: [OpaquePointer]
  let readOptions: OpaquePointer
  private let syncedWrite: OpaquePointer
  private let unsyncedWrite: OpaquePointer
  /// The error of the write that failed, after which there are no more.
  private let failed = Mutex<RocksDBError?>(nil)
  private var isClosed = false

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
  /// it in every call. One process only: a second open fails with `isLocked`.
  package init(path: String, families specifications: [Family], blockCacheBytes: Int) throws(RocksDBError) {
    try Database.checkSpace(path)
    let options = rocksdb_options_create()!
    rocksdb_options_set_create_if_missing(options, 1)
    rocksdb_options_set_create_missing_column_families(options, 1)
    rocksdb_options_set_max_background_jobs(options, 2)
    rocksdb_options_set_bytes_per_sync(options, 1 << 20)
    rocksdb_options_set_keep_log_file_num(options, 4)
    // RocksDB's own diary holds what it was opened with and no more: on a full disk writing it ends the process (an assertion that
    // Debian's build keeps), at the very moment when the error is to be told.
    rocksdb_options_set_info_log_level(options, Database.fatalOnly)
    rocksdb_options_set_max_total_wal_size(options, 256 << 20)
    rocksdb_options_set_max_open_files(options, 512)
    let cache = rocksdb_cache_create_lru(blockCacheBytes)!
    var familyOptions: [OpaquePointer] = []
    let all = [Family(name: "default", pointReads: false, writeBufferBytes: 1 << 20)] + specifications
    for family in all { familyOptions.append(Database.options(for: family, cache: cache)) }

    var handles = [OpaquePointer?](repeating: nil, count: all.count)
    var failure: UnsafeMutablePointer<CChar>?
    let names = all.map { $0.name.withCString { strdup($0)! } }
    defer { for name in names { free(name) } }
    let constNames: [UnsafePointer<CChar>?] = names.map { UnsafePointer($0) }
    let optionPointers: [OpaquePointer?] = familyOptions
    let opened = rocksdb_open_column_families(
      options, path, Int32(all.count), constNames, optionPointers, &handles, &failure)
    self.options = options
    self.cache = cache
    self.familyOptions = familyOptions
    guard let opened, failure == nil else {
      for family in familyOptions { rocksdb_options_destroy(family) }
      rocksdb_options_destroy(options)
      rocksdb_cache_destroy(cache)
      throw Database.take(failure)
    }
    pointer = opened
    families = handles.compactMap { $0 }
    readOptions = rocksdb_readoptions_create()
    syncedWrite = rocksdb_writeoptions_create()
    rocksdb_writeoptions_set_sync(syncedWrite, 1)
    unsyncedWrite = rocksdb_writeoptions_create()
  }

  /// RocksDB's log level FATAL.
  private static let fatalOnly: Int32 = 4
  /// What opening needs, for the log and the manifest that it begins.
  static let openBytesMin: UInt64 = 16 << 20

  private static func checkSpace(_ path: String) throws(RocksDBError) {
    var status = statvfs()
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    guard statvfs(path, &status) == 0 || statvfs((path.hasPrefix("/") ? "/" : "./") + folder, &status) == 0 else { return }
    let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    guard free >= openBytesMin else {
      throw RocksDBError(
        message: "No space left on the disk: \(free >> 20) MB are free, and opening needs \(openBytesMin >> 20) MB; make room")
    }
  }

  private static func options(for family: Family, cache: OpaquePointer) -> OpaquePointer {
    let options = rocksdb_options_create()!
    rocksdb_options_set_write_buffer_size(options, family.writeBufferBytes)
    rocksdb_options_set_max_write_buffer_number(options, 3)
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    let table = rocksdb_block_based_options_create()
    rocksdb_block_based_options_set_block_cache(table, cache)
    rocksdb_block_based_options_set_block_size(table, 16 << 10)
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1)
    if family.pointReads {
      rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
    }
    rocksdb_options_set_block_based_table_factory(options, table)
    rocksdb_block_based_options_destroy(table)
    return options
  }

  static func take(_ failure: UnsafeMutablePointer<CChar>?) -> RocksDBError {
    guard let failure else { return RocksDBError(message: "RocksDB gave no reason") }
    defer { rocksdb_free(failure) }
    return RocksDBError(message: String(cString: failure))
  }

  /// Syncs the write-ahead log and lets go of everything. Idempotent.
  package func close() {
    guard !isClosed else { return }
    isClosed = true
    var failure: UnsafeMutablePointer<CChar>?
    if failed.withLock({ $0 }) == nil { rocksdb_flush_wal(pointer, 1, &failure) }
    if failure != nil { rocksdb_free(failure) }
    rocksdb_readoptions_destroy(readOptions)
    rocksdb_writeoptions_destroy(syncedWrite)
    rocksdb_writeoptions_destroy(unsyncedWrite)
    // Handles before the database: RocksDB 7.8 asserts otherwise.
    for family in families { rocksdb_column_family_handle_destroy(family) }
    rocksdb_close(pointer)
    for family in familyOptions { rocksdb_options_destroy(family) }
    rocksdb_options_destroy(options)
    rocksdb_cache_destroy(cache)
  }

  deinit { close() }

  /// Calls `body` with the value's bytes in place, or nil when there is none. The bytes live only during the call.
  package func read<Value>(
    _ family: Int, _ key: [UInt8], snapshot: Snapshot? = nil, _ body: (UnsafeRawBufferPointer?) -> Value
  ) throws(RocksDBError) -> Value {
    var failure: UnsafeMutablePointer<CChar>?
    let slice = key.withUnsafeBytes { raw in
      rocksdb_get_pinned_cf(
        pointer, snapshot?.readOptions ?? readOptions, families[family + 1],
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, &failure)
    }
    if failure != nil { throw Database.take(failure) }
    guard let slice else { return body(nil) }
    defer { rocksdb_pinnableslice_destroy(slice) }
    var count = 0
    let bytes = rocksdb_pinnableslice_value(slice, &count)
    return body(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  package func value(_ family: Int, _ key: [UInt8], snapshot: Snapshot? = nil) throws(RocksDBError) -> [UInt8]? {
    try read(family, key, snapshot: snapshot) { $0.map { Array($0) } }
  }

  /// Applies a batch atomically. With `sync` it is on disk when this returns.
  ///
  /// After a write that failed every later one fails with the same error, until the database is opened again: what the log's file holds
  /// behind the failure is not known, and RocksDB as Debian builds it ends the process at the next write.
  package func write(_ batch: borrowing WriteBatch, sync: Bool) throws(RocksDBError) {
    if let error = failed.withLock({ $0 }) { throw error }
    var failure: UnsafeMutablePointer<CChar>?
    rocksdb_write(pointer, sync ? syncedWrite : unsyncedWrite, batch.pointer, &failure)
    guard failure != nil else { return }
    let error = Database.take(failure)
    failed.withLock { $0 = error }
    throw error
  }

  /// A number of RocksDB's own, such as `rocksdb.estimate-num-keys`; nil when it has none of that name.
  package func property(_ name: String, family: Int) -> String? {
    guard let value = rocksdb_property_value_cf(pointer, families[family + 1], name) else { return nil }
    defer { rocksdb_free(value) }
    return String(cString: value)
  }
}
