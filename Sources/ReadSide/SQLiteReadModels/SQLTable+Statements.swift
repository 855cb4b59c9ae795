package import Pipelines
internal import ReadModels

/// The statements of a projection's table in SQLite's dialect.
extension SQLTable {
  /// CREATE TABLE and CREATE INDEX for SQLite. The last column is the row's hash.
  package var createStatements: [String] {
    let definitions = columns.flatMap(\.definitions) + ["\(RowHash.columnName) BLOB NOT NULL"]
    let key = primaryKey.map { columns[$0].sortName }.joined(separator: ", ")
    let table = "CREATE TABLE \(name) (\(definitions.joined(separator: ", ")), PRIMARY KEY (\(key))) STRICT, WITHOUT ROWID"
    return [table]
      + indexes.map { index in
        let parts = index.columns.map { columns[$0.column].sortName + ($0.isDescending ? " DESC" : "") }
        return "CREATE INDEX \(index.name) ON \(name) (\(parts.joined(separator: ", ")))"
      }
  }

  /// Inserts a row, or replaces the one with its key. Parameters in the order of the columns, two for a decimal, then
  /// the row's hash.
  package var upsertStatement: String {
    let names = columns.flatMap(\.sqlNames) + [RowHash.columnName]
    let marks = (1...names.count).map { "?\($0)" }.joined(separator: ", ")
    return "INSERT OR REPLACE INTO \(name) (\(names.joined(separator: ", "))) VALUES (\(marks))"
  }

  /// As `upsertStatement`, but a row whose key there is already stays as it is.
  package var insertStatement: String {
    upsertStatement.replacing("INSERT OR REPLACE", with: "INSERT OR IGNORE", maxReplacements: 1)
  }

  /// Deletes the row of a key and returns its hash. Parameters in the order of `primaryKey`, one each: `Value.bindSortable`.
  package var deleteStatement: String { "DELETE FROM \(name) WHERE \(keyCondition) RETURNING \(RowHash.columnName)" }

  /// The hash of the row of a key. Parameters as `deleteStatement`.
  package var hashStatement: String { "SELECT \(RowHash.columnName) FROM \(name) WHERE \(keyCondition)" }

  /// The row of a key: `columns` in order, without sortable forms. Parameters as `deleteStatement`.
  package var selectStatement: String {
    "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(name) WHERE \(keyCondition)"
  }

  private var keyCondition: String {
    primaryKey.enumerated().map { "\(columns[$1].sortName) = ?\($0 + 1)" }.joined(separator: " AND ")
  }
}

extension SQLColumn {
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
