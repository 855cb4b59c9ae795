internal import Postgres
internal import ReadModels

/// A schema of the store's own, as far as it is: another one may have its name.
struct StoreSchema {
  let name: String

  init(_ name: String) { self.name = name }

  /// Whether it has a table with a column of this name, as one that the store has made.
  func has(_ table: String, column: String, _ connection: PostgresConnection) throws -> Bool {
    try connection.run(
      "SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 AND NOT attisdropped)",
      .text("\(PostgresConnection.identifier(name)).\(PostgresConnection.identifier(table))"), .text(column)
    ).boolean(0, 0)
  }

  /// Makes it. One that is there and empty was made for us; one in which somebody has tables is refused, and left alone.
  func make(_ connection: PostgresConnection) throws {
    let found = try connection.run(
      """
      SELECT string_agg(relname, ', ' ORDER BY relname) FROM (SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1 LIMIT 3) AS found
      """, .text(name))
    if let others = found.text(0, 0) {
      throw ReadModelError.storage(
        path: "the schema \(name) of PostgreSQL",
        "it is somebody else's (\(others) is in it), and our own tables would be in it: give this environment another --namespace, or the schema "
          + "another name", isFull: false)
    }
    try connection.execute("CREATE SCHEMA IF NOT EXISTS \(PostgresConnection.identifier(name))")
  }
}
