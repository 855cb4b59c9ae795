internal import ChangeRecords
internal import Foundation
internal import Pipelines
internal import Projections
package import ReadModels
internal import SQLite

/// A pipeline's store in its folder: `catalog.db`, and a folder with a file for each generation. Every change of the catalogue is synced.
///
/// Not `Sendable`: one thread at a time.
package final class SQLitePipelineStore: PipelineStore {
  package let directory: String
  let connection: Connection

  /// Of the catalogue's layout.
  static let version: Int64 = 3
  /// The same layout in a file without page checksums: it gets them when it is opened.
  static let versionWithoutChecksums: Int64 = 2

  static func otherVersion(_ directory: String, _ found: Int64) -> ReadModelError {
    .otherCatalogue(path: directory + "/catalog.db", found: "\(found)", known: Int(version), schemas: nil)
  }

  package init(directory: String) throws(ReadModelError) {
    self.directory = directory
    let path = directory + "/catalog.db"
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      if let place = WriteAheadLog.damage(of: path) { throw SQLiteGeneration.damagedLog(path, place) }
      connection = try Connection(path: path)
      let found = try connection.integer("PRAGMA user_version") ?? 0
      let isNew = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
      switch found {
      case SQLitePipelineStore.version,
        _ where isNew:
        break
      case SQLitePipelineStore.versionWithoutChecksums: try connection.rewrite()
      default: throw SQLitePipelineStore.otherVersion(directory, found)
      }
      guard isNew || connection.hasChecksums else {
        throw ReadModelError.damaged(path: path, "its pages have lost their checksums")
      }
      // In one step: a process that is killed here leaves no file that has tables and no format.
      try connection.transaction {
        try connection.execute(
          """
          CREATE TABLE IF NOT EXISTS generations (number INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL,
          state TEXT NOT NULL) STRICT;
          CREATE TABLE IF NOT EXISTS effects (name TEXT PRIMARY KEY, is_paused INTEGER NOT NULL) STRICT, WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS activations (name TEXT NOT NULL, table_id TEXT NOT NULL, partition INTEGER NOT NULL,
          sequence INTEGER NOT NULL, watermark INTEGER NOT NULL, PRIMARY KEY (name, table_id, partition)) STRICT, WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS sent (idempotency_key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
          CREATE INDEX IF NOT EXISTS sent_at ON sent (at);
          PRAGMA user_version = \(SQLitePipelineStore.version);
          """)
      }
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw SQLiteGeneration.storage(path, error)
    } catch {
      throw .storage(path: directory, error.localizedDescription, isFull: false)
    }
  }

  /// Moves what was written into the file, whose pages have checksums: a log that is damaged is cut, and only the ledger may lose its end so. What a
  /// reader holds back stays in the log until the next time.
  func settle() { _ = try? connection.checkpoint(.truncate) }

  func run<Result>(_ body: () throws -> Result) throws(ReadModelError) -> Result {
    do {
      return try body()
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw SQLiteGeneration.storage(directory + "/catalog.db", error)
    } catch {
      throw .storage(path: directory, "\(error)", isFull: false)
    }
  }

  package func activate(_ names: [String], at places: [LogPlace]) throws(ReadModelError) {
    try run {
      try connection.transaction {
        var known: Set<String> = []
        try connection.forEach("SELECT name FROM effects") { known.insert($0.text(0) ?? "") }
        for name in known.subtracting(names) {
          try connection.run("DELETE FROM effects WHERE name = ?1", .text(name))
          try connection.run("DELETE FROM activations WHERE name = ?1", .text(name))
        }
        for name in names where !known.contains(name) {
          try connection.run("INSERT INTO effects (name, is_paused) VALUES (?1, 0)", .text(name))
          for place in places {
            try connection.run(
              "INSERT OR REPLACE INTO activations (name, table_id, partition, sequence, watermark) VALUES (?1, ?2, ?3, ?4, ?5)",
              .text(name), .text(place.tableID.description), .int(place.partition), .sequence(place.sequence),
              .instant(place.watermark))
          }
        }
      }
      settle()
    }
  }

  package func activations() throws(ReadModelError) -> Activations {
    try run {
      var all = Activations()
      try connection.forEach("SELECT name FROM effects ORDER BY name") { all.add($0.text(0) ?? "", nil) }
      try connection.forEach("SELECT name, table_id, partition, sequence, watermark FROM activations") { row in
        guard let tableID = TableID(row.text(1) ?? "") else { throw StateError() }
        all.add(
          row.text(0) ?? "",
          LogPlace(
            tableID: tableID, partition: Int(row.int64(2)), sequence: row.sequence(3), watermark: row.instant(4)))
      }
      return all
    }
  }

  package func paused() throws(ReadModelError) -> Set<String> {
    try run {
      var names: Set<String> = []
      try connection.forEach("SELECT name FROM effects WHERE is_paused = 1") { names.insert($0.text(0) ?? "") }
      return names
    }
  }

  package func setPaused(_ effect: String, _ isPaused: Bool) throws(ReadModelError) -> Bool {
    try run {
      try connection.run("UPDATE effects SET is_paused = ?2 WHERE name = ?1", .text(effect), .int(isPaused ? 1 : 0))
      let isActive = connection.changes > 0
      settle()
      return isActive
    }
  }

  package func sent(among idempotencyKeys: [String]) throws(ReadModelError) -> [String] {
    try run {
      try idempotencyKeys.filter { key in
        try connection.integer("SELECT 1 FROM sent WHERE idempotency_key = ?1", .text(key)) != nil
      }
    }
  }

  package func recordSent(_ idempotencyKeys: [String], at time: Int64) throws(ReadModelError) {
    guard !idempotencyKeys.isEmpty else { return }
    try run {
      try connection.transaction {
        for key in idempotencyKeys {
          try connection.run("INSERT OR IGNORE INTO sent (idempotency_key, at) VALUES (?1, ?2)", .text(key), .int(time))
        }
        try connection.run("DELETE FROM sent WHERE at < ?1", .int(time - ReadModelLimits.ledgerAgeMax))
      }
    }
  }
}

extension ReadModelStores {
  /// SQLite files in the data directory.
  package static let sqlite = ReadModelStores(
    layout: GenerationSchema.layout,
    pipeline: { (directory) throws(ReadModelError) in try SQLitePipelineStore(directory: directory) },
    generation: { (generation, pipeline) throws(ReadModelError) in
      try SQLiteGeneration(path: generation.databasePath, pipeline: pipeline)
    },
    withoutStates: { (generation, pipeline) throws(ReadModelError) in
      try SQLiteGeneration(path: generation.databasePath, pipeline: pipeline, ofAnyLayout: true)
    })
}
