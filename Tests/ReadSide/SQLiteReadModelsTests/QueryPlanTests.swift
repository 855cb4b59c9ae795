import Foundation
import Pipelines
import ProjectionTestKit
import ReadModels
import StoreTestKit
import Testing

@testable import SQLiteReadModels

/// SQLite's plan of a query, by projections in place of aliases.
@Suite struct QueryPlanTests {
  private static let yaml = """
    pipeline: plans
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional, price: Price decimal optional } }
      room: { in: Tab, match: { PK: "R:{room}", SK: meta } }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, price], order: { by_room: [room, n desc] } }
      rooms: { collection: room, key: [room] }
      totals: { aggregate: [room], of: play, columns: { plays: count } }
    queries:
      q:
        params: { x: string }
        sql: "QUERY"

    """

  private struct Found {
    let pipeline: Pipeline
    let plan: QueryPlan

    /// Each step that reads rows: how, what, and within which loops.
    var reads: [String] {
      plan.steps.filter { $0.access != nil }.map { step in
        let within = step.within.map { pipeline.projections[$0].name }
        let what = step.projections.map { pipeline.projections[$0].name }.joined(separator: "|")
        return "\(step.access?.rawValue ?? "") \(what)\(within.isEmpty ? "" : " within \(within.joined(separator: ", "))")"
      }
    }

    func compared(_ name: String) -> [String] {
      guard let id = pipeline.projection(named: name) else { return [] }
      return plan.compared[id]?.map { pipeline.projections[id].table.columns[$0].name } ?? []
    }
  }

  private static func plan(_ sql: String) throws -> Found {
    let pipeline = try ProjectionTestKit.pipeline(yaml.replacing("QUERY", with: sql))
    let folder = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let path = folder.path + "/model.db"
    let store = try SQLiteGeneration(path: path, pipeline: pipeline)
    defer { store.close() }
    let reader = try SQLiteReader(path: path, pipeline: pipeline)
    defer { reader.close() }
    let query = pipeline.queries[0]
    return Found(pipeline: pipeline, plan: try reader.plan(query.sql, reads: query.reads))
  }

  @Test(arguments: [
    ("SELECT n FROM plays WHERE name = :x", ["search plays"]), ("SELECT n FROM plays p WHERE p.room = :x", ["search plays"]),
    ("SELECT n FROM plays AS p WHERE lower(room) = :x", ["scan plays"]),
    ("SELECT n FROM plays \\\"p q\\\" WHERE lower(\\\"p q\\\".room) = :x", ["scan plays"]),
    (
      "SELECT r.room, t.plays, :x AS x FROM rooms r LEFT JOIN totals t ON t.room = r.room",
      ["scan rooms", "search totals within rooms"]
    ),
    ("SELECT a.n, :x AS x FROM plays a JOIN plays b ON b.price = a.price", ["scan plays", "scan plays within plays"]),
    (
      "SELECT r.room, (SELECT count(*) FROM plays p WHERE p.price = r.room) AS n FROM rooms r WHERE r.room > :x",
      ["search rooms", "scan plays"]
    ),
    (
      "SELECT r.room, (SELECT count(*) FROM plays p WHERE p.price = r.room) AS n, :x AS x FROM rooms r",
      ["scan rooms", "scan plays within rooms"]
    ),
    // A subquery that does not depend on the row is read once.
    ("SELECT r.room, (SELECT max(plays) FROM totals) AS n, :x AS x FROM rooms r", ["scan rooms", "scan totals"]),
    // The greatest of a key's first column is at its end; of another column all rows are read for it, though SQLite says SEARCH.
    ("SELECT max(t.room) AS last, :x AS x FROM totals t", ["search totals"]),
    ("SELECT min(room) AS first, :x AS x FROM plays", ["search plays"]),
    // A common table expression that is called as a projection is not the projection.
    ("WITH rooms AS (SELECT room, count(*) AS n FROM plays GROUP BY room) SELECT n FROM rooms WHERE n > :x", ["scan plays"]),
    ("SELECT room, :x AS x FROM rooms UNION SELECT room, plays FROM totals", ["scan rooms", "scan totals"]),
    // Two tables of one alias: which of them a step reads, its text does not say.
    (
      "SELECT (SELECT max(p.price) FROM plays p) AS a, (SELECT max(p.plays) FROM totals p) AS b, :x AS x",
      ["scan plays|totals", "scan plays|totals"]
    ),
  ]) func `a step names what it reads, and the loops around it`(sql: String, reads: [String]) throws {
    let found = try Self.plan(sql)
    #expect(found.reads == reads, "\(found.plan.steps.map(\.text))")
  }

  @Test func `columns that are compared are found on either side`() throws {
    let found = try Self.plan(
      "SELECT p.n FROM plays p JOIN totals t ON t.room = p.room WHERE p.price_sort < 5 AND :x >= t.plays AND p.name IN (:x)")
    #expect(found.compared("plays") == ["name", "room", "price"] && found.compared("totals") == ["room", "plays"])
    #expect(try Self.plan("SELECT n, room, :x AS x FROM plays ORDER BY price_sort").compared("plays") == [])
  }

  @Test func `only a LIMIT without a sort ends a query early`() throws {
    #expect(try Self.plan("SELECT n FROM plays WHERE n > :x LIMIT 3").plan.mayEndEarly)
    #expect(try !Self.plan("SELECT n FROM plays WHERE n > :x").plan.mayEndEarly)
    let sorted = try Self.plan("SELECT n FROM plays WHERE n > :x ORDER BY price LIMIT 3").plan
    #expect(!sorted.mayEndEarly && sorted.steps.contains { $0.text == "USE TEMP B-TREE FOR ORDER BY" && $0.access == nil })
  }

  @Test func `what is a part of a step is deeper`() throws {
    let plan = try Self.plan("SELECT room, :x AS x FROM rooms UNION SELECT room, plays FROM totals").plan
    #expect(plan.steps.first?.text == "COMPOUND QUERY" && plan.steps.map(\.depth).prefix(3) == [0, 1, 2])
  }
}
