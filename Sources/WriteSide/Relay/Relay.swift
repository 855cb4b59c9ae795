package import ChangeLog
internal import ChangeRecords
package import Kafka
internal import KafkaLog
internal import Services
package import Telemetry

/// Publishes a table's change log on Kafka: each record once, in order, whatever happens to this process or the brokers.
///
/// A session begins by fencing every older relay of the table, then reads in the companion topic what was published, and goes on after it;
/// records and the companion's record are one transaction. So after any error the same thing helps: a new session. Writers never
/// wait: while brokers are away the records stay where they are, in the table's log.
///
/// `run` throws `RelayError` alone: when another relay has taken over, when the topics do not fit the table, or when records are lost.
package struct Relay: Service {
  package let source: any ChangeLog
  private let partitionKey: @Sendable () -> String?
  private let standsStill: @Sendable (String?) -> Void
  private let kafka: KafkaConfiguration
  private let settings: RelaySettings
  private let logger: Logger
  private let counters: RelayCounters
  private let backlog: RelayBacklog

  package var name: String { "relay \(source.table)" }

  /// `partitionKey` gives the name of the table's partition key attribute, whose value becomes the key of the messages. `standsStill` is called with the
  /// reason when somebody has to do something, and with nil when the relay goes on; it is not called for what `run` throws.
  package init(
    source: any ChangeLog, kafka: KafkaConfiguration, settings: RelaySettings = RelaySettings(), logger: Logger, metrics: Metrics,
    partitionKey: @escaping @Sendable () -> String?, standsStill: @escaping @Sendable (String?) -> Void = { _ in }
  ) {
    self.standsStill = standsStill
    self.source = source
    self.partitionKey = partitionKey
    self.kafka = kafka
    self.settings = settings
    self.logger = logger
    counters = RelayCounters(metrics, table: source.table)
    backlog = RelayBacklog(source, counters.behind)
  }

  package func run() async throws {
    let troubles = RelayTroubles()
    while !Task.isCancelled {
      let identity = "\(settings.name) \(String(UInt32.random(in: 0 ... .max), radix: 16))"
      do {
        try await session(identity) {
          let before = troubles.ended()
          if before.wereThere { logger.info("relay publishes again", ["table": source.table]) }
          if before.mayStand { stand(nil) }
        }
      } catch {
        if Task.isCancelled { return }
        try await recover(from: error, troubles)
      }
    }
  }

  /// Says what is wrong, where that is new, and waits as long as it is to be waited. Throws where there is nothing to wait for.
  private func recover(from error: any Error, _ troubles: RelayTroubles) async throws {
    var (refusal, pause): (String?, Duration?) = (nil, nil)
    switch RelaySession.failed(error, source.table, settings.names, attempts: troubles.attempts + 1) {
    case .stop(let error):
      counters.stopped.set(1)
      backlog.stopped()
      throw error
    case .refused(let reason, let after): (refusal, pause) = (reason, after)
    case .retry(let after): pause = after
    case .fenced: break
    }
    counters.failures.add()
    if troubles.failed(refusal: refusal) {
      let words =
        refusal == nil
        ? "relay cannot publish, trying again: writers do not wait for it"
        : "relay stands still until the brokers' owner allows what it needs: writers do not wait for it"
      logger.warning(words, ["table": source.table, "reason": refusal ?? "\(error)"])
    }
    if let refusal { stand(refusal) }
    if let pause { try? await Task.sleep(for: pause) }
  }

  /// Stands still for a reason, or goes on.
  private func stand(_ reason: String?) {
    counters.stopped.set(reason == nil ? 0 : 1)
    if reason != nil { backlog.stopped() }
    standsStill(reason)
  }

  /// Brings `afterimage_relay_behind` up to date. To be called from time to time, whether the relay runs or has stopped.
  package func refreshBacklog() async { await backlog.refresh() }

  /// Another process publishes the table from now on.
  package func forgetBacklog() { backlog.forget() }

  /// The number of the publication that the companion names now; nil when there is none, or no broker answers.
  package func publication() async -> Int? {
    guard let consumer = try? Consumer(kafka, log: Relay.sink(logger, source.table)) else { return nil }
    return try? await CompanionReader(table: source.table, names: settings.names, consumer: consumer).state()?.publication
  }

  /// From the fencing of older relays to the first error, or the end of the table's present life.
  private func session(_ identity: String, _ isPublishing: @escaping @Sendable () -> Void) async throws {
    let sink = Relay.sink(logger, source.table)
    let topics = RelayTopics(table: source.table, settings: settings, admin: try Admin(kafka, log: sink))
    try await topics.ensureCompanion()
    let companion = CompanionReader(
      table: source.table, names: settings.names, consumer: try Consumer(kafka, log: sink))
    // All that takes time comes before the fence: an older relay waits for the claim, and takes its table back when it does not come.
    var found = try await found(try await companion.state(), topics)
    try await topics.ensureRecords(
      partitions: found.log.partitions,
      try RelaySession.start(source.table, settings.names, found, identity: identity).publication)
    let producer = try await Relay.producer(source.table, settings.names, kafka, log: sink)
    let state = try await companion.freshState()
    if state != found.state || found.topicPartitions == nil { found = try await self.found(state, topics) }
    var first: RelayState
    switch try RelaySession.start(source.table, settings.names, found, identity: identity) {
    case .publish(let state): first = state
    case .finish(let state, let otherwise): first = try await isOver(state) ? otherwise : state
    }
    if found.topicPartitions == nil { try await topics.ensureRecords(partitions: found.log.partitions, first.publication) }
    let publisher = Publisher(
      table: source.table, topic: settings.names.records(of: source.table, publication: first.publication),
      companion: settings.names.companion(of: source.table), rights: BrokerRights(settings.names), producer: producer,
      counters: counters, backlog: backlog,
      partitionKey: partitionKey())
    do {
      // The first transaction says who publishes the table now and from where.
      first = try await publisher.publish([], first)
      let session = RelaySession(first, watermarkInterval: settings.watermarkInterval)
      try await RelayRound(
        source: source, publisher: publisher, settings: settings, session: session, isPublishing: isPublishing
      ).run()
    } catch {
      guard RelaySession.failed(error, source.table, settings.names, attempts: 1) == .fenced else { throw error }
      try await explainFence(error, companion, first)
    }
  }

  /// What the topics and the log are now, with what the companion says.
  private func found(_ state: RelayState?, _ topics: RelayTopics) async throws -> RelaySession.Found {
    let log = try await source.describe()
    var firsts: [SequenceNumber] = []
    for partition in 0..<log.partitions { firsts.append(try await source.bounds(partition: partition).first) }
    return RelaySession.Found(
      state: state, topicPartitions: try await topics.partitions(state?.publication ?? 1), log: log, firsts: firsts)
  }

  /// Fences every other user of the table's transactional id.
  static func producer(
    _ table: String, _ names: TopicNames, _ kafka: KafkaConfiguration, log: @escaping KafkaLogSink
  ) async throws -> Producer {
    let producer = try Producer(
      kafka, transactionalID: names.transactionalID(of: table), messageBytesMax: RelaySettings.messageBytesMax,
      log: log)
    do throws(KafkaError) {
      try await producer.initTransactions()
    } catch {
      guard error.isDenied else { throw error }
      throw RelayError(
        kind: .refused, table: table,
        message: BrokerRights(names).sentence(.useTransactions(id: names.transactionalID(of: table))))
    }
    return producer
  }

  /// Nothing of an earlier table of the name is left to be published.
  private func isOver(_ state: RelayState) async throws -> Bool {
    for (number, partition) in state.partitions.enumerated() where partition.watermark != .distantFuture {
      let cursor = LogCursor(tableID: state.tableID, sequence: partition.sequence)
      do throws(LogError) {
        let batch = try await source.read(partition: number, after: cursor, limit: ReadLimit(records: 1, bytes: 1), wait: .zero)
        if !batch.entries.isEmpty || batch.watermark != .distantFuture { return false }
      } catch {
        guard error.kind == .recreated else { throw error }
        logger.warning(
          "the table was created again, and what the one before it had not yet published is lost", ["table": source.table])
        return true
      }
    }
    return true
  }

  /// How long a relay that was fenced waits for another one's claim, before it takes the table back.
  private static let claimWaitMax = Duration.seconds(5)

  /// Waits for the companion to say who fenced this relay; throws the fence itself when it does not.
  private func explainFence(_ error: any Error, _ companion: CompanionReader, _ state: RelayState) async throws {
    let end = ContinuousClock.now + Relay.claimWaitMax
    while ContinuousClock.now < end, !Task.isCancelled {
      switch RelaySession.fenced(
        source.table, companion: try await companion.state(), identity: state.relay, publication: state.publication)
      {
      case .superseded(let error): throw error
      case .republished:
        return logger.info("the table is published again from the start of its log", ["table": source.table])
      case .unknown: try? await Task.sleep(for: .milliseconds(50))
      }
    }
    throw error
  }

  /// The relay says itself, and once, when brokers are away: librdkafka's lines about each attempt are for who looks closer.
  static func sink(_ logger: Logger, _ table: String) -> KafkaLogSink {
    { line in logger.log(line.severity <= 2 ? .warning : .debug, "kafka", ["table": table, "line": line.text]) }
  }
}
