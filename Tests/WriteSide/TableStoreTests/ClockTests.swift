import ChangeLog
import ChangeRecords
import DynamoModel
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import Testing

@Suite struct ClockTests {
  let directory = TemporaryDirectory()
  let time = ManualTime(wall: 1_700_000_000_000)

  func open() throws -> TableStore {
    try TableStore(path: directory.path, options: .init(time: time, sweepInterval: .milliseconds(5)))
  }

  func watermark(_ store: TableStore, _ table: String = "T") async throws -> LogTime {
    let log = EmbeddedLog(store, table: table)
    let bounds = try await log.bounds(partition: 0)
    let cursor = LogCursor(tableID: try await log.describe().tableID, sequence: bounds.last)
    return try await log.read(partition: 0, after: cursor, limit: .standard, wait: .zero).watermark
  }

  @Test func `commit times never go back, over a clock set back and a restart`() async throws {
    var store = try open()
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    try await store.put("T", ["pk": .string("1")])
    time.jump(-50_000)
    try await store.put("T", ["pk": .string("2")])
    store.close()
    time.jump(-50_000)
    store = try open()
    defer { store.close() }
    try await store.put("T", ["pk": .string("3")])
    let times = try await store.records("T")[0].map(\.time)
    #expect(times == times.sorted())
    #expect(times[0] == LogTime(rawValue: 1_700_000_000_000))
  }

  @Test func `no record carries a time below a watermark that was given`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    try await store.put("T", ["pk": .string("1")])
    time.advance(700)
    try store.settleClock()
    let given = try await watermark(store)
    #expect(given == LogTime(rawValue: 1_700_000_000_700))
    time.jump(-600)
    try await store.put("T", ["pk": .string("2")])
    #expect(try await store.records("T")[0].last?.time == given)
  }

  @Test func `a wall clock that jumped ahead stops writes until it is accepted`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    try await store.put("T", ["pk": .string("1")])
    time.jump(60_000)
    try await store.put("T", ["pk": .string("2")])
    time.jump(60_001)
    let before = try await watermark(store)
    let error = await #expect(throws: DynamoError.self) { try await store.put("T", ["pk": .string("3")]) }
    #expect(error?.message.contains("afterimage table clock --accept-jump") == true)
    #expect(try await watermark(store) == before)
    store.acceptClockJump()
    try await store.put("T", ["pk": .string("3")])
  }

  @Test func `a start long after the last time refuses writes and removes nothing until it is accepted, and reads go on`()
    async throws
  {
    var store = try open()
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false), timeToLive: "expires"))
    try await store.put("T", ["pk": .string("1"), "expires": .number(Number(1_700_000_005))])
    store.close()
    time.advance(7 * 86_400_000 + 60_000)
    time.reboot()
    store = try open()
    defer { store.close() }
    let error = await #expect(throws: DynamoError.self) { try await store.put("T", ["pk": .string("2")]) }
    #expect(error?.message.contains("afterimage table clock --accept-jump") == true)
    #expect(try store.get("T", ["pk": .string("1")]) != nil && store.clockJump > 7 * 86_400_000)
    store.acceptClockJump()
    try await store.put("T", ["pk": .string("2")])
    #expect(try await store.records("T")[0].last?.time ?? .zero >= LogTime(rawValue: time.wall()))
  }

  @Test func `a history clock takes its times from the writes until it ends`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "H", key: .strings(sort: false)), clock: .history)
    try await store.put("H", ["pk": .string("1")], time: 1_000)
    try await store.put("H", ["pk": .string("2")], time: 5_000)
    #expect(try await watermark(store, "H") == LogTime(rawValue: 5_000))
    await #expect(throws: DynamoError.self) { try await store.put("H", ["pk": .string("3")], time: 4_999) }
    await #expect(throws: DynamoError.self) { try await store.put("H", ["pk": .string("3")]) }
    try store.setClock("H", .live)
    try await store.put("H", ["pk": .string("3")])
    #expect(try await store.records("H")[0].map(\.time.rawValue) == [1_000, 5_000, 1_700_000_000_000])
  }

  @Test func `an item goes when its second has come, with the service's identity`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false), timeToLive: "expires"))
    let due = Number(1_700_000_002)
    try await store.put("T", ["pk": .string("goes"), "expires": .number(due)])
    try await store.put("T", ["pk": .string("string"), "expires": .string("1700000002")])
    try await store.put("T", ["pk": .string("old"), "expires": .number(Number(1_500_000_000))])
    try await store.put("T", ["pk": .string("moved"), "expires": .number(due)])
    try await store.put("T", ["pk": .string("moved"), "expires": .number(Number(1_800_000_000))])
    time.advance(3_000)
    let log = EmbeddedLog(store, table: "T")
    let cursor = LogCursor(tableID: try await log.describe().tableID, sequence: 5)
    let batch = try await log.read(partition: 0, after: cursor, limit: .standard, wait: .seconds(10))
    #expect(batch.entries.count == 1)
    let record = try #require(try await store.records("T")[0].last)
    #expect(record.kind == .remove && record.cause == .service && record.keys["pk"] == .string("goes"))
    for kept in ["string", "old", "moved"] { #expect(try store.get("T", ["pk": .string(kept)]) != nil) }
  }

  @Test func `a deleted table's log ends with a truncate record and the name begins again`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    try await store.put("T", ["pk": .string("1")])
    let old = try await EmbeddedLog(store, table: "T").describe()
    _ = try store.deleteTable("T")
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    let log = EmbeddedLog(store, table: "T")
    #expect(try await log.describe().tableID != old.tableID)
    #expect(try store.get("T", ["pk": .string("1")]) == nil)
    let cursor = LogCursor(tableID: old.tableID, sequence: 1)
    let batch = try await log.read(partition: 0, after: cursor, limit: .standard, wait: .zero)
    #expect(batch.entries.count == 1 && batch.watermark == .distantFuture)
    #expect(try batch.bytes.withUnsafeBytes { try StoredRecord.parts($0).kind } == .truncate)
  }
}
