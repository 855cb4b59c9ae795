import ChangeLog
import Foundation
import Postgres
import PostgresReadModels
import PostgresTestKit
import ReadModelConformance
import ReadModels
import StoreTestKit
import Testing

/// The PostgreSQL store keeps the contract of a store.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct PostgresConformanceTests {
  @Test(arguments: ReadModelConformance.allCases)
  func `the PostgreSQL store conforms`(_ conformance: ReadModelConformance) async throws {
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let settings = try PostgresCluster.shared().settings()
    let database = PostgresDatabase(settings, namespace: try Namespace("conformance-\(UInt32.random(in: 0 ... .max))"))
    try await conformance.run(
      StoreFixture(
        stores: database.stores, directory: directory.path, deadLettersMax: ReadModelLimits.deadLettersMax,
        reader: { try database.reader($0, $1) }, fail: { try Self.fail(database, settings, $0, $1) },
        outgrowJournal: { generation in
          try Self.execute(
            database, settings, generation, "UPDATE _journals SET last = last + \(ReadModelLimits.journalEntriesMax)")
        },
        tamper: { generation, tampering in
          let change =
            switch tampering {
            case .changed: "UPDATE plays SET points = points + 1 WHERE name = 'ben'"
            case .removed: "DELETE FROM plays WHERE name = 'ben'"
            case .added:
              """
              CREATE TEMP TABLE copied AS SELECT * FROM plays WHERE name = 'ben'; UPDATE copied SET name = 'zoe';
              INSERT INTO plays SELECT * FROM copied
              """
            }
          try Self.execute(database, settings, generation, change)
        }))
  }

  private static func execute(
    _ database: PostgresDatabase, _ settings: PostgresSettings, _ generation: Generation, _ sql: String
  ) throws {
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    try connection.execute("SET search_path = \(PostgresConnection.identifier(database.schema(of: generation)))")
    try connection.execute(sql)
  }

  /// A trigger that refuses what a part of a checkpoint writes.
  private static func fail(
    _ database: PostgresDatabase, _ settings: PostgresSettings, _ generation: Generation, _ part: StoreFixture.Part?
  ) throws -> Bool {
    try execute(database, settings, generation, "DROP FUNCTION IF EXISTS refuse() CASCADE")
    guard let part else { return true }
    let trigger =
      switch part {
      case .position: "TRIGGER refuse BEFORE UPDATE ON _lanes FOR EACH ROW"
      case .collection: "TRIGGER refuse BEFORE INSERT ON plays FOR EACH ROW"
      case .groups: "TRIGGER refuse BEFORE INSERT ON rooms FOR EACH ROW"
      case .sessions: "TRIGGER refuse BEFORE INSERT ON _sessions FOR EACH ROW"
      case .steps: "TRIGGER refuse BEFORE INSERT ON _steps FOR EACH ROW"
      case .deadLetters: "TRIGGER refuse BEFORE INSERT ON _dead_letters FOR EACH ROW"
      case .outbox: "TRIGGER refuse BEFORE INSERT ON _outbox FOR EACH ROW"
      case .commit: "CONSTRAINT TRIGGER refuse AFTER UPDATE ON _lanes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
      }
    try execute(
      database, settings, generation,
      """
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'as the test wants it'; END $$;
      CREATE \(trigger) EXECUTE FUNCTION refuse()
      """)
    return true
  }
}
