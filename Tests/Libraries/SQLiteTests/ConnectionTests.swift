import Foundation
import SQLite
import Testing

@Suite struct ConnectionTests {
  @Test func `values of every type come back as they were bound`() throws {
    let connection = try Connection.inMemory()
    try connection.execute("CREATE TABLE t (a, b, c, d, e)")
    let insert = try connection.statement("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)")
    try insert.bind(1, Int64.min)
    try insert.bind(2, "e\u{301}\u{0}x")
    try insert.bind(3, utf8: [])
    try insert.bind(4, blob: [])
    try insert.bind(5)
    try insert.run()
    let select = try connection.statement("SELECT * FROM t")
    #expect(try select.step())
    #expect(select.int64(0) == .min)
    #expect(select.bytes(1) == Array("e\u{301}\u{0}x".utf8))
    #expect(select.text(2) == "")
    #expect(select.type(2) == .text)
    #expect(select.type(3) == .blob)
    #expect(select.isNull(4))
    #expect(select.text(4) == nil)
    #expect(select.columnNames == ["a", "b", "c", "d", "e"])
    #expect(try !select.step())
  }

  @Test func `a statement knows its parameters and whether it writes`() throws {
    let connection = try Connection.inMemory()
    try connection.execute("CREATE TABLE t (a)")
    let select = try connection.prepare("SELECT a FROM t WHERE a = :room LIMIT :limit -- the end")
    #expect(select.isReadOnly)
    #expect(select.parameterCount == 2)
    #expect(select.parameterName(1) == ":room")
    #expect(select.parameterIndex(":limit") == 2)
    #expect(select.parameterIndex(":none") == nil)
    #expect(try !connection.prepare("DELETE FROM t").isReadOnly)
  }

  @Test func `a second statement after the first is refused`() throws {
    let connection = try Connection.inMemory()
    #expect(throws: SQLiteError.self) { try connection.prepare("SELECT 1; SELECT 2") }
    #expect(throws: SQLiteError.self) { try connection.prepare("  ") }
    _ = try connection.prepare("SELECT 1; -- nothing")
  }

  @Test func `an error has its code, message, SQL and place`() throws {
    let connection = try Connection.inMemory()
    let error = #expect(throws: SQLiteError.self) { try connection.prepare("SELECT nothing_such FROM sqlite_schema") }
    #expect(error?.message == "no such column: nothing_such")
    #expect(error?.offset == 7)
    #expect(throws: SQLiteError.self) { try connection.prepare("SELECT \"text\" FROM sqlite_schema") }
  }

  @Test func `a transaction that throws leaves nothing`() throws {
    struct Stop: Error {}
    let connection = try Connection.inMemory()
    try connection.execute("CREATE TABLE t (a)")
    #expect(throws: Stop.self) {
      try connection.transaction {
        try connection.execute("INSERT INTO t VALUES (1)")
        throw Stop()
      }
    }
    let count = try connection.statement("SELECT count(*) FROM t")
    #expect(try count.step())
    #expect(count.int64(0) == 0)
    #expect(!connection.isInTransaction)
  }

  @Test func `a reader sees its snapshot while the writer commits, and cannot write`() throws {
    let folder = try Folder()
    let writer = try Connection(path: folder.file("a.db"))
    try writer.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    let reader = try Connection(path: folder.file("a.db"), options: .readOnly)
    try reader.begin(.deferred)
    let count = try reader.statement("SELECT count(*) FROM t")
    #expect(try count.step() && count.int64(0) == 1)
    count.reset()
    try writer.execute("INSERT INTO t VALUES (2)")
    #expect(try count.step() && count.int64(0) == 1)
    count.reset()
    try reader.commit()
    #expect(try count.step() && count.int64(0) == 2)
    count.reset()
    let error = #expect(throws: SQLiteError.self) { try reader.execute("INSERT INTO t VALUES (3)") }
    #expect(error?.isReadOnly == true)
    #expect(throws: SQLiteError.self) { try reader.execute("ATTACH '\(folder.file("b.db"))' AS b") }
    #expect(try writer.checkpoint(.truncate).frames == 0)
  }

  @Test func `a time limit and an interruption end a statement`() throws {
    let connection = try Connection.inMemory()
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    let error = #expect(throws: SQLiteError.self) {
      try connection.withTimeLimit(.milliseconds(20)) { try connection.statement(endless).run() }
    }
    #expect(error?.isInterrupted == true)
    connection.interruption.interrupt()
    #expect(throws: SQLiteError.self) { try connection.statement(endless).run() }
    connection.interruption.clear()
    try connection.statement("SELECT 1").run()
  }

  @Test func `a missing file and a file that is not a database give different errors`() throws {
    let folder = try Folder()
    let missing = #expect(throws: SQLiteError.self) { try Connection(path: folder.file("none.db"), options: .readOnly) }
    #expect(missing?.cannotOpen == true)
    try Data("this is text and not a database at all, however long it may go on".utf8).write(
      to: URL(fileURLWithPath: folder.file("text.db")))
    let text = #expect(throws: SQLiteError.self) { try Connection(path: folder.file("text.db")) }
    #expect(text?.isCorrupt == true)
  }

  @Test func `a connection has no clock: a 'now' that is made while a statement runs is null`() throws {
    let connection = try Connection.inMemory()
    for sql in [
      "datetime(?1)", "date(?1, '+1 day')", "julianday(?1)", "strftime('%s', ?1)", "time('n' || 'ow')", "unixepoch(?1)",
    ] {
      let statement = try connection.prepare("SELECT \(sql)")
      if sql.contains("?1") { try statement.bind(1, "now") }
      #expect(try statement.step())
      #expect(statement.isNull(0), "\(sql)")
    }
    let fixed = try connection.prepare("SELECT datetime(?1)")
    try fixed.bind(1, "2026-01-01T10:00:00Z")
    #expect(try fixed.step())
    #expect(fixed.text(0) == "2026-01-01 10:00:00")
  }

  @Test func `a closed connection says so`() throws {
    let connection = try Connection.inMemory()
    connection.close()
    connection.close()
    #expect(throws: SQLiteError.self) { try connection.execute("SELECT 1") }
  }
}

/// A folder that goes with the value.
final class Folder {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "afterimage-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func file(_ name: String) -> String { url.appending(path: name).path }

  deinit { try? FileManager.default.removeItem(at: url) }
}
