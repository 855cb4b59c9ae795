internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// What became of a table's items between two times: for each item that was changed, its first old image and its last new one.
struct TableSpan {
  let state: StoreState
  let table: StoredTable
  /// Records at `from` and later, and before `until`.
  let from: LogTime
  let until: LogTime

  private struct Places {
    let partition: Int
    let first: SequenceNumber
    var last: SequenceNumber
  }

  /// Calls `body` with a line for each changed item and the bytes of its images, in no order. An item that was made and taken away
  /// between the times is left out. Cost: the span's records, twice; memory for a key and two numbers for each changed item.
  func forEach(_ body: (_ line: ExportLine, _ size: Int) throws -> Void) throws {
    let snapshot = Snapshot(state.database)
    for (_, places) in try changed(snapshot) {
      let first = try record(places.partition, places.first, snapshot)
      let last = try record(places.partition, places.last, snapshot)
      if first.oldImage == nil, last.newImage == nil { continue }
      let size = (first.oldImage?.size ?? 0) + (last.newImage?.size ?? 0)
      try body(.change(keys: last.keys, old: first.oldImage, new: last.newImage, time: last.time.rawValue), size)
    }
  }

  private func record(_ partition: Int, _ sequence: SequenceNumber, _ snapshot: Snapshot) throws -> ChangeRecord {
    guard let bytes = try state.database.value(Family.log, KeyBytes.log(table.id, partition, sequence), snapshot: snapshot) else {
      throw RecordError("a record of the table's log is missing")
    }
    return try bytes.withUnsafeBytes { try StoredRecord.decode($0, sequence: sequence) }
  }

  private func changed(_ snapshot: Snapshot) throws -> [[UInt8]: Places] {
    var changed: [[UInt8]: Places] = [:]
    for partition in 0..<table.definition.partitions {
      let first = try EmbeddedLog.Partition(state: state, table: table, number: partition).firstSequence(atOrAfter: from)
      var walk = KeyIterator(
        state.database, Family.log, lower: KeyBytes.log(table.id, partition, first),
        upper: KeyBytes.log(table.id, partition, .afterAll), snapshot: snapshot, fillCache: false)
      walk.seekToFirst()
      while walk.isValid {
        let parts = try StoredRecord.parts(walk.value)
        if parts.time >= until { break }
        if parts.kind != .truncate {
          let key = Array(parts.keys)
          let sequence = KeyBytes.sequence(ofLog: walk.key)
          changed[key, default: Places(partition: partition, first: sequence, last: sequence)].last = sequence
        }
        walk.next()
      }
      try walk.check()
    }
    return changed
  }
}
