internal import Pipelines
internal import Postgres
internal import ReadModels

/// A projection's table in PostgreSQL: how it is made, and the statements that write and read many of its rows at once. Each takes one array for each
/// column, taken apart by `unnest`.
struct TableForm {
  let table: SQLTable
  let columns: [ColumnForm]
  let key: [Int]
  let name: String

  init(_ table: SQLTable) {
    self.table = table
    let compared = Set(table.primaryKey + table.indexes.flatMap { $0.columns.map(\.column) })
    columns = table.columns.enumerated().map { ColumnForm($1, isCompared: compared.contains($0)) }
    key = table.primaryKey
    name = PostgresConnection.identifier(table.name)
  }

  /// Rows are changed again and again: pages keep room for it, and dead rows are collected early.
  static let hot =
    "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, "
    + "autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.1)"

  var createStatements: [String] {
    let definitions = columns.map(\.definition) + ["\(RowHash.columnName) bytea NOT NULL"]
    let primary = key.map { columns[$0].quoted }.joined(separator: ", ")
    return ["CREATE TABLE \(name) (\(definitions.joined(separator: ", ")), PRIMARY KEY (\(primary))) \(TableForm.hot)"]
      + table.indexes.map { index in
        let parts = index.columns.map { columns[$0.column].quoted + ($0.isDescending ? " DESC" : "") }
        return "CREATE INDEX \(PostgresConnection.identifier(index.name)) ON \(name) (\(parts.joined(separator: ", ")))"
      }
  }

  /// `unnest` of the arrays of some columns from parameter `first` on, and of what comes after them, as `u` with a column `c0`, `c1`, ... for each.
  private func rows(of places: [Int], more: [String] = [], first: Int = 1) -> String {
    let types = places.map { columns[$0].kindName } + more
    let arrays = types.enumerated().map { "$\($0 + first)::\($1)[]" }.joined(separator: ", ")
    let names = types.indices.map { "c\($0)" }.joined(separator: ", ")
    return "unnest(\(arrays)) WITH ORDINALITY AS u (\(names), place)"
  }

  private func isSame(_ places: [Int]) -> String {
    places.enumerated().map { "t.\(columns[$1].quoted) = \(columns[$1].stored("u.c\($0)"))" }.joined(separator: " AND ")
  }

  /// Writes rows, in the place of those with their keys; answers the hashes of these. An array for each column, then the hashes.
  var upsert: String {
    let all = Array(columns.indices)
    let values = all.map { columns[$0].stored("u.c\($0)") } + ["u.c\(all.count)"]
    let names = all.map { columns[$0].quoted } + [RowHash.columnName]
    let changed = all.filter { !key.contains($0) }.map { columns[$0].quoted } + [RowHash.columnName]
    let sets = changed.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    let keys = key.map { columns[$0].quoted }.joined(separator: ", ")
    let same = key.map { "t.\(columns[$0].quoted) = \(columns[$0].stored("u.c\($0)"))" }.joined(separator: " AND ")
    return """
      WITH u AS MATERIALIZED (SELECT * FROM \(rows(of: all, more: ["bytea"]))),
      old AS (SELECT t.\(RowHash.columnName) FROM u JOIN \(name) t ON \(same)),
      put AS (INSERT INTO \(name) (\(names.joined(separator: ", "))) SELECT \(values.joined(separator: ", ")) FROM u ORDER BY u.place
      ON CONFLICT (\(keys)) DO UPDATE SET \(sets))
      SELECT \(RowHash.columnName) FROM old
      """
  }

  /// Deletes the rows of keys and answers their hashes. An array for each column of the key.
  var delete: String {
    """
    WITH gone AS (DELETE FROM \(name) t USING \(rows(of: key)) WHERE \(isSame(key)) RETURNING t.\(RowHash.columnName))
    SELECT \(RowHash.columnName) FROM gone
    """
  }

  /// All columns, as they travel.
  var readColumns: String { columns.map { $0.read("t.\($0.quoted)") }.joined(separator: ", ") }

  /// The rows whose first `count` columns equal: which of them, from 1, then `more` columns of the table. An array for each of these columns.
  func lookUp(first count: Int, reading more: [Int]) -> String {
    let read = more.map { columns[$0].read("t.\(columns[$0].quoted)") }.joined(separator: ", ")
    return count == 0
      ? "SELECT 1::bigint, \(read) FROM \(name) t"
      : "SELECT u.place, \(read) FROM \(rows(of: Array(0..<count))) JOIN \(name) t ON \(isSame(Array(0..<count)))"
  }

  /// Deletes the rows whose first `count` columns equal and answers their hashes. An array for each of these columns.
  func deleteAll(first count: Int) -> String {
    let places = Array(0..<count)
    let which = count == 0 ? "" : " USING \(rows(of: places)) WHERE \(isSame(places))"
    return """
      WITH gone AS (DELETE FROM \(name) t\(which) RETURNING t.\(RowHash.columnName)) SELECT \(RowHash.columnName) FROM gone
      """
  }

  /// One array for each of some columns, of the rows' values in that order.
  func arrays(_ places: [Int], _ rows: [[Value]]) throws -> [PostgresArray] {
    var arrays = places.map { PostgresArray(columns[$0].kind) }
    for row in rows {
      for (place, value) in row.enumerated() where place < places.count {
        try columns[places[place]].append(value, to: &arrays[place])
      }
    }
    return arrays
  }
}
