internal import ChangeRecords
internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// Rows of projections, and the digests of what was written: all that changes a row goes through here.
extension SQLiteGeneration {
  /// The writer of a projection's rows in the running transaction.
  func rows(_ id: ProjectionID) throws -> RowWriter {
    if let known = writers[id] { return known }
    let made = try RowWriter(pipeline.projections[id].table, connection)
    writers[id] = made
    return made
  }

  /// Adds what the running transaction did to the digests of a lane, or of the decider.
  func writeDigests(_ lane: LaneID) throws {
    for (id, writer) in writers.sorted(by: { $0.key < $1.key }) where writer.change != Digest() {
      var digest = writer.change
      try connection.forEach(
        "SELECT rows, sum FROM _digests WHERE projection = ?1 AND table_number = ?2 AND partition = ?3", .projection(id),
        .table(lane.table), .int(lane.partition)
      ) { row in
        guard let kept = Digest(rows: Int(row.int64(0)), sum: row.bytes(1) ?? []) else { throw DamagedRow() }
        digest += kept
      }
      try connection.run(
        "INSERT OR REPLACE INTO _digests (projection, table_number, partition, rows, sum) VALUES (?1, ?2, ?3, ?4, ?5)",
        .projection(id), .table(lane.table), .int(lane.partition), .int(digest.rows), .blob(digest.sumBytes))
    }
  }

  func deleteRows(_ rules: BoardRules, board bytes: [UInt8]) throws {
    let (condition, values) = try condition(rules, board: bytes)
    let delete = try connection.statement("DELETE FROM \(rules.table.name)\(condition) RETURNING \(RowHash.columnName)")
    for (place, value) in values.enumerated() { try value.bindSortable(to: delete, at: place + 1) }
    try rows(rules.id).took(delete)
  }

  /// Rows of a board that are read and written again at a time.
  private static let closedRowsMax = 1_000

  /// Writes the time at which a board closed into its rows.
  func closeRows(_ rules: BoardRules, board bytes: [UInt8], at time: Instant) throws {
    guard let closedAt = rules.table.column(named: "closed_at") else { return }
    let writer = try rows(rules.id)
    let member = rules.table.columns[rules.leaderboard.boardCount].sortName
    let (condition, values) = try condition(rules, board: bytes)
    let columns = rules.table.columns
    let names = (columns.map(\.name) + [RowHash.columnName]).joined(separator: ", ")
    let past = values.count + 1
    let both = condition.isEmpty ? " WHERE \(member) > ?\(past)" : "\(condition) AND \(member) > ?\(past)"
    let change = try connection.statement(rules.table.changeStatement(of: closedAt))
    let end = " ORDER BY \(member) LIMIT \(SQLiteGeneration.closedRowsMax)"
    var last: Value?
    while true {
      let select = try connection.statement("SELECT \(names) FROM \(rules.table.name)\(last == nil ? condition : both)\(end)")
      for (place, value) in values.enumerated() { try value.bindSortable(to: select, at: place + 1) }
      if let last { try last.bindSortable(to: select, at: past) }
      var read: [(row: [Value], hash: RowHash)] = []
      while try select.step() {
        let row = try columns.indices.map { column in
          guard let value = Value(column: column, of: select, as: columns[column].type) else { throw DamagedRow() }
          return value
        }
        read.append((row, try RowWriter.hash(select, columns.count)))
      }
      for (row, hash) in read { try writer.change(row, hash, column: closedAt, to: .timestamp(time), change) }
      guard read.count == SQLiteGeneration.closedRowsMax else { return }
      last = read[read.count - 1].row[rules.leaderboard.boardCount]
    }
  }

  /// The condition, with ` WHERE` where there is one, for the rows of a board, and the values to bind to it.
  func condition(_ rules: BoardRules, board bytes: [UInt8]) throws -> (sql: String, values: [Value]) {
    guard let values = Value.values(ordered: bytes, count: rules.leaderboard.boardCount) else { throw StateError() }
    let equal = values.indices.map { "\(rules.table.columns[$0].sortName) = ?\($0 + 1)" }.joined(separator: " AND ")
    return (equal.isEmpty ? "" : " WHERE \(equal)", values)
  }
}
