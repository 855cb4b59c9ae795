import ChangeRecords
import DynamoModel
import RandomTestKit
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import Testing

@Suite struct JobTests {
  let directory = TemporaryDirectory()
  let time = ManualTime(wall: 1_700_000_000_000)

  func open(retention: Int64? = nil) throws -> TableStore {
    try TableStore(path: directory.path, options: .init(retention: retention, time: time, sweepInterval: .milliseconds(5)))
  }

  func items(_ store: TableStore, _ name: String) throws -> [Item] {
    let table = try #require(store.table(name))
    var found: [Item] = []
    try store.scan(table, index: nil, segment: nil, after: nil) { (item) throws(DynamoError) in
      found.append(item)
      return true
    }
    return found.sorted { Bytes.less($0.binary, $1.binary) }
  }

  func waitUntilOpen(_ store: TableStore, _ name: String) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while store.table(name)?.isOpen != true, clock.now < deadline { try await clock.sleep(for: .milliseconds(5)) }
    #expect(store.table(name)?.isOpen == true)
  }

  func restore(_ store: TableStore, as name: String, at moment: Int64) async throws -> [Item] {
    let source = try #require(store.table("T"))
    var definition = source.definition
    definition.name = name
    _ = try store.createTable(
      definition, filledBy: .restore,
      ["tableId": .string(source.description.tableID.description), "time": .number(Number(moment))])
    try await waitUntilOpen(store, name)
    return try items(store, name)
  }

  @Test func `a table can be had as it was at any moment of its log`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false), partitions: 3))
    var random = SeededGenerator(seed: 11)
    var now: [String: Item] = [:]
    var moments: [(time: Int64, items: [Item])] = []
    for round in 0..<12 {
      for _ in 0..<40 {
        let key = "k\(Int.random(in: 0..<25, using: &random))"
        if Int.random(in: 0..<4, using: &random) == 0 {
          now[key] = nil
          try await store.delete("T", ["pk": .string(key)])
        } else {
          let item: Item = ["pk": .string(key), "n": .number(Number(Int64.random(in: 0..<9, using: &random)))]
          now[key] = item
          try await store.put("T", item)
        }
        if Int.random(in: 0..<3, using: &random) == 0 { time.advance(7) }
      }
      moments.append((time.wall(), now.values.sorted { Bytes.less($0.binary, $1.binary) }))
      time.advance(Int64(1 + round % 3))
    }
    for (place, moment) in moments.enumerated() {
      #expect(try await restore(store, as: "At\(place)", at: moment.time) == moment.items, "moment \(place)")
    }
  }

  @Test func `a restore goes on after the store was closed in its middle`() async throws {
    var store = try open()
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    for number in 0..<1500 { try await store.put("T", ["pk": .string("\(number)")]) }
    let backup = try store.createBackup(try #require(store.table("T")), name: "one")
    store.close()
    store = try open()
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while store.job(arn: backup.arn)?.status != .done, clock.now < deadline { try await clock.sleep(for: .milliseconds(5)) }
    _ = try store.deleteTable("T")
    _ = try store.createTable(
      TableDefinition(name: "Again", key: .strings(sort: false)), filledBy: .restore, ["backup": .string(backup.arn)])
    store.close()
    store = try open()
    defer { store.close() }
    try await waitUntilOpen(store, "Again")
    #expect(try items(store, "Again").count == 1500)
    #expect(store.table("Again")?.description.itemCount == 1500)
    #expect(try await store.records("Again")[0].count == 1500)
  }

  @Test func `a restore that fails leaves a table that can be deleted`() async throws {
    let store = try open()
    defer { store.close() }
    _ = try store.createTable(
      TableDefinition(name: "Never", key: .strings(sort: false)), filledBy: .restore, ["backup": .string("gone")])
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while store.jobs(.restore)[0].status == .running, clock.now < deadline { try await clock.sleep(for: .milliseconds(5)) }
    #expect(store.jobs(.restore)[0].failure == "the backup gone was deleted before it was restored")
    let table = try #require(store.table("Never"))
    #expect(!table.isOpen && !store.isFilling(table))
    _ = try store.deleteTable("Never")
    #expect(store.table("Never") == nil)
  }

  @Test func `a moment that was trimmed is not promised`() async throws {
    let store = try open(retention: 60_000)
    defer { store.close() }
    _ = try store.createTable(TableDefinition(name: "T", key: .strings(sort: false)))
    try await store.put("T", ["pk": .string("a")])
    let early = store.earliestMoment(try #require(store.table("T")))
    #expect(early == 1_700_000_000_000)
    time.advance(120_000)
    try await store.put("T", ["pk": .string("b")])
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while store.earliestMoment(try #require(store.table("T"))) == early, clock.now < deadline {
      time.advance(1000)
      try await clock.sleep(for: .milliseconds(5))
    }
    #expect(store.earliestMoment(try #require(store.table("T"))) == 1_700_000_120_000)
  }
}
