internal import Pipelines
internal import SQLite

/// The statements that a checkpoint runs for each group, prepared once for the connection: finding them by their text costs as much as running them.
/// Their parameters 1 and 2 are the projection and the group's key.
final class GroupStatements {
  let findState: Statement
  let putState: Statement
  let removeState: Statement
  let addValue: Statement
  let removeValue: Statement
  let findKept: Statement
  let leastValue: Statement
  let greatestValue: Statement
  let valueBefore: Statement
  let leastKept: Statement
  let removeValues: Statement

  init(_ connection: Connection) throws(SQLiteError) {
    let own = "projection = ?1 AND key = ?2"
    let column = "\(own) AND column_number = ?3"
    findState = try connection.statement("SELECT state FROM _groups WHERE \(own)")
    putState = try connection.statement(
      "INSERT OR REPLACE INTO _groups (projection, key, state, empty_at, rank) VALUES (?1, ?2, ?3, ?4, ?5)")
    removeState = try connection.statement("DELETE FROM _groups WHERE \(own)")
    addValue = try connection.statement(
      """
      INSERT INTO _values (projection, key, column_number, value_key, kept, count) VALUES (?1, ?2, ?3, ?4, coalesce(?5, x''), ?6)
      ON CONFLICT (projection, key, column_number, value_key) DO UPDATE SET count = count + excluded.count, kept = coalesce(?5, kept)
      RETURNING count
      """)
    removeValue = try connection.statement("DELETE FROM _values WHERE \(column) AND value_key = ?4")
    findKept = try connection.statement("SELECT kept FROM _values WHERE \(column) AND value_key = ?4")
    leastValue = try connection.statement("SELECT value_key, kept FROM _values WHERE \(column) ORDER BY value_key LIMIT 1")
    greatestValue = try connection.statement(
      "SELECT value_key, kept FROM _values WHERE \(column) ORDER BY value_key DESC LIMIT 1")
    valueBefore = try connection.statement(
      "SELECT value_key, kept FROM _values WHERE \(column) AND value_key < ?4 ORDER BY value_key DESC LIMIT 1")
    leastKept = try connection.statement(
      "SELECT min(kept) FROM _values WHERE \(column) AND value_key >= ?4 AND value_key < ?5")
    removeValues = try connection.statement("DELETE FROM _values WHERE \(column) AND value_key > ?4 AND value_key < ?5")
  }
}

extension Statement {
  /// Binds the group, and the column where there is one.
  func bindGroup(_ projection: ProjectionID, _ key: [UInt8], column: Int? = nil) throws(SQLiteError) {
    try bind(1, Int64(projection.rawValue))
    try bind(2, blob: key)
    if let column { try bind(3, Int64(column)) }
  }
}
