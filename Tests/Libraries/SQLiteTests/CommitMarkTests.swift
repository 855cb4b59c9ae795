import Foundation
import Testing

@testable import SQLite

/// What tells that something was committed, without asking SQLite.
@Suite struct CommitMarkTests {
  private func read(_ reader: Connection) throws {
    let statement = try reader.prepare("SELECT count(*) FROM t")
    #expect(try statement.step())
  }

  @Test func `every commit changes it, whoever makes it, and nothing else does`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "afterimage-mark-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/a.db"
    let writer = try Connection(path: path)
    try writer.execute("CREATE TABLE t (a INTEGER)")
    let reader = try Connection(path: path, options: .readOnly)
    try read(reader)
    var mark = try #require(reader.commitMark)
    for round in 0..<200 {
      #expect(reader.commitMark == mark)
      switch round % 5 {
      case 0: try read(reader)
      case 1:
        try writer.begin()
        try writer.execute("INSERT INTO t VALUES (\(round))")
        #expect(reader.commitMark == mark)
        try writer.rollback()
      case 2: try writer.checkpoint(.passive)
      default:
        try writer.execute("INSERT INTO t VALUES (\(round))")
        #expect(reader.commitMark != mark)
        mark = try #require(reader.commitMark)
      }
    }
  }

  @Test func `a database without a write-ahead log has none`() throws {
    let connection = try Connection.inMemory()
    try connection.execute("CREATE TABLE t (a INTEGER)")
    try read(connection)
    #expect(connection.commitMark == nil)
  }
}
