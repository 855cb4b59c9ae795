package import ChangeLog
internal import ChangeRecords
package import Kafka
internal import Services

/// Follows a table's companion topic and knows its last record. Nothing runs by itself: each question takes what has arrived.
package actor CompanionReader {
  private let table: String
  private let topic: String
  private let consumer: Consumer
  private var stream: Fetch?
  private var last: RelayState?
  /// After what was taken.
  private var position: Int64 = 0
  private var isLoading = false
  /// Readings to the end that have begun, and the number of the last that went through.
  private var begun = 0
  private var done = 0
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
    try await load(again: false)
    _ = try take()
    return last
  }

  /// The same, not older than this call.
  package func freshState() async throws(LogError) -> RelayState? {
    try await load(again: true)
    return last
  }

  /// Reads to the topic's end: when nothing was read yet, or `again`. Several lanes ask at once; one of them reads for all that wait, since a reading that
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
    if stream != nil, try await read(from: position) {
      done = own
      return
    }
    try await loadFirst()
    done = own
  }

  private func loadFirst() async throws(LogError) {
    do throws(KafkaError) {
      guard try await consumer.partitions(of: topic) != nil else { throw .unknown(topic) }
    } catch {
      throw failure(error)
    }
    last = nil
    // The last record is near the end, unless aborted transactions alone are there: rare, and the topic is compacted.
    if try await read(from: Consumer.tail(CompanionReader.tail)), last != nil { return }
    guard try await read(from: Consumer.beginning) else {
      throw LogError(.retry, table: table, "the beginning of the topic \(topic) moves")
    }
  }

  /// Opens the topic at an offset and reads to its end; false when the offset is not kept.
  private func read(from offset: Int64) async throws(LogError) -> Bool {
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
      switch try take() {
      case .end: return true
      case .outOfRange: return false
      case .nothing: break
      }
      let remaining = deadline - ContinuousClock.now
      guard remaining > .zero, !Task.isCancelled else {
        stream = nil
        throw LogError(.retry, table: table, "the topic \(topic) does not answer")
      }
      await opened.arrivals.wait(since: ticket, timeout: remaining)
    }
  }

  private enum Taken {
    case nothing
    case end
    case outOfRange
  }

  /// Takes what has arrived.
  private func take() throws(LogError) -> Taken {
    enum Step {
      case state([UInt8], Int64)
      case skip(Int64)
      case end(Int64)
      case failure(KafkaError)
    }
    var taken = Taken.nothing
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
      case nil: return taken
      case .skip(let next): position = next
      case .end(let offset):
        position = offset
        taken = .end
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
        if error.isOutOfRange { return .outOfRange }
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
    return LogError(.retry, table: table, "the topic \(topic) cannot be read: \(error.text)")
  }
}
