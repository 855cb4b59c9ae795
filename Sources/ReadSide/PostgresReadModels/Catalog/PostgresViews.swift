internal import Postgres
internal import ReadModels

/// The views of a pipeline's current generation, in a schema of the pipeline's name: for people and their tools. They are replaced in the transaction that
/// makes another generation current, in the order of their names, so that whoever reads them in that order, or one at a time, sees one generation or the other.
///
/// A view whose columns stay, or of which some are new at the end, is replaced where it stands: what others have built on it stays too. Otherwise it is
/// dropped and made again, with what others may do with it, which PostgreSQL refuses, with their names, while others have built on it.
struct PostgresViews {
  private struct Column: Equatable {
    let name: String
    let type: String

    /// A table's column as its view has it: JSON as `jsonb`, which tools compare and search.
    var shown: Column { isDocument ? Column(name: name, type: "jsonb") : self }
    var isDocument: Bool { type == "json" }
  }

  /// The schema that holds them.
  let schema: String
  /// The role that may read them and nothing else, if there is one of this name.
  let reader: String
  private let mark: String

  init(_ database: PostgresDatabase, store: String) {
    schema = database.viewSchema(store)
    reader = database.readerRole
    mark = "Afterimage: views of \(database.schema(store))"
  }

  /// Has the views show a generation's schema. Within a transaction; a lock that is not had in 50 ms throws an error to be retried: who waits for a slow
  /// reader would have every other reader wait behind it.
  func show(_ generation: String, _ connection: PostgresConnection) throws {
    try connection.execute("SET LOCAL lock_timeout = 50")
    try own(connection)
    let tables = try relations(generation, "r", connection)
    let views = try relations(schema, "v", connection)
    var grants: [ViewGrant] = []
    for (name, columns) in views.sorted(by: { $0.key < $1.key })
    where tables[name].map({ !$0.map(\.shown).starts(with: columns) }) ?? true {
      grants += try ViewGrant.all(on: name, of: schema, connection)
      try connection.execute("DROP VIEW \(place(name))")
    }
    if tables.values.contains(where: { $0.contains(where: \.isDocument) }) { try makeFunction(connection) }
    for (name, columns) in tables.sorted(by: { $0.key < $1.key }) {
      let read = columns.map { column in
        let own = PostgresConnection.identifier(column.name)
        return column.isDocument ? "\(place(PostgresViews.function))(\(own)) AS \(own)" : own
      }.joined(separator: ", ")
      let table = "\(PostgresConnection.identifier(generation)).\(PostgresConnection.identifier(name))"
      try connection.execute(
        """
        CREATE OR REPLACE VIEW \(place(name)) AS SELECT \(read) FROM \(table);
        COMMENT ON VIEW \(place(name)) IS \(PostgresConnection.literal(mark))
        """)
    }
    for grant in grants {
      guard let columns = tables[grant.view] else { continue }
      if let column = grant.column, !columns.contains(where: { $0.name == column }) { continue }
      try connection.execute(grant.statement)
    }
    try grant(connection)
  }

  /// In the views' schema, what makes `jsonb` of the JSON texts that tables keep.
  private static let function = "_json"

  /// A text that `jsonb` does not take (half a surrogate pair, a number past `numeric`) is shown as a JSON string of it: one row
  /// never keeps a reader from the others.
  private func makeFunction(_ connection: PostgresConnection) throws {
    let name = place(PostgresViews.function)
    if try connection.run("SELECT to_regprocedure($1) IS NOT NULL", .text("\(name)(json)")).boolean(0, 0) { return }
    try connection.execute(
      """
      CREATE FUNCTION \(name)(value json) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $json$
      BEGIN
        RETURN value::jsonb;
      EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        RETURN to_jsonb(value::text);
      END
      $json$
      """)
  }

  private func place(_ view: String) -> String {
    "\(PostgresConnection.identifier(schema)).\(PostgresConnection.identifier(view))"
  }

  /// Makes the schema, or sees that it is ours.
  private func own(_ connection: PostgresConnection) throws {
    let rows = try connection.run(
      "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1", .text(schema))
    let identifier = PostgresConnection.identifier(schema)
    if rows.count == 0 {
      let comment = "COMMENT ON SCHEMA \(identifier) IS \(PostgresConnection.literal(mark))"
      return try connection.execute("CREATE SCHEMA \(identifier); \(comment)")
    }
    guard rows.text(0, 0) == mark else {
      throw ReadModelError.storage(
        path: "the schema \(schema) of PostgreSQL",
        "it is somebody else's, and the pipeline's views would be in it: give the pipeline another name, or drop the schema",
        isFull: false)
    }
  }

  /// By name, the columns of a schema's tables, without those of the store itself, or of our views in it.
  private func relations(_ schema: String, _ kind: String, _ connection: PostgresConnection) throws -> [String: [Column]] {
    var found: [String: [Column]] = [:]
    try connection.forEach(
      """
      SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE n.nspname = $1 AND c.relkind = $2 AND NOT starts_with(c.relname, '_') AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname NOT IN ('\(RowHash.columnName)', '_key', '_item_key')
      AND ($2 <> 'v' OR obj_description(c.oid, 'pg_class') = $3) ORDER BY a.attnum
      """, .text(schema), .text(kind), .text(mark)
    ) { rows, row in
      found[rows.text(row, 0) ?? "", default: []].append(Column(name: rows.text(row, 1) ?? "", type: rows.text(row, 2) ?? ""))
    }
    return found
  }

  private func grant(_ connection: PostgresConnection) throws {
    guard try connection.run("SELECT 1 FROM pg_roles WHERE rolname = $1", .text(reader)).count > 0 else { return }
    let (schema, reader) = (PostgresConnection.identifier(schema), PostgresConnection.identifier(reader))
    try connection.execute(
      """
      GRANT USAGE ON SCHEMA \(schema) TO \(reader); GRANT SELECT ON ALL TABLES IN SCHEMA \(schema) TO \(reader);
      ALTER DEFAULT PRIVILEGES IN SCHEMA \(schema) GRANT SELECT ON TABLES TO \(reader)
      """)
  }
}
