package import ChangeRecords
internal import Foundation
package import ReadModels
internal import SQLite

/// What a pipeline's read model says of itself, for a program that only looks: nothing is made, taken or changed, whether a process works on it or not.
package struct ReadModelSummary: Sendable {
  /// Where a lane stands.
  package struct Lane: Sendable, Equatable {
    package let table: String
    package let tableID: String
    package let partition: Int
    package let sequence: SequenceNumber
  }

  /// What the current generation holds.
  package enum Current: Sendable, Equatable {
    /// There is none, or its tables are being made.
    case none
    /// Its format is not `ReadModelFormat.version`: nothing else is known.
    case otherFormat(String)
    case known(lanes: [Lane], deadLetters: Int)
  }

  /// By number; nil while the catalogue is being made. A state that is unknown is shown as it is stored.
  package let generations: [(number: Int, state: String)]?
  package let current: Current

  /// Reads the folder of a pipeline's read models. Throws `damaged` or `storage` for files that cannot be read. O(lanes).
  package init(directory: String) throws(ReadModelError) {
    do throws(SQLiteError) {
      generations = try ReadModelSummary.generations(directory + "/catalog.db")
      let path = directory + "/current.db"
      current = FileManager.default.fileExists(atPath: path) ? try ReadModelSummary.current(path) : .none
    } catch {
      throw SQLiteGeneration.storage(directory, error)
    }
  }

  private static func generations(_ path: String) throws(SQLiteError) -> [(number: Int, state: String)]? {
    let catalog = try Connection(path: path, options: .readOnly)
    guard try isThere("generations", catalog) else { return nil }
    let rows = try catalog.statement("SELECT number, state FROM generations ORDER BY number")
    var all: [(number: Int, state: String)] = []
    while try rows.step() { all.append((Int(rows.int64(0)), rows.text(1) ?? "?")) }
    return all
  }

  private static func current(_ path: String) throws(SQLiteError) -> Current {
    let file = try Connection(path: path, options: .readOnly)
    guard try isThere("_meta", file) else { return .none }
    let meta = try file.statement("SELECT value FROM _meta WHERE key = 'version'")
    let version = try meta.step() ? meta.text(0) ?? "none" : "none"
    guard version == "\(ReadModelFormat.version)" else { return .otherFormat(version) }
    let rows = try file.statement("SELECT table_name, table_id, partition, sequence FROM _lanes ORDER BY table_name, partition")
    var lanes: [Lane] = []
    while try rows.step() {
      lanes.append(
        Lane(
          table: rows.text(0) ?? "", tableID: rows.text(1) ?? "", partition: Int(rows.int64(2)),
          sequence: rows.sequence(3)))
    }
    return .known(lanes: lanes, deadLetters: Int(try file.integer("SELECT count(*) FROM _dead_letters") ?? 0))
  }

  /// Whether a file has a table: it is there a moment before its tables.
  private static func isThere(_ table: String, _ file: Connection) throws(SQLiteError) -> Bool {
    try file.integer("SELECT count(*) FROM sqlite_schema WHERE name = ?1", .text(table)) ?? 0 > 0
  }
}
