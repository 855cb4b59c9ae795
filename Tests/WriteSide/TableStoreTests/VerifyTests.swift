import ChangeRecords
import DynamoModel
import Foundation
import RandomTestKit
import RocksDB
import StoreTestKit
import TableStore
import Testing

/// `TableStore.verify`: silent while all agrees, and it names each kind of damage.
@Suite struct VerifyTests {
  let directory = TemporaryDirectory()

  static let definition = TableDefinition(
    name: "T_1", key: .strings(),
    indexes: [
      IndexDefinition(
        name: "byGroup", kind: .global,
        key: KeySchema(partition: .init(name: "group", type: .string), sort: .init(name: "rank", type: .number)),
        projection: .include(["text"])),
      IndexDefinition(
        name: "byRank", kind: .local,
        key: KeySchema(partition: .init(name: "pk", type: .string), sort: .init(name: "rank", type: .number)), projection: .all),
    ], timeToLive: "gone", partitions: 3)

  /// So many puts and deletes over 200 keys, many of them in index and TTL, one in ten with an expiry long ago.
  func write(_ store: TableStore, _ count: Int, _ generator: inout SeededGenerator) async throws {
    for _ in 0..<count {
      let key: Item = [
        "pk": .string("p\(Int.random(in: 0..<20, using: &generator))"),
        "sk": .string("s\(Int.random(in: 0..<10, using: &generator))"),
      ]
      if Int.random(in: 0..<4, using: &generator) == 0 {
        try await store.delete("T_1", key)
        continue
      }
      var item = key
      if Bool.random(using: &generator) { item["group"] = .string("g\(Int.random(in: 0..<3, using: &generator))") }
      if Bool.random(using: &generator) { item["rank"] = .number(Number(Int64.random(in: 0..<5, using: &generator))) }
      if Bool.random(using: &generator) {
        item["text"] = .string(String(repeating: "x", count: Int.random(in: 1..<50, using: &generator)))
      }
      switch Int.random(in: 0..<10, using: &generator) {
      case 0: item["gone"] = .number(Number(Int64(1)))
      case 1..<5: item["gone"] = .number(Number(Int64.random(in: 4_000_000_000..<5_000_000_000, using: &generator)))
      default: break
      }
      try await store.put("T_1", item)
    }
  }

  @Test func `after random writes, an index made among them, and another start all agrees`() async throws {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("VerifyTests: seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    var store = try TableStore(path: directory.path)
    _ = try store.createTable(Self.definition)
    try await write(store, 800, &generator)
    let found = try store.verify("T_1")
    #expect(found.differences.isEmpty, "\(found.differences)")
    #expect(found.items > 50 && found.indexEntries > 50 && found.timeToLiveEntries > 10 && found.records > 500)
    _ = try store.updateTable("T_1") { definition in
      definition.indexes.append(
        IndexDefinition(
          name: "byText", kind: .global, key: KeySchema(partition: .init(name: "text", type: .string)), projection: .keysOnly))
    }
    try await write(store, 300, &generator)
    #expect(try store.verify("T_1").differences.isEmpty)
    store.close()
    store = try TableStore(path: directory.path)
    defer { store.close() }
    try await write(store, 300, &generator)
    let again = try store.verify("T_1")
    #expect(again.differences.isEmpty, "\(again.differences)")
    #expect(throws: DynamoError.self) { try store.verify("None") }
  }

  @Test(.timeLimit(.minutes(5))) func `a log that was trimmed is compared with the items of its records`() async throws {
    let time = ManualTime(wall: 1_700_000_000_000)
    let store = try TableStore(
      path: directory.path, options: .init(retention: 60_000, time: time, sweepInterval: .milliseconds(5)))
    defer { store.close() }
    _ = try store.createTable(Self.definition)
    var generator = SeededGenerator(seed: 7)
    try await write(store, 200, &generator)
    time.advance(61_000)
    var found = try store.verify("T_1")
    try await write(store, 50, &generator)
    while !found.isTrimmed {
      time.advance(1)
      await Task.yield()
      found = try store.verify("T_1")
    }
    try await write(store, 200, &generator)
    found = try store.verify("T_1")
    #expect(found.differences.isEmpty, "\(found.differences)")
  }

  enum Damage: CaseIterable {
    case item, itemGone, itemMore, entryGone, entryMore, timeToLiveGone, recordGone, recordChanged, lastRecordGone, counts
  }

  @Test(arguments: Damage.allCases) func `damage is named`(_ damage: Damage) async throws {
    do {
      let store = try TableStore(path: directory.path)
      defer { store.close() }
      _ = try store.createTable(Self.definition)
      for number in 0..<30 {
        let item: Item = [
          "pk": .string("p\(number)"), "sk": .string("s"), "group": .string("g"), "rank": .number(Number(Int64(number))),
          "gone": .number(Number(Int64(4_000_000_000 + number))),
        ]
        try await store.put("T_1", item)
      }
    }
    try harm(damage)
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    let found = try store.verify("T_1")
    let kinds = Set(found.differences.map(\.kind))
    let expected: Set<TableFindings.Kind> =
      switch damage {
      case .item: [.itemDiffersFromLog, .countDiffers]
      case .itemGone: [.itemMissing, .indexEntryStale, .timeToLiveEntryStale, .countDiffers]
      case .itemMore: [.itemDamaged, .countDiffers, .itemWithoutRecord, .indexEntryMissing, .timeToLiveEntryMissing]
      case .entryGone: [.indexEntryMissing, .countDiffers]
      case .entryMore: [.indexEntryStale]
      case .timeToLiveGone: [.timeToLiveEntryMissing]
      case .recordGone: [.logGap, .itemWithoutRecord]
      case .recordChanged: [.recordOutOfLine, .itemDiffersFromLog]
      case .lastRecordGone: [.itemWithoutRecord]
      case .counts: [.countDiffers]
      }
    #expect(kinds == expected, "\(found.differences)")
    #expect(found.differenceCount == found.differences.count)
    if damage == .entryGone { #expect(found.differences[0].key?["pk"] != nil && found.differences[0].index == "byGroup") }
  }

  /// Changes the closed store's database behind its back.
  func harm(_ damage: Damage) throws {
    let names = ["meta", "items", "index", "log"]
    let database = try Database(
      path: directory.path, families: names.map { .init(name: $0, pointReads: false, writeBufferBytes: 1 << 20) },
      blockCacheBytes: 1 << 20)
    defer { database.close() }
    let (meta, items, index, log) = (0, 1, 2, 3)
    func pairs(_ family: Int) -> [(key: [UInt8], value: [UInt8])] {
      var walk = KeyIterator(database, family, lower: [], upper: [UInt8](repeating: 0xff, count: 8))
      var found: [(key: [UInt8], value: [UInt8])] = []
      walk.seekToFirst()
      while walk.isValid {
        found.append((Array(walk.key), Array(walk.value)))
        walk.next()
      }
      return found
    }
    var batch = WriteBatch(database)
    let item = pairs(items)[0]
    // Index numbers follow the table's own: 1 is byGroup, 0 is TTL.
    func entries(_ number: UInt8) -> [(key: [UInt8], value: [UInt8])] { pairs(index).filter { $0.key[5] == number } }
    let records = pairs(log)
    // In a partition with several records: its first and its last one.
    let partition = records.map { $0.key[5] }.first { number in records.count { $0.key[5] == number } > 2 } ?? 0
    let own = records.filter { $0.key[5] == partition }
    switch damage {
    case .item:
      var changed = Item(binary: Array(item.value[8...])) ?? Item()
      changed["more"] = .bool(true)
      batch.put(items, item.key, Array(item.value[..<8]) + changed.binary)
    case .itemGone: batch.delete(items, item.key)
    case .itemMore: batch.put(items, item.key + [0, 0], item.value)
    case .entryGone: batch.delete(index, entries(1)[0].key)
    case .entryMore:
      var key = entries(1)[0].key
      key[key.count / 2] ^= 1
      batch.put(index, key, item.key)
    case .timeToLiveGone: batch.delete(index, entries(0)[0].key)
    case .recordGone: batch.delete(log, own[1].key)
    case .recordChanged:
      var other = own[1].value
      other.replaceSubrange(3..<11, with: own[2].value[3..<11])
      let changed = try other.withUnsafeBytes { raw in
        let parts = try StoredRecord.parts(raw)
        var bytes: [UInt8] = []
        StoredRecord.append(
          kind: .modify, cause: .user, time: parts.time, order: parts.order, keys: Array(parts.keys),
          old: Array(parts.new!), new: Item(dictionaryLiteral: ("pk", .string("other"))).binary, to: &bytes)
        return bytes
      }
      batch.put(log, own[1].key, changed)
    case .lastRecordGone: batch.delete(log, own[own.count - 1].key)
    case .counts:
      let progress = pairs(meta).first { $0.key[0] == UInt8(ascii: "P") }!
      var changed = progress.value
      changed[15] += 1
      batch.put(meta, progress.key, changed)
    }
    try database.write(batch, sync: true)
  }
}
