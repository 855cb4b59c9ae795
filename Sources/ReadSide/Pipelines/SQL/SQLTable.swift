/// The SQL table of a projection: its columns as typed values, and the SQLite statements that make it.
///
/// | type | SQLite | text |
/// | --- | --- | --- |
/// | string, json | TEXT | as it is |
/// | integer | INTEGER | |
/// | boolean | INTEGER | 0 or 1 |
/// | timestamp | TEXT | `2026-01-01T10:00:00.000000Z`: UTC, always microseconds, sorts as time does |
/// | bytes | BLOB | |
/// | decimal | TEXT and, beside it, BLOB `<name>_sort` | the canonical decimal; the second column sorts and compares by value |
///
/// So a decimal is never a float: `ORDER BY price_sort`, `WHERE price_sort > :least_sort`.
package struct SQLTable: Sendable {
  package let name: String
  package let columns: [SQLColumn]
  /// The columns of the primary key: indexes of `columns`.
  package let primaryKey: [Int]
  package let indexes: [SQLIndex]

  package init(name: String, columns: [SQLColumn], primaryKey: [Int], indexes: [SQLIndex] = []) {
    self.name = name
    self.columns = columns
    self.primaryKey = primaryKey
    self.indexes = indexes
  }

  package func column(named name: String) -> Int? { columns.firstIndex { $0.name == name } }

  /// CREATE TABLE and CREATE INDEX for SQLite.
  package var createStatements: [String] {
    let definitions = columns.flatMap(\.definitions)
    let key = primaryKey.map { columns[$0].sortName }.joined(separator: ", ")
    let table = "CREATE TABLE \(name) (\(definitions.joined(separator: ", ")), PRIMARY KEY (\(key))) STRICT, WITHOUT ROWID"
    return [table]
      + indexes.map { index in
        let parts = index.columns.map { columns[$0.column].sortName + ($0.isDescending ? " DESC" : "") }
        return "CREATE INDEX \(index.name) ON \(name) (\(parts.joined(separator: ", ")))"
      }
  }

  /// Inserts a row, or replaces the one with its key. Parameters in the order of the columns, two for a decimal.
  package var upsertStatement: String {
    let names = columns.flatMap(\.sqlNames)
    let marks = (1...names.count).map { "?\($0)" }.joined(separator: ", ")
    return "INSERT OR REPLACE INTO \(name) (\(names.joined(separator: ", "))) VALUES (\(marks))"
  }

  /// Deletes the row of a key. Parameters in the order of `primaryKey`, one each: `Value.bindSortable`.
  package var deleteStatement: String { "DELETE FROM \(name) WHERE \(keyCondition)" }

  /// The row of a key: `columns` in order, without sortable forms. Parameters as `deleteStatement`.
  package var selectStatement: String {
    "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(name) WHERE \(keyCondition)"
  }

  private var keyCondition: String {
    primaryKey.enumerated().map { "\(columns[$1].sortName) = ?\($0 + 1)" }.joined(separator: " AND ")
  }
}

/// A column of typed values: one SQL column, two for a decimal.
package struct SQLColumn: Sendable, Equatable {
  package let name: String
  package let type: ValueType
  package let isNullable: Bool

  package init(name: String, type: ValueType, isNullable: Bool) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
  }

  package var sqlNames: [String] { type == .decimal ? [name, name + "_sort"] : [name] }
  /// The SQL column that sorts and compares as the values do.
  package var sortName: String { type == .decimal ? name + "_sort" : name }

  private var sqlType: String {
    switch type {
    case .string, .json, .timestamp, .decimal: "TEXT"
    case .integer, .boolean: "INTEGER"
    case .bytes: "BLOB"
    }
  }

  var definitions: [String] {
    let rule = isNullable ? "" : " NOT NULL"
    let own = "\(name) \(sqlType)\(rule)"
    return type == .decimal ? [own, "\(sortName) BLOB\(rule)"] : [own]
  }
}

/// An index over columns of an `SQLTable`.
package struct SQLIndex: Sendable, Equatable {
  /// One column of the index and its direction.
  package struct Part: Sendable, Equatable {
    package let column: Int
    package let isDescending: Bool

    package init(column: Int, isDescending: Bool) {
      self.column = column
      self.isDescending = isDescending
    }
  }

  package let name: String
  package let columns: [Part]

  package init(name: String, columns: [Part]) {
    self.name = name
    self.columns = columns
  }
}
