/// Keys of tables, items, effects, queries and the dashboard.
extension GrammarKeyCase {
  /// A file of two items and one projection, `made`.
  static func file(_ made: String, _ rest: String = "", table: String = "", play: String = "") -> String {
    """
    pipeline: keys
    tables:
      Tab: { key: { partition: PK string, sort: SK string }\(table) }
    items:
      bye: { in: Tab, match: { PK: "U:{name}", SK: bye } }
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { points: Points integer optional, at: At timestamp(UTC) optional, room: Room optional, state: State optional }
    \(play)
    projections:
      plays: { collection: play, key: [name, n], columns: [points] }
      people: { collection: bye, key: [name] }
      made: { \(made) }
    \(rest)

    """
  }

  static let count = "aggregate: [name], of: play, columns: { c: count }"
  static let board = "leaderboard: name, of: play, score: sum(points)"
  static let putOne = "    put: { Tab: { PK: \"U:ana\", SK: \"1\", Points: 1 } }\n"
  static let putTwo =
    "    put: { Tab: [{ PK: \"U:ana\", SK: \"1\", Points: 1 }, { PK: \"U:ana\", SK: \"2\", Points: 5 }] }\n"
  static let oneCounted = putTwo + "    expect: { made: [{ name: ana, c: 1 }] }\n"

  /// An item whose fields and captures are as given, shown in a collection with these columns.
  static func item(_ parts: String, _ columns: String) -> String {
    """
    pipeline: keys
    tables: { Tab: { key: { partition: PK string } } }
    items:
      thing: { in: Tab, match: { PK: "{id}" }, \(parts) }
    projections:
      made: { collection: thing, key: [id], columns: [\(columns)] }

    """
  }

  /// A part of a file: one metric with these keys.
  static func metric(_ keys: String) -> String { "metrics: { plays_now: { \(keys) } }" }

  static func put(_ attributes: String, expect row: String) -> String {
    "    put: { Tab: { PK: a, \(attributes) } }\n    expect: { made: [{ \(row) }] }\n"
  }

  static let files: [GrammarKeyCase] = [
    .init("a pipeline", "pipeline", .findings, "«pipeline: p\n»tables: { Tab: { key: { partition: PK } } }\n"),
    .init("a pipeline", "about", .told, "pipeline: p\n«about: words\n»tables: { Tab: { key: { partition: PK } } }\n"),
    .init(
      "a pipeline", "parameters", .findings,
      file("sessions: name, touch: play inserted, gap: $idle", "«parameters: { idle: 30m }»")),
    .init(
      "a pipeline", "seasons", .findings,
      file(
        "leaderboard: name, each: play inserted, board: [season of commit], score: count",
        "«seasons: { winter: 2025-12-21T00:00:00Z }»")),
    .init(
      "a season", "starts", .findings,
      file(
        "aggregate: [season of at], of: play, columns: { c: count }",
        "seasons: { winter: { «starts: 2025-12-21T00:00:00Z, »ends: 2026-03-20T00:00:00Z } }")),
    .init(
      "a season", "ends", .rows,
      file(
        "aggregate: [season of at], of: play, columns: { c: count }",
        "seasons: { winter: { starts: 2025-12-21T00:00:00Z«, ends: 2026-01-01T12:00:00Z» } }"),
      "    put: { Tab: { PK: \"U:ana\", SK: \"1\", At: \"2026-01-01T20:00:00\" } }\n    expect: { made: { lacks: [{ season: winter }] } }\n"
    ),
    .init("a pipeline", "tables", .findings, "pipeline: p\n«tables: { Tab: { key: { partition: PK } } }\n»"),
    .init(
      "a pipeline", "items", .findings,
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\n«items: { a: { in: Tab, match: { PK: \"{id}\" } } }\n»projections: { p: { collection: a, key: [id] } }\n"
    ),
    .init(
      "a pipeline", "projections", .findings,
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" } } }\n«projections: { made: { collection: a, key: [id] } }\n»",
      "    expect: { made: [] }\n"),
    .init(
      "a pipeline", "effects", .rows, file(count, "«effects: { gone: { each: play inserted, delete: item } }»"),
      putOne + "    expect: { plays: [] }\n"),
    .init(
      "a pipeline", "queries", .findings, file(count, "«queries: { q: { sql: SELECT name FROM plays } }»"),
      "    query: { name: q, rows: [] }\n"),
    .init(
      "a pipeline", "metrics", .told,
      file(count, "«\(metric("type: gauge, help: Plays, sql: SELECT count(*) FROM plays"))»")),
    .init(
      "a pipeline", "dashboard", .told,
      file(count, "«dashboard: [{ number: { title: Plays, sql: SELECT count(*) FROM plays } }]»")),

    .init("a table", "key", .findings, "pipeline: p\ntables: { Tab: { «key: { partition: PK }» } }\n"),
    .init("a table", "indexes", .told, file(count, table: "«, indexes: { ByDay: { partition: Day } }»")),
    .init(
      "a table", "ttl", .rows, file(count, table: "«, ttl: expires»"),
      "    put: { Tab: { PK: \"U:ana\", SK: \"1\", expires: 1767261660 } }\n  - advance: 10m\n    expect: { plays: [] }\n"),
    .init("a table", "private", .findings, file(count, table: "«, private: [Points]»")),
    .init("a table", "partitions", .findings, file("sessions: n, touch: play inserted, gap: 1h", table: "«, partitions: 1»")),
    .init("a key", "partition", .findings, "pipeline: p\ntables: { Tab: { key: { «partition: PK,» sort: SK } } }\n"),
    .init(
      "a key", "sort", .findings,
      "pipeline: p\ntables: { Tab: { key: { partition: PK«, sort: SK» } } }\nitems: { a: { in: Tab, match: { SK: x } } }\n"),
    .init("an index", "partition", .findings, file(count, table: ", indexes: { ByDay: { «partition: Day,» sort: At } }")),
    .init("an index", "sort", .told, file(count, table: ", indexes: { ByDay: { partition: Day«, sort: At» } }")),
    .init("an index", "kind", .told, file(count, table: ", indexes: { ByDay: { «kind: local,» partition: PK, sort: At } }")),
    .init("an index", "projection", .told, file(count, table: ", indexes: { ByDay: { partition: Day«, projection: keys» } }")),

    .init(
      "an item", "in", .findings,
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { «in: Tab,» match: { PK: x } } }\n"),
    .init(
      "an item", "match", .findings,
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, «match: { PK: \"{id}\" }» } }\nprojections: { made: { collection: a, key: [id] } }\n"
    ),
    .init("an item", "fields", .findings, item("«fields: { room: Room }»", "room")),
    .init(
      "an item", "capture", .findings,
      item("fields: { room: Room }, «capture: { word: { from: room, pattern: '^a' } }»", "word")),
    .init("an item", "when", .rows, file(count, play: "«    when: Points > 1»"), oneCounted),
    .init("a field", "from", .findings, item("fields: { room: { «from: Room, »optional: true } }", "room")),
    .init(
      "a field", "type", .findings, item("fields: { at: { from: At, optional: true«, type: timestamp» } }", "{ day: day of at }")),
    .init(
      "a field", "zone", .rows, item("fields: { at: { from: At, type: timestamp«, zone: Asia/Tokyo» } }", "at"),
      put("At: \"2026-01-01T10:00:00\"", expect: "id: a, at: 2026-01-01T01:00:00Z")),
    .init(
      "a field", "optional", .rows, item("fields: { room: { from: Room«, optional: true» } }", "room"),
      put("X: 1", expect: "id: a, room: null")),
    .init(
      "a field", "default", .rows,
      item("fields: { points: { from: Points, type: integer, optional: true«, default: 7» } }", "points"),
      put("X: 1", expect: "id: a, points: 7")),
    .init(
      "a capture", "from", .findings, item("fields: { room: Room }, capture: { word: { «from: room, »pattern: '^a' } }", "word")),
    .init(
      "a capture", "pattern", .findings,
      item("fields: { room: Room }, capture: { word: { from: room«, pattern: '^a'» } }", "word")),
    .init(
      "a capture", "group", .rows,
      item("fields: { room: Room }, capture: { word: { from: room, pattern: '(a)(b)'«, group: 2» } }", "word"),
      put("Room: xaby", expect: "id: a, word: b")),
    .init(
      "a capture", "type", .findings,
      file(
        "aggregate: [name], of: play, columns: { s: sum(more) }",
        play: "    capture: { more: { from: room, pattern: '[0-9]+'«, type: integer» } }")),
    .init(
      "a capture", "optional", .rows,
      item("fields: { room: Room }, capture: { word: { from: room, pattern: '^a'«, optional: true» } }", "word"),
      put("Room: b", expect: "id: a, word: null")),

    .init("an effect", "about", .told, file(count, "effects: { gone: { «about: words, »each: play inserted, delete: item } }")),
    .init("an effect", "each", .findings, file(count, "effects: { gone: { «each: play inserted, »delete: item } }")),
    .init(
      "an effect", "when", .rows, file(count, "effects: { gone: { each: play inserted, «when: points > 1, »delete: item } }"),
      putTwo + "    expect: { plays: [{ n: 1 }] }\n"),
    .init("an effect", "delete", .findings, file(count, "effects: { gone: { each: play inserted«, delete: item» } }")),
    .init(
      "an effect", "retry", .told,
      file(count, "effects: { gone: { each: play inserted, delete: item«, retry: { attempts: 2 }» } }")),
    .init(
      "rows to delete", "rows", .findings,
      file(count, "effects: { gone: { each: play removed, delete: { «rows: people, »where: name = :name } } }")),
    .init(
      "rows to delete", "where", .findings,
      file(count, "effects: { gone: { each: play removed, delete: { rows: people«, where: name = :name» } } }")),
    .init(
      "`retry`", "attempts", .told,
      file(count, "effects: { gone: { each: play inserted, delete: item, retry: { «attempts: 2» } } }")),
    .init(
      "`retry`", "first", .told, file(count, "effects: { gone: { each: play inserted, delete: item, retry: { «first: 2s» } } }")),
    .init(
      "`retry`", "most", .told, file(count, "effects: { gone: { each: play inserted, delete: item, retry: { «most: 2h» } } }")),

    .init("a query", "about", .told, file(count, "queries: { q: { «about: words, »sql: SELECT name FROM plays } }")),
    .init(
      "a query", "params", .findings,
      file(count, "queries: { q: { «params: { n: string }, »sql: SELECT name FROM plays WHERE n = :n } }")),
    .init("a query", "one", .told, file(count, "queries: { q: { «one: true, »sql: SELECT count(*) AS n FROM plays } }")),
    .init("a query", "sql", .findings, file(count, "queries: { q: { about: words«, sql: SELECT name FROM plays» } }")),
    .init(
      "`sql`", "sqlite", .findings,
      file(count, "queries: { q: { sql: { «sqlite: SELECT name FROM plays, »postgres: SELECT name FROM plays } } }")),
    .init(
      "`sql`", "postgres", .findings,
      file(count, "queries: { q: { sql: { sqlite: SELECT name FROM plays«, postgres: SELECT name FROM plays» } } }")),
    .init("a metric", "type", .findings, file(count, metric("«type: gauge, »help: Plays, sql: SELECT count(*) FROM plays"))),
    .init("a metric", "help", .findings, file(count, metric("type: gauge«, help: Plays», sql: SELECT count(*) FROM plays"))),
    .init("a metric", "sql", .findings, file(count, metric("type: gauge, help: Plays«, sql: SELECT count(*) FROM plays»"))),
    .init(
      "a metric", "labels", .findings,
      file(count, metric("type: gauge, help: Plays«, labels: [name]», sql: 'SELECT name, c AS value FROM made'"))),
    .init(
      "a metric", "value", .findings,
      file(count, metric("type: gauge, help: Plays, labels: [name]«, value: c», sql: 'SELECT name, c FROM made'"))),
    .init(
      "a metric", "series", .told,
      file(count, metric("type: gauge, help: Plays, labels: [name]«, series: 3», sql: 'SELECT name, c AS value FROM made'"))),
    .init(
      "a tile", "title", .findings, file(count, "dashboard: [{ number: { «title: Plays, »sql: SELECT count(*) FROM plays } }]")),
    .init(
      "a tile", "sql", .findings, file(count, "dashboard: [{ number: { title: Plays«, sql: SELECT count(*) FROM plays» } }]")),
    .init("a leaderboard's tile", "title", .findings, file(board, "dashboard: [{ leaderboard: { «title: Best, »of: made } }]")),
    .init("a leaderboard's tile", "of", .findings, file(board, "dashboard: [{ leaderboard: { title: Best«, of: made» } }]")),
    .init(
      "a leaderboard's tile", "board", .told,
      file("\(board), board: [room]", "dashboard: [{ leaderboard: { title: Best, of: made«, board: [music]» } }]")),
    .init("a leaderboard's tile", "top", .told, file(board, "dashboard: [{ leaderboard: { title: Best, of: made«, top: 3» } }]")),
    .init(
      "the dashboard", "number", .told,
      file(count, "dashboard: [«{ number: { title: Plays, sql: SELECT count(*) FROM plays } }»]")),
    .init(
      "the dashboard", "table", .told, file(count, "dashboard: [«{ table: { title: Plays, sql: SELECT name FROM plays } }»]")),
    .init("the dashboard", "leaderboard", .told, file(board, "dashboard: [«{ leaderboard: { title: Best, of: made } }»]")),
  ]
}
