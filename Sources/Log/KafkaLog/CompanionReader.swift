package import ChangeLog
internal import ChangeRecords
package import Kafka
internal import Services

/// Follows a table's companion topic and knows its last record. Nothing runs by itself: each question takes what has arrived.
package actor CompanionReader {
  private let table: String
  private let topic: String
  private let rights: BrokerRights
  private let consumer: Consumer
  private var stream: Fetch?
  private var last: RelayState?
  private var isLoading = false
  /// Readings to the end that have begun, and the number of the last that went through.
  private var begun = 0
  private var done = 0
  private let loaded = Signal()

  /// How long a first reading may take before it is given up for now.
  static let patience = Duration.seconds(10)
  /// The last record of a topic that is written in transactions, and the mark of its commit.
  private static let lastOffsets: Int64 = 2
  /// Offsets from the end within which the last record is looked for where it is not there: aborted transactions lie after it.
  private static let tailOffsets: Int64 = 64

  /// Reads nothing yet. `consumer` is asked by this reader and may be by others.
  package init(table: String, names: TopicNames = TopicNames(), consumer: Consumer) {
    self.table = table
    topic = names.companion(of: table)
    rights = BrokerRights(names)
    self.consumer = consumer
  }

  /// The relay's last record, as far as it has arrived; waits for the first. Nil when the topic is empty.
  package func state() async throws(LogError) -> RelayState? {
    try await load(again: false)
    _ = try take()
    return last
  }

  /// The same, not older than this call.
  package func freshState() async throws(LogError) -> RelayState? {
    try await load(again: true)
    return last
  }

  /// Reads the last record: when nothing was read yet, or `again`. Several lanes ask at once; one of them reads for all that wait, since a reading that
  /// began after a question answers it.
  private func load(again: Bool) async throws(LogError) {
    let asked = begun
    while isLoading {
      guard !Task.isCancelled else { throw LogError(.retry, table: table, "the reading was cancelled") }
      await loaded.wait(since: loaded.ticket, timeout: CompanionReader.patience)
    }
    guard stream == nil || (again && done <= asked) else { return }
    begun += 1
    let own = begun
    isLoading = true
    defer {
      isLoading = false
      loaded.announce()
    }
    try await loadLast()
    done = own
  }

  /// Reads the last record that is committed, or one that was committed since.
  ///
  /// The event of a topic's end comes only in a pause of what is written, and a relay that always has something to publish leaves none: where the
  /// record is found it is not waited for. When a stream is opened the brokers say where the end is of what is committed. Before it lies the mark of
  /// a transaction, and before that the record, unless that transaction was aborted.
  private func loadLast() async throws(LogError) {
    if stream == nil { try await checkTopic() }
    var end: Int64 = 0
    var offsets = [Consumer.tail(CompanionReader.tailOffsets), Consumer.beginning]
    switch try await read(from: Consumer.tail(CompanionReader.lastOffsets), until: 0) {
    case .record: return
    case .end(let offset):
      end = offset
      // Of a topic that is shorter than that, all was read, or all can be.
      if end <= CompanionReader.lastOffsets { offsets = [] } else if end <= CompanionReader.tailOffsets { offsets.removeFirst() }
    // Records were deleted up to the end.
    case .outOfRange: break
    }
    last = nil
    if offsets.isEmpty { return }
    for offset in offsets {
      let reading = try await read(from: offset, until: end)
      if last != nil || (offset == Consumer.beginning && reading != .outOfRange) { return }
    }
    throw LogError(.retry, table: table, "the beginning of the topic \(topic) moves")
  }

  private func checkTopic() async throws(LogError) {
    do throws(KafkaError) {
      guard try await consumer.partitions(of: topic) != nil else { throw .unknown(topic) }
    } catch {
      throw failure(error)
    }
  }

  private enum Reading: Equatable {
    /// A record at the offset that was to be reached, or after it.
    case record
    /// Where the topic ends, before a record there.
    case end(Int64)
    case outOfRange
  }

  /// Opens the topic at an offset and reads to its end, or to a record at `until` or after it.
  private func read(from offset: Int64, until: Int64) async throws(LogError) -> Reading {
    let opened: Fetch
    do throws(KafkaError) {
      opened = try await Fetch(consumer, topic: topic, partition: 0, offset: offset)
    } catch {
      throw failure(error)
    }
    stream = opened
    let deadline = ContinuousClock.now + CompanionReader.patience
    while true {
      let ticket = opened.arrivals.ticket
      let taken = try take()
      if taken.isOutOfRange { return .outOfRange }
      if let record = taken.record, record >= until { return .record }
      if let end = taken.end { return .end(end) }
      let remaining = deadline - ContinuousClock.now
      guard remaining > .zero, !Task.isCancelled else {
        stream = nil
        throw LogError(.retry, table: table, "the topic \(topic) does not answer")
      }
      await opened.arrivals.wait(since: ticket, timeout: remaining)
    }
  }

  private struct Taken {
    /// The offset of the last record.
    var record: Int64?
    var end: Int64?
    var isOutOfRange = false
  }

  /// Takes what has arrived.
  private func take() throws(LogError) -> Taken {
    enum Step {
      case state([UInt8], Int64)
      case skip
      case end(Int64)
      case failure(KafkaError)
    }
    var taken = Taken()
    while let stream {
      let step: Step? = stream.next(
        { message in message.value.map { .state(Array($0), message.offset) } ?? .skip },
        event: { event in
          switch event {
          case .end(let offset): .end(offset)
          case .failure(let error): .failure(error)
          }
        })
      switch step {
      case nil: return taken
      case .skip: break
      case .end(let offset): taken.end = offset
      case .state(let bytes, let offset):
        taken.record = offset
        do throws(RecordError) {
          last = try RelayState(json: bytes)
        } catch {
          self.stream = nil
          throw LogError(.corrupt, table: table, "a record of the topic \(topic) cannot be read: \(error.reason)")
        }
      case .failure(let error):
        self.stream = nil
        if error.isOutOfRange {
          taken.isOutOfRange = true
          return taken
        }
        throw failure(error)
      }
    }
    return taken
  }

  private func failure(_ error: KafkaError) -> LogError {
    if error.isUnknownTopic {
      return LogError(
        .configuration, table: table,
        "there is no topic \(topic): start a relay for the table (afterimage serve --roles relay) against these brokers")
    }
    return rights.failure(error, of: table, topic: topic, message: "the topic \(topic) cannot be read: \(error.text)")
  }
}
