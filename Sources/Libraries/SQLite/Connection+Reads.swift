internal import CSQLite

extension Connection {
  /// The tables that a statement reads: what SQLite asks its authorizer for while it prepares the SQL. A table of which only the rows are
  /// counted is among them, and one that the planner leaves out afterwards; common table expressions and subqueries are not. Statements that
  /// were prepared before are prepared again when they are next run.
  package func tablesRead(by sql: String) throws(SQLiteError) -> Set<String> {
    let database = try open()
    let names = TableNames()
    sqlite3_set_authorizer(
      database,
      { context, action, table, _, _, _ in
        if action == SQLITE_READ, let context, let table {
          Unmanaged<TableNames>.fromOpaque(context).takeUnretainedValue().all.insert(String(cString: table))
        }
        return SQLITE_OK
      }, Unmanaged.passUnretained(names).toOpaque())
    defer { sqlite3_set_authorizer(database, nil, nil) }
    _ = try prepare(sql)
    return names.all
  }
}

/// What the authorizer is asked for; lives as long as one call of `tablesRead`.
private final class TableNames {
  var all: Set<String> = []
}
