internal import Assembly
internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import PipelineFiles
internal import Pipelines
internal import Postgres
internal import PostgresReadModels
internal import ReadModels
internal import TableStore
internal import Telemetry

/// What more workers bring: chat-rooms whole on a filled topic of eight partitions, by one, two and four workers, read models in PostgreSQL.
///
/// On two cores that broker, database and workers share, more workers cannot bring more than the cores have: the processor time a record says whether they
/// cost more. Then the database is put 4 ms away in each direction, so that one worker mostly waits: whether the others wait for it, or go on,
/// is what the rates say. AFTERIMAGE_BENCH_READ_MODELS names the database.
enum FleetScaleBench {
  static let records = 100_000
  private static let partitions = 8
  private static let delay = Duration.milliseconds(4)

  static func run(_ report: inout Report) async throws {
    guard let database = ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_READ_MODELS"] else {
      return report.note("fleet-scale", "skipped: AFTERIMAGE_BENCH_READ_MODELS names no PostgreSQL database")
    }
    guard let messages = try ChatInput.load() else {
      return report.note("fleet-scale", "skipped: its messages are in ../shared, or where AFTERIMAGE_SHARED says")
    }
    var measured = report
    try await withTemporaryDirectory { directory in
      guard let broker = try BenchBroker.start(in: directory) else {
        return measured.note("fleet-scale", "skipped: no Kafka. Set AFTERIMAGE_TEST_KAFKA to a bootstrap address")
      }
      defer { broker.stop() }
      func settings(_ name: String, _ roles: Set<NodeSettings.Role>, tables: String? = nil) -> NodeSettings {
        var settings = NodeSettings(
          roles: roles, dataDirectory: directory + "/" + name, tablePort: 0, pagePort: 0, kafka: broker.bootstrap,
          tableEndpoint: tables, logger: .silent)
        settings.healthPort = 0
        return settings
      }
      let (ends, home) = try await fill(directory + "/tables", messages)
      let tables = try Node(settings("tables", [.table, .relay]))
      let serving = Task { try await tables.run() }
      let far = try FarDatabase(port: UInt16(clamping: home.port), delay: delay)
      for (place, url) in [("near", database), ("far", try far.url(database))] {
        var first: Double?
        for count in [1, 2, 4] {
          let name = "scale-\(place)-\(count)-\(UInt16.random(in: 0 ... .max))"
          let folder = directory + "/" + name
          try PipelineBench.copy("chat-rooms", as: name, to: folder)
          var nodes: [Node] = []
          for number in 0..<count {
            var own = settings("\(name)-\(number)", [.worker], tables: tables.tableEndpoint)
            own.pipelines = [folder]
            own.readModels = url
            nodes.append(try Node(own))
          }
          let watch = Stopwatch()
          let running = nodes.map { node in Task { try await node.run() } }
          try await wait(for: ends, of: name, in: folder, PostgresDatabase(PostgresSettings(database)))
          let rate = Double(records) / watch.seconds
          measured.add("fleet_scale.\(place)_\(count)_per_second", rate, "records/s")
          measured.add("fleet_scale.\(place)_\(count)_worker", watch.cpuSeconds / Double(records) * 1e6, "cpu-us/record")
          if let first { measured.add("fleet_scale.\(place)_\(count)_of_one", rate / first, "ratio") }
          first = first ?? rate
          for task in running {
            task.cancel()
            _ = try? await task.value
          }
        }
      }
      serving.cancel()
      _ = try? await serving.value
    }
    report = measured
  }

  /// Writes the messages; the last sequence number of each partition, and where the database listens.
  private static func fill(_ directory: String, _ messages: ChatInput) async throws -> ([Int: UInt64], (host: String, port: Int))
  {
    let url = URLComponents(string: ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_READ_MODELS"] ?? "")
    let pipeline = try PipelineLoader.load("pipelines/chat-rooms")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let store = try TableStore(path: directory + "/tables")
    defer { store.close() }
    var definition = pipeline.tables[0].definition
    definition.partitions = partitions
    _ = try store.createTable(definition, clock: .history)
    try await PipelineBench.fill(store, "Chat", messages, records: records)
    let log = EmbeddedLog(store, table: "Chat")
    var ends: [Int: UInt64] = [:]
    for partition in 0..<partitions { ends[partition] = try await log.bounds(partition: partition).last.rawValue }
    return (ends, (url?.host ?? "127.0.0.1", url?.port ?? 5432))
  }

  /// Waits until every partition is applied to its end.
  private static func wait(
    for ends: [Int: UInt64], of pipeline: String, in folder: String, _ database: PostgresDatabase
  ) async throws {
    let definition = try PipelineLoader.load(folder)
    let limit = ContinuousClock.now + .seconds(300)
    var reader: (any GenerationReader)?
    while .now < limit {
      if reader == nil, let current = try database.stores.pipeline(pipeline).current() {
        reader = try? database.reader(current, definition)
      }
      if let reader {
        let places = try reader.places()
        let reached = places.filter { $0.position.sequence.rawValue >= ends[$0.position.partition] ?? .max }
        if reached.count == ends.count { return reader.close() }
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw BenchError("not all records were applied within five minutes")
  }
}
