import Foundation
import RandomTestKit
import Testing

@testable import RocksDB

/// A killed database whose write-ahead logs were damaged: it is refused by the file's name, or everything acknowledged is there.
@Suite(.timeLimit(.minutes(5))) struct RecoveryTests {
  static let families = [
    Database.Family(name: "often", pointReads: true, writeBufferBytes: 64 << 10),
    Database.Family(name: "seldom", pointReads: false, writeBufferBytes: 4 << 20),
  ]

  static func open(_ path: String) throws -> Database { try Database(path: path, families: families, blockCacheBytes: 1 << 20) }

  static func value(_ number: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(number))
    return (0..<Int.random(in: 1..<9_000, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  static func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

  /// A folder that goes with the value.
  final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: "afterimage-recovery-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Its write-ahead logs that hold something.
    func logs() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".log") }.sorted().map { path + "/" + $0 }
        .filter { try !Data(contentsOf: URL(filePath: $0)).isEmpty }
    }
  }

  /// What a kill leaves after so many acknowledged writes: a database that is let go without `close` moves nothing into tables.
  static func killed(_ count: Int) throws -> Folder {
    let folder = Folder()
    let database = try open(folder.path)
    for number in 0..<count {
      var batch = WriteBatch(database)
      batch.put(number % 10 == 0 ? 1 : 0, key(number), value(number))
      try database.write(batch, sync: true)
    }
    return folder
  }

  /// Whether a database opens with everything that was acknowledged; false when it is refused. Anything else is recorded as an issue.
  static func isWhole(_ path: String, _ count: Int, _ what: String) throws -> Bool {
    let database: Database
    do {
      database = try open(path)
    } catch let error as RocksDBError {
      let damage = try #require(error.damage, "\(what): \(error)")
      #expect(damage.file.hasPrefix(path) && damage.file.hasSuffix(".log"), "\(what): \(error)")
      #expect(error.message.contains(damage.file))
      return false
    }
    defer { database.close() }
    for number in 0..<count {
      #expect(try database.value(number % 10 == 0 ? 1 : 0, key(number)) == value(number), "\(what): value \(number)")
    }
    return true
  }

  @Test func `a flipped bit anywhere in the logs is refused by name or harmless`() throws {
    let count = 120
    let killed = try RecoveryTests.killed(count)
    #expect(try RecoveryTests.isWhole(killed.path, count, "as it was"))
    let base = try RecoveryTests.killed(count)
    var generator = SeededGenerator(seed: 27)
    var refused = 0
    for round in 0..<60 {
      let copy = Folder()
      try FileManager.default.copyItem(atPath: base.path, toPath: copy.path)
      let file = try #require(try copy.logs().randomElement(using: &generator))
      var bytes = try Data(contentsOf: URL(filePath: file))
      // Every third in the last records, where a wrong length looks like an unfinished write.
      let at =
        round % 3 == 0
        ? bytes.count - 1 - Int.random(in: 0..<min(9_000, bytes.count), using: &generator)
        : Int.random(in: 0..<bytes.count, using: &generator)
      bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      try bytes.write(to: URL(filePath: file))
      if try !RecoveryTests.isWhole(copy.path, count, "bit at \(at) of \(file)") {
        refused += 1
        #expect(try RecoveryTests.damagedFile(copy.path) == file)
      }
    }
    #expect(refused >= 50)
  }

  private static func damagedFile(_ path: String) throws -> String? { Database.damage(at: path, families: families)?.file }

  @Test func `a log that was cut is refused by name unless nothing acknowledged was cut off`() throws {
    let count = 60
    let base = try RecoveryTests.killed(count)
    var generator = SeededGenerator(seed: 28)
    for _ in 0..<40 {
      let copy = Folder()
      try FileManager.default.copyItem(atPath: base.path, toPath: copy.path)
      let file = try #require(try copy.logs().randomElement(using: &generator))
      let bytes = try Data(contentsOf: URL(filePath: file))
      let end = Int.random(in: 0..<bytes.count, using: &generator)
      try bytes[..<end].write(to: URL(filePath: file))
      #expect(try !RecoveryTests.isWhole(copy.path, count, "\(file) cut at \(end)"))
    }
  }

  @Test func `every whole record may be cut off and is noticed`() throws {
    let count = 12
    let base = try RecoveryTests.killed(count)
    let file = try #require(try base.logs().last)
    let bytes = try Data(contentsOf: URL(filePath: file))
    for end in 0..<min(bytes.count, 200) {
      let copy = Folder()
      try FileManager.default.copyItem(atPath: base.path, toPath: copy.path)
      let at = bytes.count - 1 - end
      try bytes[..<at].write(to: URL(filePath: file.replacing(base.path, with: copy.path)))
      #expect(try !RecoveryTests.isWhole(copy.path, count, "cut at \(at)"))
    }
  }

  @Test func `a write that was never finished is cut off, and writes go on`() throws {
    let count = 30
    let base = try RecoveryTests.killed(count)
    let file = try #require(try base.logs().last)
    let whole = try Data(contentsOf: URL(filePath: file))
    // A first fragment's header whose payload did not reach the disk, and a tail of zeros.
    let unfinished: [Data] = [Data([1, 2, 3]), Data([9, 9, 9, 9, 100, 0, 1, 5, 5]), Data(repeating: 0, count: 5_000)]
    for tail in unfinished {
      let copy = Folder()
      try FileManager.default.copyItem(atPath: base.path, toPath: copy.path)
      try (whole + tail).write(to: URL(filePath: file.replacing(base.path, with: copy.path)))
      #expect(try RecoveryTests.isWhole(copy.path, count, "with a tail"))
      try RecoveryTests.writeMore(copy.path)
      #expect(try RecoveryTests.isWhole(copy.path, count, "after the tail"))
    }
  }

  private static func writeMore(_ path: String) throws {
    let database = try open(path)
    defer { database.close() }
    var batch = WriteBatch(database)
    batch.put(0, [1], [1])
    try database.write(batch, sync: true)
  }

  @Test func `what stands before the damage can be saved, in a copy first`() throws {
    let count = 60
    let base = try RecoveryTests.killed(count)
    let file = try #require(try base.logs().last)
    var bytes = try Data(contentsOf: URL(filePath: file))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(filePath: file))
    let damage = try #require(Database.damage(at: base.path, families: RecoveryTests.families))
    #expect(damage.file == file && damage.lastWritten == UInt64(count) && damage.lastKept < UInt64(count))
    let copy = Folder()
    try Database.copy(base.path, to: copy.path)
    for folder in [copy, base] {
      let database = try Database(upToDamage: folder.path, families: RecoveryTests.families)
      defer { database.close() }
      for number in 0..<count {
        let found = try database.value(number % 10 == 0 ? 1 : 0, RecoveryTests.key(number))
        #expect(found == (number < Int(damage.lastKept) ? RecoveryTests.value(number) : nil))
      }
    }
    #expect(try RecoveryTests.isWhole(base.path, Int(damage.lastKept), "saved"))
  }
}
