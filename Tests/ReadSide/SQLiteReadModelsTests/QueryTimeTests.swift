import Foundation
import PipelineFiles
import Pipelines
import PostgresReadModels
import PostgresTestKit
import ReadModels
import SQLiteReadModels
import StoreTestKit
import Testing

/// What `:now` is while nobody knows a time yet: some lane has not heard of any.
@Suite struct QueryTimeTests {
  private static let pipeline = """
    pipeline: p
    tables: { Ones: { key: { partition: pk string } } }
    items: { one: { in: Ones, match: { pk: "{name}" } } }
    projections: { ones: { collection: one, key: [name] } }
    queries:
      asked: { sql: "SELECT count(*) AS ones, CASE WHEN :now IS NULL THEN 'unknown' ELSE 'known' END AS time FROM ones" }
    """

  private func answers(_ reader: any GenerationReader, _ pipeline: Pipeline) throws -> [[AnswerCell]] {
    var rows: [[AnswerCell]] = []
    for now in [nil, "2026-01-01T10:00:00.000000Z", nil] {
      try reader.run(
        pipeline.queries[0].sql, [], columns: pipeline.queries[0].columns, now: now, limit: .seconds(5)
      ) { rows.append($0) }
    }
    return rows
  }

  @Test func `it is null in both stores, and the query has its answer`() throws {
    let pipeline = try PipelineLoader.load(text: Array(Self.pipeline.utf8), file: "p.yaml")
    let expected: [[AnswerCell]] = [
      [.integer(0), .text("unknown")], [.integer(0), .text("known")], [.integer(0), .text("unknown")],
    ]
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let path = directory.path + "/read-model.db"
    _ = try SQLiteGeneration(path: path, pipeline: pipeline)
    #expect(try answers(try SQLiteReader(path: path, pipeline: pipeline), pipeline) == expected)
    guard PostgresCluster.isAvailable else { return }
    let cluster = try PostgresCluster.shared()
    let database = PostgresDatabase(cluster.settings(try cluster.makeDatabase()))
    let generation = Generation(number: 1, fingerprint: "", state: .current, store: "p")
    _ = try database.stores.generation(generation, pipeline)
    #expect(try answers(try database.reader(generation, pipeline), pipeline) == expected)
  }
}
