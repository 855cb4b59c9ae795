package import ChangeLog
internal import DynamoModel
internal import Foundation
package import Pipelines
package import Postgres
package import ReadModels

/// A PostgreSQL database that holds read models: a schema for each pipeline's catalogue, `<namespace>.<pipeline>`, and one for each of its generations,
/// `<namespace>.<pipeline>.<number>`. A schema of the pipeline's name holds views of the current one.
package struct PostgresDatabase: Sendable {
  package let settings: PostgresSettings
  /// Begins the names of all schemas, so that two environments share a database.
  package let namespace: Namespace
  /// Tells this process from others that share the database, in what they claim and lead: host, process, and a number of its own.
  package let worker: String

  /// Connections are made when they are needed.
  package init(_ settings: PostgresSettings, namespace: Namespace = .usual) {
    self.settings = settings
    self.namespace = namespace
    let process = ProcessInfo.processInfo
    worker = "\(process.hostName):\(process.processIdentifier):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
  }

  /// The role that may read the views and nothing else, if there is one of this name.
  package var readerRole: String { "\(namespace.name)_reader" }

  /// Of a pipeline whose store has this name: its last part where it is a path. A name too long for PostgreSQL is shortened, with a hash of the whole.
  func schema(_ store: String) -> String {
    let name = store.split(separator: "/").last.map(String.init) ?? store
    return PostgresDatabase.shortened("\(namespace.name).\(name)", bytesMax: PostgresDatabase.identifierBytesMax - 12)
  }

  /// The schema of a generation.
  package func schema(of generation: Generation) -> String { "\(schema(generation.store)).\(generation.number)" }

  /// The schema of the views of a pipeline's current generation: the pipeline's name, after `<namespace>_` if that is not the usual one.
  package func viewSchema(_ store: String) -> String {
    let name = store.split(separator: "/").last.map(String.init) ?? store
    let whole = namespace == .usual ? name : "\(namespace.name)_\(name)"
    return PostgresDatabase.shortened(whole, bytesMax: PostgresDatabase.identifierBytesMax)
  }

  /// PostgreSQL cuts longer names off.
  static let identifierBytesMax = 63

  static func shortened(_ name: String, bytesMax: Int) -> String {
    guard name.utf8.count > bytesMax else { return name }
    let digits = String(UInt32(truncatingIfNeeded: StableHash.bits(of: Array(name.utf8)) >> 64), radix: 16)
    var short = name
    while short.utf8.count > bytesMax - 9 { short.removeLast() }
    return "\(short)-\(digits)"
  }

  package var stores: ReadModelStores {
    ReadModelStores(
      layout: PostgresSchema.layout, areShared: true,
      pipeline: { (name) throws(ReadModelError) in try PostgresPipelineStore(self, name: name) },
      generation: { (generation, pipeline) throws(ReadModelError) in
        try PostgresGeneration(self, generation, pipeline: pipeline)
      },
      withoutStates: { (generation, pipeline) throws(ReadModelError) in
        try PostgresGeneration(self, generation, pipeline: pipeline, ofAnyLayout: true)
      })
  }

  /// What a server says of itself and of who asks.
  package struct About: Sendable {
    package let version: String
    package let database: String
    package let role: String
    package let isStandby: Bool
    package let isReadOnly: Bool
    package let mayMakeSchemas: Bool
    package let connections: Int
    package let connectionsMax: Int
    /// The server's clock, in milliseconds since 1970.
    package let now: Int64
  }

  package func about() throws -> About {
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    let row = try connection.run(
      """
      SELECT current_setting('server_version'), current_database()::text, current_user::text, pg_is_in_recovery(),
      current_setting('transaction_read_only')::boolean, has_database_privilege(current_database(), 'CREATE'),
      (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), current_setting('max_connections')::bigint,
      (extract(epoch FROM clock_timestamp()) * 1000)::bigint
      """)
    return About(
      version: row.text(0, 0) ?? "", database: row.text(0, 1) ?? "", role: row.text(0, 2) ?? "", isStandby: row.boolean(0, 3),
      isReadOnly: row.boolean(0, 4), mayMakeSchemas: row.boolean(0, 5), connections: Int(row.int64(0, 6)),
      connectionsMax: Int(row.int64(0, 7)), now: row.int64(0, 8))
  }

  /// The names of the pipelines that have a catalogue here. A name that was too long for a schema's is shortened, as the schema's is.
  package func pipelines() throws -> [String] {
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    let rows = try connection.run(
      """
      SELECT n.nspname::text FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'catalog'
      WHERE starts_with(n.nspname::text, $1) ORDER BY 1
      """, .text(namespace.name + "."))
    return (0..<rows.count).map { String((rows.text($0, 0) ?? "").dropFirst(namespace.name.count + 1)) }
  }

  /// The text of the pipeline file that a generation is built by.
  package func pipelineFile(of generation: Generation) throws -> String {
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    let rows = try connection.run(
      "SELECT pipeline_file FROM \(PostgresConnection.identifier(schema(generation.store))).generations WHERE number = $1",
      .bigint(generation.number))
    guard rows.count > 0 else { throw ReaderError.notReady }
    return rows.text(0, 0) ?? ""
  }

  /// Removes a generation that no catalogue has, with all that is in its schema.
  package func dropTemporary(_ generation: Generation) throws {
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    try connection.execute("DROP SCHEMA IF EXISTS \(PostgresConnection.identifier(schema(of: generation))) CASCADE")
  }

  /// Opens a generation for reading.
  package func reader(_ generation: Generation, _ pipeline: Pipeline) throws -> any GenerationReader {
    try PostgresReader(self, generation, pipeline: pipeline)
  }
}
