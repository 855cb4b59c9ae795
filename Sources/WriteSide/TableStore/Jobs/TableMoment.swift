internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// A table's items as they were at a moment within its log: today's, with every later change taken back by the old image of
/// the first record that came after the moment.
struct TableMoment {
  let state: StoreState
  let table: StoredTable
  /// Records up to and at it count.
  let time: LogTime

  /// Calls `body` with each item's stored form (after its version), one after the other in no order; what `body` throws ends
  /// it. Cost: the records after the moment, then one walk over the table; memory for a key and a number for each
  /// item that was changed since.
  func forEach(_ body: (_ key: [UInt8], _ item: UnsafeRawBufferPointer) throws -> Void) throws {
    let snapshot = Snapshot(state.database)
    let changed = try firstChanges(snapshot)
    let prefix = KeyBytes.table(table.id)
    var walk = KeyIterator(
      state.database, Family.items, lower: prefix, upper: KeyBytes.successor(prefix), snapshot: snapshot, fillCache: false)
    walk.seekToFirst()
    while walk.isValid {
      let key = Array(walk.key)
      if changed[key] == nil { try body(key, UnsafeRawBufferPointer(rebasing: walk.value[StoredItem.versionBytes...])) }
      walk.next()
    }
    try walk.check()
    for (key, place) in changed {
      let record = try state.database.value(
        Family.log, KeyBytes.log(table.id, place.partition, place.sequence), snapshot: snapshot)
      guard let record else { throw RecordError("a record of the table's log is missing") }
      try record.withUnsafeBytes { raw in
        if let old = try StoredRecord.parts(raw).old { try body(key, old) }
      }
    }
  }

  /// By item key: the first record after the moment.
  private func firstChanges(_ snapshot: Snapshot) throws -> [[UInt8]: (partition: Int, sequence: SequenceNumber)] {
    var changed: [[UInt8]: (partition: Int, sequence: SequenceNumber)] = [:]
    for partition in 0..<table.definition.partitions {
      let first = try EmbeddedLog.Partition(state: state, table: table, number: partition).firstSequence(
        atOrAfter: LogTime(rawValue: time.rawValue + 1))
      var walk = KeyIterator(
        state.database, Family.log, lower: KeyBytes.log(table.id, partition, first),
        upper: KeyBytes.log(table.id, partition, .afterAll), snapshot: snapshot, fillCache: false)
      walk.seekToFirst()
      while walk.isValid {
        let parts = try StoredRecord.parts(walk.value)
        if parts.kind != .truncate, let keys = Item(binary: parts.keys), let itemKey = table.definition.key.key(of: keys) {
          let key = table.itemKey(itemKey).bytes
          if changed[key] == nil { changed[key] = (partition, KeyBytes.sequence(ofLog: walk.key)) }
        }
        walk.next()
      }
      try walk.check()
    }
    return changed
  }
}

extension StoredTable {
  /// The earliest commit time that `TableMoment` can give; nil while no record was trimmed, when every one can.
  func earliestMoment(_ state: StoreState) -> LogTime? {
    guard let progress = state.progress(id) else { return nil }
    var earliest: LogTime?
    for partition in 0..<definition.partitions where progress.first[partition] > .first {
      let key = KeyBytes.log(id, partition, progress.first[partition])
      let time = (try? state.database.value(Family.log, key)).flatMap { $0 }
        .flatMap { bytes in bytes.withUnsafeBytes { try? StoredRecord.time($0) } }
      // With nothing kept, only the present is known.
      earliest = max(earliest ?? .distantPast, time ?? state.clock.watermark())
    }
    return earliest
  }
}
