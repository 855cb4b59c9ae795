package import ChangeLog
internal import ChangeRecords
package import Kafka
internal import Services

/// Follows a table's companion topic and knows its last record. Nothing runs by itself: each question takes what has arrived.
package actor CompanionReader {
  private let table: String
  private let topic: String
  private let consumer: Consumer
  private var stream: PartitionStream?
  private var last: RelayState?
  /// Behind what was taken.
  private var position: Int64 = 0
  private var isLoading = false
  private let loaded = Signal()

  /// How long a first reading may take before it is given up for now.
  static let patience = Duration.seconds(10)
  /// Offsets from the end within which the last record is looked for first; marks of transactions take every other one.
  private static let tail: Int64 = 64

  package init(table: String, consumer: Consumer) {
    self.table = table
    topic = TopicNames.companion(of: table)
    self.consumer = consumer
  }

  /// The relay's last record, as far as it has arrived; waits for the first. Nil when the topic is empty.
  package func state() async throws(LogError) -> RelayState? {
    try await loadOnce()
    _ = try take()
    return last
  }

  /// Several lanes ask at once; one of them loads.
  private func loadOnce() async throws(LogError) {
    while isLoading {
      guard !Task.isCancelled else { throw LogError(.retry, table: table, "the reading was cancelled") }
      await loaded.wait(since: loaded.ticket, timeout: CompanionReader.patience)
    }
    guard stream == nil else { return }
    isLoading = true
    defer {
      isLoading = false
      loaded.announce()
    }
    try await load()
  }

  /// The same, not older than this call.
  package func freshState() async throws(LogError) -> RelayState? {
    try await loadOnce()
    let high: Int64
    do throws(KafkaError) {
      high = try await consumer.watermarks(topic: topic, partition: 0).high
    } catch {
      throw failure(error)
    }
    let deadline = ContinuousClock.now + CompanionReader.patience
    while true {
      try await loadOnce()
      guard let stream else { continue }
      let ticket = stream.arrivals.ticket
      _ = try take()
      if position >= high { return last }
      let remaining = deadline - ContinuousClock.now
      guard remaining > .zero, !Task.isCancelled else {
        throw LogError(.retry, table: table, "the topic \(topic) does not answer")
      }
      await stream.arrivals.wait(since: ticket, timeout: remaining)
    }
  }

  private func load() async throws(LogError) {
    let marks: (low: Int64, high: Int64)
    do throws(KafkaError) {
      guard try await consumer.partitions(of: topic) != nil else {
        throw .unknown(topic)
      }
      marks = try await consumer.watermarks(topic: topic, partition: 0)
    } catch {
      throw failure(error)
    }
    last = nil
    let near = max(marks.low, marks.high - CompanionReader.tail)
    try await read(from: near)
    // Aborted transactions alone at the end: rare, and the topic is compacted.
    if last == nil, near > marks.low { try await read(from: marks.low) }
  }

  private func read(from offset: Int64) async throws(LogError) {
    let opened: PartitionStream
    do throws(KafkaError) {
      opened = try await consumer.open(topic: topic, partition: 0, offset: offset)
    } catch {
      throw failure(error)
    }
    stream = opened
    let deadline = ContinuousClock.now + CompanionReader.patience
    while true {
      let ticket = opened.arrivals.ticket
      if try take() { return }
      let remaining = deadline - ContinuousClock.now
      guard remaining > .zero, !Task.isCancelled, stream === opened else {
        stream = nil
        throw LogError(.retry, table: table, "the topic \(topic) does not answer")
      }
      await opened.arrivals.wait(since: ticket, timeout: remaining)
    }
  }

  /// Takes what has arrived; true when the topic's end was seen.
  private func take() throws(LogError) -> Bool {
    enum Step {
      case state([UInt8], Int64)
      case skip(Int64)
      case end(Int64)
      case failure(KafkaError)
    }
    var sawEnd = false
    while let stream {
      let step: Step? = stream.next(
        { message in message.value.map { .state(Array($0), message.offset + 1) } ?? .skip(message.offset + 1) },
        event: { event in
          switch event {
          case .end(let offset): .end(offset)
          case .failure(let error): .failure(error)
          }
        })
      switch step {
      case nil: return sawEnd
      case .skip(let next): position = next
      case .end(let offset):
        position = offset
        sawEnd = true
      case .state(let bytes, let next):
        position = next
        do throws(RecordError) {
          last = try RelayState(json: bytes)
        } catch {
          self.stream = nil
          throw LogError(.corrupt, table: table, "a record of the topic \(topic) cannot be read: \(error.reason)")
        }
      case .failure(let error):
        self.stream = nil
        throw failure(error)
      }
    }
    return sawEnd
  }

  private func failure(_ error: KafkaError) -> LogError {
    if error.isUnknownTopic {
      return LogError(
        .configuration, table: table,
        "there is no topic \(topic): start a relay for the table (afterimage serve --role relay) against these brokers")
    }
    return LogError(.retry, table: table, "the topic \(topic) cannot be read: \(error.text)")
  }
}
