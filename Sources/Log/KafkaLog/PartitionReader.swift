internal import ChangeLog
internal import ChangeRecords
internal import Kafka

/// A partition being read from a cursor on: the stream of its messages and what was understood of them.
struct PartitionReader: Sendable {
  let table: String
  let topic: String
  let partition: Int
  private let rights: BrokerRights
  /// Which of the log's consumers fetches it.
  let slot: Int
  var stream: Fetch
  /// After the last record taken.
  var cursor: LogCursor
  /// The last record's commit time; zero before the first.
  var time = LogTime.zero
  /// The end of what is committed was seen after the last message.
  var isAtEnd = false
  /// The offset at which it was seen last, past the marks of transactions.
  private var endOffset: Int64 = 0
  /// The place of the next record was looked up, so a number that is missing is missing.
  var isLocated = false
  /// Since when the topic ends here though the relay has published more after the cursor; nil while it does not.
  var missingSince: ContinuousClock.Instant?
  var usedAt = ContinuousClock.now

  init(
    table: String, topic: String, partition: Int, rights: BrokerRights, slot: Int, stream: Fetch, cursor: LogCursor
  ) {
    self.rights = rights
    self.table = table
    self.topic = topic
    self.partition = partition
    self.slot = slot
    self.stream = stream
    self.cursor = cursor
  }

  /// Why collecting stopped.
  enum Stop {
    /// There is nothing more now.
    case empty
    case limit
    /// The next record is not there where the cursor said: look for it.
    case lost(String)
    case failure(LogError)
  }

  /// Takes records into the batch until there is nothing more, the limit is reached, or something is wrong.
  mutating func collect(into batch: inout RecordBatch, _ limit: ReadLimit) -> Stop {
    while true {
      let isFull = batch.entries.count >= limit.records || batch.bytes.count >= limit.bytes
      if isFull || batch.foreign.count >= limit.records { return .limit }
      let step: Stop?? = stream.next(
        { take($0, into: &batch, limit) },
        event: { event in
          switch event {
          case .end(let offset):
            isAtEnd = true
            endOffset = offset
            return nil
          case .failure(let error): return stop(for: error)
          }
        })
      guard let step else { return .empty }
      if let step { return step }
    }
  }

  /// The offset after all that was taken, and after the marks of transactions where nothing follows.
  var place: Int64 { isAtEnd ? max(endOffset, cursor.hint) : cursor.hint }

  /// Nil to go on.
  private mutating func take(_ message: KafkaMessage, into batch: inout RecordBatch, _ limit: ReadLimit) -> Stop? {
    isAtEnd = false
    switch RecordHeaders.read(message) {
    case .foreign:
      let reason = message.value == nil ? "a tombstone without our headers" : "a message without our headers"
      batch.foreign.append(
        ForeignRecord(
          offset: message.offset, reason: "\(reason) at offset \(message.offset)", bytes: message.value.map { Array($0) } ?? []))
      batch.end.hint = message.offset + 1
      cursor = batch.end
      return nil
    case .unreadable(let reason):
      return .failure(error(.corrupt, "the record at offset \(message.offset) cannot be read: \(reason)"))
    case .ours(let headers):
      return take(message, headers, into: &batch, limit)
    }
  }

  private mutating func take(
    _ message: KafkaMessage, _ headers: RecordHeaders, into batch: inout RecordBatch, _ limit: ReadLimit
  ) -> Stop? {
    guard headers.tableID == cursor.tableID else {
      return .failure(
        error(
          .recreated,
          "the table was created again: the record at offset \(message.offset) belongs to \(headers.tableID), this reader to \(cursor.tableID)"
        ))
    }
    guard headers.partition == partition else {
      return .failure(
        error(.corrupt, "the record at offset \(message.offset) says that it belongs to partition \(headers.partition)"))
    }
    // Published twice by a connector that does so.
    if headers.sequence <= cursor.sequence { return nil }
    guard headers.sequence == cursor.sequence.next else {
      return .lost("the record at offset \(message.offset) is \(headers.sequence), \(cursor.sequence.next) is missing")
    }
    guard let value = message.value else {
      return .failure(error(.corrupt, "record \(headers.sequence) at offset \(message.offset) has no value"))
    }
    let commitTime = LogTime(rawValue: message.timestamp)
    guard commitTime >= time else {
      return .failure(
        error(.corrupt, "record \(headers.sequence) has the commit time \(commitTime), the one before it \(time): time went back")
      )
    }
    let start = batch.bytes.count
    if batch.entries.isEmpty {
      // One allocation for what is likely to come, instead of a buffer that is copied each time it doubles.
      let likely = min(limit.records, stream.waiting + 1)
      batch.entries.reserveCapacity(likely)
      batch.bytes.reserveCapacity(min(limit.bytes, likely * value.count) + value.count)
    }
    batch.bytes.append(contentsOf: value)
    batch.entries.append(.init(sequence: headers.sequence, time: commitTime, start: start, end: batch.bytes.count))
    batch.end.sequence = headers.sequence
    batch.end.hint = message.offset + 1
    cursor = batch.end
    time = commitTime
    isLocated = true
    return nil
  }

  private func stop(for error: KafkaError) -> Stop {
    if error.isOutOfRange { return .lost("the offset \(cursor.hint) is not kept: \(error.text)") }
    if error.isUnknownTopic { return .failure(self.error(.configuration, "\(error.text): was the topic deleted?")) }
    if error.isDamaged { return .failure(self.error(.corrupt, error.text)) }
    return .failure(rights.failure(error, of: table, partition: partition, topic: topic, message: error.text))
  }

  private func error(_ kind: LogError.Kind, _ message: String) -> LogError {
    LogError(kind, table: table, partition: partition, message)
  }
}
