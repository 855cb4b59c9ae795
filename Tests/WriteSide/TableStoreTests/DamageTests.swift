import ChangeRecords
import DynamoModel
import Foundation
import RandomTestKit
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import Testing

/// One flipped bit in any file of a store: a refusal, an error, or the right answer; never a wrong one. 40 flips;
/// AFTERIMAGE_FLIP_ROUNDS sets another number.
@Suite(.timeLimit(.minutes(10))) struct DamageTests {
  static let rounds = ProcessInfo.processInfo.environment["AFTERIMAGE_FLIP_ROUNDS"].flatMap { Int($0) } ?? 40
  static let items = 300

  static func item(_ number: Int, _ life: Int) -> Item {
    var generator = SeededGenerator(seed: UInt64(number * 10 + life))
    let text = String(
      (0..<Int.random(in: 1..<3_000, using: &generator)).map { _ in "abcdefghijklmnop".randomElement(using: &generator)! })
    return ["pk": .string("k\(number)"), "text": .string(text), "group": .string("g\(number % 7)")]
  }

  static let definition = TableDefinition(
    name: "T_1", key: .strings(sort: false),
    indexes: [
      IndexDefinition(
        name: "byGroup", kind: .global, key: KeySchema(partition: .init(name: "group", type: .string)), projection: .all)
    ], partitions: 2)

  /// A store of tables that were flushed twice and logs that were not, as a kill leaves it. Item k is in its life k % 3.
  static func killed() async throws -> TemporaryDirectory {
    let (live, killed) = (TemporaryDirectory(), TemporaryDirectory())
    for life in 0..<3 {
      let store = try TableStore(path: live.path, options: .init(sweepInterval: .seconds(60)))
      if life == 0 { _ = try store.createTable(definition) }
      for number in 0..<items where number % 3 >= life { try await store.put("T_1", item(number, life)) }
      if life == 2 { try FileManager.default.copyItem(atPath: live.path, toPath: killed.path) }
      store.close()
    }
    return killed
  }

  enum Outcome { case refused, error, right }

  /// Opens the store and reads everything in it in every way there is.
  static func outcome(_ path: String, _ what: String) async throws -> Outcome {
    let store: TableStore
    do {
      store = try TableStore(path: path, options: .init(sweepInterval: .seconds(60)))
    } catch {
      #expect(!error.description.isEmpty)
      return .refused
    }
    defer { store.close() }
    do {
      guard let table = store.table("T_1") else {
        Issue.record("\(what): the table is gone")
        return .right
      }
      for number in 0..<items {
        #expect(try store.get("T_1", ["pk": .string("k\(number)")]) == item(number, number % 3), "\(what): item \(number)")
      }
      var changes = 0
      for records in try await store.records("T_1") {
        for record in records {
          guard case .string(let key)? = record.keys["pk"], let number = Int(key.dropFirst()) else {
            Issue.record("\(what): a record without its key")
            continue
          }
          #expect((0..<3).contains { record.newImage == item(number, $0) }, "\(what): a record of item \(number)")
        }
        changes += records.count
      }
      #expect(changes == items + items * 2 / 3 + items / 3, "\(what): \(changes) records")
      #expect(table.description.itemCount == items, "\(what)")
      let findings = try store.verify("T_1").differences
      #expect(findings.isEmpty, "\(what): \(findings)")
      return .right
    } catch let error as Testing.ExpectationFailedError {
      throw error
    } catch {
      // DynamoDB's InternalServerError, or the log's error for a reader that tries again.
      return .error
    }
  }

  @Test func `a flipped bit in any file never gives a wrong answer`() async throws {
    let base = try await DamageTests.killed()
    let same = try DamageTests.copy(base)
    #expect(try await DamageTests.outcome(same.path, "as it was") == .right)
    var generator = SeededGenerator(seed: 500)
    var outcomes: [Outcome: Int] = [:]
    for round in 0..<DamageTests.rounds {
      let copy = try DamageTests.copy(base)
      let names = try FileManager.default.contentsOfDirectory(atPath: copy.path).sorted().filter {
        try !Data(contentsOf: URL(filePath: copy.path + "/" + $0)).isEmpty
      }
      let name = names[round % names.count]
      let file = copy.path + "/" + name
      var bytes = try Data(contentsOf: URL(filePath: file))
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      try bytes.write(to: URL(filePath: file))
      outcomes[try await DamageTests.outcome(copy.path, "round \(round), byte \(at) of \(name)"), default: 0] += 1
    }
    #expect(DamageTests.rounds < 20 || outcomes[.refused, default: 0] > 0)
  }

  private static func copy(_ base: TemporaryDirectory) throws -> TemporaryDirectory {
    let copy = TemporaryDirectory()
    try FileManager.default.copyItem(atPath: base.path, toPath: copy.path)
    return copy
  }

  @Test func `a recovery keeps what stands before the damage and gives new table ids`() async throws {
    let base = try await DamageTests.killed()
    #expect(TableStore.damage(path: base.path) == nil)
    let log = try #require(
      try FileManager.default.contentsOfDirectory(atPath: base.path).filter { $0.hasSuffix(".log") }.sorted().last)
    let file = base.path + "/" + log
    var bytes = try Data(contentsOf: URL(filePath: file))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: file))
    let damage = try #require(TableStore.damage(path: base.path))
    #expect(damage.file == file && damage.offset <= bytes.count / 2 && damage.changesLost > 0)
    #expect(throws: StoreError.logDamaged(damage)) { try TableStore(path: base.path) }
    let before = try TableStore.recoverable(path: base.path)
    #expect(try TableStore.recoverable(path: base.path) == before)
    #expect(try TableStore.recover(path: base.path) == before)
    #expect(TableStore.damage(path: base.path) == nil)
    let store = try TableStore(path: base.path)
    defer { store.close() }
    let table = try #require(store.table("T_1"))
    #expect(table.description.tableID != before[0].tableID)
    #expect(try await store.records("T_1").map { SequenceNumber($0.count) } == before[0].last)
    #expect(try store.verify("T_1").differences.isEmpty)
    try await store.put("T_1", DamageTests.item(1_000, 0))
  }
}
