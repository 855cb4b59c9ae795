/// The SQL table of a projection: its columns as typed values, whatever the store.
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
  /// Whether rows are derived from a state that a store may keep beside their values.
  package let keepsState: Bool

  /// SQL columns of one table. A row of PostgreSQL lies in one page of 8 KB, however long its values are: 18 bytes at least for each that is kept
  /// apart from it.
  package static let columnsMax = 400

  /// Each property by its name.
  package init(name: String, columns: [SQLColumn], primaryKey: [Int], indexes: [SQLIndex] = [], keepsState: Bool = false) {
    self.name = name
    self.columns = columns
    self.primaryKey = primaryKey
    self.indexes = indexes
    self.keepsState = keepsState
  }

  /// Columns as SQL has them: two for a decimal.
  package var sqlColumnCount: Int { columns.reduce(0) { $0 + $1.sqlNames.count } }

  package func column(named name: String) -> Int? { columns.firstIndex { $0.name == name } }
}

/// A column of typed values: one SQL column, two for a decimal.
package struct SQLColumn: Sendable, Equatable {
  package let name: String
  package let type: ValueType
  package let isNullable: Bool

  /// Each property by its name.
  package init(name: String, type: ValueType, isNullable: Bool) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
  }

  package var sqlNames: [String] { type == .decimal ? [name, name + "_sort"] : [name] }
  /// The SQL column that sorts and compares as the values do.
  package var sortName: String { type == .decimal ? name + "_sort" : name }
}

/// An index over columns of an `SQLTable`.
package struct SQLIndex: Sendable, Equatable {
  /// One column of the index and its direction.
  package struct Part: Sendable, Equatable {
    package let column: Int
    package let isDescending: Bool

    /// Each property by its name.
    package init(column: Int, isDescending: Bool) {
      self.column = column
      self.isDescending = isDescending
    }
  }

  package let name: String
  package let columns: [Part]

  /// Each property by its name.
  package init(name: String, columns: [Part]) {
    self.name = name
    self.columns = columns
  }
}
