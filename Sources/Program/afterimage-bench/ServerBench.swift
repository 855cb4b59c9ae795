internal import DynamoClient
internal import DynamoModel
internal import Foundation
internal import Glibc
internal import HTTPServer
internal import Services
internal import TableAPI
internal import TableStore

/// The table server as its clients see it, by wrk (with requests made beforehand, one thread, so that the load is not the
/// bottleneck): durable PutItem beside bare writers, GetItem beside an empty answer of the same HTTP server, Query, a large table beside a
/// small one, start and memory with a gigabyte of data in a process of its own, and CreateTable.
enum ServerBench {
  static let seconds = 3
  static let rounds = 3
  /// Of the large table, whose items are about 260 bytes.
  static let items = ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_ITEMS"].flatMap { Int($0) } ?? 10_000_000
  private static let filler = String(repeating: "x", count: 200)

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      try writes(directory, &measured)
      try await reads(directory, &measured)
      try await process(directory, &measured)
    }
    report = measured
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  // MARK: Writes

  private static func writes(_ directory: String, _ report: inout Report) throws {
    let store = try TableStore(path: directory + "/writes")
    _ = try store.createTable(definition("Bench"))
    let api = TableAPI(store: store)
    let server = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { api.handle($0, $1) }
    defer {
      server.stop()
      store.close()
    }
    let empty = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { _, responder in responder.answer(HTTPResponse()) }
    defer { empty.stop() }
    // With one connection nothing can be gathered: what a durable write costs at least is an answer and a synced batch, one after the other.
    var alone: [(put: Double, nothing: Double, bare: Double)] = []
    for round in 0..<rounds {
      alone.append(
        (
          put: try wrk("PutItem", put("Bench", 10_000), connections: 1, port: server.port, in: directory),
          nothing: try wrk("PutItem", put("Bench", 10_000), connections: 1, port: empty.port, in: directory),
          bare: try HTTPBench.bareWriters(1, directory + "/bare-1-\(round)")
        ))
    }
    report.add("server.put_1", median(alone.map(\.put)), "requests/s")
    report.add("server.empty_1", median(alone.map(\.nothing)), "requests/s")
    report.add("server.bare_writers_1", median(alone.map(\.bare)), "writes/s")
    addRatio("server.put_of_answer_and_write_1", alone.map { $0.put * (1 / $0.nothing + 1 / $0.bare) }, &report)
    for connections in [4, 32, 64] {
      var puts: [Double] = []
      var bare: [Double] = []
      for round in 0..<rounds {
        puts.append(try wrk("PutItem", put("Bench", 10_000), connections: connections, port: server.port, in: directory))
        bare.append(try HTTPBench.bareWriters(connections, directory + "/bare-\(connections)-\(round)"))
      }
      report.add("server.put_\(connections)", median(puts), "requests/s")
      report.add("server.bare_writers_\(connections)", median(bare), "writes/s")
      addRatio("server.put_of_bare_\(connections)", zip(puts, bare).map { $0 / $1 }, &report)
    }
  }

  /// Runs a load, notes its rate, and returns the microseconds of this process's processor time that a request took.
  private static func cost(_ rates: inout [Double], _ run: () throws -> Double) rethrows -> Double {
    let watch = Stopwatch()
    let rate = try run()
    rates.append(rate)
    return watch.cpuSeconds / (rate * Double(seconds)) * 1e6
  }

  /// The median of the rounds' ratios, and the range that they lie in.
  private static func addRatio(_ name: String, _ ratios: [Double], _ report: inout Report) {
    report.add(name, median(ratios), "ratio")
    let (least, most) = (ratios.min() ?? 0, ratios.max() ?? 0)
    report.note(name, String(format: "%.2f to %.2f in %d rounds", least, most, ratios.count))
  }

  private static func definition(_ name: String, sort: Bool = false) -> TableDefinition {
    TableDefinition(
      name: name,
      key: KeySchema(
        partition: KeyAttribute(name: "pk", type: .string), sort: sort ? KeyAttribute(name: "sk", type: .number) : nil),
      stream: .newAndOldImages)
  }

  // MARK: Reads

  private static func reads(_ directory: String, _ report: inout Report) async throws {
    let store = try TableStore(path: directory + "/data")
    for name in ["Small", "Large"] { _ = try store.createTable(definition(name)) }
    _ = try store.createTable(definition("Sorted", sort: true))
    try await fill(store, "Small", 10_000)
    let watch = Stopwatch()
    try await fill(store, "Large", items)
    report.add("server.fill_per_second", Double(items) / watch.seconds, "items/s")
    for partition in 0..<100 { try await fillSorted(store, partition) }
    report.add("server.compaction_after_fill", try await quiet(), "s")
    let api = TableAPI(store: store)
    let server = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { api.handle($0, $1) }
    let empty = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { _, responder in responder.answer(HTTPResponse()) }
    defer {
      server.stop()
      empty.stop()
      store.close()
    }
    var gets: [Double] = []
    var small: [Double] = []
    var large: [Double] = []
    var alone: [(small: Double, large: Double)] = []
    var fromDisk: [Double] = []
    var nothing: [Double] = []
    var costs: [(answer: Double, read: Double)] = []
    var queries: [Double] = []
    for _ in 0..<rounds {
      let answer = try cost(&nothing) {
        try wrk("GetItem", get("Small", 10_000), connections: 32, port: empty.port, in: directory)
      }
      let read = try cost(&gets) { try wrk("GetItem", get("Small", 10_000), connections: 32, port: server.port, in: directory) }
      costs.append((answer, read))
      small.append(try wrk(uniform("Small", 10_000), connections: 32, port: server.port, in: directory))
      try readThrough(directory + "/data")
      let before = try readFromDisk()
      large.append(try wrk(uniform("Large", items), connections: 32, port: server.port, in: directory))
      fromDisk.append(Double(try readFromDisk() - before) / (large[large.count - 1] * Double(seconds)))
      alone.append(
        (
          small: try wrk(uniform("Small", 10_000), connections: 1, port: server.port, in: directory),
          large: try wrk(uniform("Large", items), connections: 1, port: server.port, in: directory)
        ))
      queries.append(
        try wrk(
          "Query",
          #"{"TableName":"Sorted","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"key-%d"}}}"#,
          keys: 100,
          connections: 8, port: server.port, in: directory))
    }
    report.add("server.empty_32", median(nothing), "requests/s")
    report.add("server.get_32", median(gets), "requests/s")
    addRatio("server.get_of_empty", zip(gets, nothing).map { $0 / $1 }, &report)
    // On a machine that others use as well, this says more.
    report.add("server.empty_cpu", median(costs.map(\.answer)), "cpu-us/request")
    report.add("server.get_cpu", median(costs.map(\.read)), "cpu-us/request")
    addRatio("server.get_of_empty_by_cpu", costs.map { $0.answer / $0.read }, &report)
    report.add("server.get_small_32", median(small), "requests/s")
    report.add("server.get_large_32", median(large), "requests/s")
    report.add("server.large_items", Double(items), "items")
    report.add("server.get_large_from_disk", median(fromDisk), "bytes/request")
    report.add("server.small_of_large_rate", median(zip(small, large).map { $0 / $1 }), "ratio")
    // The time of an answer is that of one client who waits for it. Of 32 connections the rates say less: when the server is the
    // slower of the two, wrk sleeps between answers, and each answer pays for waking it.
    report.add("server.get_small_1", median(alone.map(\.small)), "requests/s")
    report.add("server.get_large_1", median(alone.map(\.large)), "requests/s")
    report.add("server.large_of_small_time", median(alone.map { $0.small / $0.large }), "ratio")
    report.add("server.query_100", median(queries), "requests/s")
    let client = DynamoClient(endpoint: "http://127.0.0.1:\(server.port)")
    var times: [Double] = []
    for number in 0..<20 { times.append(try await create(client, "New\(number)")) }
    report.add("server.create_table_ms", median(times), "ms")
  }

  /// A text that does not compress, so that the data is as large on the disk as it is said to be.
  private static func item(_ n: Int) -> Item {
    var state = UInt64(n) &+ 1
    let text = String(unsafeUninitializedCapacity: 200) { text in
      for index in 0..<200 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text[index] = UInt8(48 + (state >> 33) % 64)
      }
      return 200
    }
    return ["pk": .string("key-\(n)"), "n": .number(Number(Int64(n))), "text": .string(text)]
  }

  private static func fill(_ store: TableStore, _ table: String, _ count: Int) async throws {
    for first in stride(from: 0, to: count, by: 1000) {
      var actions: [WriteAction] = []
      for n in first..<min(count, first + 1000) {
        let item = item(n)
        actions.append(WriteAction(table: table, key: ["pk": item["pk"] ?? .null], needsCurrent: false) { _ in .put(item) })
      }
      _ = try await store.write(WriteTransaction(actions: actions))
    }
  }

  /// Reads the files of a store, so that they are in the page cache as those of a server in use are: the machine may have dropped
  /// them since they were written, and then a read measures its disk.
  private static func readThrough(_ directory: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name.hasSuffix(".sst") {
      // A file that was compacted away meanwhile is not read any more.
      guard let file = FileHandle(forReadingAtPath: directory + "/" + name) else { continue }
      while let part = try file.read(upToCount: 4 << 20), !part.isEmpty {}
    }
  }

  /// Bytes that this process has had read from the disk itself.
  private static func readFromDisk() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/io", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("read_bytes") } ?? ""
    return Int(line.split(separator: " ").last ?? "") ?? 0
  }

  /// Seconds until this process rests: what was written is compacted in the background for a while, which is not to be measured
  /// as part of reads. At most 120, which the report then shows.
  static func quiet() async throws -> Double {
    let watch = Stopwatch()
    while watch.seconds < 120 {
      let before = clock()
      try await Task.sleep(for: .seconds(1))
      if Double(clock() - before) / Double(CLOCKS_PER_SEC) < 0.05 { break }
    }
    return watch.seconds
  }

  private static func fillSorted(_ store: TableStore, _ partition: Int) async throws {
    var actions: [WriteAction] = []
    for n in 0..<100 {
      var item: Item = ["pk": .string("key-\(partition)"), "sk": .number(Number(Int64(n)))]
      let key = item
      item["text"] = .string("a line of a chat, number \(n)")
      let whole = item
      actions.append(WriteAction(table: "Sorted", key: key, needsCurrent: false) { _ in .put(whole) })
    }
    _ = try await store.write(WriteTransaction(actions: actions))
  }

  /// Milliseconds from the request until the table is ACTIVE.
  private static func create(_ client: DynamoClient, _ name: String) async throws -> Double {
    let start = ContinuousClock.now
    let answer = try await client.call("CreateTable") { writer in
      writer.member("TableName", name)
      writer.member("BillingMode", "PAY_PER_REQUEST")
      writer.member("KeySchema", raw: #"[{"AttributeName":"pk","KeyType":"HASH"}]"#.utf8)
      writer.member("AttributeDefinitions", raw: #"[{"AttributeName":"pk","AttributeType":"S"}]"#.utf8)
    }
    var text = answer.body.text(answer.body.root)
    while !text.contains(#""TableStatus":"ACTIVE""#) {
      let described = try await client.call("DescribeTable") { writer in
        writer.member("TableName", name)
      }
      text = described.body.text(described.body.root)
    }
    return Double((ContinuousClock.now - start) / .microseconds(1)) / 1000
  }

  // MARK: A process of its own

  /// What a process started as `afterimage-bench serve-store DIRECTORY` does: serves the store and writes its port beside it.
  static func serve(_ directory: String) throws -> Never {
    let watch = Stopwatch()
    let store = try TableStore(path: directory)
    let opened = watch.seconds
    let api = TableAPI(store: store)
    let server = try HTTPServer.serving(.init(address: "127.0.0.1", port: 0)) { api.handle($0, $1) }
    try "\(server.port) \(opened)".write(toFile: directory + ".port", atomically: true, encoding: .utf8)
    while true { pause() }
  }

  private static func process(_ directory: String, _ report: inout Report) async throws {
    let data = directory + "/data"
    report.add("server.data_mb", Double(try size(data)) / 1e6, "MB")
    func start(_ name: String) async throws -> (pid: pid_t, port: UInt16) {
      unlink(data + ".port")
      let begin = ContinuousClock.now
      let pid = try Executable.spawn(["/proc/self/exe", "serve-store", data], output: directory + "/serve.out")
      while true {
        if let text = try? String(contentsOfFile: data + ".port", encoding: .utf8),
          let port = UInt16(text.split(separator: " ")[0])
        {
          let time = Double((ContinuousClock.now - begin) / .microseconds(1)) / 1000
          report.add("server.start_ms_\(name)", time, "ms")
          report.add("server.open_ms_\(name)", (Double(text.split(separator: " ")[1]) ?? 0) * 1000, "ms")
          return (pid, port)
        }
        guard begin + .seconds(60) > .now else { throw BenchError("the server does not start") }
        try await Task.sleep(for: .milliseconds(2))
      }
    }
    func end(_ pid: pid_t) {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
    }
    var server = try await start("after_close")
    try await scan(server.port)
    report.add("server.scan_peak_mb", try peak(server.pid), "MB")
    for round in 1...2 {
      _ = try wrk("PutItem", put("Large", 10_000), connections: 64, port: server.port, in: directory, seconds: 8)
      end(server.pid)
      server = try await start("after_kill_\(round)")
    }
    end(server.pid)
  }

  private static func scan(_ port: UInt16) async throws {
    let client = DynamoClient(endpoint: "http://127.0.0.1:\(port)")
    var start: String?
    repeat {
      let answer = try await client.call("Scan") { writer in
        writer.member("TableName", "Large")
        if let start { writer.member("ExclusiveStartKey", raw: start.utf8) }
      }
      start = answer.body.member(answer.body.root, "LastEvaluatedKey").map { answer.body.text($0) }
    } while start != nil
  }

  /// Of resident memory, in MB.
  private static func peak(_ pid: pid_t) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
    return (Double(line.split { !$0.isNumber }.first ?? "") ?? 0) / 1024
  }

  private static func size(_ directory: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: directory).reduce(into: 0) { sum, name in
      sum += (try FileManager.default.attributesOfItem(atPath: directory + "/" + name)[.size] as? Int) ?? 0
    }
  }

  // MARK: wrk

  private static func put(_ table: String, _ keys: Int) -> (text: String, keys: Int) {
    (
      #"{"TableName":"\#(table)","Item":{"pk":{"S":"key-%d"},"n":{"N":"12345678"},"text":{"S":"\#(filler)"}}}"#, keys
    )
  }

  private static func get(_ table: String, _ keys: Int) -> (text: String, keys: Int) {
    (#"{"TableName":"\#(table)","Key":{"pk":{"S":"key-%d"}}}"#, keys)
  }

  private static func wrk(
    _ operation: String, _ body: (text: String, keys: Int), connections: Int, port: UInt16, in directory: String,
    seconds: Int = seconds
  ) throws -> Double {
    try wrk(operation, body.text, keys: body.keys, connections: connections, port: port, in: directory, seconds: seconds)
  }

  /// `body` with `%d` for a key's number. 20,000 requests are made before the first is sent, each with a number of its own in `n`, and sent again
  /// and again: of `keys`, at most half as many, each has several, so that a put never finds what it puts.
  private static func wrk(
    _ operation: String, _ body: String, keys: Int, connections: Int, port: UInt16, in directory: String,
    seconds: Int = seconds
  ) throws -> Double {
    let script =
      Wrk.headers(operation) + """

        local requests, place = {}, 0
        function init(args)
          math.randomseed(os.time())
          for index = 1, 20000 do
            local text = string.gsub([==[\(body)]==], "%%d", tostring(index * 7919 % \(keys)))
            text = string.gsub(text, "12345678", tostring(index * 10000 + math.random(0, 9999)))
            requests[index] = wrk.format(nil, nil, nil, text)
          end
        end
        function request()
          place = place % 20000 + 1
          return requests[place]
        end
        """
    return try Wrk.run(script, connections: connections, port: port, in: directory, seconds: seconds).rate
  }

  /// GetItem with a key of its own in each request, any of the table's: what was read before is seldom read again in a large table.
  private static func uniform(_ table: String, _ keys: Int) -> String {
    Wrk.headers("GetItem") + """

      function init(args)
        math.randomseed(os.time())
      end
      function request()
        local key = string.format("%d", math.random(0, \(keys - 1)))
        return wrk.format(nil, nil, nil, '{"TableName":"\(table)","Key":{"pk":{"S":"key-' .. key .. '"}}}')
      end
      """
  }

  private static func wrk(_ script: String, connections: Int, port: UInt16, in directory: String) throws -> Double {
    try Wrk.run(script, connections: connections, port: port, in: directory, seconds: seconds).rate
  }
}
