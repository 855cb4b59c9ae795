/// Keys of projections.
extension GrammarKeyCase {
  /// Every key of the grammar has a case here.
  package static let all: [GrammarKeyCase] = files + effects + rows + calendars + sessions + itemSessions + boards + histories

  /// Of each kind whose columns may be periods: when days and weeks start.
  private static let calendars: [GrammarKeyCase] = [
    ("collection", "collection: play, key: [name, n], columns: [{ period: PERIOD of at }]"),
    ("aggregate", "aggregate: [{ period: PERIOD of at }], of: play, columns: { c: count }"),
    ("leaderboard", "leaderboard: name, of: play, board: [{ period: PERIOD of at }], score: count"),
    ("history", "history: play, columns: { period: PERIOD of at }"),
  ].flatMap { kind, made -> [GrammarKeyCase] in
    [("day starts", "day", "\"20:01\"", "2025-12-31"), ("week starts", "week", "sunday", "2025-12-28")].map {
      key, unit, value, name in
      .init(
        kind, key, .rows, file("\(made.replacing("PERIOD", with: unit))«, \(key): \(value)»"),
        "    put: { Tab: { PK: \"U:ana\", SK: \"1\", Points: 1, At: \"2026-01-01T20:00:00\" } }\n"
          + "    expect: { made: [{ period: \"\(name)\" }] }\n")
    }
  }

  private static let atTokyo = "    put: { Tab: { PK: \"U:ana\", SK: \"1\", Points: 1, At: \"2026-01-01T20:00:00\" } }\n"
  private static let anaThenBen =
    "    put: { Tab: { PK: \"U:ana\", SK: \"1\", Room: r } }\n  - advance: 1m\n    put: { Tab: { PK: \"U:ben\", SK: \"1\", Room: r } }\n"

  private static let rows: [GrammarKeyCase] = [
    .init("a projection", "about", .told, file("«about: words, »\(count)")),
    .init(
      "a change", "change", .findings,
      file("aggregate: [name], each: { «change: play inserted, »when: new.points > 1 }, columns: { c: count }")),
    .init(
      "a change", "when", .rows,
      file("aggregate: [name], each: { change: play inserted«, when: new.points > 1» }, columns: { c: count }"), oneCounted),

    .init("collection", "collection", .findings, file("«collection: play, »key: [name, n]")),
    .init("collection", "key", .findings, file("collection: play«, key: [name, n]»")),
    .init(
      "collection", "columns", .findings, file("collection: play, key: [name, n]«, columns: [room]»"),
      "    expect: { made: { lacks: [{ room: x }] } }\n"),
    .init(
      "collection", "latest by", .rows, file("collection: play, key: [name], columns: [n]«, latest by: points»"),
      putTwo + "    expect: { made: [{ n: 2 }] }\n"),
    .init(
      "collection", "order", .told, file("collection: play, key: [name, n], columns: [points]«, order: { best: [points desc] }»")),
    .init(
      "collection", "when", .rows, file("collection: play, key: [name, n]«, when: points > 1»"),
      putTwo + "    expect: { made: [{ n: 2 }] }\n"),
    .init(
      "collection", "unreadable", .rows,
      "pipeline: keys\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" }, fields: { n: N integer } } }\nprojections: { made: { collection: a, key: [id], columns: [n]«, unreadable: keep» } }\n",
      "    put: { Tab: { PK: a, N: 1 } }\n  - advance: 1m\n    put: { Tab: { PK: a, N: x } }\n    expect: { made: [{ n: 1 }] }\n"),
    .init(
      "collection", "zone", .rows, file("collection: play, key: [name, n], columns: [{ local: day of at }]«, zone: Asia/Tokyo»"),
      atTokyo + "    expect: { made: [{ local: \"2026-01-02\" }] }\n"),

    .init("aggregate", "aggregate", .findings, file("«aggregate: [name], »of: play, columns: { c: count }")),
    .init("aggregate", "of", .findings, file("aggregate: [name]«, of: play», columns: { c: count }")),
    .init("aggregate", "each", .findings, file("aggregate: [name]«, each: play inserted», columns: { c: count }")),
    .init("aggregate", "when", .rows, file("\(count)«, when: points > 1»"), oneCounted),
    .init(
      "aggregate", "zone", .rows, file("aggregate: [day of at], of: play, columns: { c: count }«, zone: Asia/Tokyo»"),
      atTokyo + "    expect: { made: [{ day: \"2026-01-02\", c: 1 }] }\n"),
    .init(
      "aggregate", "columns", .findings, file("aggregate: [name], of: play«, columns: { c: count }»"),
      "    expect: { made: { lacks: [{ c: 1 }] } }\n"),
  ]

  private static let twoPuts =
    "    put: { Tab: { PK: \"U:ana\", SK: \"1\", Points: 1 } }\n  - advance: 1m\n    put: { Tab: { PK: \"U:ana\", SK: \"1\", Points: 2 } }\n"

  private static let histories: [GrammarKeyCase] = [
    .init("history", "history", .findings, file("«history: play, »columns: [points]")),
    .init(
      "history", "each", .rows, file("history: play«, each: changed(points)»"),
      twoPuts + "    expect: { made: [{ name: ana, event: changed, time: 2026-01-01T10:01:00Z }] }\n"),
    .init(
      "history", "each", .rows,
      "pipeline: keys\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" }, fields: { tag: explode(Tags) } } }\nprojections: { made: { history: a, each: «added(tag)|removed(tag)», columns: [tag] } }\n",
      "    put: { Tab: { PK: a, Tags: [x, y] } }\n    expect: { made: [{ tag: x, ordinal: 0, event: added }, { tag: y, ordinal: 1 }] }\n",
      aspect: "added"),
    .init(
      "history", "when", .rows, file("history: play«, when: points > 1»"),
      putTwo + "    expect: { made: [{ n: 2, event: inserted, cause: user }] }\n"),
    .init("history", "key", .findings, file("history: play«, key: [room]»"), "    expect: { made: { lacks: [{ room: x }] } }\n"),
    .init(
      "history", "columns", .findings, file("history: play«, columns: { was: old.points }»"),
      "    expect: { made: { lacks: [{ was: 1 }] } }\n"),
    .init(
      "history", "zone", .rows, file("history: play, columns: { local: day of at }«, zone: Asia/Tokyo»"),
      atTokyo + "    expect: { made: [{ local: \"2026-01-02\" }] }\n"),
    .init(
      "history", "keep", .rows, file("history: play, columns: [points]«, keep: 1»"),
      twoPuts + "    expect: { made: [{ points: 2, event: changed }] }\n", aspect: "rows"),
    .init(
      "history", "keep", .rows, file("history: play«, keep: 1h»"),
      putOne + "  - advance: 1h\n    expect: { made: [{ n: 1 }] }\n  - advance: 1ms\n    expect: { made: [] }\n", aspect: "age"),
  ]

  /// Ends of sessions that both kinds have: what comes before the keys that are asked about, and the case's name.
  private static func limits(_ kind: String, _ subject: String) -> [GrammarKeyCase] {
    [
      .init(
        kind, "gap", .rows, file("\(subject), max: 1d«, gap: 30m»"),
        putOne
          + "  - advance: 31m\n    expect: { made: [{ name: ana, status: expired, ended_by: gap, ended_at: 2026-01-01T10:30:00Z }] }\n"
      ),
      .init(
        kind, "max", .rows, file("\(subject), gap: 1h«, max: 40m»"),
        putOne
          + "  - advance: 41m\n    expect: { made: [{ name: ana, status: expired, ended_by: max, ended_at: 2026-01-01T10:40:00Z }] }\n"
      ),
      .init(
        kind, "cut", .rows, file("\(subject), gap: 1d«, cut: midnight 'Asia/Tokyo'»"),
        putOne
          + "  - advance: 6h\n    expect: { made: [{ name: ana, status: expired, ended_by: cut, ended_at: 2026-01-01T15:00:00Z }] }\n"
      ),
      .init(
        kind, "one live per", .rows, file("\(subject), gap: 1h«, one live per: room»"),
        anaThenBen
          + "  - advance: 1ms\n    expect: { made: [{ name: ana, status: ended, ended_by: superseded }, { name: ben, status: active }] }\n"
      ),
      .init(
        kind, "columns", .findings, file("\(subject), gap: 1h«, columns: { c: count }»"),
        "    expect: { made: { lacks: [{ c: 1 }] } }\n"),
    ]
  }

  private static let sessions: [GrammarKeyCase] =
    limits("sessions", "sessions: name, touch: play inserted") + [
      .init("sessions", "sessions", .findings, file("«sessions: name, »touch: play inserted, gap: 1h")),
      .init("sessions", "touch", .findings, file("sessions: name«, touch: play inserted», gap: 1h")),
      .init(
        "sessions", "when", .rows,
        file("sessions: name, touch: play inserted, gap: 1h, columns: { c: count }«, when: points > 1»"), oneCounted),
      .init(
        "sessions", "time", .rows, file("sessions: name, touch: play inserted, gap: 30m«, time: at, lateness: 1h»"),
        "    put: { Tab: { PK: \"U:ana\", SK: \"1\", At: \"2026-01-01T09:50:00\" } }\n    expect: { made: [{ name: ana, started_at: 2026-01-01T09:50:00Z }] }\n"
      ),
      .init(
        "sessions", "lateness", .findings, file("sessions: name, touch: play inserted, gap: 30m, time: at«, lateness: 1h»")),
      .init(
        "sessions", "ahead", .rows,
        file("sessions: name, touch: play inserted, gap: 30m, time: at, lateness: 1h«, ahead: 20m»"),
        "    put: { Tab: { PK: \"U:ana\", SK: \"1\", At: \"2026-01-01T10:20:00\" } }\n    expect: { made: [{ name: ana, started_at: 2026-01-01T10:20:00Z }] }\n"
      ),
      .init(
        "sessions", "split when", .rows,
        file("sessions: name, touch: [play inserted, play changed], gap: 30m«, split when: old.points <> new.points»"),
        putOne
          + "  - advance: 1m\n\(update)    expect: { made: [{ name: ana, status: expired, ended_by: cut, ended_at: 2026-01-01T10:01:00Z }, { name: ana, status: active }] }\n"
      ),
      .init(
        "sessions", "end", .rows, file("sessions: name, touch: play inserted, gap: 1h«, end: bye inserted»"),
        putOne
          + "  - advance: 1m\n    put: { Tab: { PK: \"U:ana\", SK: bye } }\n    expect: { made: [{ name: ana, status: ended, ended_by: explicit }] }\n"
      ),
    ]

  private static let update = "    update: { Tab: { key: { PK: \"U:ana\", SK: \"1\" }, set: { Points: 2, State: closed } } }\n"

  private static let itemSessions: [GrammarKeyCase] =
    limits("session", "session: play") + [
      .init("session", "session", .findings, file("«session: play, »gap: 1h")),
      .init(
        "session", "key", .findings, file("session: play«, key: [{ login: name }, n]», gap: 1h"),
        "    expect: { made: { lacks: [{ login: x }] } }\n"),
      .init("session", "when", .rows, file("session: play, gap: 1h«, when: points > 1»"), putOne + "    expect: { made: [] }\n"),
      .init(
        "session", "touch", .rows, file("session: play, gap: 30m«, touch: changed(points)»"),
        putOne
          + "  - advance: 20m\n\(update)  - advance: 20m\n    expect: { made: [{ name: ana, status: active, last_at: 2026-01-01T10:20:00Z }] }\n"
      ),
      .init(
        "session", "deadline", .rows, file("session: play, gap: 1d«, deadline: at»"),
        "    put: { Tab: { PK: \"U:ana\", SK: \"1\", At: \"2026-01-01T10:05:00\" } }\n  - advance: 6m\n    expect: { made: [{ name: ana, status: expired, ended_by: deadline, ended_at: 2026-01-01T10:05:00Z }] }\n"
      ),
      .init(
        "session", "end", .rows, file("session: play, gap: 1h«, end: when state = 'closed'»"),
        putOne + "  - advance: 1m\n\(update)    expect: { made: [{ name: ana, status: ended, ended_by: explicit }] }\n"),
      .init(
        "session", "revive", .rows, file("session: play, gap: 1h, touch: changed(points), one live per: room«, revive: touch»"),
        anaThenBen
          + "  - advance: 1m\n\(update)  - advance: 1ms\n    expect: { made: [{ name: ana, status: ended }, { name: ana, status: active }, { name: ben, status: ended, ended_by: superseded }] }\n"
      ),
      .init(
        "session", "expire", .rows, file("session: play, gap: 30m«, expire: delete item»"),
        putOne + "  - advance: 31m\n    expect: { plays: [] }\n"),
    ]

  private static let threePlays =
    "    put: { Tab: [{ PK: \"U:ana\", SK: \"1\", Points: 5 }, { PK: \"U:ben\", SK: \"1\", Points: 5 }, { PK: \"U:cyd\", SK: \"1\", Points: 1 }] }\n"

  private static func top(_ places: String) -> String {
    threePlays + "    board: { of: made, top: [\(places)], whole: true }\n"
  }

  private static let boards: [GrammarKeyCase] = [
    .init("leaderboard", "leaderboard", .findings, file("«leaderboard: name, »of: play, score: count")),
    .init("leaderboard", "of", .findings, file("leaderboard: name«, of: play», score: count")),
    .init("leaderboard", "each", .findings, file("leaderboard: name«, each: play inserted», score: count")),
    .init(
      "leaderboard", "when", .rows, file("\(board)«, when: points > 4»"),
      top("{ rank: 1, member: ana }, { rank: 2, member: ben }")),
    .init("leaderboard", "board", .findings, file("\(board)«, board: [room]»"), "    board: { of: made, board: [r], top: [] }\n"),
    .init(
      "leaderboard", "zone", .rows, file("\(board), board: [day of at]«, zone: Asia/Tokyo»"),
      atTokyo + "    board: { of: made, board: [\"2026-01-02\"], top: [{ rank: 1, member: ana }] }\n"),
    .init("leaderboard", "score", .findings, file("leaderboard: name, of: play«, score: count»")),
    .init(
      "leaderboard", "score", .rows,
      file("leaderboard: name, of: play, score: [count«, max(points) asc»]"),
      top("{ rank: 1, member: cyd, score: 1 }, { rank: 2, member: ana }, { rank: 3, member: ben }"),
      aspect: "list"),
    .init(
      "leaderboard", "columns", .findings, file("\(board)«, columns: { most: max(points) }»"),
      "    expect: { made: { lacks: [{ most: 1 }] } }\n"),
    .init(
      "leaderboard", "direction", .rows, file("\(board)«, direction: asc»"),
      top("{ member: cyd }, { member: ana }, { member: ben }")),
    .init(
      "leaderboard", "ties", .rows, file("\(board)«, ties: competition»"),
      top("{ rank: 1, member: ana }, { rank: 1, member: ben }, { rank: 3, member: cyd }")),
    .init(
      "leaderboard", "keep", .rows, file("\(board)«, keep: 2 members»"), top("{ member: ana }, { member: ben }"),
      aspect: "members"),
    .init(
      "leaderboard", "keep", .rows, file("\(board), board: [day of at]«, keep: 1 boards»"),
      "    put: { Tab: [{ PK: \"U:ana\", SK: \"1\", Points: 5, At: \"2026-01-01\" }, { PK: \"U:ben\", SK: \"1\", Points: 5, At: \"2026-01-02\" }] }\n    expect: { made: [{ day: \"2026-01-02\", member: ben }] }\n",
      aspect: "boards"),
    .init("leaderboard", "floor", .rows, file("\(board)«, floor: 2»"), top("{ member: ana }, { member: ben }")),
    .init(
      "an effect", "each", .rows,
      file(
        "leaderboard: name, each: play inserted, board: [n, day of commit], score: count",
        "effects: { past: { each: «made closed|play removed», delete: { rows: plays, where: n = :n } } }"),
      putOne
        + "  - at: 2026-01-01T23:59:59.999Z\n    expect: { plays: [{ n: 1 }] }\n  - advance: 1ms\n    expect: { plays: [] }\n",
      aspect: "closed"),
    .init("leaderboard", "show", .told, file("\(board)«, show: { from: people, columns: [name] }»")),
    .init("`show`", "from", .findings, file("\(board), show: { «from: people, »columns: [name] }")),
    .init("`show`", "columns", .told, file("\(board), show: { from: people«, columns: [name]» }")),
  ]
}
