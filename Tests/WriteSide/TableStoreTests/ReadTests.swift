import DynamoModel
import StoreTestKit
import TableStore
import Testing

@Suite struct ReadTests {
  let directory = TemporaryDirectory()

  func open() throws -> TableStore {
    let store = try TableStore(path: directory.path)
    _ = try store.createTable(
      TableDefinition(
        name: "T",
        key: KeySchema(partition: KeyAttribute(name: "pk", type: .string), sort: KeyAttribute(name: "n", type: .number)),
        indexes: [
          IndexDefinition(
            name: "by_room", kind: .global,
            key: KeySchema(partition: KeyAttribute(name: "room", type: .string), sort: KeyAttribute(name: "at", type: .string)),
            projection: .keysOnly)
        ]))
    return store
  }

  func query(
    _ store: TableStore, _ pk: String, _ range: SortRange, forward: Bool = true, after: Item? = nil
  ) throws -> [Int64] {
    let table = try #require(store.table("T"))
    var found: [Int64] = []
    try store.query(
      table, index: nil, partition: [.string(pk)], range: range, forward: forward, after: after
    ) { (item) throws(DynamoError) in
      if case .number(let number)? = item["n"] { found.append(number.int64 ?? 0) }
      return true
    }
    return found
  }

  @Test func `a query walks the sort key in numeric order, both ways, from anywhere`() async throws {
    let store = try open()
    defer { store.close() }
    for n in [5, -3, 100, 0, 20] as [Int64] {
      try await store.put("T", ["pk": .string("a"), "n": .number(Number(n))])
      try await store.put("T", ["pk": .string("a\0"), "n": .number(Number(n + 1))])
    }
    #expect(try query(store, "a", .all) == [-3, 0, 5, 20, 100])
    #expect(try query(store, "a", .all, forward: false) == [100, 20, 5, 0, -3])
    #expect(try query(store, "a", .between(.number(Number(0)), .number(Number(20)))) == [0, 5, 20])
    #expect(try query(store, "a", .less(.number(Number(5)))) == [-3, 0])
    #expect(try query(store, "a", .lessOrEqual(.number(Number(5)))) == [-3, 0, 5])
    #expect(try query(store, "a", .greater(.number(Number(5)))) == [20, 100])
    #expect(try query(store, "a", .greaterOrEqual(.number(Number(5)))) == [5, 20, 100])
    #expect(try query(store, "a", .equal(.number(Number(5)))) == [5])
    let middle: Item = ["pk": .string("a"), "n": .number(Number(5))]
    #expect(try query(store, "a", .all, after: middle) == [20, 100])
    #expect(try query(store, "a", .all, forward: false, after: middle) == [0, -3])
  }

  @Test func `an index follows its items and holds only those with its keys`() async throws {
    let store = try open()
    defer { store.close() }
    func put(_ n: Int64, _ room: String?, _ at: String?) async throws {
      var item: Item = ["pk": .string("a"), "n": .number(Number(n)), "text": .string("t")]
      if let room { item["room"] = .string(room) }
      if let at { item["at"] = .string(at) }
      try await store.put("T", item)
    }
    try await put(1, "r", "2")
    try await put(2, "r", "1")
    try await put(3, "r", nil)
    try await put(4, "r", "1")
    func found(_ room: String) throws -> [Int64] {
      let table = try #require(store.table("T"))
      var found: [Int64] = []
      let index = try #require(table.definition.index(named: "by_room"))
      try store.query(
        table, index: index, partition: [.string(room)], range: .all, forward: true, after: nil
      ) { (item) throws(DynamoError) in
        #expect(item["text"] == nil)
        if case .number(let number)? = item["n"] { found.append(number.int64 ?? 0) }
        return true
      }
      return found
    }
    #expect(try found("r") == [2, 4, 1])
    try await put(4, "s", "1")
    try await store.delete("T", ["pk": .string("a"), "n": .number(Number(2))])
    #expect(try found("r") == [1])
    #expect(try found("s") == [4])
  }

  @Test func `the segments of a scan are the whole, each item once`() async throws {
    let store = try open()
    defer { store.close() }
    for n in 0..<200 as Range<Int64> { try await store.put("T", ["pk": .string("p\(n)"), "n": .number(Number(n))]) }
    let table = try #require(store.table("T"))
    for count in [1, 3, 7] {
      var found: [Int64] = []
      for segment in 0..<count {
        try store.scan(table, index: nil, segment: (segment, count), after: nil) { (item) throws(DynamoError) in
          if case .number(let number)? = item["n"] { found.append(number.int64 ?? 0) }
          return true
        }
      }
      #expect(found.sorted() == Array(0..<200))
    }
  }

  @Test func `a new index is filled while writes go on`() async throws {
    let store = try open()
    defer { store.close() }
    for n in 0..<3_000 as Range<Int64> {
      try await store.put("T", ["pk": .string("p\(n % 50)"), "n": .number(Number(n)), "color": .string("c\(n % 3)")])
    }
    let key = KeySchema(partition: KeyAttribute(name: "color", type: .string))
    _ = try store.updateTable("T") { (definition) throws(DynamoError) in
      definition.indexes.append(IndexDefinition(name: "by_color", kind: .global, key: key, projection: .all))
    }
    for n in 3_000..<3_300 as Range<Int64> {
      try await store.put("T", ["pk": .string("p\(n % 50)"), "n": .number(Number(n)), "color": .string("c\(n % 3)")])
    }
    var table = try #require(store.table("T"))
    let deadline = ContinuousClock.now + .seconds(20)
    while table.definition.index(named: "by_color")?.status != .active, ContinuousClock.now < deadline {
      await Task.yield()
      table = try #require(store.table("T"))
    }
    var count = 0
    let index = try #require(table.definition.index(named: "by_color"))
    #expect(index.status == .active)
    try store.query(
      table, index: index, partition: [.string("c1")], range: .all, forward: true, after: nil
    ) { (_) throws(DynamoError) in
      count += 1
      return true
    }
    #expect(count == 1_100)
  }
}
