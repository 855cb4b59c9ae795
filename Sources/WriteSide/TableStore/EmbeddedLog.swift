package import ChangeLog
package import ChangeRecords
internal import DynamoModel
internal import RocksDB
internal import Services

/// A table's change log, read directly from the store: the embedded source of workers and the relay.
///
/// Images come without the table's private attributes. The watermark of a batch is taken before its records are read, so
/// whatever comes later carries at least that time.
package struct EmbeddedLog: ChangeLog {
  package let table: String
  private let state: StoreState
  private let retention: Int64?

  /// The log of one table, which need not exist yet: then every call throws until it does.
  package init(_ store: TableStore, table: String) {
    self.table = table
    state = store.state
    retention = store.options.retention
  }

  package func describe() async throws(LogError) -> LogDescription {
    guard let stored = state.table(table) else {
      throw LogError(
        .configuration, table: table, "the table does not exist: create it, or start with the pipeline that declares it")
    }
    return LogDescription(tableID: stored.tableID, partitions: stored.definition.partitions, retention: retention)
  }

  private func stored(_ tableID: TableID, _ partition: Int) throws(LogError) -> StoredTable {
    guard let stored = state.table(tableID: tableID), Text.equal(stored.definition.name, table) else {
      throw LogError(
        .recreated, table: table, partition: partition,
        "the table with the id \(tableID) is not in this store: it was deleted and created again, or the store is another one"
      )
    }
    guard partition >= 0, partition < stored.definition.partitions else {
      throw LogError(
        .configuration, table: table, partition: partition, "the table has \(stored.definition.partitions) partitions")
    }
    return stored
  }

  package func read(
    partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration
  ) async throws(LogError) -> RecordBatch {
    let stored = try stored(cursor.tableID, partition)
    let arrivals = state.arrivals(stored.id)
    let ticket = arrivals.ticket
    let batch = try readNow(stored, partition, from: cursor, limit)
    if !batch.entries.isEmpty || wait <= .zero { return batch }
    await arrivals.wait(since: ticket, timeout: wait)
    return try readNow(try self.stored(cursor.tableID, partition), partition, from: cursor, limit)
  }

  private func readNow(
    _ stored: StoredTable, _ partition: Int, from cursor: LogCursor, _ limit: ReadLimit
  ) throws(LogError) -> RecordBatch {
    let watermark = state.watermark(stored)
    guard let progress = state.progress(stored.id) else {
      throw LogError(.recreated, table: table, partition: partition, "the table is gone")
    }
    if cursor.sequence < progress.first[partition].previous {
      throw LogError(
        .trimmed, table: table, partition: partition,
        "record \(cursor.sequence.next) is no longer kept, the log begins at \(progress.first[partition]): what was trimmed cannot be applied; "
          + "make the table again from its items (with a longer --retention), or keep the read model as it is")
    }
    if cursor.sequence > progress.last[partition] {
      throw LogError(
        .trimmed, table: table, partition: partition,
        "the position \(cursor.sequence) lies past the log's end \(progress.last[partition]): the store lost records, or is another one"
      )
    }
    var batch = RecordBatch(partition: partition, format: .stored, end: cursor, watermark: watermark)
    if cursor.sequence == progress.last[partition] { return batch }
    do {
      try Partition(state: state, table: stored, number: partition).read(
        into: &batch, limit, through: progress.last[partition])
    } catch let error as RecordError {
      throw LogError(.corrupt, table: table, partition: partition, "record \(batch.end.sequence.next): \(error.reason)")
    } catch {
      throw LogError(.retry, table: table, partition: partition, "\(error)")
    }
    batch.behind = progress.last[partition].records(after: batch.end.sequence)
    if batch.behind > 0, let time = batch.entries.last?.time { batch.watermark = min(batch.watermark, time) }
    return batch
  }

  package func bounds(partition: Int) async throws(LogError) -> LogBounds {
    let stored = try stored(try await describe().tableID, partition)
    let progress = state.progress(stored.id) ?? TableProgress(partitions: stored.definition.partitions)
    return LogBounds(first: progress.first[partition], last: progress.last[partition])
  }

  package func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    let stored = try stored(try await describe().tableID, partition)
    do {
      let first = try Partition(state: state, table: stored, number: partition).firstSequence(atOrAfter: time)
      return LogCursor(tableID: stored.tableID, sequence: first.previous)
    } catch {
      throw LogError(.retry, table: table, partition: partition, "\(error)")
    }
  }
}

extension EmbeddedLog {
  /// One partition's records in the database.
  struct Partition {
    let state: StoreState
    let table: StoredTable
    let number: Int

    /// Records up to `last`: a commit is in the database a moment before it is published, and what is read of it then would lie past the log's end.
    func read(into batch: inout RecordBatch, _ limit: ReadLimit, through last: SequenceNumber) throws {
      let privateNames = table.definition.privateAttributes.isEmpty ? nil : AttributeNames(table.definition.privateAttributes)
      var walk = KeyIterator(
        state.database, Family.log, lower: KeyBytes.log(table.id, number, batch.end.sequence.next),
        upper: KeyBytes.log(table.id, number, last.next), fillCache: false)
      walk.seekToFirst()
      while walk.isValid, batch.entries.count < limit.records, batch.bytes.count < limit.bytes {
        let sequence = KeyBytes.sequence(ofLog: walk.key)
        guard sequence == batch.end.sequence.next else {
          throw RecordError("the next record kept is \(sequence): records are missing")
        }
        let start = batch.bytes.count
        let time = try StoredRecord.time(walk.value)
        if let privateNames {
          try StoredRecord.append(walk.value, without: privateNames, to: &batch.bytes)
        } else {
          batch.bytes.append(contentsOf: walk.value)
        }
        batch.entries.append(.init(sequence: sequence, time: time, start: start, end: batch.bytes.count))
        batch.end.sequence = sequence
        walk.next()
      }
      try walk.check()
      if let last = batch.entries.last { batch.watermark = max(batch.watermark, last.time) }
    }

    /// The number of the first record with a commit time of at least `time`, or one past the last. Binary search.
    func firstSequence(atOrAfter time: LogTime) throws -> SequenceNumber {
      guard let progress = state.progress(table.id) else { return .first }
      var low = progress.first[number]
      var high = progress.last[number].next
      while low < high {
        let middle = SequenceNumber(rawValue: low.rawValue + high.records(after: low) / 2)
        let found = try state.database.read(Family.log, KeyBytes.log(table.id, number, middle)) { bytes in
          bytes.flatMap { try? StoredRecord.time($0) }
        }
        guard let found else { throw RecordError("record \(middle) is missing") }
        if found < time { low = middle.next } else { high = middle }
      }
      return low
    }
  }
}
