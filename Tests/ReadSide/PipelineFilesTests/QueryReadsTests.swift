import PipelineFiles
import Pipelines
import Testing

/// What is known of a query before it is asked: the projections that it reads, and the types of its columns.
@Suite struct QueryReadsTests {
  private static func query(_ sql: String) throws -> (query: NamedQuery, pipeline: Pipeline) {
    let pipeline = try PipelineLoader.load(
      text: Array(
        """
        pipeline: reads
        tables:
          Plays: { key: { partition: player string, sort: at string } }
          Names: { key: { partition: player string } }
          Rooms: { key: { partition: room string } }
        items:
          play: { in: Plays, match: { player: "{player}", at: "{at:timestamp(UTC)}" }, fields: { price: Price decimal optional, ok: Ok boolean optional } }
          name: { in: Names, match: { player: "{player}" }, fields: { nick: Nick optional } }
          room: { in: Rooms, match: { room: "{room}" } }
        projections:
          plays: { collection: play, key: [player, at], columns: [price, ok] }
          names: { collection: name, key: [player], columns: [nick] }
          rooms: { collection: room, key: [room] }
          counts: { aggregate: [player], of: play, columns: { plays: count } }
        queries:
          q:
            sql: "\(sql)"

        """.utf8), file: "p.yaml")
    return (pipeline.queries[0], pipeline)
  }

  private static func names(_ sql: String) throws -> [String] {
    let (query, pipeline) = try query(sql)
    return query.reads.map { pipeline.projections[$0].name }
  }

  @Test(arguments: [
    ("SELECT player FROM plays", ["plays"]), ("SELECT count(*) AS n FROM rooms", ["rooms"]),
    ("SELECT p.at, n.nick FROM plays p LEFT JOIN names n ON n.player = p.player", ["plays", "names"]),
    // Left out by the planner, as nothing of it is asked for: the answer does not say so.
    ("SELECT p.at FROM plays p LEFT JOIN names n ON n.player = p.player", ["plays", "names"]),
    ("WITH rooms AS (SELECT nick FROM names) SELECT nick FROM rooms", ["names"]),
    ("SELECT (SELECT max(plays) FROM counts) AS most", ["counts"]),
    (
      "SELECT 'plays' AS word, nick FROM names WHERE EXISTS (SELECT 1 FROM \\\"counts\\\" WHERE player = names.player)",
      ["names", "counts"]
    ),
    ("SELECT player FROM plays UNION SELECT room FROM rooms", ["plays", "rooms"]), ("SELECT :now AS t", []),
  ]) func `the projections are those that SQLite reads, whatever the text looks like`(sql: String, reads: [String]) throws {
    #expect(try Self.names(sql) == reads)
  }

  @Test func `the tables are those that feed the projections`() throws {
    let (query, pipeline) = try Self.query("SELECT n.nick, c.plays FROM names n JOIN counts c ON c.player = n.player")
    #expect(Set(pipeline.tables(feeding: query.reads).map { pipeline.tables[$0].name }) == ["Names", "Plays"])
  }

  @Test func `columns have their types`() throws {
    let (query, _) = try Self.query(
      "SELECT player, at AS time, price, price_sort, ok, count(*) AS n, at + 5 AS sum FROM plays GROUP BY player")
    #expect(
      query.columns == [
        QueryColumn(name: "player", type: .string), QueryColumn(name: "time", type: .timestamp),
        QueryColumn(name: "price", type: .decimal), QueryColumn(name: "price_sort", type: .bytes),
        QueryColumn(name: "ok", type: .boolean), QueryColumn(name: "n", type: .integer, isNullable: false),
        QueryColumn(name: "sum", type: nil),
      ])
    let nested = try Self.query("WITH x AS (SELECT at AS t FROM plays) SELECT t, (SELECT nick FROM names) AS one FROM x").query
    #expect(nested.columns.map(\.type) == [.timestamp, .string])
    // The parts of a compound may be of different types.
    #expect(try Self.query("SELECT at AS t FROM plays UNION ALL SELECT 5").query.columns.map(\.type) == [nil])
  }

  /// What SQL computes of several values, or takes out of JSON.
  private static let computed: [String: Set<String>] = [
    // The sum of a difference, which past 64 bits is no whole number.
    "session-store": ["anomalies.anomalies"],
    "chat-memory": [
      "chat_memory.body", "memory_of_owner.body", "composite_memory.body", "renamed_memory.body", "log_of_session.body",
    ],
    "direct-messages": ["conversation_messages.display_name", "conversation_messages.handle"],
    "errbot": ["remembered_keys.more", "totals.time", "compatible_totals.time", "cooling.command", "cooling.last_at"],
    "mini-jira": ["scrumpage.members", "scrumpage.counts", "scrumpage.stories", "scrumpage.tasks", "scrumpage.comments"],
  ]

  @Test(arguments: ShippedPipelinesTests.names) func `every column of a shipped query has a type`(name: String) throws {
    let pipeline = try PipelineLoader.load(ShippedPipelinesTests.folder(name))
    let untyped = pipeline.queries.flatMap { query in query.columns.filter { $0.type == nil }.map { "\(query.name).\($0.name)" } }
    #expect(Set(untyped) == Self.computed[name] ?? [], "\(untyped)")
  }

  @Test func `the tiles of a page know what they read`() throws {
    let pipeline = try PipelineLoader.load(ShippedPipelinesTests.folder("game-scores"))
    let reads = pipeline.dashboard.map { $0.reads.map { pipeline.projections[$0].name } }
    #expect(reads == [["player_bests"], ["player_bests"], ["players", "by_day"], ["most_played"], ["player_bests"]])
  }
}
