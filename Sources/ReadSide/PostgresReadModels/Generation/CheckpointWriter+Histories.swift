internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// Rows of histories: those of changes that were not there before, and what `keep` takes away. All of them are the lane's own.
extension CheckpointWriter {
  func writeHistory(_ id: ProjectionID, _ changes: HistoryChanges) throws {
    guard case .history(let history) = pipeline.projections[id].kind else { return }
    let form = tables[id.rawValue]
    if !changes.rows.isEmpty {
      var batch = RowBatch(form)
      for row in changes.rows {
        try batch.add(row.values)
        try batch.add(row.stamp)
        batch.endRow()
      }
      result.rows += changes.rows.count
      try write(batch, of: id)
    }
    if let count = history.keepRows {
      let order = history.orderColumns(of: form.table)
      for part in parts(changes.keys(history.keyCount), bytes: CheckpointWriter.bytes) {
        let arrays = try form.arrays(first: history.keyCount, Array(part))
        try take(id, form.deletePast(count, first: history.keyCount, order: order), arrays.map { .array($0) })
      }
    }
    if let expiry = changes.expiry {
      let range = expiry.positions
      try take(
        id, form.deleteBefore(time: history.keyCount, position: form.columns.count - 1),
        [.timestamp(ColumnForm.clamped(expiry.before).rawValue), .text(range.lowerBound), .text(range.upperBound)])
    }
  }
}
