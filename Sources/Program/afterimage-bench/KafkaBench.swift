internal import ChangeLog
internal import Foundation
internal import Kafka
internal import KafkaLog
internal import ReadModels
internal import Relay
internal import TableStore
internal import Telemetry
internal import Workers

/// The raw consume rate of librdkafka on a topic of change records, and sessions from the same topic, crash-safe. The brokers are those
/// that AFTERIMAGE_TEST_KAFKA names.
enum KafkaBench {
  static func run(_ report: inout Report) async throws {
    guard let brokers = ProcessInfo.processInfo.environment["AFTERIMAGE_TEST_KAFKA"] else {
      report.note("kafka", "left out: AFTERIMAGE_TEST_KAFKA names no brokers (see README)")
      return
    }
    var measured = report
    try await withTemporaryDirectory { directory in
      let store = try TableStore(path: directory + "/tables")
      defer { store.close() }
      _ = try await SessionBench.fill(store)
      let configuration = KafkaConfiguration(bootstrap: brokers)
      try await publish(store, configuration, &measured)
      let raw = try await consume(configuration)
      measured.add("kafka.raw_per_second", raw.rate, "records/s")
      measured.add("kafka.raw_per_cpu_second", raw.cpuRate, "records/cpu-s")
      measured.add("kafka.value_bytes", raw.bytes, "bytes")

      let log = try KafkaLog(table: "Activity", configuration: configuration) { _ in }
      let file = try GenerationFile(path: directory + "/read-model.db", pipeline: try SessionBench.pipeline())
      var replay = Replay(file: file, logs: [log], checkpointEvery: 100_000, wait: .milliseconds(300))
      let watch = Stopwatch()
      let applied = try await replay.catchUp()
      guard applied == SessionBench.records else {
        throw BenchError("\(applied) records were applied, not \(SessionBench.records)")
      }
      let cpuRate = Double(applied) / watch.cpuSeconds
      measured.add("kafka.sessions_per_second", Double(applied) / watch.seconds, "records/s")
      measured.add("kafka.sessions_per_cpu_second", cpuRate, "records/cpu-s")
      measured.add("kafka.sessions_of_raw_per_cpu_second", cpuRate / raw.cpuRate, "ratio")
    }
    report = measured
  }

  private static func publish(_ store: TableStore, _ configuration: KafkaConfiguration, _ report: inout Report) async throws {
    let source = EmbeddedLog(store, table: "Activity")
    let last = try await source.bounds(partition: 0).last
    let relay = Relay(source: source, kafka: configuration, logger: .silent, metrics: Metrics()) { "user" }
    let log = try KafkaLog(table: "Activity", configuration: configuration) { _ in }
    let watch = Stopwatch()
    let running = Task { try await relay.run() }
    while (try? await log.bounds(partition: 0).last) != last {
      guard watch.seconds < 120 else { throw BenchError("the relay has not published everything in two minutes") }
      try await Task.sleep(for: .milliseconds(50))
    }
    report.add("kafka.relay_per_second", Double(last) / watch.seconds, "records/s")
    running.cancel()
    _ = try? await running.value
  }

  private static func consume(_ configuration: KafkaConfiguration) async throws -> (rate: Double, cpuRate: Double, bytes: Double)
  {
    let consumer = try Consumer(configuration) { _ in }
    let stream = try await consumer.open(
      topic: TopicNames.records(of: "Activity"), partition: 0, offset: Consumer.beginning, arrived: {})
    var count = 0
    var bytes = 0
    let watch = Stopwatch()
    while count < SessionBench.records {
      guard watch.seconds < 120 else { throw BenchError("only \(count) records could be consumed in two minutes") }
      let isMessage = stream.next(
        { message in
          bytes += message.value?.count ?? 0
          return true
        }, event: { _ in false })
      if isMessage == true {
        count += 1
      } else if isMessage == nil {
        // Nothing is there: a pause, so that waiting does not count as work of the yardstick.
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    let (seconds, cpuSeconds) = (watch.seconds, watch.cpuSeconds)
    await consumer.close(stream)
    return (Double(count) / seconds, Double(count) / cpuSeconds, Double(bytes) / Double(count))
  }
}
