internal import CRocksDB

/// Changes that are applied together or not at all. Used by one thread.
///
/// A batch belongs to the database as it was open when the batch was made; one that was made while it was not open takes nothing, and
/// writing it fails.
package struct WriteBatch: ~Copyable {
  let pointer: OpaquePointer
  let open: OpenDatabase?

  package init(_ database: Database) {
    pointer = rocksdb_writebatch_create()
    open = database.current
  }

  deinit { rocksdb_writebatch_destroy(pointer) }

  package var count: Int { Int(rocksdb_writebatch_count(pointer)) }

  package mutating func clear() { rocksdb_writebatch_clear(pointer) }

  /// Adds a value, or replaces the one that is there. `family` is its index in the families the database was opened with.
  package mutating func put(_ family: Int, _ key: [UInt8], _ value: [UInt8]) {
    guard let families = open?.families else { return }
    key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in
        rocksdb_writebatch_put_cf(
          pointer, families[family + 1], key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
          value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
      }
    }
  }

  /// Removes a value; does nothing when there is none.
  package mutating func delete(_ family: Int, _ key: [UInt8]) {
    guard let families = open?.families else { return }
    key.withUnsafeBytes { key in
      rocksdb_writebatch_delete_cf(
        pointer, families[family + 1], key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count)
    }
  }

  /// Deletes the keys from `start` up to but not including `end`.
  package mutating func deleteRange(_ family: Int, from start: [UInt8], to end: [UInt8]) {
    guard let families = open?.families else { return }
    start.withUnsafeBytes { start in
      end.withUnsafeBytes { end in
        rocksdb_writebatch_delete_range_cf(
          pointer, families[family + 1], start.baseAddress?.assumingMemoryBound(to: CChar.self), start.count,
          end.baseAddress?.assumingMemoryBound(to: CChar.self), end.count)
      }
    }
  }
}
