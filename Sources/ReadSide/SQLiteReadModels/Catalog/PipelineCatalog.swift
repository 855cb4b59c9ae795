internal import Foundation
internal import Pipelines
internal import SQLite

/// One build of a pipeline's read models.
package struct Generation: Sendable, Equatable {
  package enum State: String, Sendable {
    /// Being built beside the current one.
    case building
    /// The one that readers see.
    case current
    /// An earlier one, kept for going back.
    case kept
  }

  package let number: Int
  package let fingerprint: String
  package let state: State
  /// The folder with `read-model.db` and the `pipeline.yaml` that it was built by.
  package let directory: String

  package var databasePath: String { directory + "/read-model.db" }
  package var pipelinePath: String { directory + "/pipeline.yaml" }
}

/// What belongs to a pipeline and not to one generation: which generation is current, since when each effect is active, and the
/// ledger of effects that were carried out. In `catalog.db` of the pipeline's folder; every change is synced.
///
/// Not `Sendable`: one thread at a time.
package final class PipelineCatalog {
  package let directory: String
  private let connection: Connection

  /// Earlier generations that are kept.
  package static let keptMax = 2

  package init(directory: String) throws(ReadModelError) {
    self.directory = directory
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      connection = try Connection(path: directory + "/catalog.db")
      try connection.execute(
        """
        CREATE TABLE IF NOT EXISTS generations (number INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, state TEXT NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS effects (name TEXT PRIMARY KEY, active_since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS sent (idempotency_key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """)
    } catch let error as SQLiteError {
      throw GenerationFile.storage(directory + "/catalog.db", error)
    } catch {
      throw .storage(path: directory, error.localizedDescription, isFull: false)
    }
  }

  private func run<Result>(_ body: () throws -> Result) throws(ReadModelError) -> Result {
    do {
      return try body()
    } catch let error as SQLiteError {
      throw GenerationFile.storage(directory + "/catalog.db", error)
    } catch {
      throw .storage(path: directory, "\(error)", isFull: false)
    }
  }

  package func generations() throws(ReadModelError) -> [Generation] {
    try run {
      let rows = try connection.statement("SELECT number, fingerprint, state FROM generations ORDER BY number")
      var all: [Generation] = []
      while try rows.step() {
        let number = Int(rows.int64(0))
        let digits = String(number)
        let name = "generation-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        all.append(
          Generation(
            number: number, fingerprint: rows.text(1) ?? "", state: Generation.State(rawValue: rows.text(2) ?? "") ?? .kept,
            directory: directory + "/" + name))
      }
      return all
    }
  }

  package func current() throws(ReadModelError) -> Generation? { try generations().last { $0.state == .current } }

  /// The generation that this definition is to run in: the current one if it was built by it, one that is being built for it, or
  /// a new one, with a copy of the pipeline file beside it. The very first is current at once.
  package func generation(for fingerprint: String, pipelineFile: String) throws(ReadModelError) -> Generation {
    let all = try generations()
    if let found = all.last(where: { $0.fingerprint == fingerprint && $0.state != .kept }) { return found }
    let number = (all.last?.number ?? 0) + 1
    let isFirst = !all.contains { $0.state == .current }
    try run {
      // What was being built for another definition is given up.
      try connection.execute("DELETE FROM generations WHERE state = 'building'")
      let statement = try connection.statement("INSERT INTO generations (number, fingerprint, state) VALUES (?1, ?2, ?3)")
      try statement.bind(1, Int64(number))
      try statement.bind(2, fingerprint)
      try statement.bind(3, (isFirst ? Generation.State.current : .building).rawValue)
      try statement.run()
    }
    guard let made = try generations().last(where: { $0.number == number }) else {
      throw .damaged(path: directory, "the new generation is not in the catalogue")
    }
    for abandoned in all where abandoned.state == .building { try? FileManager.default.removeItem(atPath: abandoned.directory) }
    try run {
      try? FileManager.default.removeItem(atPath: made.directory)
      try FileManager.default.createDirectory(atPath: made.directory, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: pipelineFile, toPath: made.pipelinePath)
      if isFirst { try link(made) }
    }
    return made
  }

  /// Makes a generation the one that readers see, in one step; the one before is kept.
  package func makeCurrent(_ generation: Generation) throws(ReadModelError) {
    try run {
      try connection.transaction {
        try connection.execute("UPDATE generations SET state = 'kept' WHERE state = 'current'")
        let statement = try connection.statement("UPDATE generations SET state = 'current' WHERE number = ?1")
        try statement.bind(1, Int64(generation.number))
        try statement.run()
      }
      try link(generation)
    }
    let kept = try generations().filter { $0.state == .kept }
    for old in kept.dropLast(PipelineCatalog.keptMax) {
      try run {
        let statement = try connection.statement("DELETE FROM generations WHERE number = ?1")
        try statement.bind(1, Int64(old.number))
        try statement.run()
      }
      try? FileManager.default.removeItem(atPath: old.directory)
    }
  }

  /// Makes the next start build a new generation from the log and serve it at once, whatever the current one is like. What was sent
  /// stays in the ledger, so no effect is carried out again. False when there is none to give up.
  package func giveUpCurrent() throws(ReadModelError) -> Bool {
    try run {
      try connection.execute("UPDATE generations SET state = 'kept' WHERE state = 'current'")
      return connection.changes > 0
    }
  }

  /// `current.db` in the pipeline's folder points to the current read model, for `sqlite3` and other clients.
  private func link(_ generation: Generation) throws {
    let path = directory + "/current.db"
    let temporary = path + ".new"
    try? FileManager.default.removeItem(atPath: temporary)
    let target = generation.databasePath.dropFirst(directory.count + 1)
    try FileManager.default.createSymbolicLink(atPath: temporary, withDestinationPath: String(target))
    guard rename(temporary, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  /// Since when an effect is active, in microseconds of log time: `now` when it is seen for the first time. What happened
  /// earlier is never carried out.
  package func activation(of effect: String, now: Int64) throws(ReadModelError) -> Int64 {
    try run {
      let insert = try connection.statement("INSERT OR IGNORE INTO effects (name, active_since) VALUES (?1, ?2)")
      try insert.bind(1, effect)
      try insert.bind(2, now)
      try insert.run()
      let read = try connection.statement("SELECT active_since FROM effects WHERE name = ?1")
      try read.bind(1, effect)
      _ = try read.step()
      defer { read.reset() }
      return read.int64(0)
    }
  }

  /// Whether an effect was carried out, by whatever generation.
  package func wasSent(_ idempotencyKey: String) throws(ReadModelError) -> Bool {
    try run {
      let read = try connection.statement("SELECT 1 FROM sent WHERE idempotency_key = ?1")
      try read.bind(1, idempotencyKey)
      defer { read.reset() }
      return try read.step()
    }
  }

  package func recordSent(_ idempotencyKeys: [String], at time: Int64) throws(ReadModelError) {
    guard !idempotencyKeys.isEmpty else { return }
    try run {
      try connection.transaction {
        for key in idempotencyKeys {
          let insert = try connection.statement("INSERT OR IGNORE INTO sent (idempotency_key, at) VALUES (?1, ?2)")
          try insert.bind(1, key)
          try insert.bind(2, time)
          try insert.run()
        }
      }
    }
  }
}
