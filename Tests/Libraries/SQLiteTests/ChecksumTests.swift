import Foundation
import SQLite
import Testing

/// Checksums in the pages of a file, and the write-ahead log beside it.
@Suite struct ChecksumTests {
  /// A file with a table of many pages, closed: everything stands in the file.
  private static func file(in folder: Folder, rows: Int = 400) throws -> String {
    let path = folder.path + "/checked.db"
    let connection = try Connection(path: path)
    try connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)")
    try connection.transaction {
      for row in 0..<rows {
        let insert = try connection.statement("INSERT INTO t VALUES (?1, ?2)")
        try insert.bind(1, Int64(row))
        try insert.bind(2, String(repeating: "\(row) ", count: 30))
        try insert.run()
      }
    }
    #expect(connection.hasChecksums)
    connection.close()
    return path
  }

  private final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: "afterimage-checksums-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private static func flip(_ path: String, _ place: Int, bit: UInt8 = 3) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[place] ^= 1 << bit
    try bytes.write(to: URL(filePath: path))
  }

  private static func sum(_ connection: Connection) throws -> Int {
    let select = try connection.prepare("SELECT b FROM t")
    var length = 0
    while try select.step() { length += select.bytes(0)?.count ?? 0 }
    return length
  }

  @Test func `a flipped bit anywhere in a page that is read is an error that names the page`() throws {
    let folder = try Folder()
    let path = try Self.file(in: folder)
    let whole = try Data(contentsOf: URL(filePath: path))
    let expected = try Self.sum(try Connection(path: path, options: .readOnly))
    // In the text of a row, in the page's own header, in bytes that nothing uses, and in the checksum itself.
    for place in [4_096 * 5 + 2_000, 4_096 * 6 + 3, 4_096 * 7 + 4_000, 4_096 * 8 - 1] {
      try whole.write(to: URL(filePath: path))
      try Self.flip(path, place)
      let refusing = try Connection(path: path, options: .readOnly)
      let page = place / 4_096 + 1
      let error = #expect(throws: SQLiteError.self) { try Self.sum(refusing) }
      #expect(
        error?.isCorrupt == true && error?.message.hasPrefix("page \(page) does not match its checksum") == true,
        "\(place): \(error as Any)")
    }
    let noting = try Connection(path: path, options: ConnectionOptions(access: .readOnly, notesDamage: true))
    #expect(try Self.sum(noting) == expected)
    #expect(noting.damage?.reads == 1 && noting.damage?.firstPage == 8)
  }

  @Test func `a file without checksums is read as it is, and gets them when it is written again`() throws {
    let folder = try Folder()
    let path = folder.path + "/plain.db"
    try Self.run(["sqlite3", path, "PRAGMA journal_mode = WAL; CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x')"])
    let connection = try Connection(path: path)
    #expect(try Self.sum(connection) == 1)
    #expect(!connection.hasChecksums)
    try connection.rewrite()
    #expect(try Self.sum(connection) == 1)
    try connection.checkpoint(.truncate)
    connection.close()
    let again = try Connection(path: path)
    #expect(try Self.sum(again) == 1)
    #expect(again.hasChecksums)
    again.close()
    // Other programs read it, and what they write into it is not taken for our own.
    #expect(try Self.run(["sqlite3", "-readonly", path, "SELECT b FROM t"]) == "x\n")
    try Self.run(["sqlite3", path, "UPDATE t SET b = 'y'"])
    let changed = try Connection(path: path, options: .readOnly)
    #expect(throws: SQLiteError.self) { try Self.sum(changed) }
  }

  @discardableResult
  private static func run(_ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return text
  }

  /// Two tables that change together, and the log of ten such changes beside the file. `isMoved`: the log was moved into the file and is still
  /// there, as a kill after that leaves it.
  private static func logged(in folder: Folder, isMoved: Bool) throws -> String {
    let path = folder.path + "/live.db"
    let connection = try Connection(path: path, options: ConnectionOptions(checkpointPages: 0))
    try connection.execute("CREATE TABLE one (a INTEGER); CREATE TABLE two (a INTEGER)")
    try connection.execute("INSERT INTO one VALUES (0); INSERT INTO two VALUES (0)")
    try connection.checkpoint(.truncate)
    for number in 1...10 {
      try connection.transaction {
        try connection.execute("UPDATE one SET a = \(number)")
        if number > 5 { try connection.execute("UPDATE two SET a = \(number)") }
      }
    }
    if isMoved { try connection.checkpoint(.passive) }
    let copy = folder.path + "/left.db"
    for end in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + end, toPath: copy + end) }
    connection.close()
    return copy
  }

  private static func state(_ path: String) throws -> [Int64] {
    let select = try Connection(path: path).prepare("SELECT (SELECT a FROM one), (SELECT a FROM two)")
    _ = try select.step()
    return [select.int64(0), select.int64(1)]
  }

  @Test func `a log that another program moves into the file leaves pages without checksums, which are not damaged`() throws {
    let folder = try Folder()
    let path = try Self.logged(in: folder, isMoved: false)
    #expect(try Self.run(["sqlite3", path, "SELECT (SELECT a FROM one), (SELECT a FROM two)"]) == "10|10\n")
    #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    #expect(try Self.state(path) == [10, 10])
    let connection = try Connection(path: path)
    try connection.execute("UPDATE one SET a = 11")
    connection.close()
    #expect(try Self.state(path) == [11, 10])
  }

  @Test func `a damaged log of which nothing was moved gives an earlier state`() throws {
    let folder = try Folder()
    let path = try Self.logged(in: folder, isMoved: false)
    #expect(WriteAheadLog.damage(of: path) == nil)
    try Self.flip(path + "-wal", 32 + 3 * 4_120 + 100)
    #expect(WriteAheadLog.damage(of: path) == nil)
    #expect(try Self.state(path) == [3, 0])
  }

  @Test func `a damaged log of which parts were moved is seen: SQLite would mix two states`() throws {
    let folder = try Folder()
    let path = try Self.logged(in: folder, isMoved: true)
    #expect(WriteAheadLog.damage(of: path) == nil)
    try Self.flip(path + "-wal", 32 + 3 * 4_120 + 100)
    #expect(WriteAheadLog.damage(of: path) == 32 + 3 * 4_120)
    #expect(try Self.state(path) == [3, 10])
  }
}
