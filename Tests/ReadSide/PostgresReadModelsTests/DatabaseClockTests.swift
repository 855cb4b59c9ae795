import ChangeLog
import ChangeRecords
import Foundation
import LiteralTestKit
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ReadModelConformance
import ReadModels
import RecordLiteralTestKit
import Testing

/// Clocks that differ: what processes agree on goes by the database's clock, whatever their own say. Here the database's is another one, for the store's
/// schemas come before PostgreSQL's own when a function is looked up.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct DatabaseClockTests {
  /// A pipeline's store in which the clock can be set ahead of the machine's.
  private struct Scene {
    let own: OwnSchema
    let connection: PostgresConnection

    init() throws {
      own = try OwnSchema(StorePipelines.groups)
      connection = try PostgresConnection(own.settings)
      _ = try PostgresGeneration(own.database, own.generation, pipeline: own.pipeline)
      for schema in schemas {
        try connection.execute(
          """
          CREATE TABLE \(schema).ahead (seconds bigint); INSERT INTO \(schema).ahead VALUES (0);
          CREATE FUNCTION \(schema).clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
          'SELECT pg_catalog.clock_timestamp() + seconds * interval ''1 second'' FROM \(schema).ahead'
          """)
      }
    }

    private var schemas: [String] {
      let catalogue = "\(own.database.namespace.name).p"
      return [catalogue, own.database.schema(of: own.generation)].map { PostgresConnection.identifier($0) }
    }

    func set(ahead seconds: Int) throws {
      for schema in schemas { try connection.execute("UPDATE \(schema).ahead SET seconds = \(seconds)") }
    }

    func process() -> PostgresDatabase { PostgresDatabase(own.settings, namespace: own.database.namespace) }
  }

  @Test func `who leads, and what is frozen, goes by the database's clock`() throws {
    let scene = try Scene()
    let (first, second) = (try scene.process().stores.pipeline("p"), try scene.process().stores.pipeline("p"))
    let generation = scene.own.generation
    // A year ahead of every worker.
    try scene.set(ahead: 31_536_000)
    #expect(try first.lead(generation, for: .seconds(60)))
    #expect(try !second.lead(generation, for: .seconds(60)))
    try scene.set(ahead: 31_536_061)
    #expect(try second.lead(generation, for: .seconds(60)))
    // And a year behind: what was to end then is far away.
    try scene.set(ahead: -31_536_000)
    #expect(try !first.lead(generation, for: .seconds(60)))
    try second.stopLeading(generation)
    #expect(try first.lead(generation, for: .seconds(60)))
    try first.freeze(generation, for: .seconds(60))
    let worker = try PostgresGeneration(scene.process(), generation, pipeline: scene.own.pipeline)
    let lane = LaneID(table: 0, partition: 0)
    let start = LogCursor(tableID: TableID(rawValue: 1), sequence: .beforeAll)
    #expect(throws: ReadModelError.self) { _ = try worker.takeLane(lane, start: start, sessionsMax: 0) }
    try scene.set(ahead: -31_535_939)
    _ = try worker.takeLane(lane, start: start, sessionsMax: 0)
  }

  @Test func `claims on effects, and when they are tried again, go by the database's clock`() throws {
    let scene = try Scene()
    try scene.set(ahead: 86_400)
    let first = try PostgresGeneration(scene.process(), scene.own.generation, pipeline: scene.own.pipeline)
    let second = try PostgresGeneration(scene.process(), scene.own.generation, pipeline: scene.own.pipeline)
    let position = Position(tableID: TableID(rawValue: 1), partition: 0, sequence: 1)
    try scene.own.execute(
      """
      INSERT INTO _outbox (key_id, idempotency_key, effect, at, change_order, action, state, attempts, not_before, note, table_number, partition,
      is_handed_over, target) VALUES ('k', 'k', 'e', 1, 1,
      '{"deleteItem":"Tab","key":{"PK":{"S":"1"},"SK":{"S":"1"}},"seen":{},"seenThrough":"\(position)"}', 'pending', 0, 0, '', 0, 0, false, 't')
      """)
    // What a worker takes for now is the store's time, not its own.
    let wall = Int64(Date().timeIntervalSince1970 * 1_000)
    let now = try first.now()
    #expect(abs(now - wall - 86_400_000) < 60_000)
    let due = try first.dueEffects(DueEffects(effect: "e", now: now, limit: 10))
    #expect(try first.claim(due, for: .seconds(60)).count == 1)
    #expect(try second.claim(due, for: .seconds(60)).isEmpty)
    try scene.set(ahead: 86_461)
    #expect(try second.claim(due, for: .seconds(60)).count == 1)
    try second.settle([(due[0], .retry(notBefore: try second.now() + 10_000, "busy"))])
    #expect(try first.dueEffects(DueEffects(effect: "e", now: try first.now(), limit: 10)).isEmpty)
    try scene.set(ahead: 86_472)
    #expect(try first.dueEffects(DueEffects(effect: "e", now: try first.now(), limit: 10)).count == 1)
  }

  @Test func `how long ago somebody has reported something goes by the database's clock`() throws {
    let scene = try Scene()
    let (first, second) = (try scene.process().stores.pipeline("p"), try scene.process().stores.pipeline("p"))
    try scene.set(ahead: -1_000)
    let lane = WorkReport.Lane(
      generation: scene.own.generation.number, table: "T", partition: 0, sequence: 1, behind: 0, watermark: .distantPast,
      deadLetters: 0, retention: nil, stopped: nil)
    try first.report(WorkReport(lanes: [lane]))
    #expect(try #require(try second.reported()).lanes.allSatisfy { $0.age < .seconds(30) })
    try scene.set(ahead: -940)
    #expect(try #require(try second.reported()).lanes.allSatisfy { (.seconds(60)..<(.seconds(90))).contains($0.age) })
  }
}
