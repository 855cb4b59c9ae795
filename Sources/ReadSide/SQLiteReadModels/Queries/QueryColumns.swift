package import Pipelines
package import SQLite

/// What is known of a query's columns before it runs.
package enum QueryColumns {
  /// The columns of a query that was prepared where these tables are, which are those of all projections in their order. A column that is one of a
  /// table as it stands has its type, and what is computed the type that its expression can only have. Of compound queries (UNION and its kin),
  /// whose parts may differ, none has.
  package static func columns(
    of statement: Statement, reads: [ProjectionID], tables: [SQLTable], parameters: [QueryParameter]
  ) -> [QueryColumn] {
    let tokens = SQLToken.tokens(of: statement.sql)
    let isCompound = tokens.contains { $0.kind == .word && compounds.contains($0.text.lowercased()) }
    let types = ExpressionTypes(
      names: QueryNames(statement.sql, reads: reads, tables: tables), parameters: parameters, tokens: tokens)
    let expressions = isCompound ? nil : types.selected(columns: statement.columnNames)
    return (0..<statement.columnCount).map { index in
      let name = statement.columnName(index)
      if isCompound { return QueryColumn(name: name, type: nil) }
      if let type = type(of: statement.origin(index), tables) { return QueryColumn(name: name, type: type) }
      let found = expressions.map { types.type(of: $0[index]) } ?? .unknown
      return QueryColumn(name: name, type: found.type, isNullable: found.isNullable)
    }
  }

  private static let compounds: Set<String> = ["union", "intersect", "except"]

  private static func type(of origin: (table: String, column: String)?, _ tables: [SQLTable]) -> ValueType? {
    guard let origin, let table = tables.first(where: { $0.name == origin.table }) else { return nil }
    return table.type(ofSQLColumn: origin.column)
  }
}

extension SQLTable {
  /// The type of a column by its name in SQL, in whatever case; the sortable form of a decimal is a BLOB.
  func type(ofSQLColumn name: String) -> ValueType? {
    let name = name.lowercased()
    for column in columns {
      if column.name.lowercased() == name { return column.type }
      if column.sortName.lowercased() == name { return .bytes }
    }
    return nil
  }
}
