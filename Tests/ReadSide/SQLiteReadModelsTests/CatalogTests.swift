import Foundation
import ReadModels
import SQLite
import StoreTestKit
import Testing

@testable import SQLiteReadModels

/// The catalogue of a pipeline's generations, as killed processes leave it.
@Suite struct CatalogTests {
  /// Of SQLite's write-ahead log: a header, then frames of a header and a page each.
  private static let (logHeader, frame) = (32, 24 + 4_096)

  @Test func `a process that is killed while it makes the catalogue leaves one that the next can make`() throws {
    let scene = TemporaryDirectory()
    let made = scene.path + "/made"
    let store = try SQLitePipelineStore(directory: made)
    let file = try Data(contentsOf: URL(fileURLWithPath: made + "/catalog.db"))
    let log = try Data(contentsOf: URL(fileURLWithPath: made + "/catalog.db-wal"))
    #expect(log.count > CatalogTests.logHeader + 3 * CatalogTests.frame)
    for end in stride(from: CatalogTests.logHeader, through: log.count, by: CatalogTests.frame) {
      let cut = scene.path + "/cut-\(end)"
      try FileManager.default.createDirectory(atPath: cut, withIntermediateDirectories: true)
      try file.write(to: URL(fileURLWithPath: cut + "/catalog.db"))
      try log.prefix(end).write(to: URL(fileURLWithPath: cut + "/catalog.db-wal"))
      let next = try SQLitePipelineStore(directory: cut)
      #expect(try next.generations().isEmpty)
    }
    _ = consume store
  }

  @Test(arguments: [SQLitePipelineStore.version + 1, 1]) func `a catalogue of another format is refused, with what to do`(
    _ version: Int64
  ) throws {
    let scene = TemporaryDirectory()
    let directory = scene.path + "/read-models/p"
    do {
      let store = try SQLitePipelineStore(directory: directory)
      try store.connection.execute("PRAGMA user_version = \(version)")
    }
    func refusal(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch {
        return "\(error)"
      }
    }
    let refusals = [
      refusal { _ = try SQLitePipelineStore(directory: directory) },
      refusal { _ = try SQLitePipelineStore.inspect(directory, limit: 1) },
    ]
    for refusal in refusals {
      #expect(
        refusal.contains(
          "catalog.db has catalogue format \(version), this program writes format 3: use the afterimage that wrote it, or begin"))
      #expect(
        refusal.hasSuffix(
          ": stop the process that uses it, and rebuild it from the log with: afterimage pipeline rebuild p --data \(scene.path)")
      )
    }
  }
}
