internal import CSQLite

extension Statement {
  /// The storage class of a value in the current row.
  package enum ColumnType: Sendable {
    case null, integer, real, text, blob
  }

  package var columnCount: Int { Int(sqlite3_column_count(pointer)) }

  package func columnName(_ column: Int) -> String {
    sqlite3_column_name(pointer, Int32(column)).map { String(cString: $0) } ?? ""
  }

  package var columnNames: [String] { (0..<columnCount).map(columnName) }

  /// The column of a table that a column of the answer is as it stands, through subqueries and views; nil for what is computed. Of a compound
  /// SELECT it is that of the first part alone.
  package func origin(_ column: Int) -> (table: String, column: String)? {
    guard let table = sqlite3_column_table_name(pointer, Int32(column)),
      let name = sqlite3_column_origin_name(pointer, Int32(column))
    else { return nil }
    return (String(cString: table), String(cString: name))
  }

  package func type(_ column: Int) -> ColumnType {
    switch sqlite3_column_type(pointer, Int32(column)) {
    case SQLITE_INTEGER: .integer
    case SQLITE_FLOAT: .real
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  package func isNull(_ column: Int) -> Bool { sqlite3_column_type(pointer, Int32(column)) == SQLITE_NULL }

  /// The value as an integer, 0 for NULL.
  package func int64(_ column: Int) -> Int64 { sqlite3_column_int64(pointer, Int32(column)) }

  /// For answers only: no projection makes a float.
  package func double(_ column: Int) -> Double { sqlite3_column_double(pointer, Int32(column)) }

  /// The value as text; nil for NULL.
  package func text(_ column: Int) -> String? {
    withBytes(column) { bytes in bytes.map { String(decoding: $0, as: UTF8.self) } }
  }

  /// The text's UTF-8 or the blob's bytes, copied; nil for NULL.
  package func bytes(_ column: Int) -> [UInt8]? {
    withBytes(column) { bytes in bytes.map { Array($0) } }
  }

  /// The same in place, nil for NULL. The bytes are gone with the next `step` or `reset`.
  package func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result {
    let kind = sqlite3_column_type(pointer, Int32(column))
    if kind == SQLITE_NULL { return try body(nil) }
    let start =
      kind == SQLITE_BLOB
      ? sqlite3_column_blob(pointer, Int32(column)) : UnsafeRawPointer(sqlite3_column_text(pointer, Int32(column)))
    let count = Int(sqlite3_column_bytes(pointer, Int32(column)))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  // MARK: What the statement is

  /// Whether it writes nothing to the database.
  package var isReadOnly: Bool { sqlite3_stmt_readonly(pointer) != 0 }

  /// Whether it is an EXPLAIN.
  package var isExplain: Bool { sqlite3_stmt_isexplain(pointer) != 0 }

  /// The highest parameter index.
  package var parameterCount: Int { Int(sqlite3_bind_parameter_count(pointer)) }

  /// The parameter's name with its mark (`:room`); nil for `?`.
  package func parameterName(_ index: Int) -> String? {
    sqlite3_bind_parameter_name(pointer, Int32(index)).map { String(cString: $0) }
  }

  /// Where the parameter `:name` is bound; nil when the SQL does not use it. Pass the name with its mark.
  package func parameterIndex(_ name: String) -> Int? {
    let index = sqlite3_bind_parameter_index(pointer, name)
    return index == 0 ? nil : Int(index)
  }

  /// The SQL with its current bindings, for an error text.
  package var expandedSQL: String? {
    guard let text = sqlite3_expanded_sql(pointer) else { return nil }
    defer { sqlite3_free(text) }
    return String(cString: text)
  }
}
