import ChangeLog
import Foundation
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import RandomTestKit
import ReadModels
import Testing

/// The SQL function `similarity` on PostgreSQL, beside the measure itself.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct PostgresSimilarityTests {
  @Test func `it is the same for every text`() throws {
    let schema = try OwnSchema(
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" } } }\nprojections: { rows: { collection: a, key: [id] } }\n"
    )
    let worker = try schema.worker()
    defer { worker.store.close() }
    let reader = try schema.reader()
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let characters = Array("abcABZ019 -_.'\"\\éÉß漢𝄞\u{1}\n\u{301}")
    func text() -> String {
      String((0..<Int.random(in: 0...12, using: &random)).map { _ in characters.randomElement(using: &random) ?? "a" })
    }
    let parameters = ["a", "b"].map {
      QueryParameter(name: $0, type: .string, isOptional: true, default: nil, least: nil, greatest: nil)
    }
    func similarity(_ one: Value, _ other: Value) throws -> AnswerCell? {
      var found: AnswerCell?
      try reader.snapshot {
        try reader.run(
          "SELECT similarity(:a, :b) AS x", Array(zip(parameters, [one, other])), columns: [QueryColumn(name: "x", type: nil)],
          now: "2026-01-01T00:00:00.000000Z",
          limit: .seconds(10)
        ) { found = $0[0] }
      }
      return found
    }
    for _ in 0..<400 {
      let (one, other) = (text(), text())
      let cell = try similarity(.string(one), .string(other))
      guard case .real(let number) = cell else {
        Issue.record("seed \(seed): `\(one)`, `\(other)` gave \(String(describing: cell))")
        continue
      }
      #expect(number == Similarity.of(one, other), "seed \(seed): `\(one)`, `\(other)`")
    }
    if case .null? = try similarity(.null, .string("a")) {} else { Issue.record("of a null it is null") }
  }

  @Test func `a generation of an earlier version gets it when a worker opens it`() throws {
    let schema = try OwnSchema(
      "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" } } }\nprojections: { rows: { collection: a, key: [id] } }\n"
    )
    try schema.worker().store.close()
    let connection = try PostgresConnection(schema.settings)
    defer { connection.close() }
    func schemas() throws -> [String] {
      let rows = try connection.run(
        "SELECT n.nspname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = 'similarity' AND starts_with(n.nspname, $1)",
        .text(schema.database.namespace.name + "."))
      return (0..<rows.count).map { rows.text($0, 0) ?? "" }
    }
    let name = try #require(try schemas().first)
    try connection.execute("DROP FUNCTION \(PostgresConnection.identifier(name)).similarity(text, text)")
    #expect(try schemas() == [])
    try schema.worker().store.close()
    #expect(try schemas() == [name])
  }
}
