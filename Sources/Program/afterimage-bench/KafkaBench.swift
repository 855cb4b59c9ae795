internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Kafka
internal import KafkaLog
internal import Pipelines
internal import Relay
internal import Services
internal import TableStore
internal import Telemetry
internal import SQLiteReadModels
import Workers

/// A topic of change records, filled once by a real relay: how fast a plain loop over librdkafka takes its messages, how fast our own
/// log over it reads them, and how fast a pipeline's worker makes sessions of them, crash-safe. All in turn, several times, in one run;
/// the medians are compared.
///
/// Processor time is the whole process's: librdkafka's own threads, which fetch, check, and unpack, are in both.
enum KafkaBench {
  static let rounds = 3

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      guard let broker = try BenchBroker.start(in: directory) else {
        measured.note("kafka", "skipped: no Kafka. Set AFTERIMAGE_TEST_KAFKA to a bootstrap address")
        return
      }
      defer { broker.stop() }
      let kafka = KafkaConfiguration(bootstrap: broker.bootstrap)
      let table = "Bench\(UInt32.random(in: 0 ... .max))"
      try await publish(table, kafka, directory, report: &measured)
      var raw: [Rate] = []
      var log: [Rate] = []
      var sessions: [Rate] = []
      for round in 0..<rounds {
        raw.append(try consume(table, kafka, &measured))
        log.append(try await read(table, kafka))
        sessions.append(try await work(table, kafka, directory + "/round-\(round)"))
      }
      for (name, rates) in [("raw", raw), ("log", log), ("sessions", sessions)] {
        measured.add("kafka.\(name)_per_second", median(rates.map(\.wall)), "records/s")
        measured.add("kafka.\(name)_per_cpu_second", median(rates.map(\.cpu)), "records/cpu-s")
      }
      measured.add(
        "kafka.sessions_of_raw_per_cpu_second", median(zip(sessions, raw).map { $0.cpu / $1.cpu }), "ratio")
      measured.add("kafka.sessions_of_raw_per_second", median(zip(sessions, raw).map { $0.wall / $1.wall }), "ratio")
    }
    report = measured
  }

  private struct Rate {
    let wall: Double
    let cpu: Double

    init(_ watch: Stopwatch) {
      wall = Double(SessionBench.records) / watch.seconds
      cpu = Double(SessionBench.records) / watch.cpuSeconds
    }
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// Small items, so that a record with both images is about 600 bytes of JSON.
  static func item(_ user: Int, _ n: Int) -> Item {
    ["user": .string("user-\(user)"), "seen": .number(Number(Int64(n))), "page": .string("/page/\(n % 97)")]
  }

  /// The store is closed afterwards: nothing of it runs while the others are measured.
  private static func publish(
    _ table: String, _ kafka: KafkaConfiguration, _ directory: String, report: inout Report
  ) async throws {
    let store = try TableStore(path: directory + "/tables")
    defer { store.close() }
    _ = try await SessionBench.fill(store, table, item)
    let relayed = try await publish(EmbeddedLog(store, table: table), table, kafka) { "user" }
    report.add("kafka.relay_per_second", relayed.perSecond, "records/s")
    report.add("kafka.relay_per_cpu_second", relayed.perCPUSecond, "records/cpu-s")
  }

  /// Publishes a whole log by a relay, and stops it. `key` names the attribute by which records are keyed.
  static func publish(
    _ source: EmbeddedLog, _ table: String, _ kafka: KafkaConfiguration, key: @escaping @Sendable () -> String?
  ) async throws -> (perSecond: Double, perCPUSecond: Double) {
    let last = try await source.bounds(partition: 0).last
    let relay = Relay(source: source, kafka: kafka, logger: .silent, metrics: Metrics(), partitionKey: key)
    let watch = Stopwatch()
    let running = Task { try await relay.run() }
    let companion = CompanionReader(table: table, consumer: try Consumer(kafka) { _ in })
    // Its last word stays away until all is committed; asking costs a few messages.
    while (try? await companion.state())?.partitions.first?.sequence != last {
      guard watch.seconds < 120 else { throw BenchError("the relay has not published everything in two minutes") }
      try await Task.sleep(for: .milliseconds(20))
    }
    let result = (Double(last.rawValue) / watch.seconds, Double(last.rawValue) / watch.cpuSeconds)
    running.cancel()
    _ = try? await running.value
    return result
  }

  private static func consume(_ table: String, _ kafka: KafkaConfiguration, _ report: inout Report) throws -> Rate {
    let watch = Stopwatch()
    let bytes = try RawConsumer.consume(
      kafka.bootstrap, topic: TopicNames().records(of: table), messages: SessionBench.records)
    let rate = Rate(watch)
    if report.value("kafka.value_bytes") == nil {
      report.add("kafka.value_bytes", Double(bytes) / Double(SessionBench.records), "bytes")
    }
    return rate
  }

  /// Batches of records, headers checked, nothing decoded.
  private static func read(_ table: String, _ kafka: KafkaConfiguration) async throws -> Rate {
    let watch = Stopwatch()
    let log = try KafkaLog(table: table, configuration: kafka) { _ in }
    var cursor = LogCursor(tableID: try await log.describe().tableID, sequence: .beforeAll)
    while cursor.sequence.rawValue < SessionBench.records {
      guard watch.seconds < 120 else { throw BenchError("only \(cursor.sequence) records could be read in two minutes") }
      let batch = try await log.read(
        partition: 0, after: cursor, limit: WorkerSettings().readLimit, wait: .milliseconds(100))
      cursor = batch.end
    }
    return Rate(watch)
  }

  /// From the worker's start to the checkpoint that holds the last record.
  private static func work(_ table: String, _ kafka: KafkaConfiguration, _ directory: String) async throws -> Rate {
    let watch = Stopwatch()
    let log = try KafkaLog(table: table, configuration: kafka) { _ in }
    let changed = Signal()
    let pipeline = try SessionBench.pipeline(table)
    let worker = PipelineWorker(
      pipeline: pipeline, directory: directory, stores: .sqlite, changed: changed, settings: WorkerSettings(),
      logger: .silent,
      sink: NoEffects(), logs: { _ in log }, load: { _ in pipeline })
    let running = Task { try await worker.run() }
    var sequence = SequenceNumber.beforeAll
    while sequence.rawValue < SessionBench.records {
      let ticket = changed.ticket
      sequence = worker.generations.first?.lanes.all.first?.sequence ?? .beforeAll
      if sequence.rawValue >= SessionBench.records { break }
      guard watch.seconds < 120 else { throw BenchError("only \(sequence) records were applied in two minutes") }
      // The lane's status follows the announcement of its checkpoint: the wait is short, so that the last one is not waited for.
      await changed.wait(since: ticket, timeout: .milliseconds(20))
    }
    let rate = Rate(watch)
    running.cancel()
    _ = try? await running.value
    return rate
  }
}

/// Nobody to carry effects out.
struct NoEffects: EffectSink {
  func deleteItem(table: String, key: Item, seen: Item, seenThrough: Position) async throws -> Bool { false }
  func carryOut(_ action: ResolvedAction, idempotencyKey: String) async throws -> String { "" }
}
