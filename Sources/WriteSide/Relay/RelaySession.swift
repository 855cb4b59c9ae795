internal import ChangeLog
internal import ChangeRecords
internal import Kafka
internal import KafkaLog

/// A relay's session as a value: where it begins, what it publishes next, and what follows from an error. It asks no broker and no clock;
/// `Relay` and `RelayRound` carry it out.
struct RelaySession: Sendable {
  /// What the relay's topics and the table's log are when a session begins.
  struct Found: Sendable {
    /// The companion's last record.
    var state: RelayState?
    /// Of the topic that the companion names; without a companion, of the first topic. Nil when there is none.
    var topicPartitions: Int?
    var log: LogDescription
    /// Of each partition the first sequence that the table's log keeps.
    var firsts: [SequenceNumber]
  }

  enum Start: Sendable, Equatable {
    /// Claim the table with this state and publish what comes after it.
    case publish(RelayState)
    /// The same, but of an earlier table of the name: what it has not yet published comes first. Where nothing of it is left, `otherwise` holds.
    case finish(RelayState, otherwise: RelayState)

    /// The publication whose topic is written to.
    var publication: Int {
      switch self {
      case .publish(let state), .finish(let state, otherwise: _): state.publication
      }
    }
  }

  enum Action: Sendable, Equatable {
    /// Publish the batches that were taken, and this state.
    case publish(RelayState)
    case wait
  }

  enum Failure: Sendable, Equatable {
    /// A new session, after a pause.
    case retry(after: Duration)
    /// The brokers do not allow it: a new session, after a pause, until they do. Somebody has to be asked for that.
    case refused(reason: String, retryAfter: Duration)
    /// Somebody else used this relay's transactional id: the companion topic says who.
    case fenced
    case stop(RelayError)
  }

  enum Fence: Sendable, Equatable {
    /// The companion says nothing new yet.
    case unknown
    /// The table is to be published again: a new session does it.
    case republished
    case superseded(RelayError)
  }

  private(set) var state: RelayState
  private let watermarkInterval: Duration
  /// When something was published last; nil before the first.
  private var last: ContinuousClock.Instant?

  init(_ state: RelayState, watermarkInterval: Duration) {
    self.state = state
    self.watermarkInterval = watermarkInterval
  }

  // MARK: - The beginning

  static func start(_ table: String, _ names: TopicNames, _ found: Found, identity: String) throws(RelayError) -> Start {
    let wanted = found.log.partitions
    guard var state = found.state else {
      if let count = found.topicPartitions, count != wanted {
        throw mismatch(
          table, wanted, "the topic \(names.records(of: table)) has \(count) partition\(count == 1 ? "" : "s")",
          way: "delete it, or give it as many while it holds nothing: the relay then goes on by itself")
      }
      return .publish(fresh(found, identity, publication: 1))
    }
    guard state.partitions.count == wanted else {
      throw mismatch(
        table, wanted, "the topic \(names.companion(of: table)) speaks of \(state.partitions.count) partitions",
        way: "delete the table's topics: the relay then publishes it from the start")
    }
    if let count = found.topicPartitions {
      guard count == wanted else {
        throw mismatch(
          table, wanted, "the topic \(names.records(of: table, publication: state.publication)) has \(count) partitions",
          way: "have the table published again in another: afterimage relay republish \(table)\(names.namespace.option)")
      }
    } else {
      // The topic was deleted: everything is published again, in another one, so that nobody takes its offsets for those of the first.
      state = state.republished(from: found.firsts)
    }
    state.relay = identity
    if state.tableID == found.log.tableID {
      // A partition of which nothing is in the topic begins with what the table's log still has.
      for (index, first) in found.firsts.enumerated() where state.partitions[index].sequence == .beforeAll {
        state.partitions[index].sequence = first.previous
      }
      return .publish(state)
    }
    return .finish(state, otherwise: fresh(found, identity, publication: state.publication))
  }

  private static func fresh(_ found: Found, _ identity: String, publication: Int) -> RelayState {
    RelayState(
      tableID: found.log.tableID, relay: identity, publication: publication,
      partitions: found.firsts.map { .init(sequence: $0.previous) })
  }

  private static func mismatch(_ table: String, _ wanted: Int, _ text: String, way: String) -> RelayError {
    RelayError(kind: .configuration, table: table, message: "\(text), the table has \(wanted): \(way)")
  }

  // MARK: - The work

  /// What to do with batches and watermarks that were taken.
  func next(_ batches: [RecordBatch], _ watermarks: [RelayInbox.Watermark?], now: ContinuousClock.Instant) -> Action {
    let next = advanced(batches, watermarks)
    let isDue = last.map { now - $0 >= watermarkInterval } ?? true
    return !batches.isEmpty || (next != state && (isDue || RelaySession.isOver(next))) ? .publish(next) : .wait
  }

  /// The state is durable and visible. Answers whether the table's life is over and all of it published.
  mutating func published(_ state: RelayState, now: ContinuousClock.Instant) -> Bool {
    self.state = state
    last = now
    return RelaySession.isOver(state)
  }

  private static func isOver(_ state: RelayState) -> Bool { state.partitions.allSatisfy { $0.watermark == .distantFuture } }

  /// The state after some batches. A watermark counts once all records before it are published.
  private func advanced(_ batches: [RecordBatch], _ watermarks: [RelayInbox.Watermark?]) -> RelayState {
    var next = state
    for batch in batches {
      guard let entry = batch.entries.last else { continue }
      next.partitions[batch.partition].sequence = entry.sequence
      next.partitions[batch.partition].watermark = max(next.partitions[batch.partition].watermark, entry.time)
    }
    for (number, watermark) in watermarks.enumerated() {
      guard let watermark, watermark.sequence <= next.partitions[number].sequence else { continue }
      next.partitions[number].watermark = max(next.partitions[number].watermark, watermark.time)
    }
    return next
  }

  // MARK: - Errors

  static let pauseMax = Duration.seconds(5)

  /// What follows from an error, for the nth time in a row, from 1 on.
  static func failed(_ error: any Error, _ table: String, _ names: TopicNames, attempts: Int) -> Failure {
    let pause = min(pauseMax, .milliseconds(100) * (1 << min(max(attempts, 1) - 1, 6)))
    switch error {
    case let error as RelayError where error.kind == .refused: return .refused(reason: "\(error)", retryAfter: pause)
    case let error as LogError where error.kind == .denied: return .refused(reason: "\(error)", retryAfter: pause)
    case let error as KafkaError where error.isUnauthenticated: return .refused(reason: "\(error)", retryAfter: pause)
    case let error as RelayError: return .stop(error)
    case let error as KafkaError where error.isFenced: return .fenced
    case let error as LogError where error.kind == .trimmed || error.kind == .corrupt:
      return .stop(
        RelayError(
          kind: .lost, table: table,
          message:
            "\(error.message). Records that were never published cannot be; to publish again what the table's log keeps: afterimage "
            + "relay republish \(table)\(names.namespace.option)"))
    default:
      return .retry(after: pause)
    }
  }

  /// Why the relay was fenced, by the companion's record. A relay claims the table at once, so another one is soon seen; a broker that
  /// gave up on a transaction that took too long (of a suspended process) leaves nothing new there.
  static func fenced(_ table: String, companion: RelayState?, identity: String, publication: Int) -> Fence {
    guard let companion else { return .unknown }
    if companion.relay != identity {
      return .superseded(
        RelayError(
          kind: .superseded, table: table,
          message: "another relay publishes this table now: \(companion.relay). Run one relay a table; this one has stopped"))
    }
    return companion.publication == publication ? .unknown : .republished
  }
}
