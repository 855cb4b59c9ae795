import Foundation
import PipelineFiles
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import Testing

/// Named queries and tiles, prepared on a real server.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct QueryCheckTests {
  private func findings(_ pipeline: Pipeline) throws -> [String] {
    try PostgresQueryCheck.findings(of: pipeline, on: PostgresCluster.shared().settings()).map(\.message)
  }

  private func findings(_ queries: String) throws -> [String] {
    try findings(
      ProjectionTestKit.pipeline(
        """
        pipeline: p
        tables: { Plays: { key: { partition: player string, sort: at string } } }
        items:
          play: { in: Plays, match: { player: "{player}", at: "{at:timestamp(UTC)}" }, fields: { price: Price decimal, won: Won boolean } }
        projections:
          plays: { collection: play, key: [player, at], columns: [price, won] }
          totals: { aggregate: [player], of: play, columns: { spent: sum(price), plays: count } }
        \(queries)
        """))
  }

  @Test(arguments: try! FileManager.default.contentsOfDirectory(atPath: "pipelines").filter { !$0.contains(".") }.sorted())
  func `every query and tile of the shipped pipelines fits`(name: String) throws {
    let pipeline = try PipelineLoader.load("pipelines/\(name)")
    let found = try findings(pipeline)
    #expect(found.isEmpty, "\(found.joined(separator: "; "))")
  }

  @Test func `what one store takes and another does not is named`() throws {
    let found = try findings(
      """
      queries:
        text: { sql: "SELECT coalesce(at, '') AS at FROM plays" }
        type: { sql: { sqlite: SELECT at FROM plays, postgres: "SELECT at::text AS at FROM plays" } }
        names: { sql: { sqlite: SELECT player FROM plays, postgres: SELECT player AS name FROM plays } }
        flag: { sql: SELECT won AND 1 AS x FROM plays }
        fine: { sql: SELECT player FROM plays }
      metrics:
        plays_now: { type: gauge, help: Plays., sql: SELECT typeof(count(*)) + count(*) FROM plays }
        spent_now: { type: gauge, help: Spent., labels: [player], sql: "SELECT player, spent AS value FROM totals" }
      dashboard:
        - number: { title: Typeof, sql: SELECT typeof(1) AS x }
      """)
    #expect(found.count == 6, "\(found)")
    let expected = [
      "query `text`: the SQL does not fit PostgreSQL: invalid input syntax for type timestamp with time zone: \"\"",
      "query `type`: its column `at` is not of type timestamp, as it is in SQLite",
      "query `names`: it answers the columns name, and in SQLite player",
      "query `flag`: the SQL does not fit PostgreSQL: argument of AND must be type boolean, not type integer",
      "metric `plays_now`: the SQL does not fit PostgreSQL: function typeof(bigint) does not exist",
      "tile `Typeof`: the SQL does not fit PostgreSQL: function typeof(integer) does not exist",
    ]
    for text in expected { #expect(found.contains { $0.hasPrefix(text) }, "\(text): \(found)") }
  }

  @Test func `parameters have the types of the file, and empty tables give no findings`() throws {
    let found = try findings(
      """
      queries:
        all:
          params: { who: string, since: timestamp, least: decimal, most: integer 1..10 = 5, won: boolean optional }
          sql:
            sqlite: >-
              SELECT player, at, price, won, 1 / (SELECT count(*) FROM plays) AS share FROM plays WHERE player = :who AND at >= :since AND at < :now
              AND price_sort > :least_sort AND (:won IS NULL OR won = :won) LIMIT :most
            postgres: >-
              SELECT player, at, price, won, 1 / (SELECT count(*) FROM plays) AS share FROM plays WHERE player = :who AND at >= :since AND at < :now
              AND price > :least_sort AND (:won IS NULL OR won = :won) LIMIT :most
      """)
    #expect(found == [])
    #expect(
      try findings("queries: { sums: { sql: 'SELECT sum(plays) AS plays, max(spent_sort) AS spent FROM totals' } }").count == 1)
  }

  @Test func `a check leaves nothing on the server`() throws {
    let settings = try PostgresCluster.shared().settings()
    _ = try findings("queries: { fine: { sql: SELECT player FROM plays } }")
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    let left = try connection.run([
      PostgresQuery("SELECT count(*) FROM pg_class WHERE relname IN ('plays', 'totals') AND relpersistence = 't'")
    ])
    #expect(left[0].int64(0, 0) == 0)
  }
}
