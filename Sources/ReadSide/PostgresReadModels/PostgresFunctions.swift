internal import Pipelines
internal import Postgres

/// What the SQL of pipelines has beside PostgreSQL's own functions, in the schema of each generation: the same as in SQLite (`SQLFunctions`).
enum PostgresFunctions {
  static let names = ["similarity"]

  /// What makes them in a schema, by its name as it stands in SQL. `similarity` is that of `Similarity`: no locale decides what a letter is.
  static func statements(in schema: String) -> [String] {
    let ascii = (1...127).map { UInt8($0) }
    func literal(_ bytes: [UInt8]) -> String {
      "U&'" + bytes.map { "\\00" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
    }
    func folded(_ byte: UInt8) -> UInt8 {
      switch byte {
      case 0x41...0x5a: byte | 0x20
      case 0x61...0x7a, 0x30...0x39: byte
      default: 0x20
      }
    }
    let fold = "\(literal(ascii)), \(literal(ascii.map(folded)))"
    return [
      """
      CREATE FUNCTION \(schema).similarity(a text, b text) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $similarity$
      WITH words (side, word) AS (
        SELECT 1, unnest(string_to_array(translate(a, \(fold)), ' ')) UNION ALL SELECT 2, unnest(string_to_array(translate(b, \(fold)), ' '))
      ), parts AS (
        SELECT DISTINCT side, substr('  ' || word || ' ', place, 3) COLLATE "C" AS part
        FROM words CROSS JOIN LATERAL generate_series(1, length(word) + 1) AS place WHERE word <> ''
      )
      SELECT coalesce(count(*) FILTER (WHERE sides = 2)::double precision / nullif(count(*), 0), 0)
      FROM (SELECT count(*) AS sides FROM parts GROUP BY part) AS counted
      $similarity$
      """
    ]
  }

  /// What removes them from a schema; refused while somebody has built something on them.
  static func removals(in schema: String) -> [String] { ["DROP FUNCTION IF EXISTS \(schema).similarity(text, text)"] }

  /// Makes them in a schema that was there before this version, if they are missing.
  static func make(in schema: String, _ connection: PostgresConnection) throws {
    let name = PostgresConnection.identifier(schema)
    let isThere = try connection.run(
      "SELECT to_regprocedure($1) IS NOT NULL", .text("\(name).similarity(text, text)")
    ).boolean(0, 0)
    if !isThere { for statement in statements(in: name) { try connection.execute(statement) } }
  }

  /// A query whose functions are those of the connection's temporary schema, which SQL finds by name only.
  static func temporary(_ sql: String) -> String {
    let tokens = SQLToken.tokens(of: sql)
    var bytes = Array(sql.utf8)
    for (place, token) in tokens.enumerated().reversed() {
      guard token.kind == .word, names.contains(token.text.lowercased()), place + 1 < tokens.count, tokens[place + 1].text == "(",
        place == 0 || tokens[place - 1].text != "."
      else { continue }
      bytes.insert(contentsOf: "pg_temp.".utf8, at: token.offset)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
