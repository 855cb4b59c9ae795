import Pipelines
import ProjectionTestKit
import ReadModels
import SQLite
import Testing

@testable import SQLiteReadModels

/// The types that a query's columns are said to have: what SQLite then answers has them.
@Suite struct QueryColumnsTests {
  private static let yaml = """
    pipeline: types
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{at:timestamp(UTC)}" }
        fields: { room: Room optional, n: N integer optional, price: Price decimal optional, ok: Ok boolean optional, raw: Raw bytes optional, doc: Doc json optional }
      room: { in: Tab, match: { PK: "R:{room}", SK: meta }, fields: { n: Name optional } }
    projections:
      plays: { collection: play, key: [name, at], columns: [room, n, price, ok, raw, doc] }
      rooms: { collection: room, key: [room], columns: [n] }

    """

  private struct Tables {
    let connection: Connection
    let pipeline: Pipeline
    let parameters = [
      QueryParameter(name: "text", type: .string, isOptional: false, default: nil, least: nil, greatest: nil),
      QueryParameter(name: "number", type: .integer, isOptional: true, default: nil, least: nil, greatest: nil),
    ]

    /// Three plays, one of them all of nulls, and a room that no play is in.
    init() throws {
      connection = try .inMemory()
      pipeline = try ProjectionTestKit.pipeline(QueryColumnsTests.yaml)
      for statement in pipeline.projections.flatMap(\.table.createStatements) { try connection.execute(statement) }
      let rest = "_item, _at, _order, _position, _hash"
      try connection.execute(
        """
        INSERT INTO plays (name, at, room, n, price, price_sort, ok, raw, doc, \(rest)) VALUES
          ('ana', '2026-01-01T00:00:00.000000Z', 'r', 5, '1.50', x'01', 1, x'00ff', '{"a":1}', x'01', '2026-01-01T00:00:00.000000Z', 1, 'p', x'00'),
          ('ben', '2026-01-02T00:00:00.000000Z', 's', -9223372036854775808, '20', x'02', 0, x'', '5', x'02', '2026-01-01T00:00:00.000000Z', 2, 'p', x'00'),
          ('cyd', '2026-01-03T00:00:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'03', '2026-01-01T00:00:00.000000Z', 3, 'p', x'00');
        INSERT INTO rooms (room, n, \(rest)) VALUES ('t', 'name', x'01', '2026-01-01T00:00:00.000000Z', 1, 'p', x'00');
        """)
    }

    func columns(_ sql: String) throws -> (statement: Statement, columns: [QueryColumn]) {
      let statement = try connection.prepare(sql)
      let read = try connection.tablesRead(by: sql)
      let reads = pipeline.projections.ids.filter { read.contains(pipeline.projections[$0].name) }
      return (
        statement,
        QueryColumns.columns(of: statement, reads: reads, tables: pipeline.projections.map(\.table), parameters: parameters)
      )
    }
  }

  private static let cases: [(expression: String, type: ValueType?, isNullable: Bool)] = [
    ("p.name", .string, true), ("at", .timestamp, true), ("price", .decimal, true), ("price_sort", .bytes, true),
    ("count(*)", .integer, false), ("count(DISTINCT p.n) AS c", .integer, false), ("COUNT (room) c", .integer, false),
    ("sum(n % 7)", nil, true), ("sum(ok)", .integer, true), ("max(at)", .timestamp, true), ("min(p.price)", .decimal, true),
    ("max(DISTINCT p.room) AS x", .string, true), ("total(n)", nil, true), ("avg(n)", nil, true), ("min(n, 3)", nil, true),
    ("coalesce(n, 0)", .integer, false), ("coalesce(ok, 0)", .boolean, false), ("coalesce(ok, 2)", .integer, false),
    ("coalesce(ok, n)", .integer, true), ("coalesce(at, '')", .string, false), ("coalesce(room, 5)", nil, true),
    ("ifnull(sum(ok), 0) AS s", .integer, false), ("coalesce(n > 3, 0) AS b", .boolean, false), ("n > 3", .boolean, true),
    ("n = 5 OR room LIKE 'x'", .boolean, true), ("NOT ok", .boolean, true), ("room IS NULL AS x", .boolean, false),
    ("room NOTNULL", .boolean, false), ("n BETWEEN 1 AND 9", .boolean, true), ("n IN (1, 2)", .boolean, true),
    ("NOT EXISTS (SELECT 1 FROM rooms r WHERE r.room = p.room) AS orphan", .boolean, false),
    ("EXISTS (SELECT 1 FROM rooms) + 5", nil, true), ("n + 1", nil, true), ("n * 2 > 5", .boolean, true), ("-n", nil, true),
    ("name || room", .string, true), ("name || n + 5", nil, true), ("n << 2", nil, true), ("n | 8", nil, true),
    ("doc -> 'a'", nil, true), ("doc ->> '$.a'", nil, true), ("CASE WHEN n > 3 THEN 'x' ELSE 5 END", nil, true),
    ("'text'", .string, false), ("'it''s' AS t", .string, false), ("5", .integer, false), ("1.5", nil, true), ("0x10", nil, true),
    ("99999999999999999999", nil, true), ("NULL", nil, true), ("x'00'", nil, true), (":text", .string, false),
    (":number AS n", .integer, true), (":now", .string, false), ("length(room)", .integer, true), ("upper(room)", .string, true),
    ("substr(room, 1)", nil, true), ("abs(n + 1)", nil, true), ("round(n)", nil, true), ("typeof(n)", .string, false),
    ("date(at)", .string, true), ("julianday(at)", nil, true), ("cast(n AS text)", nil, true), ("(n)", .integer, true),
    ("((at))", .timestamp, true), ("(SELECT count(*) FROM rooms r WHERE r.room = p.room) AS c", .integer, false),
    ("(SELECT count(*) FROM rooms GROUP BY n LIMIT 0) AS c", .integer, true),
    ("(SELECT max(r.n) FROM rooms r) AS m", .string, true),
    ("(SELECT coalesce(sum(p2.ok), 0) FROM plays p2) AS s", .integer, false), ("(SELECT r.n FROM rooms r) AS m", .string, true),
    ("(SELECT 5 FROM rooms WHERE 0) AS m", .integer, true), ("(SELECT n FROM rooms) AS m", .string, true),
    // The row of the query within counts for nothing where the query around it has none.
    ("(SELECT coalesce((SELECT count(*) FROM rooms), 0) FROM plays p2 WHERE 0) AS m", .integer, true),
    ("(SELECT coalesce(max(p2.n), (SELECT count(*) FROM rooms)) FROM plays p2 WHERE 0) AS m", .integer, false),
    // Two tables that are read have a column of this name, of different types.
    ("(SELECT max(n) FROM rooms) AS m", nil, true), ("count(*) OVER () AS m", nil, true), ("room COLLATE NOCASE", nil, true),
    ("coalesce(room COLLATE NOCASE, '')", nil, true), ("count(*) FILTER (WHERE ok) AS c", nil, true),
  ]

  @Test func `an expression has the one type that it can have, or none`() throws {
    let tables = try Tables()
    for (expression, type, isNullable) in Self.cases {
      let sql = "SELECT \(expression) FROM plays p"
      let found = try tables.columns(sql).columns
      #expect(found.count == 1, "\(sql)")
      // What is a column as it stands is what SQLite says of it, brackets, collations and all.
      #expect(found[0].type == type && found[0].isNullable == isNullable, "\(expression): \(found[0])")
    }
  }

  @Test func `what SQLite answers has the type, over rows, nulls and no rows`() throws {
    let tables = try Tables()
    for (expression, _, _) in Self.cases {
      for end in ["FROM plays p", "FROM plays p WHERE name = 'none'", "FROM plays p GROUP BY p.name"] {
        let (statement, columns) = try tables.columns("SELECT \(expression) \(end)")
        for index in 1..<(statement.parameterCount + 1) {
          if statement.parameterName(index) != ":number" { try statement.bind(index, "text") }
        }
        while try statement.step() {
          let cell = AnswerCell(statement, 0)
          #expect(Self.fits(cell, columns[0]), "\(expression) \(end): \(cell) is not \(columns[0])")
        }
      }
    }
  }

  private static func fits(_ cell: AnswerCell, _ column: QueryColumn) -> Bool {
    guard let type = column.type else { return true }
    switch cell {
    case .null: return column.isNullable
    case .integer(let number): return type == .integer || type == .boolean && (0...1).contains(number)
    case .real: return false
    case .text: return [.string, .timestamp, .decimal, .json].contains(type)
    case .blob: return type == .bytes
    }
  }

  @Test func `a name that may be a subquery's is not taken for a projection's`() throws {
    let tables = try Tables()
    for sql in [
      "SELECT max(n) FROM (SELECT name AS n FROM plays)", "WITH x AS (SELECT name AS n FROM plays) SELECT max(n) FROM x",
      "SELECT max(n) FROM rooms r, (SELECT name AS x FROM plays)",
      "SELECT (SELECT max(n) FROM rooms r JOIN (SELECT name AS x FROM plays)) AS m FROM rooms", "VALUES (5)",
      "SELECT count(*) FROM plays UNION SELECT 'x'",
    ] {
      #expect(try tables.columns(sql).columns.allSatisfy { $0.type == nil && $0.isNullable }, "\(sql)")
    }
  }

  @Test func `a list that is not written out has no types but those of columns`() throws {
    let columns = try Tables().columns("SELECT *, count(*) AS c FROM rooms").columns
    #expect(columns.first == QueryColumn(name: "room", type: .string) && columns.last?.type == nil)
    #expect(
      try Tables().columns("SELECT DISTINCT n, count(*) AS c FROM rooms ORDER BY 1, 2").columns.map(\.type) == [
        .string, .integer,
      ])
  }
}
