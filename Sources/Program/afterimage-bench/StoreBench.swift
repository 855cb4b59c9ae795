internal import ChangeLog
internal import Foundation
internal import PipelineFiles
internal import Pipelines
internal import Postgres
internal import PostgresReadModels
internal import ReadModels
internal import SQLiteReadModels
internal import TableStore
internal import Workers

/// What the two stores of read models cost, on the same records in one run: live work with ordinary checkpoints, of sessions and of chat-rooms whole.
///
/// Of the worker's processor time the part of the store is what passes inside its calls, on their thread. SQLite also moves its log into the file on a thread
/// of its own, which is in the worker's time and not in that part. The server's time is that of all its processes.
enum StoreBench {
  /// AFTERIMAGE_BENCH_READ_MODELS names a PostgreSQL database on this machine.
  private static let url = ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_READ_MODELS"]

  static func run(_ report: inout Report) async throws {
    guard let url else {
      return report.note("stores", "skipped: AFTERIMAGE_BENCH_READ_MODELS names a PostgreSQL database on this machine")
    }
    var measured = report
    try await withTemporaryDirectory { directory in
      let store = try TableStore(path: directory + "/tables")
      defer { store.close() }
      _ = try await SessionBench.fill(store)
      let log = EmbeddedLog(store, table: "Activity")
      let job = PipelineBench.Job(
        pipeline: try SessionBench.pipeline(), directory: directory, records: SessionBench.records)
      try await compare(job, log, label: "stores.sessions", database: url, into: &measured)
    }
    if let messages = try ChatInput.load() {
      try await withTemporaryDirectory { directory in
        let pipeline = try PipelineLoader.load("pipelines/chat-rooms")
        let store = try TableStore(path: directory + "/tables")
        defer { store.close() }
        _ = try store.createTable(pipeline.tables[0].definition, clock: .history)
        try await PipelineBench.fill(store, "Chat", messages)
        let job = PipelineBench.Job(pipeline: pipeline, directory: directory)
        try await compare(
          job, EmbeddedLog(store, table: "Chat"), label: "stores.chat_rooms", database: url, into: &measured)
      }
    } else {
      measured.note("stores", "chat-rooms is skipped: its messages are in ../shared, or where AFTERIMAGE_SHARED says")
    }
    report = measured
  }

  private static func compare(
    _ job: PipelineBench.Job, _ log: EmbeddedLog, label: String, database url: String, into report: inout Report
  ) async throws {
    var costs: [Cost] = []
    let database = PostgresDatabase(PostgresSettings(url), namespace: try Namespace("bench-\(UInt32.random(in: 0 ... .max))"))
    for (name, stores) in [("sqlite", ReadModelStores.sqlite), ("postgres", database.stores)] {
      var own = job
      own.directory = job.directory + "/" + name
      let meter = CPUMeter()
      own.stores = ReadModelStores(
        layout: stores.layout, areShared: stores.areShared,
        pipeline: stores.pipeline,
        generation: { (generation, pipeline) throws(ReadModelError) in
          MeteredStore(try stores.generation(generation, pipeline), meter)
        })
      let server = ServerCPU.seconds
      let worked = try await PipelineBench.work(own, log)
      let records = Double(job.records)
      let cost = Cost(
        store: meter.seconds / records * 1e6, worker: worked.cpuSeconds / records * 1e6,
        server: name == "sqlite" ? 0 : (ServerCPU.seconds - server) / records * 1e6)
      report.add("\(label)_\(name)_store", cost.store, "cpu-us/record")
      report.add("\(label)_\(name)_worker", cost.worker, "cpu-us/record")
      if name != "sqlite" { report.add("\(label)_\(name)_server", cost.server, "cpu-us/record") }
      costs.append(cost)
    }
    report.add("\(label)_store_of_sqlite", costs[1].store / costs[0].store, "ratio")
    report.add("\(label)_all_of_sqlite", (costs[1].worker + costs[1].server) / costs[0].worker, "ratio")
  }

  /// Microseconds of processor time a record.
  private struct Cost {
    let store: Double
    let worker: Double
    let server: Double
  }
}

/// Processor time of PostgreSQL's processes on this machine, those that have ended included.
private enum ServerCPU {
  static var seconds: Double {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let ticks = names.filter { Int($0) != nil }.reduce(0) { sum, process in
      guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return sum }
      let text = String(decoding: data, as: UTF8.self)
      guard text.contains("(postgres)"), let end = text.lastIndex(of: ")") else { return sum }
      // After the state: parent and so on; user, system, and of children that were waited for.
      let words = text[text.index(after: end)...].split(separator: " ")
      return sum + (11...14).reduce(0) { $0 + (Int(words[$1]) ?? 0) }
    }
    return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
