internal import CRocksDB

/// The database as it was at one moment. Reads through it see nothing that came later.
///
/// Thread-safe as RocksDB's snapshots are: nothing changes after `init`. Let go of it soon: it holds back compaction.
package final class Snapshot: @unchecked Sendable {
  /// Nil when the database was not open: then every read through it fails.
  let open: OpenDatabase?
  fileprivate let pointer: OpaquePointer?
  let readOptions: OpaquePointer

  package init(_ database: Database) {
    open = database.current
    pointer = open.map { rocksdb_create_snapshot($0.pointer) }
    readOptions = rocksdb_readoptions_create()
    if let pointer { rocksdb_readoptions_set_snapshot(readOptions, pointer) }
  }

  deinit {
    rocksdb_readoptions_destroy(readOptions)
    if let open, let pointer { rocksdb_release_snapshot(open.pointer, pointer) }
  }
}

/// A walk over the keys of one column family within bounds. Used by one thread; keys and values live until the next move.
///
/// On a database that is not open there is nothing to walk over, and `check` throws.
package struct KeyIterator: ~Copyable {
  private let pointer: OpaquePointer?
  private let options: OpaquePointer
  private let bounds: UnsafeMutableRawPointer
  // Held so that they outlive the walk.
  private let snapshot: Snapshot?
  private let open: OpenDatabase?

  /// Keys from `lower` (included) to `upper` (not included). Where it stands is undefined until a seek.
  package init(
    _ database: Database, _ family: Int, lower: [UInt8], upper: [UInt8], snapshot: Snapshot? = nil, fillCache: Bool = true
  ) {
    options = rocksdb_readoptions_create()
    if let snapshot = snapshot?.pointer { rocksdb_readoptions_set_snapshot(options, snapshot) }
    rocksdb_readoptions_set_fill_cache(options, fillCache ? 1 : 0)
    // RocksDB keeps pointers to the bounds: they live beside the iterator.
    bounds = UnsafeMutableRawPointer.allocate(byteCount: lower.count + upper.count + 1, alignment: 1)
    bounds.copyMemory(from: lower, byteCount: lower.count)
    (bounds + lower.count).copyMemory(from: upper, byteCount: upper.count)
    rocksdb_readoptions_set_iterate_lower_bound(options, bounds.assumingMemoryBound(to: CChar.self), lower.count)
    rocksdb_readoptions_set_iterate_upper_bound(
      options, (bounds + lower.count).assumingMemoryBound(to: CChar.self), upper.count)
    let (open, options) = (snapshot.map { $0.open } ?? database.current, options)
    self.open = open
    pointer = open.map { rocksdb_create_iterator_cf($0.pointer, options, $0.families[family + 1]) }
    self.snapshot = snapshot
  }

  deinit {
    if let pointer { rocksdb_iter_destroy(pointer) }
    rocksdb_readoptions_destroy(options)
    bounds.deallocate()
  }

  package var isValid: Bool { pointer.map { rocksdb_iter_valid($0) != 0 } ?? false }

  package mutating func seekToFirst() { if let pointer { rocksdb_iter_seek_to_first(pointer) } }
  package mutating func seekToLast() { if let pointer { rocksdb_iter_seek_to_last(pointer) } }

  /// To the first key at or after `key`.
  package mutating func seek(_ key: [UInt8]) {
    guard let pointer else { return }
    key.withUnsafeBytes { rocksdb_iter_seek(pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
  }

  /// To the last key at or before `key`.
  package mutating func seekBackwards(_ key: [UInt8]) {
    guard let pointer else { return }
    key.withUnsafeBytes { rocksdb_iter_seek_for_prev(pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
  }

  /// Only while `isValid`, as the four that follow.
  package mutating func next() { rocksdb_iter_next(pointer!) }
  package mutating func previous() { rocksdb_iter_prev(pointer!) }

  package var key: UnsafeRawBufferPointer {
    var count = 0
    let bytes = rocksdb_iter_key(pointer!, &count)
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }

  package var value: UnsafeRawBufferPointer {
    var count = 0
    let bytes = rocksdb_iter_value(pointer!, &count)
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }

  /// Throws when the walk ended for an error and not for the end of the keys.
  package func check() throws(RocksDBError) {
    guard let pointer else { throw .reopening }
    var failure: UnsafeMutablePointer<CChar>?
    rocksdb_iter_get_error(pointer, &failure)
    if failure != nil { throw OpenDatabase.take(failure) }
  }
}
