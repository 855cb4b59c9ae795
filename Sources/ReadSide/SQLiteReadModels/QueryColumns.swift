package import Pipelines
package import SQLite

/// What is known of a query's columns before it runs.
package enum QueryColumns {
  /// The columns of a query that was prepared where these tables are. A column that is one of a table as it stands has its type; of compound
  /// queries (UNION and its kin), whose parts may differ, none has.
  package static func columns(of statement: Statement, over tables: [SQLTable]) -> [QueryColumn] {
    let isCompound = SQLToken.tokens(of: statement.sql).contains { $0.kind == .word && compounds.contains($0.text.lowercased()) }
    return (0..<statement.columnCount).map { index in
      QueryColumn(name: statement.columnName(index), type: isCompound ? nil : type(of: statement.origin(index), tables))
    }
  }

  private static let compounds: Set<String> = ["union", "intersect", "except"]

  private static func type(of origin: (table: String, column: String)?, _ tables: [SQLTable]) -> ValueType? {
    guard let origin, let table = tables.first(where: { $0.name == origin.table }) else { return nil }
    for column in table.columns {
      if column.name == origin.column { return column.type }
      // The sortable form of a decimal is a BLOB.
      if column.sortName == origin.column { return .bytes }
    }
    return nil
  }
}
