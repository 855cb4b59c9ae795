internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import HTTPServer
internal import RocksDB
internal import Services
internal import Synchronization
internal import TableAPI
internal import TableStore

/// PutItem (stream on, durable) and GetItem over HTTP by wrk, beside as many bare RocksDB writers of the same bytes with sync.
enum HTTPBench {
  static let seconds = 4
  static let connections = [1, 4, 32]

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      let store = try TableStore(path: directory + "/tables")
      let definition = TableDefinition(
        name: "Bench", key: KeySchema(partition: KeyAttribute(name: "pk", type: .string)), stream: .newAndOldImages)
      _ = try store.createTable(definition)
      let api = TableAPI(store: store)
      let server = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { api.handle($0, $1) }
      defer {
        server.stop()
        store.close()
      }
      for count in connections {
        let puts = try wrk("PutItem", put, connections: count, port: server.port, in: directory)
        let gets = try wrk("GetItem", get, connections: count, port: server.port, in: directory)
        let bare = try bareWriters(count, directory + "/bare-\(count)")
        measured.add("http.put_\(count)", puts, "requests/s")
        measured.add("http.get_\(count)", gets, "requests/s")
        measured.add("http.bare_writers_\(count)", bare, "writes/s")
        measured.add("http.put_of_bare_\(count)", puts / bare, "ratio")
      }
    }
    report = measured
  }

  private static let filler = String(repeating: "x", count: 200)
  private static let put =
    #"'{"TableName":"Bench","Item":{"pk":{"S":"key-' .. math.random(1, 100000) .. '"},"n":{"N":"' .. math.random(1, 1000000000) .. '"},"text":{"S":"\#(filler)"}}}'"#
  private static let get = #"'{"TableName":"Bench","Key":{"pk":{"S":"key-' .. math.random(1, 100000) .. '"}}}'"#

  /// Requests a second that wrk reports; throws when an answer was not 2xx.
  private static func wrk(
    _ operation: String, _ body: String, connections: Int, port: UInt16, in directory: String
  ) throws -> Double {
    let script =
      Wrk.headers(operation) + """

        math.randomseed(os.time())
        request = function() return wrk.format(nil, nil, nil, \(body)) end
        """
    return try Wrk.run(script, connections: connections, port: port, in: directory, seconds: seconds).rate
  }

  /// As many threads as connections, each putting an item and its record in one synced batch after the other.
  static func bareWriters(_ threads: Int, _ path: String) throws -> Double {
    let database = try Database(
      path: path,
      families: [
        .init(name: "items", pointReads: true, writeBufferBytes: 64 << 20),
        .init(name: "log", pointReads: false, writeBufferBytes: 64 << 20),
      ],
      blockCacheBytes: 64 << 20)
    defer { database.close() }
    let item: Item = ["pk": .string("key-50000"), "n": .number(Number(123_456_789)), "text": .string(filler)]
    let bytes = item.binary
    let total = Total()
    let deadline = ContinuousClock.now + .seconds(seconds)
    let running = try (0..<threads).map { thread in
      try OwnedThread("bare writer") {
        var count = 0
        while ContinuousClock.now < deadline {
          var batch = WriteBatch(database)
          batch.put(0, Array("bench-\(thread)-\(count % 3000)".utf8), bytes)
          var record: [UInt8] = []
          StoredRecord.append(
            kind: .modify, cause: .user, time: .zero, order: .beforeAll, keys: Array(bytes.prefix(20)), old: bytes, new: bytes,
            to: &record
          )
          batch.put(1, Array("log-\(thread)-\(count)".utf8), record)
          guard (try? database.write(batch, sync: true)) != nil else { return }
          count += 1
        }
        total.add(count)
      }
    }
    for thread in running { thread.join() }
    return Double(total.current) / Double(seconds)
  }
}

/// Adds up over threads.
final class Total: Sendable {
  private let value = Atomic<Int>(0)
  func add(_ amount: Int) { value.wrappingAdd(amount, ordering: .relaxed) }
  var current: Int { value.load(ordering: .relaxed) }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
