package import Pipelines
internal import ReadModels

/// The statements of a projection's table in SQLite's dialect.
extension SQLTable {
  /// The column of the state that a row is derived from, in tables that keep it.
  static let stateName = "_state"

  /// The columns after the projection's own: the state where one is kept, and the row's hash.
  private var ownNames: [String] { (keepsState ? [SQLTable.stateName] : []) + [RowHash.columnName] }

  /// CREATE TABLE and CREATE INDEX for SQLite. The last columns are those of the store: `_state` where one is kept, and the row's hash.
  package var createStatements: [String] {
    let definitions = columns.flatMap(\.definitions) + ownNames.map { "\($0) BLOB NOT NULL" }
    let key = primaryKey.map { columns[$0].sortName }.joined(separator: ", ")
    let table = "CREATE TABLE \(name) (\(definitions.joined(separator: ", ")), PRIMARY KEY (\(key))) STRICT, WITHOUT ROWID"
    return [table]
      + indexes.map { index in
        let parts = index.columns.map { columns[$0.column].sortName + ($0.isDescending ? " DESC" : "") }
        return "CREATE INDEX \(index.name) ON \(name) (\(parts.joined(separator: ", ")))"
      }
  }

  /// Inserts a row, or replaces the one with its key. Parameters in the order of the columns, two for a decimal, then
  /// the state where one is kept and the row's hash.
  package var upsertStatement: String {
    let names = columns.flatMap(\.sqlNames) + ownNames
    let marks = (1...names.count).map { "?\($0)" }.joined(separator: ", ")
    return "INSERT OR REPLACE INTO \(name) (\(names.joined(separator: ", "))) VALUES (\(marks))"
  }

  /// As `upsertStatement`, but a row whose key there is already stays as it is.
  package var insertStatement: String {
    upsertStatement.replacing("INSERT OR REPLACE", with: "INSERT OR IGNORE", maxReplacements: 1)
  }

  /// Deletes the row of a key and returns its hash. Parameters in the order of `primaryKey`, one each: `Value.bindSortable`.
  package var deleteStatement: String { "DELETE FROM \(name) WHERE \(keyCondition) RETURNING \(RowHash.columnName)" }

  /// The hash of the row of a key; in tables that keep it also the state, and of a board `reached_order`. Parameters as `deleteStatement`.
  package var hashStatement: String {
    let order = columns.first { $0.name == "reached_order" }?.name
    let names = [RowHash.columnName] + (keepsState ? [SQLTable.stateName, order ?? "0"] : [])
    return "SELECT \(names.joined(separator: ", ")) FROM \(name) WHERE \(keyCondition)"
  }

  /// Changes what no hash and no index holds of the row of a key, in tables that keep states: the last three columns, then the state; then
  /// parameters as `deleteStatement`.
  var touchStatement: String {
    let names = columns.suffix(3).map(\.name) + [SQLTable.stateName]
    let sets = names.enumerated().map { "\($1) = ?\($0 + 1)" }.joined(separator: ", ")
    return "UPDATE \(name) SET \(sets) WHERE \(keyCondition(from: names.count))"
  }

  /// Changes one column, which is in no index, and the row's hash; then parameters as `deleteStatement`.
  func changeStatement(of column: Int) -> String {
    "UPDATE \(name) SET \(columns[column].name) = ?1, \(RowHash.columnName) = ?2 WHERE \(keyCondition(from: 2))"
  }

  /// Of the rows whose first columns equal, deletes all but the latest `kept` by the columns of `order`, and returns the hashes of those that go. One
  /// parameter for each of the first columns: `Value.bindSortable`.
  package func trimStatement(first count: Int, order: [Int], keeping kept: Int) -> String {
    let key = (0..<count).map { "\(columns[$0].sortName) = ?\($0 + 1)" }.joined(separator: " AND ")
    let names = order.map { columns[$0].name }
    let all = names.joined(separator: ", ")
    let latest = names.map { "\($0) DESC" }.joined(separator: ", ")
    return """
      DELETE FROM \(name) WHERE \(key) AND (\(all)) <=
      (SELECT \(all) FROM \(name) WHERE \(key) ORDER BY \(latest) LIMIT 1 OFFSET \(kept)) RETURNING \(RowHash.columnName)
      """
  }

  /// Deletes the rows of times before one, at positions from one text on and before another, and returns their hashes. They are searched by the time: a
  /// lane's positions are many.
  package func expireStatement(time: Int) -> String {
    let (time, position) = (columns[time].name, columns[columns.count - 1].name)
    return """
      DELETE FROM \(name) WHERE \(time) < ?1 AND +\(position) >= ?2 AND +\(position) < ?3 RETURNING \(RowHash.columnName)
      """
  }

  /// Deletes the rows of an item of a collection, and returns their hashes.
  package var clearStatement: String { "DELETE FROM \(name) WHERE _item = ?1 RETURNING \(RowHash.columnName)" }

  /// The row of a key: `columns` in order, without sortable forms. Parameters as `deleteStatement`.
  package var selectStatement: String {
    "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(name) WHERE \(keyCondition)"
  }

  private var keyCondition: String { keyCondition(from: 0) }

  private func keyCondition(from parameter: Int) -> String {
    primaryKey.enumerated().map { "\(columns[$1].sortName) = ?\(parameter + $0 + 1)" }.joined(separator: " AND ")
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
