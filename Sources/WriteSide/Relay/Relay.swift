package import ChangeLog
internal import ChangeRecords
package import Kafka
internal import KafkaLog
internal import Services
package import Telemetry

/// Publishes a table's change log on Kafka: each record once, in order, whatever happens to this process or the brokers.
///
/// A session begins by fencing every older relay of the table, then reads in the companion topic what was published, and goes on behind it;
/// records and the companion's record are one transaction. So after any error the same thing helps: a new session. Writers never
/// wait: while brokers are away the records stay where they are, in the table's log.
///
/// `run` throws `RelayError` alone: when another relay has taken over, when the topics do not fit the table, or when records are lost.
package struct Relay: Service {
  package let source: any ChangeLog
  private let partitionKey: @Sendable () -> String?
  private let kafka: KafkaConfiguration
  private let settings: RelaySettings
  private let logger: Logger
  private let counters: RelayCounters

  package var name: String { "relay \(source.table)" }

  /// `partitionKey` gives the name of the table's partition key attribute, whose value becomes the key of the messages.
  package init(
    source: any ChangeLog, kafka: KafkaConfiguration, settings: RelaySettings = RelaySettings(), logger: Logger, metrics: Metrics,
    partitionKey: @escaping @Sendable () -> String?
  ) {
    self.source = source
    self.partitionKey = partitionKey
    self.kafka = kafka
    self.settings = settings
    self.logger = logger
    counters = RelayCounters(metrics, table: source.table)
  }

  private static let pauseMax = Duration.seconds(5)

  package func run() async throws {
    var pause = Duration.milliseconds(100)
    var failing = false
    counters.stopped.set(0)
    while !Task.isCancelled {
      do {
        try await session {
          if failing { logger.info("relay publishes again", ["table": source.table]) }
          failing = false
          pause = .milliseconds(100)
        }
      } catch let error as RelayError {
        counters.stopped.set(1)
        throw error
      } catch {
        if Task.isCancelled { return }
        if !failing {
          logger.warning(
            "relay cannot publish, trying again: writers do not wait for it", ["table": source.table, "reason": "\(error)"])
        }
        failing = true
        counters.failures.add()
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, Relay.pauseMax)
      }
    }
  }

  /// From the fencing of older relays to the first error, or the end of the table's present life.
  private func session(_ isPublishing: () -> Void) async throws {
    let description: LogDescription
    do throws(LogError) {
      description = try await source.describe()
    } catch {
      if error.kind == .corrupt { throw RelayError(kind: .lost, table: source.table, message: error.message) }
      throw error
    }
    let sink = Relay.sink(logger, source.table)
    let topics = RelayTopics(table: source.table, settings: settings)
    try await topics.ensure(partitions: description.partitions, kafka, sink)
    let producer = try Producer(
      kafka, transactionalID: "afterimage.relay.\(TopicNames.records(of: source.table))",
      messageBytesMax: RelaySettings.messageBytesMax, log: sink)
    try await producer.initTransactions()
    let companion = CompanionReader(table: source.table, consumer: try Consumer(kafka, log: sink))
    let publisher = Publisher(
      table: source.table, producer: producer, settings: settings, counters: counters, partitionKey: partitionKey(),
      identity: "\(settings.name) \(String(UInt32.random(in: 0 ... .max), radix: 16))")
    do {
      let found = try await companion.state()
      if let found { try topics.check(found, description.partitions) }
      let state = try await start(found, description, publisher)
      isPublishing()
      try await RelayRound(source: source, publisher: publisher, settings: settings, state: state).run()
    } catch let error as KafkaError where error.isFenced {
      try await explainFence(error, companion, publisher)
    } catch let error as LogError where error.kind == .trimmed || error.kind == .corrupt {
      throw RelayError(
        kind: .lost, table: source.table,
        message: "\(error.message). Records that were never published cannot be: make the table's topics again")
    }
  }

  /// Claims the table: the first transaction says who publishes it now and from where.
  private func start(
    _ found: RelayState?, _ description: LogDescription, _ publisher: Publisher
  ) async throws -> RelayState {
    let fresh = RelayState(
      tableID: description.tableID, relay: publisher.identity,
      partitions: .init(repeating: .init(), count: description.partitions))
    guard var state = found else { return try await publisher.publish([], fresh) }
    state.relay = publisher.identity
    if state.tableID != description.tableID {
      if try await isOver(state) { return try await publisher.publish([], fresh) }
      // The old life's last records come first.
    }
    return try await publisher.publish([], state)
  }

  /// Nothing of a former life of the table is left to be published.
  private func isOver(_ state: RelayState) async throws -> Bool {
    for (number, partition) in state.partitions.enumerated() where partition.watermark != .distantFuture {
      let cursor = LogCursor(tableID: state.tableID, sequence: partition.sequence)
      do throws(LogError) {
        let batch = try await source.read(partition: number, after: cursor, limit: ReadLimit(records: 1, bytes: 1), wait: .zero)
        if !batch.entries.isEmpty || batch.watermark != .distantFuture { return false }
      } catch {
        guard error.kind == .recreated else { throw error }
        logger.warning(
          "the table was created again, and what its former life had not yet published is gone", ["table": source.table])
        return true
      }
    }
    return true
  }

  /// A fence is the work of another relay, or of a broker that gave up on a transaction that took too long (a suspended
  /// process). The companion topic tells which: a relay claims the table at once.
  private func explainFence(_ error: KafkaError, _ companion: CompanionReader, _ publisher: Publisher) async throws {
    let end = ContinuousClock.now + .seconds(3)
    while ContinuousClock.now < end, !Task.isCancelled {
      if let state = try await companion.state(), state.relay != publisher.identity {
        throw RelayError(
          kind: .superseded, table: source.table,
          message: "another relay publishes this table now: \(state.relay). Run one relay a table; this one has stopped")
      }
      try? await Task.sleep(for: .milliseconds(50))
    }
    throw error
  }

  /// The relay says itself, and once, when brokers are away: librdkafka's lines about each attempt are for who looks closer.
  private static func sink(_ logger: Logger, _ table: String) -> KafkaLogSink {
    { line in logger.log(line.severity <= 2 ? .warning : .debug, "kafka", ["table": table, "line": line.text]) }
  }
}
