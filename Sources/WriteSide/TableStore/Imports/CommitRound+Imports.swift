internal import ChangeRecords
internal import DynamoModel

/// Rows of imports within a round: puts like any other, without what a row by itself costs a transaction.
extension CommitRound {
  /// Applies rows from `run.next` on, each after the removals that are due by its time, until all are applied or the round's removals are used
  /// up. Throws for a time before the table's clock, and then the round is not to be written. Cost: a point read and some copies of bytes
  /// a row.
  mutating func apply(_ batch: ImportBatch, _ table: StoredTable, _ run: inout ImportRun) throws(DynamoError) {
    let removes = removesBeforeWrites(table.definition.name)
    var removalsLeft = Committer.roundRemovalsMax
    if removes { expect(table) }
    while run.next < batch.rows.count {
      let row = batch.rows[run.next]
      do throws(DynamoError) {
        let wanted = try run.progress.time(given: row.time, table: table, lifts: batch.liftsTimes)
        if removes, let wanted, wanted > progress[table.id]?.historyTime ?? .zero {
          guard try removeDue(table, through: wanted, &removalsLeft) else { return }
        }
        let result = try put(row, table, at: wanted, &run.progress, lifts: batch.liftsTimes)
        if let position = result.position { run.last[position.partition] = position.sequence }
      } catch {
        throw error.ofRow(run.next)
      }
      run.fingerprint = run.fingerprint.adding(row.fingerprint)
      run.next += 1
    }
  }

  private mutating func put(
    _ row: ImportRow, _ table: StoredTable, at wanted: LogTime?, _ progress: inout ImportProgress, lifts: Bool
  ) throws(DynamoError) -> WriteResult {
    let oldBytes = try current(row.itemKey).map { Array($0[StoredItem.versionBytes...]) }
    let clock = self.progress[table.id]?.historyTime ?? .zero
    var at = max(time, clock)
    if let wanted {
      at = oldBytes == row.bytes ? wanted : try ImportProgress.time(wanted, clock: clock, lifts: lifts)
      progress.time = at
      if at != row.time { progress.lifted += 1 }
    }
    return commit(
      Prepared(
        table: table, itemKey: row.itemKey, hash: row.hash, time: at, key: row.key, oldBytes: oldBytes, old: nil,
        change: .put(row.item), newBytes: row.bytes), cause: .user)
  }
}
