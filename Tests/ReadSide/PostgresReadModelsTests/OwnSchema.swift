import ChangeLog
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import ReadModels

/// A pipeline's store in schemas of a test's own, opened by as many workers as it likes.
struct OwnSchema {
  let settings: PostgresSettings
  let database: PostgresDatabase
  let pipeline: Pipeline
  let generation: Generation

  /// Of a pipeline file's text, in a cluster that other tests use too.
  init(_ text: String, settings: PostgresSettings? = nil, namespace: String? = nil) throws {
    let settings = try settings ?? PostgresCluster.shared().settings()
    self.settings = settings
    database = PostgresDatabase(settings, namespace: try Namespace(namespace ?? "t\(UInt32.random(in: 0 ... .max))"))
    pipeline = try ProjectionTestKit.pipeline(text)
    generation = try database.stores.pipeline("p").generation(for: pipeline.fingerprint, definition: text)
  }

  /// A worker whose connections the server shows by a name.
  func worker(_ name: String = "worker") throws -> LaneHand {
    var own = settings
    own.applicationName = name
    let database = PostgresDatabase(own, namespace: database.namespace)
    return LaneHand(try PostgresGeneration(database, generation, pipeline: pipeline))
  }

  func reader() throws -> any GenerationReader { try database.reader(generation, pipeline) }

  /// A reader whose connection the server shows by a name and the namespace.
  func reader(named name: String) throws -> any GenerationReader {
    var own = settings
    own.applicationName = "\(name)-\(database.namespace.name)"
    return try PostgresDatabase(own, namespace: database.namespace).reader(generation, pipeline)
  }

  /// A connection in the generation's schema.
  func connection(_ name: String = "test") throws -> PostgresConnection {
    var own = settings
    own.applicationName = name
    let connection = try PostgresConnection(own)
    try connection.execute("SET search_path = \(PostgresConnection.identifier(database.schema(of: generation)))")
    return connection
  }

  func execute(_ sql: String) throws {
    let connection = try connection()
    defer { connection.close() }
    try connection.execute(sql)
  }

  /// All rows of all projections, dead letters and digests, and what a check finds.
  func everything() throws -> [String] {
    try everything(try reader())
  }

  /// The same of another store's reader, which is closed then.
  func everything(_ reader: any GenerationReader) throws -> [String] {
    defer { reader.close() }
    var all: [String] = []
    for id in pipeline.projections.ids {
      var rows: [String] = []
      try reader.rows(id, where: [], newest: nil, limit: .max) { rows.append($0.map(\.description).joined(separator: " ")) }
      all += rows.sorted().map { "\(pipeline.projections[id].name): \($0)" }
    }
    var letters: [String] = []
    try reader.deadLetters(limit: 10_000) { letters.append("letter: " + $0.map(\.description).joined(separator: " ")) }
    all += letters.sorted()
    all += try reader.digests().map { "digest: \($0)" }
    all += try reader.checkRows(of: pipeline).flatMap(\.findings)
    return all
  }

  /// What stands beside the rows: sessions' states, steps for the decider, effects.
  func beside() throws -> [String] {
    let connection = try connection()
    defer { connection.close() }
    let rows = try connection.run(
      """
      SELECT 'session ' || projection || ' ' || partition || ' ' || encode(id, 'hex') || ' ' || encode(state, 'hex') FROM _sessions
      UNION ALL SELECT 'step ' || projection || ' ' || encode(stamp, 'hex') || ' ' || place || ' ' || encode(step, 'hex') FROM _steps
      UNION ALL SELECT 'effect ' || idempotency_key || ' ' || action || ' ' || state FROM _outbox ORDER BY 1
      """)
    return (0..<rows.count).map { rows.text($0, 0) ?? "" }
  }
}
