internal import ChangeLog
internal import ChangeRecords
package import Kafka
internal import KafkaLog
package import Telemetry

/// Has a table published again, from the start of what its log keeps, into a new topic: the way out when a topic is damaged, was cut, or no
/// longer keeps what a reader needs.
///
/// The companion's record names the new topic in one transaction, which also fences the relay at work: it begins a new session and
/// publishes there, and one that had stopped goes on. Readers of this program follow by themselves; those that stand after what is published again wait. The
/// old topic stays as it is.
package struct Republishing: Sendable {
  package let table: String
  private let kafka: KafkaConfiguration
  private let settings: RelaySettings
  private let logger: Logger

  package init(table: String, kafka: KafkaConfiguration, settings: RelaySettings = RelaySettings(), logger: Logger) {
    self.table = table
    self.kafka = kafka
    self.settings = settings
    self.logger = logger
  }

  /// What came of it.
  package struct Outcome: Sendable {
    /// The topic that the relay publishes in from now on.
    package let topic: String
    /// The one before.
    package let oldTopic: String
    /// Records that the old one had.
    package let records: UInt64
  }

  /// Throws `RelayError` of the kind `configuration` when no relay has ever published the table.
  package func run() async throws -> Outcome {
    let (sink, names) = (Relay.sink(logger, table), settings.names)
    let topics = RelayTopics(table: table, settings: settings, admin: try Admin(kafka, log: sink))
    guard try await topics.hasCompanion() else { throw neverPublished }
    let producer = try await Relay.producer(table, settings.names, kafka, log: sink)
    // After the fence: nobody writes to the companion any more.
    let companion = CompanionReader(table: table, names: settings.names, consumer: try Consumer(kafka, log: sink))
    guard let state = try await companion.state() else { throw neverPublished }
    guard state.publication < TopicNames.publicationsMax else {
      throw RelayError(
        kind: .configuration, table: table,
        message: "the table was published \(state.publication) times, which is the most that topic names have room for")
    }
    // The relay begins at what the table's log keeps: it asks when its session starts.
    let next = state.republished(from: state.partitions.map { _ in .first })
    try await topics.ensureRecords(partitions: next.partitions.count, next.publication)
    try await producer.perform { (producer: isolated Producer) throws in
      try producer.begin()
      try Publisher.send(next, to: names.companion(of: table), producer)
      try producer.commit()
    }
    return Outcome(
      topic: names.records(of: table, publication: next.publication),
      oldTopic: names.records(of: table, publication: state.publication),
      records: next.partitions.reduce(0) { $0 + $1.promised.records(after: .beforeAll) })
  }

  private var neverPublished: RelayError {
    RelayError(kind: .configuration, table: table, message: "no relay has published the table on these brokers yet")
  }
}
