import Foundation
import ReadModelConformance
import ReadModels
import SQLite
import SQLiteReadModels
import StoreTestKit
import Testing

/// The SQLite store keeps the contract of a store.
@Suite struct SQLiteConformanceTests {
  @Test(arguments: ReadModelConformance.allCases)
  func `the SQLite store conforms`(_ conformance: ReadModelConformance) async throws {
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    try await conformance.run(
      StoreFixture(
        stores: .sqlite, directory: directory.path, deadLettersMax: ReadModelLimits.deadLettersMax,
        reader: { try SQLiteReader(path: $0.databasePath, pipeline: $1) }, fail: { try Self.fail($0, $1) },
        outgrowJournal: { generation in
          // As if so much had happened to another board.
          let connection = try Connection(path: generation.databasePath)
          try connection.execute(
            """
            INSERT INTO _journal (id, first, projection, keys)
            SELECT max(id) + \(ReadModelLimits.journalEntriesMax), max(id) + \(ReadModelLimits.journalEntriesMax), 999, x''
            FROM _journal
            """)
          connection.close()
        }, tamper: { try Self.tamper($0, $1) }))
  }

  private static func tamper(_ generation: Generation, _ tampering: StoreFixture.Tampering) throws {
    let connection = try Connection(path: generation.databasePath)
    defer { connection.close() }
    switch tampering {
    case .changed: try connection.execute("UPDATE plays SET points = points + 1 WHERE name = 'ben'")
    case .removed: try connection.execute("DELETE FROM plays WHERE name = 'ben'")
    case .added:
      try connection.execute(
        """
        CREATE TEMP TABLE copied AS SELECT * FROM plays WHERE name = 'ben'; UPDATE copied SET name = 'zoe';
        INSERT INTO plays SELECT * FROM copied
        """)
    }
  }

  /// A trigger of another connection that refuses what a part of a checkpoint writes.
  private static func fail(_ generation: Generation, _ part: StoreFixture.Part?) throws -> Bool {
    let connection = try Connection(path: generation.databasePath)
    defer { connection.close() }
    try connection.execute("DROP TRIGGER IF EXISTS refuse")
    guard let part else { return true }
    let write: String
    switch part {
    case .position: write = "UPDATE ON _lanes"
    case .collection: write = "INSERT ON plays"
    case .groups: write = "INSERT ON rooms"
    case .sessions: write = "INSERT ON _sessions"
    case .steps: write = "INSERT ON _steps"
    case .deadLetters: write = "INSERT ON _dead_letters"
    case .outbox: write = "INSERT ON _outbox"
    case .commit: return false
    }
    try connection.execute("CREATE TRIGGER refuse BEFORE \(write) BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END")
    return true
  }
}
