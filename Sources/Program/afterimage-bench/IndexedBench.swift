internal import DynamoModel
internal import Foundation
internal import HTTPServer
internal import TableAPI
internal import TableStore

/// A large table with three global indexes and a stream, under updates over HTTP that give an item new values of all three index keys: so each takes
/// three index entries away and adds three, beside the item and its record with both images.
enum IndexedBench {
  static let seconds = 30
  static let connections = 32
  /// Of all items together, in MB.
  private static let megabytes =
    ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_INDEXED_MB"].flatMap { Int($0) } ?? 5000
  private static let itemBytes = 1000
  private static let table = "Indexed"
  private static let groups = 100_000

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      let data = directory + "/data"
      let store = try TableStore(path: data)
      _ = try store.createTable(try definition())
      let items = megabytes * 1_000_000 / itemBytes
      var watch = Stopwatch()
      try await fill(store, items)
      measured.add("indexed.items", Double(items), "items")
      measured.add("indexed.items_mb", Double(megabytes), "MB")
      measured.add("indexed.fill_per_second", Double(items) / watch.seconds, "items/s")
      measured.add("indexed.compaction_after_fill", try await ServerBench.quiet(), "s")
      measured.add("indexed.disk_after_fill", Double(try size(data)) / 1e6, "MB")
      let api = TableAPI(store: store)
      let server = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { api.handle($0, $1) }
      defer {
        server.stop()
        store.close()
      }
      watch = Stopwatch()
      let load = try Wrk.run(updates(items), connections: connections, port: server.port, in: directory, seconds: seconds)
      let updates = load.rate * Double(seconds)
      measured.add("indexed.updates", load.rate, "requests/s")
      measured.add("indexed.updates_half", load.half, "ms")
      measured.add("indexed.updates_most", load.most, "ms")
      measured.add("indexed.updates_cpu", watch.cpuSeconds / updates * 1e6, "cpu-us/request")
      measured.add("indexed.disk_after_updates", Double(try size(data)) / 1e6, "MB")
    }
    report = measured
  }

  private static func definition() throws -> TableDefinition {
    let keys = [
      KeySchema(partition: .init(name: "owner", type: .string), sort: .init(name: "rank", type: .number)),
      KeySchema(partition: .init(name: "state", type: .string), sort: .init(name: "rank", type: .number)),
      KeySchema(partition: .init(name: "place", type: .string)),
    ]
    return TableDefinition(
      name: table, key: KeySchema(partition: KeyAttribute(name: "pk", type: .string)),
      indexes: keys.enumerated().map { number, key in
        IndexDefinition(name: "by-\(number)", kind: .global, key: key, projection: .all)
      },
      stream: .newAndOldImages)
  }

  private static func fill(_ store: TableStore, _ count: Int) async throws {
    let batch = 1000
    for first in stride(from: 0, to: count, by: batch) {
      let actions = (first..<min(count, first + batch)).map { number in
        let item = item(number)
        return WriteAction(table: table, key: ["pk": item["pk"] ?? .null], needsCurrent: false) { _ in .put(item) }
      }
      _ = try await store.write(WriteTransaction(actions: actions))
    }
  }

  /// With a text that does not compress.
  private static func item(_ number: Int) -> Item {
    var state = UInt64(number) &+ 1
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let text = String(unsafeUninitializedCapacity: itemBytes - 100) { text in
      for index in text.indices.prefix(itemBytes - 100) { text[index] = UInt8(48 + next() % 64) }
      return itemBytes - 100
    }
    return [
      "pk": .string("key-\(number)"), "owner": .string("owner-\(next() % UInt64(groups))"),
      "state": .string("state-\(next() % 100)"),
      "place": .string("place-\(next() % UInt64(groups))"), "rank": .number(Number(Int64(next() % 1_000_000))),
      "text": .string(text),
    ]
  }

  /// Each of any item, to any group of each index.
  private static func updates(_ items: Int) -> String {
    Wrk.headers("UpdateItem") + """

      local text = '{"TableName":"\(table)","Key":{"pk":{"S":"key-%d"}},' ..
        '"UpdateExpression":"SET #o = :o, #s = :s, place = :p, #r = :r",' ..
        '"ExpressionAttributeNames":{"#o":"owner","#s":"state","#r":"rank"},"ExpressionAttributeValues":' ..
        '{":o":{"S":"owner-%d"},":s":{"S":"state-%d"},":p":{"S":"place-%d"},":r":{"N":"%d"}}}'
      function init(args)
        math.randomseed(os.time())
      end
      function request()
        return wrk.format(nil, nil, nil, string.format(text, math.random(0, \(items - 1)), math.random(0, \(groups - 1)),
          math.random(0, 99), math.random(0, \(groups - 1)), math.random(0, 999999)))
      end
      """
  }

  private static func size(_ directory: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: directory).reduce(into: 0) { sum, name in
      // A file that was compacted away meanwhile counts as nothing.
      sum += (try? FileManager.default.attributesOfItem(atPath: directory + "/" + name)[.size] as? Int) ?? 0
    }
  }
}
