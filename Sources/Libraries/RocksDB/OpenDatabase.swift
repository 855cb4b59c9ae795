internal import CRocksDB
internal import Glibc

/// The C handles of a database from its opening to its closing, which comes with the last reference.
///
/// The handles may be used from any thread at once, which is why this is `Sendable`: RocksDB documents its DB, snapshot and column
/// family handles as thread-safe, and nothing here changes between `init` and `deinit`.
final class OpenDatabase: @unchecked Sendable {
  let pointer: OpaquePointer
  private let options: OpaquePointer
  private let cache: OpaquePointer
  private let familyOptions: [OpaquePointer]
  let families: [OpaquePointer]
  let readOptions: OpaquePointer
  let syncedWrite: OpaquePointer
  let unsyncedWrite: OpaquePointer

  /// How the write-ahead logs are read when the database is opened.
  enum Mode {
    /// An incomplete record at the end of a log is cut off; anything else that does not fit is an error.
    case whole
    /// Up to the first record that does not fit; what follows is given up.
    case upToDamage
    /// As `upToDamage` within a log, in memory alone: nothing on disk is made or changed. A log that is shorter than the manifest says is
    /// an error.
    case readOnly
  }

  init(
    _ path: String, _ specifications: [Database.Family], blockCacheBytes: Int, mode: Mode = .whole
  ) throws(RocksDBError) {
    let options = try OpenDatabase.options(mode)
    rocksdb_options_set_create_if_missing(options, mode == .whole ? 1 : 0)
    rocksdb_options_set_paranoid_checks(options, 1)
    // All families go into tables together: so what a recovery up to a damage keeps of the logs never lacks what a family's tables have.
    rocksdb_options_set_atomic_flush(options, 1)
    rocksdb_options_set_wal_recovery_mode(
      options,
      Int32(mode == .whole ? rocksdb_tolerate_corrupted_tail_records_recovery : rocksdb_point_in_time_recovery))
    rocksdb_options_set_create_missing_column_families(options, 1)
    rocksdb_options_set_max_background_jobs(options, 2)
    rocksdb_options_set_bytes_per_sync(options, 1 << 20)
    rocksdb_options_set_keep_log_file_num(options, 4)
    // RocksDB's own diary holds what it was opened with and no more: on a full disk writing it ends the process (an assertion that
    // Debian's build keeps), at the very moment when the error is to be reported.
    rocksdb_options_set_info_log_level(options, OpenDatabase.fatalOnly)
    // What the next start reads after a kill, at some 120 MB a second.
    rocksdb_options_set_max_total_wal_size(options, 32 << 20)
    rocksdb_options_set_max_open_files(options, 512)
    let cache = rocksdb_cache_create_lru(blockCacheBytes)!
    var familyOptions: [OpaquePointer] = []
    let all = [Database.Family(name: "default", pointReads: false, writeBufferBytes: 1 << 20)] + specifications
    for family in all { familyOptions.append(OpenDatabase.options(for: family, cache: cache)) }

    var handles = [OpaquePointer?](repeating: nil, count: all.count)
    var failure: UnsafeMutablePointer<CChar>?
    let names = all.map { $0.name.withCString { strdup($0)! } }
    defer { for name in names { free(name) } }
    let constNames: [UnsafePointer<CChar>?] = names.map { UnsafePointer($0) }
    let optionPointers: [OpaquePointer?] = familyOptions
    let opened =
      if mode == .readOnly {
        rocksdb_open_for_read_only_column_families(
          options, path, Int32(all.count), constNames, optionPointers, &handles, 0, &failure)
      } else {
        rocksdb_open_column_families(options, path, Int32(all.count), constNames, optionPointers, &handles, &failure)
      }
    self.options = options
    self.cache = cache
    self.familyOptions = familyOptions
    guard let opened, failure == nil else {
      for family in familyOptions { rocksdb_options_destroy(family) }
      rocksdb_options_destroy(options)
      rocksdb_cache_destroy(cache)
      throw OpenDatabase.take(failure)
    }
    pointer = opened
    families = handles.compactMap { $0 }
    readOptions = rocksdb_readoptions_create()
    syncedWrite = rocksdb_writeoptions_create()
    rocksdb_writeoptions_set_sync(syncedWrite, 1)
    unsyncedWrite = rocksdb_writeoptions_create()
  }

  deinit {
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

  /// The number of the last change that the database holds.
  var lastChange: UInt64 { rocksdb_get_latest_sequence_number(pointer) }

  /// The number of the first write-ahead log that is not in tables yet.
  var firstLiveLog: UInt64 {
    var value: UInt64 = 0
    return rocksdb_property_int(pointer, "rocksdb.min-log-number-to-keep", &value) == 0 ? value : 0
  }

  func syncLog() {
    var failure: UnsafeMutablePointer<CChar>?
    rocksdb_flush_wal(pointer, 1, &failure)
    if failure != nil { rocksdb_free(failure) }
  }

  /// Moves what is in memory into tables, so that the next start has nothing to read again. After an error the log has it.
  func flush() {
    let options = rocksdb_flushoptions_create()
    defer { rocksdb_flushoptions_destroy(options) }
    rocksdb_flushoptions_set_wait(options, 1)
    for family in families {
      var failure: UnsafeMutablePointer<CChar>?
      rocksdb_flush_cf(pointer, options, family, &failure)
      if failure != nil { rocksdb_free(failure) }
    }
  }

  /// RocksDB's log level FATAL.
  private static let fatalOnly: Int32 = 4

  /// Unless it is opened up to a damage, the manifest keeps the synced length of each log that is finished and not in tables yet, and an open holds the logs
  /// against it. The C interface has this only as text.
  private static func options(_ mode: Mode) throws(RocksDBError) -> OpaquePointer {
    let options = rocksdb_options_create()!
    guard mode != .upToDamage else { return options }
    let base = rocksdb_options_create()
    defer { rocksdb_options_destroy(base) }
    var failure: UnsafeMutablePointer<CChar>?
    rocksdb_get_options_from_string(base, "track_and_verify_wals_in_manifest=true", options, &failure)
    if failure == nil { return options }
    rocksdb_options_destroy(options)
    throw take(failure)
  }

  private static func options(for family: Database.Family, cache: OpaquePointer) -> OpaquePointer {
    let options = rocksdb_options_create()!
    rocksdb_options_set_write_buffer_size(options, family.writeBufferBytes)
    rocksdb_options_set_max_write_buffer_number(options, 3)
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    let table = rocksdb_block_based_options_create()
    rocksdb_block_based_options_set_block_cache(table, cache)
    // A point read that is not in the cache reads and unpacks a whole block.
    rocksdb_block_based_options_set_block_size(table, family.pointReads ? 4 << 10 : 16 << 10)
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1)
    if family.pointReads {
      rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
      // In parts of 4 KB, as the index: the filter of a whole file is megabytes, and a cache that does not hold those of all files would read one
      // for each key that is not there.
      rocksdb_block_based_options_set_index_type(table, Int32(rocksdb_block_based_table_index_type_two_level_index_search))
      rocksdb_block_based_options_set_partition_filters(table, 1)
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
}
