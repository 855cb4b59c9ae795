import ChangeRecords
import DynamoModel
import RandomTestKit
import RecordLiteralTestKit
import StoreTestKit
import Testing

@testable import TableStore

/// Batches of imports in a store: order, progress, what is refused, and TTL removals among the rows.
@Suite(.timeLimit(.minutes(2))) struct ImportTests {
  let directory = TemporaryDirectory()
  let time = ManualTime(wall: 1_700_000_000_000)

  func open(_ clock: TableClock? = nil) throws -> TableStore {
    let store = try TableStore(path: directory.path, options: .init(time: time, sweepsExpired: false))
    if let clock { try create(store, clock) }
    return store
  }

  func create(_ store: TableStore, _ clock: TableClock) throws {
    _ = try store.createTable(TableDefinition(name: "T_1", key: .strings(sort: false), timeToLive: "expires"), clock: clock)
  }

  static func item(_ key: String, _ text: String = "", expires: Int64? = nil) throws -> Item {
    var item: Item = ["pk": .string(key), "text": .string(text)]
    if let expires { item["expires"] = .number(try Number(coefficient: UInt128(expires), exponent: -3, isNegative: false)) }
    return item
  }

  func batch(
    _ store: TableStore, _ number: Int, _ rows: [(item: Item, time: Int64?)], name: String = "x", lifts: Bool = false,
    rowsBefore: Int? = nil
  ) throws -> ImportBatch {
    let table = try #require(store.table("T_1"))
    return ImportBatch(
      table: table, name: name, number: number, rowsBefore: rowsBefore, liftsTimes: lifts,
      rows: try rows.map { try table.importRow($0.item, at: $0.time.map { LogTime(rawValue: $0) }) })
  }

  /// The records as `time kind key`.
  func lines(_ store: TableStore) async throws -> [String] {
    try await store.records("T_1").joined().map { record in
      guard case .string(let key)? = record.keys["pk"] else { return "?" }
      return "\(record.time) \(record.kind) \(key)"
    }
  }

  func error(_ store: TableStore, _ batch: ImportBatch) async throws -> DynamoError? {
    do throws(DynamoError) {
      _ = try await store.apply(batch)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a batch is applied once, its progress lives with the table, and positions name the last records`() async throws {
    var store = try open(.live)
    let first = try [("a", nil), ("b", nil), ("a", nil)].enumerated().map { (try Self.item($1.0, "\($0)"), $1.1 as Int64?) }
    let done = try await store.apply(try batch(store, 1, first))
    #expect(done.progress.batch == 1 && done.progress.rows == 3)
    #expect(done.positions.map(\.sequence) == [3])
    #expect(try await store.apply(try batch(store, 1, first)).positions.isEmpty)
    #expect(try await error(store, try batch(store, 3, first))?.code == .importOutOfStep)
    #expect(try await error(store, try batch(store, 1, [first[0]]))?.code == .importMismatch)
    #expect(try await error(store, try batch(store, 2, [first[0]], rowsBefore: 2))?.code == .importMismatch)
    // Another import is another one.
    #expect(try await store.apply(try batch(store, 1, [first[2]], name: "y")).progress.rows == 1)
    store.close()
    store = try open()
    #expect(try await store.apply(try batch(store, 1, first)).progress.rows == 3)
    #expect(try await store.apply(try batch(store, 2, [first[0]], rowsBefore: 3)).progress.batch == 2)
    #expect(try await lines(store).count == 4)
    #expect(try store.verify("T_1").differences.isEmpty)
    store.close()
  }

  @Test func `what is forgotten, or of a deleted table, begins again`() async throws {
    let store = try open(.live)
    defer { store.close() }
    let table = try #require(store.table("T_1"))
    let rows = [(item: try Self.item("a"), time: nil as Int64?)]
    let old = try batch(store, 2, rows)
    _ = try await store.apply(try batch(store, 1, rows))
    _ = try await store.apply(try batch(store, 1, rows, name: "xy"))
    try store.forgetImport(table, "x")
    #expect(try store.importProgress(table, "x") == ImportProgress())
    #expect(try store.importProgress(table, "xy").batch == 1)
    #expect(try await store.apply(try batch(store, 1, [(try Self.item("b"), nil)])).progress.batch == 1)
    _ = try store.deleteTable("T_1")
    #expect(try await error(store, old)?.code == .resourceNotFound)
    try create(store, .live)
    let refused = try #require(try await error(store, old))
    #expect(refused.code == .resourceNotFound && refused.message.contains("deleted and created again"))
    #expect(try store.importProgress(try #require(store.table("T_1")), "x") == ImportProgress())
    #expect(throws: DynamoError.self) { try store.forgetImport(table, "x") }
  }

  @Test func `a row that is refused has its place, and nothing of its batch is applied`() async throws {
    let store = try open(.history)
    defer { store.close() }
    _ = try await store.apply(try batch(store, 1, [(try Self.item("a"), 10)]))
    let early = try await error(store, try batch(store, 2, [(try Self.item("b"), 20), (try Self.item("c"), 19)]))
    #expect(early?.row == 1 && early?.message == "The time 19 lies before 20, that of the row before")
    let noTime = try await error(store, try batch(store, 2, [(try Self.item("b"), 20), (try Self.item("c"), nil)]))
    #expect(noTime?.row == 1 && noTime?.message.contains("each row must bring its time") == true)
    try await store.put("T_1", try Self.item("z"), time: 30)
    let late = try await error(store, try batch(store, 2, [(try Self.item("a"), 10), (try Self.item("b"), 20)]))
    #expect(late?.row == 1 && late?.message.contains("before 30, the last one given to the table's history clock") == true)
    #expect(try await lines(store) == ["10 insert a", "30 insert z"])
    // What changes nothing may bring a time of before.
    #expect(try await store.apply(try batch(store, 2, [(try Self.item("a"), 10)])).progress.lifted == 0)
    let lifted = try await store.apply(
      try batch(store, 3, [(try Self.item("b"), 20), (try Self.item("c"), 40), (try Self.item("d"), 39)], lifts: true))
    #expect(lifted.progress.lifted == 2)
    #expect(try await lines(store).suffix(3) == ["30 insert b", "40 insert c", "40 insert d"])
    try store.setClock("T_1", .live)
    let live = try await error(store, try batch(store, 4, [(try Self.item("e"), 50)]))
    #expect(live?.row == 0 && live?.message.contains("has a live clock") == true)
    #expect(try await store.apply(try batch(store, 4, [(try Self.item("e"), nil)])).progress.rows == 6)
    let table = try #require(store.table("T_1"))
    for (item, message) in [
      (["text": .string("x")], "Missing the key pk"), (["pk": .string("")], "empty string value. Key: pk"),
      (["pk": .string("k"), "text": .string(String(repeating: "x", count: 400 << 10))], "Item size has exceeded"),
    ] as [(Item, String)] {
      #expect { try table.importRow(item, at: nil) } throws: { ($0 as? DynamoError)?.message.contains(message) == true }
    }
  }

  @Test(arguments: [TableClock.history, .live])
  func `rows that were applied and expired do not come back when their batch is sent again`(clock: TableClock) async throws {
    let store = try open(clock)
    defer { store.close() }
    let isHistory = clock == .history
    let first = [
      (item: try Self.item("a", expires: 1_700_000_001_000), time: isHistory ? 1_700_000_000_000 : nil as Int64?),
      (item: try Self.item("b"), time: isHistory ? 1_700_000_000_000 : nil as Int64?),
    ]
    _ = try await store.apply(try batch(store, 1, first))
    time.advance(5_000)
    if isHistory {
      _ = try await store.apply(try batch(store, 2, [(try Self.item("c"), 1_700_000_005_000)]))
    } else {
      #expect(try store.removeDue() == 1)
    }
    #expect(try store.get("T_1", ["pk": .string("a")]) == nil)
    let before = try await lines(store)
    let again = try await store.apply(try batch(store, 1, first))
    #expect(again.positions.isEmpty)
    #expect(try await lines(store) == before && before.contains { $0.hasSuffix("remove a") })
    #expect(try store.get("T_1", ["pk": .string("a")]) == nil)
  }

  @Test func `an index that came meanwhile refuses rows that it cannot hold`() async throws {
    let store = try open(.live)
    defer { store.close() }
    let wrong = try batch(store, 1, [(["pk": .string("a")], nil), (["pk": .string("b"), "g": .number(Number(1))], nil)])
    _ = try store.updateTable("T_1") {
      $0.indexes.append(
        IndexDefinition(
          name: "by_g", kind: .global, key: KeySchema(partition: KeyAttribute(name: "g", type: .string)), projection: .all))
    }
    let refused = try await error(store, wrong)
    #expect(refused?.row == 1 && refused?.message.contains("Type mismatch for Index Key g") == true)
    #expect(try await lines(store).isEmpty)
    _ = try await store.apply(try batch(store, 1, [(["pk": .string("b"), "g": .string("x")], nil)]))
    #expect(try store.verify("T_1").differences.isEmpty)
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `a history with TTL is the same by an import as write by write, however it is cut and sent again`(seed: UInt64)
    async throws
  {
    var generator = SeededGenerator(seed: seed)
    var writes: [(time: Int64, key: String, due: Int64?)] = []
    var time: Int64 = 1_000_000
    for number in 0..<400 {
      time += Int64.random(in: 0...300, using: &generator)
      let due =
        Bool.random(using: &generator)
        ? (time + Int64.random(in: -2_000...9_000, using: &generator)) * 1_000 + Int64(number) : nil
      writes.append((time * 1_000, "k\(Int.random(in: 0..<60, using: &generator))", due))
    }
    var store = try open(.history)
    var sent: [[(item: Item, time: Int64?)]] = []
    var rest = try writes.map { write -> (item: Item, time: Int64?) in
      (try write.due.map { try ExpiryTests.item(write.key, milliseconds: $0) } ?? ["pk": .string(write.key)], write.time)
    }[...]
    while !rest.isEmpty {
      sent.append(Array(rest.prefix(Int.random(in: 1...60, using: &generator))))
      rest = rest.dropFirst(sent[sent.count - 1].count)
      _ = try await store.apply(try batch(store, sent.count, sent[sent.count - 1]))
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        // Rows that were applied and expired meanwhile do not come back.
        let again = Int.random(in: 1...sent.count, using: &generator)
        _ = try await store.apply(try batch(store, again, sent[again - 1]))
      case 1:
        store.close()
        store = try open()
      default: break
      }
    }
    #expect(try await lines(store) == ExpiryTests.model(writes).map(\.description), "seed \(seed)")
    #expect(try store.importProgress(try #require(store.table("T_1")), "x").rows == writes.count)
    #expect(try store.verify("T_1").differences.isEmpty)
    store.close()
  }

  /// Removals that do not fit into one write make the batch several; its progress is in each.
  @Test func `a batch among whose rows much is due takes several writes, and goes on between two of them`() async throws {
    let count = Committer.roundRemovalsMax * 2 + 5
    let items = try (0..<count).map { (item: try Self.item("\($0)", expires: 10_000_000 + Int64($0)), time: 1_000 as Int64?) }
    let late = try ["x", "y"].map { (item: try Self.item($0), time: ($0 == "x" ? 11_000_000 : 20_000_000) as Int64?) }
    let rows = [(item: try Self.item("w"), time: 2_000 as Int64?)] + late
    let store = try open(.history)
    defer { store.close() }
    _ = try await store.apply(try batch(store, 1, items))
    // As after a crash between two writes: one round of the batch, and no more.
    let interrupted = try batch(store, 2, rows)
    let table = try #require(store.state.table("T_1"))
    try store.committer.perform { [state = store.state] () throws(DynamoError) in
      var run = ImportRun(try state.importProgress(table, "x"))
      guard try !state.applyRound(interrupted, table, &run) else { throw .damaged }
    }
    let begun = try store.importProgress(try #require(store.table("T_1")), "x")
    #expect(begun.batch == 1 && begun.begunRows == 1 && begun.rows == count)
    #expect(try await error(store, try batch(store, 2, [late[0], late[1]]))?.code == .importMismatch)
    // What was applied is not applied again, though it was changed meanwhile.
    try await store.put("T_1", try Self.item("w", "changed"), time: 10_005_000)
    let outcome = try await store.apply(interrupted)
    #expect(outcome.progress.batch == 2 && outcome.progress.begunRows == 0 && outcome.progress.rows == count + 3)
    let lines = try await lines(store)
    #expect(lines.count == 2 * count + 4)
    #expect(lines.suffix(2) == ["11000000 insert x", "20000000 insert y"])
    #expect(lines.count { $0.hasSuffix(" w") } == 2)
    #expect(try store.verify("T_1").differences.isEmpty)
  }
}
