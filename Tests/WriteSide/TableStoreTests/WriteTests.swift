import ChangeLog
import ChangeRecords
import DynamoModel
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import Testing

@Suite struct WriteTests {
  let directory = TemporaryDirectory()

  func item(_ pk: String, _ sk: String, _ more: Item = [:]) -> Item {
    var item = more
    item["pk"] = .string(pk)
    item["sk"] = .string(sk)
    return item
  }

  @Test func `a put is read back and leaves one record with its images`() async throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "Chat", key: .strings()))
    let first = item("a", "1", ["n": .number(Number(1))])
    let second = item("a", "1", ["n": .number(Number(2))])
    let position = try await store.put("Chat", first)
    #expect(position?.sequence == 1)
    try await store.put("Chat", second)
    try await store.delete("Chat", item("a", "1"))
    #expect(try store.get("Chat", item("a", "1")) == nil)
    let records = try await store.records("Chat")[0]
    #expect(records.map(\.kind) == [.insert, .modify, .remove])
    #expect(records.map(\.oldImage) == [nil, first, second])
    #expect(records.map(\.newImage) == [first, second, nil])
    #expect(records.map(\.sequence) == [1, 2, 3])
  }

  @Test func `a write that changes nothing leaves no record`() async throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "Chat", key: .strings()))
    try await store.put("Chat", item("a", "1", ["m": .map(["x": .null, "y": .bool(true)])]))
    #expect(try await store.put("Chat", item("a", "1", ["m": .map(["y": .bool(true), "x": .null])])) == nil)
    #expect(try await store.delete("Chat", item("b", "1")) == nil)
    #expect(try await store.records("Chat")[0].count == 1)
  }

  @Test func `a failed condition in a transaction undoes the whole`() async throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "Chat", key: .strings()))
    let new = item("a", "1")
    let actions = [
      WriteAction(table: "Chat", key: new) { _ in .put(new) },
      WriteAction(table: "Chat", key: item("b", "1")) { (_) throws(DynamoError) in
        throw DynamoError(.conditionalCheckFailed, "The conditional request failed")
      },
    ]
    let error = await #expect(throws: DynamoError.self) {
      try await store.write(WriteTransaction(actions: actions, isTransaction: true))
    }
    #expect(error?.code == .transactionCanceled)
    #expect(error?.cancellationReasons.map(\.code) == ["None", "ConditionalCheckFailed"])
    #expect(try store.get("Chat", new) == nil)
    #expect(try await store.records("Chat")[0].isEmpty)
  }

  @Test func `a token repeats an answer and refuses another payload`() async throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "Chat", key: .strings()))
    let new = item("a", "1")
    let action = WriteAction(table: "Chat", key: new) { _ in .put(new) }
    for _ in 0..<2 {
      _ = try await store.write(WriteTransaction(actions: [action], isTransaction: true, token: ("t", [1])))
    }
    #expect(try await store.records("Chat")[0].count == 1)
    let error = await #expect(throws: DynamoError.self) {
      try await store.write(WriteTransaction(actions: [action], isTransaction: true, token: ("t", [2])))
    }
    #expect(error?.code == .idempotentParameterMismatch)
  }

  @Test func `an item of 400 KB is taken and one byte more refused`() async throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "Chat", key: .strings()))
    let overhead = item("a", "1", ["x": .string("")]).size
    let fits = item("a", "1", ["x": .string(String(repeating: "x", count: 409_600 - overhead))])
    #expect(fits.size == 409_600)
    try await store.put("Chat", fits)
    let error = await #expect(throws: DynamoError.self) {
      try await store.put("Chat", item("a", "1", ["x": .string(String(repeating: "x", count: 409_601 - overhead))]))
    }
    #expect(error?.message == "Item size has exceeded the maximum allowed size")
    #expect(try store.get("Chat", item("a", "1")) == fits)
  }

  @Test func `everything is there after the store is opened again`() async throws {
    var store = try TableStore(path: directory.path)
    var definition = TableDefinition(
      name: "Chat", key: .strings(),
      indexes: [
        IndexDefinition(
          name: "by_room", kind: .global, key: KeySchema(partition: KeyAttribute(name: "room", type: .string)),
          projection: .include(["text"]))
      ], stream: .newAndOldImages, timeToLive: "expires", privateAttributes: ["secret"], partitions: 3,
      tags: [.init(key: "k", value: "v")])
    definition.indexes[0].options.warmReads = 13_000
    definition.options.insights = (isEnabled: true, mode: "THROTTLED_KEYS", changedAt: 5)
    definition.options.restoredFrom = RestoreSource(backup: "a", table: "b", time: 7)
    _ = try store.createTable(definition)
    for n in 0..<20 { try await store.put("Chat", item("p\(n)", "1", ["room": .string("r"), "text": .string("t\(n)")])) }
    let before = try await store.records("Chat")
    store.close()
    store = try TableStore(path: directory.path)
    defer { store.close() }
    #expect(store.table("Chat")?.definition == definition)
    #expect(store.table("Chat")?.description.itemCount == 20)
    #expect(try await store.records("Chat") == before)
    #expect(before.map(\.count).reduce(0, +) == 20)
    let position = try await store.put("Chat", item("p0", "1", ["text": .string("new")]))
    let partition = try #require(position?.partition)
    #expect(position?.sequence == SequenceNumber(before[partition].count + 1))
  }

  @Test func `changes of capacity are dated`() throws {
    let time = ManualTime(wall: 1_700_000_000_000)
    let store = try TableStore(path: directory.path, options: .init(time: time))
    defer { store.close() }
    let made = try store.createTable(TableDefinition(name: "Chat", key: .strings())).createdAt.rawValue
    func change(to throughput: TableDefinition.Throughput?) throws -> TableOptions {
      time.advance(1000)
      return try store.updateTable("Chat") { $0.throughput = throughput }.definition.options
    }
    #expect(try change(to: .init(read: 5, write: 5)).payPerRequestSince == made)
    let mixed = try change(to: .init(read: 6, write: 4))
    #expect(mixed.increasedAt == made + 2000)
    #expect(mixed.decreasedAt == made + 2000)
    let lower = try change(to: .init(read: 1, write: 4))
    #expect(lower.increasedAt == made + 2000)
    #expect(lower.decreasedAt == made + 3000)
    #expect(try change(to: nil).payPerRequestSince == made + 4000)
  }

  @Test func `a second open of the same directory is refused by name`() throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    #expect(throws: StoreError.inUse(directory.path)) { try TableStore(path: directory.path) }
  }

  @Test func `private attributes are in no record of the log`() async throws {
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "S", key: .strings(), privateAttributes: ["token"]))
    try await store.put("S", item("a", "1", ["token": .string("secret"), "x": .null]))
    try await store.put("S", item("a", "1", ["token": .string("secret2"), "x": .bool(true)]))
    let records = try await store.records("S")[0]
    #expect(records.allSatisfy { $0.newImage?["token"] == nil && $0.oldImage?["token"] == nil })
    #expect(try store.get("S", item("a", "1"))?["token"] == .string("secret2"))
  }
}
