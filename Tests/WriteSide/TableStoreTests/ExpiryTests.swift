import ChangeRecords
import DynamoModel
import RandomTestKit
import RecordLiteralTestKit
import StoreTestKit
import Testing

@testable import TableStore

/// TTL removals by a table's own clock: the store's for live tables, that of the writes for a history.
@Suite(.timeLimit(.minutes(2))) struct ExpiryTests {
  let directory = TemporaryDirectory()
  let time = ManualTime(wall: 1_700_000_000_000)

  func open(_ clock: TableClock) throws -> TableStore {
    let store = try TableStore(path: directory.path, options: .init(time: time, sweepsExpired: false))
    _ = try store.createTable(TableDefinition(name: "T_1", key: .strings(sort: false), timeToLive: "expires"), clock: clock)
    return store
  }

  static func item(_ key: String, milliseconds: Int64) throws -> Item {
    let due = try Number(coefficient: UInt128(milliseconds), exponent: -3, isNegative: false)
    return ["pk": .string(key), "expires": .number(due)]
  }

  struct Line: Equatable, CustomStringConvertible {
    let time: Int64
    let kind: ChangeRecord.Kind
    let key: String

    var description: String { "\(time) \(kind) \(key)" }
  }

  func lines(_ store: TableStore) async throws -> [Line] {
    try await store.records("T_1")[0].map { record in
      guard case .string(let key)? = record.keys["pk"] else { return Line(time: 0, kind: record.kind, key: "") }
      #expect((record.kind == .remove) == (record.cause == .service))
      return Line(time: record.time.rawValue, kind: record.kind, key: key)
    }
  }

  @Test func `due is the first millisecond after the seconds that are named, and the range's ends outside`() throws {
    for (text, wanted) in [
      ("0", 1), ("1", 1_001), ("1.5", 1_501), ("1.0001", 1_001), ("0.00000001", 1), ("-1.5", -1_499), ("-0.0001", 0),
      ("9223372036854775", 9_223_372_036_854_775_001), ("9223372036854775.8071", .max), ("1e125", .max), ("-1e125", .min),
      ("1e-130", 1),
    ] as [(String, Int64)] {
      #expect(try Number(text).expiryMilliseconds == wanted, "\(text)")
    }
  }

  @Test func `an item lives through the instant that it names, and not a second longer`() async throws {
    let store = try open(.live)
    defer { store.close() }
    #expect(try store.nextExpiry(["T_1", "none"]) == nil)
    try await store.put("T_1", try ExpiryTests.item("late", milliseconds: 1_700_000_009_000))
    try await store.put("T_1", try ExpiryTests.item("a", milliseconds: 1_700_000_002_900))
    #expect(try store.nextExpiry(["T_1"]) == 1_700_000_002_901)
    time.advance(2_900)
    #expect(try store.removeDue() == 0)
    time.advance(1)
    #expect(try store.removeDue() == 1)
    #expect(try store.get("T_1", ["pk": .string("a")]) == nil)
    #expect(try await lines(store).last == Line(time: 1_700_000_002_901, kind: .remove, key: "a"))
    #expect(try store.nextExpiry(["T_1"]) == 1_700_000_009_001)
    time.jump(3_600_000)
    #expect(try store.removeDue() == 0)
  }

  @Test func `more than a round's removals all go`() async throws {
    let store = try open(.live)
    defer { store.close() }
    let count = Committer.roundRemovalsMax + 1
    for number in 0..<count { try await store.put("T_1", try ExpiryTests.item("\(number)", milliseconds: 1_700_000_001_000)) }
    time.advance(1_001)
    #expect(try store.removeDue() == count)
    #expect(try store.removeDue() == 0)
    #expect(try store.verify("T_1").differences.isEmpty)
  }

  @Test func `in a history what is due goes before the write that is later, at its own instant`() async throws {
    let store = try open(.history)
    defer { store.close() }
    try await store.put("T_1", try ExpiryTests.item("a", milliseconds: 90_000), time: 60_000)
    try await store.put("T_1", try ExpiryTests.item("b", milliseconds: 40_000), time: 61_000)
    // At the same time nothing goes; later b goes first, at the last time given, for its own had passed when it was written.
    try await store.put("T_1", try ExpiryTests.item("c", milliseconds: 80_500), time: 61_000)
    try await store.put("T_1", ["pk": .string("d")], time: 90_001)
    #expect(try store.removeDue() == 0)
    #expect(
      try await lines(store) == [
        Line(time: 60_000, kind: .insert, key: "a"), Line(time: 61_000, kind: .insert, key: "b"),
        Line(time: 61_000, kind: .insert, key: "c"), Line(time: 61_000, kind: .remove, key: "b"),
        Line(time: 80_501, kind: .remove, key: "c"), Line(time: 90_001, kind: .remove, key: "a"),
        Line(time: 90_001, kind: .insert, key: "d"),
      ])
  }

  @Test func `a write to an item that is due finds it gone`() async throws {
    let store = try open(.history)
    defer { store.close() }
    try await store.put("T_1", try ExpiryTests.item("a", milliseconds: 50_000), time: 10_000)
    try await store.put("T_1", try ExpiryTests.item("a", milliseconds: 99_000), time: 50_001)
    #expect(
      try await lines(store) == [
        Line(time: 10_000, kind: .insert, key: "a"), Line(time: 50_001, kind: .remove, key: "a"),
        Line(time: 50_001, kind: .insert, key: "a"),
      ])
  }

  /// A history as a plain model has it: one item a key, and before each later write what is due, by due instant.
  static func model(_ writes: [(time: Int64, key: String, due: Int64?)]) -> [Line] {
    var items: [String: Int64?] = [:]
    var lines: [Line] = []
    var last: Int64 = 0
    for write in writes {
      if write.time > last {
        let due = items.compactMap { key, due in due.map { (due: $0 + 1, key: key) } }.filter { $0.due <= write.time }
        for one in due.sorted(by: { $0.due < $1.due }) {
          last = max(last, one.due)
          lines.append(Line(time: last, kind: .remove, key: one.key))
          items[one.key] = nil
        }
      }
      last = write.time
      guard items[write.key] == nil || items[write.key]! != write.due else { continue }
      lines.append(Line(time: last, kind: items.keys.contains(write.key) ? .modify : .insert, key: write.key))
      items[write.key] = .some(write.due)
    }
    return lines
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `a history is the same however its writes are sent`(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    var writes: [(time: Int64, key: String, due: Int64?)] = []
    var time: Int64 = 1_000_000
    for number in 0..<400 {
      time += Int64.random(in: 0...300, using: &generator)
      // No two instants are equal, so that ties do not matter here.
      let due =
        Bool.random(using: &generator)
        ? (time + Int64.random(in: -2_000...9_000, using: &generator)) * 1_000 + Int64(number) : nil
      writes.append((time * 1_000, "k\(Int.random(in: 0..<60, using: &generator))", due))
    }
    let store = try open(.history)
    defer { store.close() }
    var sent = 0
    while sent < writes.count {
      var keys = Set<String>()
      let part = writes[sent...].prefix(Int.random(in: 1...25, using: &generator)).prefix { keys.insert($0.key).inserted }
      let actions = try part.map { write in
        let item = try write.due.map { try ExpiryTests.item(write.key, milliseconds: $0) } ?? ["pk": .string(write.key)]
        return WriteAction(table: "T_1", key: ["pk": .string(write.key)], needsCurrent: false) { _ in .put(item) }
      }
      _ = try await store.write(WriteTransaction(actions: actions, times: part.map { LogTime(rawValue: $0.time) }))
      sent += part.count
    }
    #expect(try await lines(store) == ExpiryTests.model(writes), "seed \(seed)")
    #expect(try store.verify("T_1").differences.isEmpty)
  }

  @Test func `a batch with a wrong time is refused as a whole`() async throws {
    let store = try open(.history)
    defer { store.close() }
    try await store.put("T_1", ["pk": .string("first")], time: 50_000)
    let actions = ["a", "b"].map { key in
      WriteAction(table: "T_1", key: ["pk": .string(key)], needsCurrent: false) { _ in .put(["pk": .string(key)]) }
    }
    await #expect(throws: DynamoError.self) {
      try await store.write(WriteTransaction(actions: actions, times: [60_000, 59_000]))
    }
    await #expect(throws: DynamoError.self) {
      try await store.write(WriteTransaction(actions: actions, times: [49_000, 60_000]))
    }
    #expect(try await lines(store).count == 1)
    _ = try await store.write(WriteTransaction(actions: actions, times: [60_000, 60_001]))
    // Sent again it changes nothing.
    _ = try await store.write(WriteTransaction(actions: actions, times: [60_000, 60_001]))
    #expect(try await lines(store).count == 3)
  }

  @Test func `no write overtakes removals that take several rounds`() async throws {
    let store = try open(.history)
    defer { store.close() }
    let count = Committer.roundRemovalsMax * 2 + 5
    for number in 0..<count {
      let item = try ExpiryTests.item("\(number)", milliseconds: 10_000_000 + Int64(count - number))
      try await store.put("T_1", item, time: 1_000)
    }
    let actions = [WriteAction(table: "T_1", key: ["pk": .string("x")], needsCurrent: false) { _ in .put(["pk": .string("x")]) }]
    _ = try await store.write(WriteTransaction(actions: actions, times: [20_000_000]))
    let lines = try await lines(store)
    #expect(lines.count == count * 2 + 1 && lines.last == Line(time: 20_000_000, kind: .insert, key: "x"))
    let removals = lines[count..<(count * 2)]
    #expect(removals.map(\.key) == (0..<count).reversed().map(String.init))
    #expect(removals.map(\.time) == (1...count).map { 10_000_001 + Int64($0) })
  }
}
