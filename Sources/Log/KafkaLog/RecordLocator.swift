internal import ChangeLog
internal import ChangeRecords
internal import Kafka
internal import Services

/// Finds a record's offset by its sequence or time: binary search over the offsets of a partition, a look at the first record after each.
///
/// Records of the table id with a higher number stand after the others, which is all that the search needs: aborted
/// transactions, marks, foreign messages and records published twice may lie between. About 20 looks of a few milliseconds for a
/// million records; it has a consumer of its own, so that readers are not disturbed. Kafka's own
/// search by timestamp does not help: the marks of transactions carry the time of their commit, which has nothing to do with ours.
struct RecordLocator {
  let table: String
  let topic: String
  let partition: Int
  /// The command that has the table published again.
  let republishing: String
  let rights: BrokerRights
  let consumer: Consumer

  /// A record of ours on the topic.
  struct Found {
    let offset: Int64
    let time: LogTime
    let headers: RecordHeaders
  }

  /// What stands at an offset or after it.
  enum Look {
    case record(Found)
    /// No record up to the end of what is committed, which is here.
    case end(Int64)

    var record: Found? {
      if case .record(let found) = self { return found }
      return nil
    }

    /// Nothing of ours between where the look began and this offset.
    var offset: Int64 {
      switch self {
      case .record(let found): found.offset
      case .end(let offset): offset
      }
    }
  }

  /// The offset at which to read on after `cursor`. `relayed` is what the companion topic says of the partition.
  func offset(after cursor: LogCursor, relayed: RelayState.Partition) async throws(LogError) -> Int64 {
    let beginning = try await look(Consumer.beginning)
    guard let first = beginning.record else {
      // Nothing of ours is kept.
      if cursor.sequence == relayed.sequence { return cursor.sequence == .beforeAll ? Consumer.beginning : beginning.offset }
      throw gone(cursor, relayed)
    }
    let next = cursor.sequence.next
    if first.headers.tableID == cursor.tableID, first.headers.sequence >= next {
      if first.headers.sequence == next { return next == .first ? Consumer.beginning : first.offset }
      throw LogError(
        .trimmed, table: table, partition: partition,
        "record \(next) is no longer kept, the topic begins with \(first.headers.sequence): \(mend)")
    }
    let end = try await look(Consumer.end).offset
    let found = try await search(from: first.offset + 1, to: end) {
      $0.headers.tableID == cursor.tableID && $0.headers.sequence > cursor.sequence
    }
    guard let found else {
      if cursor.sequence == relayed.sequence { return end }
      throw gone(cursor, relayed)
    }
    guard found.headers.sequence == next else {
      throw LogError(
        .corrupt, table: table, partition: partition,
        "record \(next) is missing: after its place stands \(found.headers.sequence) at offset \(found.offset)")
    }
    return found.offset
  }

  /// The first record at or after an offset.
  func look(_ offset: Int64) async throws(LogError) -> Look {
    let stream: Fetch
    do throws(KafkaError) {
      stream = try await Fetch(consumer, topic: topic, partition: partition, offset: offset)
    } catch {
      throw failure(error)
    }
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      let ticket = stream.arrivals.ticket
      if let look = try next(stream) { return look }
      let remaining = deadline - ContinuousClock.now
      guard remaining > .zero, !Task.isCancelled else { throw retry("the topic \(topic) does not answer") }
      await stream.arrivals.wait(since: ticket, timeout: remaining)
    }
  }

  /// The next record that has arrived, or the end; nil when neither has.
  private func next(_ stream: Fetch) throws(LogError) -> Look? {
    while true {
      let step: Result<Look?, LogError>? = stream.next(
        { message in
          switch RecordHeaders.read(message) {
          case .foreign: .success(nil)
          case .ours(let headers):
            .success(.record(Found(offset: message.offset, time: LogTime(rawValue: message.timestamp), headers: headers)))
          case .unreadable(let reason):
            .failure(
              LogError(
                .corrupt, table: table, partition: partition, "the record at offset \(message.offset) cannot be read: \(reason)"))
          }
        },
        event: { event in
          switch event {
          case .end(let offset): .success(.end(offset))
          case .failure(let error): .failure(failure(error))
          }
        })
      guard let step else { return nil }
      if let look = try step.get() { return look }
    }
  }

  /// The first record between two offsets that `isWanted`, which must hold for all records after one for which it holds.
  func search(from start: Int64, to end: Int64, _ isWanted: (Found) -> Bool) async throws(LogError) -> Found? {
    var low = start
    var high = end
    var best: Found?
    while low < high {
      let middle = low + (high - low) / 2
      guard let found = try await look(middle).record else {
        high = middle
        continue
      }
      if isWanted(found) {
        best = found
        high = middle
      } else {
        low = found.offset + 1
      }
    }
    return best
  }

  private var mend: String { "have what the table's own log keeps published again: \(republishing)" }

  private func gone(_ cursor: LogCursor, _ relayed: RelayState.Partition) -> LogError {
    if cursor.sequence > relayed.sequence, cursor.sequence <= relayed.promised {
      return retry(
        "the table is being published again in the topic \(topic): \(relayed.sequence) of \(relayed.promised) records, this reader "
          + "goes on after \(cursor.sequence)")
    }
    let text =
      cursor.sequence > relayed.sequence
      ? "the position \(cursor.sequence) is past the log's end \(relayed.sequence): the topic lost records, or is another one; \(mend)"
      : "record \(cursor.sequence.next) is no longer kept, though \(relayed.sequence) were published: \(mend)"
    return LogError(.trimmed, table: table, partition: partition, text)
  }

  private func failure(_ error: KafkaError) -> LogError {
    rights.failure(error, of: table, partition: partition, topic: topic, message: error.text)
  }

  private func retry(_ text: String) -> LogError { LogError(.retry, table: table, partition: partition, text) }
}
