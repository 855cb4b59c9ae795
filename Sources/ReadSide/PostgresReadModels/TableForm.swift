internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import ReadModels

/// A projection's table in PostgreSQL: how it is made, and the statements that write and read many of its rows at once. Each takes one array for each
/// column, taken apart by `unnest`.
///
/// The primary key is the projection's own, with the item's key (`_item`) bounded, where an index takes the longest such key; else a bounded form of the
/// whole key, `_key`, and an index holds as many of its columns as it takes.
struct TableForm {
  let table: SQLTable
  let columns: [ColumnForm]
  let key: [Int]
  let name: String
  /// The bounded column of the key; nil where the key's columns stand for themselves.
  private let bounded: Bounded?

  private enum Bounded: String {
    case item = "_item_key"
    case whole = "_key"
  }

  /// Bytes of an index's columns.
  private static let indexBytesMax = 2_600
  /// Columns of an index: INDEX_MAX_KEYS of PostgreSQL as it is built everywhere.
  private static let indexColumnsMax = 32

  init(_ table: SQLTable) {
    self.table = table
    let compared = Set(table.primaryKey + table.indexes.flatMap { $0.columns.map(\.column) })
    let forms = table.columns.enumerated().map { ColumnForm($1, isCompared: compared.contains($0)) }
    columns = forms
    key = table.primaryKey
    name = PostgresConnection.identifier(table.name)
    let bytes = key.reduce(0) { $0 + (forms[$1].isItem ? BoundedKey.bytesMax + 8 : forms[$1].bytesMax) }
    let isTooLong = bytes > TableForm.indexBytesMax || key.count > TableForm.indexColumnsMax
    bounded = isTooLong ? .whole : key.contains { forms[$0].isItem } ? .item : nil
  }

  /// Rows are changed again and again: pages keep room for it, and dead rows are collected early.
  static let hot =
    "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, "
    + "autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.1)"

  var createStatements: [String] {
    let own = bounded.map { ["\($0.rawValue) bytea NOT NULL"] } ?? []
    let definitions = columns.map(\.definition) + own + ["\(RowHash.columnName) bytea NOT NULL"]
    let primary = keyColumns.map(\.quoted).joined(separator: ", ")
    var all = ["CREATE TABLE \(name) (\(definitions.joined(separator: ", ")), PRIMARY KEY (\(primary))) \(TableForm.hot)"]
    let leading = fitting(key.map { SQLIndex.Part(column: $0, isDescending: false) })
    if bounded == .whole, !leading.isEmpty { all.append("CREATE INDEX ON \(name) (\(leading))") }
    for index in table.indexes {
      all.append("CREATE INDEX \(PostgresConnection.identifier(index.name)) ON \(name) (\(fitting(index.columns)))")
    }
    return all
  }

  /// As many of an index's columns as it takes.
  private func fitting(_ parts: [SQLIndex.Part]) -> String {
    var bytes = 0
    return parts.prefix(TableForm.indexColumnsMax).prefix { part in
      bytes += columns[part.column].bytesMax
      return bytes <= TableForm.indexBytesMax
    }.map { columns[$0.column].quoted + ($0.isDescending ? " DESC" : "") }.joined(separator: ", ")
  }

  /// The columns of the primary key as it is kept.
  private var keyColumns: [ColumnForm] {
    switch bounded {
    case nil: key.map { columns[$0] }
    case .item: key.map { columns[$0].isItem ? ColumnForm(bounded: Bounded.item.rawValue) : columns[$0] }
    case .whole: [ColumnForm(bounded: Bounded.whole.rawValue)]
    }
  }

  /// A value for each of `keyColumns`.
  private func kept(_ key: [Value]) -> [Value] {
    switch bounded {
    case nil: key
    case .item: zip(self.key, key).map { columns[$0].isItem ? TableForm.bounded($1) : $1 }
    case .whole: [.bytes(BoundedKey.id(Value.ordered(key)))]
    }
  }

  private static func bounded(_ value: Value) -> Value {
    if case .bytes(let bytes) = value { .bytes(BoundedKey.id(bytes)) } else { value }
  }

  /// `unnest` of one array for each form, then of those of `more` types, as `u` with columns `c0`, `c1`, ... and `place`, which counts from 1.
  private func rows(_ forms: [ColumnForm], more: [String] = []) -> String {
    let types = forms.map(\.kindName) + more
    let arrays = types.enumerated().map { "$\($0 + 1)::\($1)[]" }.joined(separator: ", ")
    let names = types.indices.map { "c\($0)" }.joined(separator: ", ")
    return "unnest(\(arrays)) WITH ORDINALITY AS u (\(names), place)"
  }

  private func isSame(_ forms: [ColumnForm]) -> String {
    forms.enumerated().map { "t.\($1.quoted) = \($1.stored("u.c\($0)"))" }.joined(separator: " AND ")
  }

  private var writtenColumns: [ColumnForm] { columns + (bounded.map { [ColumnForm(bounded: $0.rawValue)] } ?? []) }

  /// Writes rows, in the place of those with their keys; answers the hashes of these. Parameters: `rowArrays`, then the hashes.
  var upsert: String {
    let written = writtenColumns
    let values = written.enumerated().map { $1.stored("u.c\($0)") } + ["u.c\(written.count)"]
    let names = written.map(\.quoted) + [RowHash.columnName]
    let keyNames = keyColumns.map(\.quoted)
    let sets = names.filter { !keyNames.contains($0) }.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    let same = keyColumns.map { column in
      let place = written.firstIndex { $0.quoted == column.quoted } ?? 0
      return "t.\(column.quoted) = \(column.stored("u.c\(place)"))"
    }
    return """
      WITH u AS MATERIALIZED (SELECT * FROM \(rows(written, more: ["bytea"]))),
      old AS (SELECT t.\(RowHash.columnName) FROM u JOIN \(name) t ON \(same.joined(separator: " AND "))),
      put AS (INSERT INTO \(name) (\(names.joined(separator: ", "))) SELECT \(values.joined(separator: ", ")) FROM u ORDER BY u.place
      ON CONFLICT (\(keyNames.joined(separator: ", "))) DO UPDATE SET \(sets))
      SELECT \(RowHash.columnName) FROM old
      """
  }

  /// Deletes the rows of keys and answers their hashes. Parameters: `keyArrays`.
  var delete: String {
    """
    WITH gone AS (DELETE FROM \(name) t USING \(rows(keyColumns)) WHERE \(isSame(keyColumns)) RETURNING t.\(RowHash.columnName))
    SELECT \(RowHash.columnName) FROM gone
    """
  }

  /// All columns, as they travel.
  var readColumns: String { columns.map { $0.read("t.\($0.quoted)") }.joined(separator: ", ") }

  /// The rows whose first `count` columns equal: which of them, from 1, then `more` columns of the table. Parameters: an array for each of these columns.
  func lookUp(first count: Int, reading more: [Int]) -> String {
    let read = more.map { columns[$0].read("t.\(columns[$0].quoted)") }.joined(separator: ", ")
    let first = Array(columns.prefix(count))
    return count == 0
      ? "SELECT 1::bigint, \(read) FROM \(name) t"
      : "SELECT u.place, \(read) FROM \(rows(first)) JOIN \(name) t ON \(isSame(first))"
  }

  /// Deletes the rows whose first `count` columns equal and answers their hashes. Parameters: an array for each of these columns.
  func deleteAll(first count: Int) -> String {
    let first = Array(columns.prefix(count))
    let which = count == 0 ? "" : " USING \(rows(first)) WHERE \(isSame(first))"
    return """
      WITH gone AS (DELETE FROM \(name) t\(which) RETURNING t.\(RowHash.columnName)) SELECT \(RowHash.columnName) FROM gone
      """
  }

  /// Of the rows whose first columns equal, deletes all but the latest `kept` by the columns of `order`, and answers the hashes of those that go.
  /// Parameters: an array for each of these first columns, of keys each once.
  func deletePast(_ kept: Int, first count: Int, order: [Int]) -> String {
    let first = Array(columns.prefix(count))
    let names = order.map { columns[$0].quoted }
    let own = names.map { "t.\($0)" }.joined(separator: ", ")
    let bounds = names.indices.map { "b\($0)" }
    let read = zip(names, bounds).map { "t.\($0) AS \($1)" }.joined(separator: ", ")
    let latest = names.map { "t.\($0) DESC" }.joined(separator: ", ")
    return """
      WITH u AS MATERIALIZED (SELECT * FROM \(rows(first))),
      b AS MATERIALIZED (SELECT u.*, p.* FROM u CROSS JOIN LATERAL (
      SELECT \(read) FROM \(name) t WHERE \(isSame(first)) ORDER BY \(latest) LIMIT 1 OFFSET \(kept)) p),
      gone AS (DELETE FROM \(name) t USING b u
      WHERE \(isSame(first)) AND (\(own)) <= (\(bounds.map { "u.\($0)" }.joined(separator: ", ")))
      RETURNING t.\(RowHash.columnName))
      SELECT \(RowHash.columnName) FROM gone
      """
  }

  /// Deletes the rows of times before one, at positions from one text on and before another, and answers their hashes. They are searched by the time,
  /// also while nothing is known of the table yet: a lane's positions are many.
  func deleteBefore(time: Int, position: Int) -> String {
    let (time, position) = (columns[time].quoted, columns[position].quoted)
    return """
      WITH gone AS (DELETE FROM \(name) t WHERE t.\(time) < $1 AND t.\(position) || '' >= $2 AND t.\(position) || '' < $3
      RETURNING t.\(RowHash.columnName)) SELECT \(RowHash.columnName) FROM gone
      """
  }

  /// Deletes the rows of items of a collection, given as an array of their keys, and answers their hashes.
  var deleteItems: String {
    """
    WITH gone AS (DELETE FROM \(name) t WHERE t._item = ANY($1::bytea[]) RETURNING t.\(RowHash.columnName))
    SELECT \(RowHash.columnName) FROM gone
    """
  }

  /// An array for each of the first `count` columns, of rows of at least so many values.
  func arrays(first count: Int, _ rows: [[Value]]) throws -> [PostgresArray] {
    try TableForm.arrays(Array(columns.prefix(count)), rows)
  }

  /// An empty array for each column that is written.
  var arrays: [PostgresArray] { writtenColumns.map { PostgresArray($0.kind) } }

  /// Adds what the bounded column holds, if there is one, for a key in the order of `primaryKey` and its ordered form.
  func appendBounded(_ key: [Value], _ ordered: ArraySlice<UInt8>, to arrays: inout [PostgresArray]) {
    switch bounded {
    case nil: break
    case .whole: arrays[columns.count].append(bounded: ordered)
    case .item:
      if let item = self.key.firstIndex(where: { columns[$0].isItem }), case .bytes(let bytes) = key[item] {
        arrays[columns.count].append(bounded: bytes[...])
      } else {
        arrays[columns.count].appendNull()
      }
    }
  }

  /// An array for each column of the key as it is kept, of keys in the order of `primaryKey`.
  func keyArrays(_ keys: [[Value]]) throws -> [PostgresArray] { try TableForm.arrays(keyColumns, keys.map { kept($0) }) }

  private static func arrays(_ forms: [ColumnForm], _ rows: [[Value]]) throws -> [PostgresArray] {
    try forms.indices.map { place in
      let form = forms[place]
      var array = PostgresArray(form.kind)
      for row in rows { try form.append(row[place], to: &array) }
      return array
    }
  }
}
