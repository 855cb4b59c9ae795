internal import Foundation
package import ReadModels
internal import SQLite

extension SQLitePipelineStore {
  package func generations() throws(ReadModelError) -> [Generation] {
    try run { try SQLitePipelineStore.generations(connection, directory) }
  }

  private static func generations(_ connection: Connection, _ directory: String) throws -> [Generation] {
    var all: [Generation] = []
    try connection.forEach("SELECT number, fingerprint, state FROM generations ORDER BY number") { row in
      let number = Int(row.int64(0))
      guard let state = Generation.State(rawValue: row.text(2) ?? "") else {
        throw ReadModelError.damaged(path: directory + "/catalog.db", "the state of generation \(number) does not decode")
      }
      all.append(Generation(number: number, fingerprint: row.text(1) ?? "", state: state, store: directory))
    }
    return all
  }

  /// The generations in a pipeline's folder, for a process that only looks, and what SQLite finds wrong with the catalogue, at most `limit`
  /// sentences. Nothing is made or changed.
  package static func inspect(_ directory: String, limit: Int) throws(ReadModelError) -> (
    generations: [Generation], faults: [String]
  ) {
    let path = directory + "/catalog.db"
    do {
      if let place = WriteAheadLog.damage(of: path), WriteAheadLog.damage(of: path) == place {
        throw SQLiteGeneration.damagedLog(path, place)
      }
      let connection = try Connection(path: path, options: ConnectionOptions(access: .readOnly, notesDamage: true))
      defer { connection.close() }
      let found = try connection.integer("PRAGMA user_version") ?? 0
      guard found == version || found == versionWithoutChecksums else {
        throw otherVersion(directory, found)
      }
      if found == version, !connection.hasChecksums {
        throw ReadModelError.damaged(path: path, "its pages have lost their checksums")
      }
      return (try generations(connection, directory), try connection.faults(limit: limit))
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw SQLiteGeneration.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  package func generation(for fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    // The files are this process's alone: no other leads anything.
    switch GenerationChoice(fingerprint, among: try generations(), led: []) {
    case .make: return try make(fingerprint, definition)
    case .wait(let reason): throw .held(reason)
    case .run(let found, let abandoned):
      for generation in abandoned {
        try run { try connection.run("DELETE FROM generations WHERE number = ?1", .int(generation.number)) }
        try? FileManager.default.removeItem(atPath: generation.directory)
      }
      return found
    }
  }

  package func rebuild(_ fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    try make(fingerprint, definition)
  }

  private func make(_ fingerprint: String, _ definition: String) throws(ReadModelError) -> Generation {
    let all = try generations()
    // One that takes another's place is seen when it has caught up, and not before.
    let isFirst = all.isEmpty
    let number = try run {
      try connection.transaction {
        // What was being built for another definition is given up. A number never comes again.
        try connection.execute("DELETE FROM generations WHERE state = 'building'")
        try connection.run(
          "INSERT INTO generations (fingerprint, state) VALUES (?1, ?2)", .text(fingerprint),
          .text((isFirst ? Generation.State.current : .building).rawValue))
        return Int(try connection.integer("SELECT last_insert_rowid()") ?? 0)
      }
    }
    guard let made = try generations().last(where: { $0.number == number }) else {
      throw .damaged(path: directory, "the new generation is not in the catalogue")
    }
    for abandoned in all where abandoned.state == .building { try? FileManager.default.removeItem(atPath: abandoned.directory) }
    try run {
      try? FileManager.default.removeItem(atPath: made.directory)
      try FileManager.default.createDirectory(atPath: made.directory, withIntermediateDirectories: true)
      try definition.write(toFile: made.pipelinePath, atomically: false, encoding: .utf8)
      if isFirst { try link(made) }
    }
    return made
  }

  package func makeCurrent(_ generation: Generation, inPlaceOf frozen: Generation?) throws(ReadModelError) {
    try run {
      try connection.transaction {
        try connection.execute("UPDATE generations SET state = 'kept' WHERE state = 'current'")
        try connection.run("UPDATE generations SET state = 'current' WHERE number = ?1", .int(generation.number))
        guard connection.changes == 1 else {
          throw ReadModelError.storage(path: directory, "generation \(generation.number) was given up", isFull: false)
        }
      }
      settle()
      try link(generation)
    }
    let kept = try generations().filter { $0.state == .kept }
    for old in kept.dropLast(ReadModelLimits.keptGenerationsMax) {
      try run { try connection.run("DELETE FROM generations WHERE number = ?1", .int(old.number)) }
      try? FileManager.default.removeItem(atPath: old.directory)
    }
  }

  // One process works on the files: it leads, and nobody else has to be stopped.

  package func lead(_ generation: Generation, for lease: Duration) -> Bool { true }
  package func stopLeading(_ generation: Generation) {}
  package func freeze(_ generation: Generation, for limit: Duration) {}
  package func thaw(_ generation: Generation) {}

  package func giveUpCurrent() throws(ReadModelError) -> Bool {
    try run {
      try connection.execute("UPDATE generations SET state = 'kept' WHERE state = 'current'")
      defer { settle() }
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
}
