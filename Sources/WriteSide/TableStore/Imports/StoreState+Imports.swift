internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// Batches of imports, on the committer's thread.
extension StoreState {
  /// Applies a batch, or finds that it was applied.
  ///
  /// 1. The table must still be the one that the rows were made ready for.
  /// 2. The import's progress says what is to be done with the batch.
  /// 3. Every row is checked before any is applied, so that a batch that is refused has changed nothing.
  /// 4. The rows are applied in their order, each after the removals that are due by its time, and written together with the progress.
  ///
  /// That is one atomic write, unless more than `Committer.roundRemovalsMax` removals are due among the rows: then it is several, each with the
  /// progress as of its last row, and a batch that is sent again after a crash between them goes on there. Nobody else writes in between.
  func apply(_ batch: ImportBatch) throws(DynamoError) -> ImportOutcome {
    let name = batch.table.definition.name
    guard let table = table(name), !table.isFilling else {
      throw DynamoError(.resourceNotFound, "Requested resource not found")
    }
    guard table.tableID == batch.table.tableID else {
      throw DynamoError(.resourceNotFound, "Table \(name) was deleted and created again while the batch was on its way")
    }
    var run = ImportRun(try importProgress(table, batch.name))
    let step = try run.progress.step(for: batch.number, rowsBefore: batch.rowsBefore, rows: batch.rows.lazy.map(\.fingerprint)) {
      (number) throws(DynamoError) in
      try importFingerprint(table, batch.name, after: number)
    }
    switch step {
    case .done: return ImportOutcome(progress: run.progress, positions: [])
    case .early: throw .importOutOfStep(batch, TableHandle(stored: table, state: self), applied: run.progress.batch)
    case .other: throw .importMismatch(batch)
    case .apply(let from): run.next = from
    }
    try check(batch, table, run)
    while try !applyRound(batch, table, &run) {}
    let tableID = table.tableID
    let positions = run.last.sorted { $0.key < $1.key }.map {
      Position(tableID: tableID, partition: $0.key, sequence: $0.value)
    }
    return ImportOutcome(progress: run.progress, positions: positions)
  }

  /// One write of a batch; whether the batch is applied whole then.
  func applyRound(_ batch: ImportBatch, _ table: StoredTable, _ run: inout ImportRun) throws(DynamoError) -> Bool {
    var next = run
    try commit { (round) throws(DynamoError) in
      try round.apply(batch, table, &next)
      let isWhole = next.next == batch.rows.count
      next.progress.applied(through: next.next, of: batch.rows.count, next.fingerprint)
      round.batch.put(Family.meta, MetaKey.importProgress(table.id, batch.name), next.progress.binary)
      guard isWhole else { return }
      var fingerprint: [UInt8] = []
      ImportProgress.append(next.fingerprint, to: &fingerprint)
      round.batch.put(Family.meta, MetaKey.importBatch(table.id, batch.name, batch.number), fingerprint)
    }
    run = next
    return run.next == batch.rows.count
  }

  /// What can be wrong with a row whatever the items are: its time, and the keys of indexes.
  private func check(_ batch: ImportBatch, _ table: StoredTable, _ run: ImportRun) throws(DynamoError) {
    var progress = run.progress
    for place in run.next..<batch.rows.count {
      do throws(DynamoError) {
        if let time = try progress.time(given: batch.rows[place].time, table: table, lifts: batch.liftsTimes) {
          progress.time = time
        }
        if !table.definition.indexes.isEmpty { try table.checkIndexKeys(of: batch.rows[place].item) }
      } catch {
        throw error.ofRow(place)
      }
    }
  }

  func importProgress(_ table: StoredTable, _ name: String) throws(DynamoError) -> ImportProgress {
    do throws(RocksDBError) {
      guard let bytes = try database.value(Family.meta, MetaKey.importProgress(table.id, name)) else { return ImportProgress() }
      if let progress = ImportProgress(binary: bytes) { return progress }
    } catch {
      throw .storage(error)
    }
    throw DynamoError(.internalServer, "The stored progress of import \(name) of table \(table.definition.name) does not decode")
  }

  private func importFingerprint(
    _ table: StoredTable, _ name: String, after number: Int
  ) throws(DynamoError) -> ImportFingerprint? {
    do throws(RocksDBError) {
      return try database.value(Family.meta, MetaKey.importBatch(table.id, name, number)).flatMap(ImportProgress.fingerprint)
    } catch {
      throw .storage(error)
    }
  }

  /// Forgets an import's progress; its rows stay.
  func forgetImport(_ table: StoredTable, _ name: String) throws(DynamoError) {
    var batch = WriteBatch(database)
    batch.delete(Family.meta, MetaKey.importProgress(table.id, name))
    batch.deleteRange(
      Family.meta, from: MetaKey.importBatch(table.id, name, 0), to: MetaKey.importBatch(table.id, name, .max))
    do throws(RocksDBError) {
      try database.write(batch, sync: true)
    } catch {
      throw .storage(error)
    }
  }
}

/// Where the applying of a batch stands.
struct ImportRun {
  var progress: ImportProgress
  /// The row that is next.
  var next = 0
  /// Of the import, up to that row.
  var fingerprint: ImportFingerprint
  /// By partition: the last record that the batch left.
  var last: [Int: SequenceNumber] = [:]

  init(_ progress: ImportProgress) {
    self.progress = progress
    fingerprint = progress.begunRows > 0 ? progress.begunFingerprint : progress.fingerprint
  }
}
