internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// Rows of histories: those of changes that were not there before, and what `keep` takes away.
extension SQLiteGeneration {
  func writeHistory(_ id: ProjectionID, _ changes: HistoryChanges) throws -> Int {
    guard case .history(let history) = pipeline.projections[id].kind else { return 0 }
    let writer = try rows(id)
    for row in changes.rows {
      for value in row.values { writer.add(value) }
      writer.add(row.stamp)
      try writer.finish(isNew: true)
    }
    if let count = history.keepRows { try trim(history, writer, changes.keys(history.keyCount), to: count) }
    if let expiry = changes.expiry { try expire(history, writer, expiry) }
    return changes.rows.count
  }

  /// Of each key the latest rows stay, so many.
  private func trim(_ history: History, _ writer: RowWriter, _ keys: [[Value]], to count: Int) throws {
    let order = history.orderColumns(of: writer.table)
    let delete = try connection.statement(writer.table.trimStatement(first: history.keyCount, order: order, keeping: count))
    for values in keys {
      for (place, value) in values.enumerated() { try value.bindSortable(to: delete, at: place + 1) }
      try writer.took(delete)
    }
  }

  /// The lane's rows of earlier times go.
  private func expire(_ history: History, _ writer: RowWriter, _ expiry: HistoryChanges.Expiry) throws {
    let delete = try connection.statement(writer.table.expireStatement(time: history.keyCount))
    try Value.timestamp(expiry.before).bindSortable(to: delete, at: 1)
    try delete.bind(2, expiry.positions.lowerBound)
    try delete.bind(3, expiry.positions.upperBound)
    try writer.took(delete)
  }
}
