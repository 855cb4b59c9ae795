internal import ChangeLog
internal import ChangeRecords
internal import Kafka
internal import Services

/// Finds a record's offset by its sequence or time: binary search over the offsets of a partition, a look at the first record behind each.
///
/// Records of the incarnation with a higher number stand behind the others, which is all that the search needs: aborted
/// transactions, marks, foreign messages and records published twice may lie between. About 20 looks of a few milliseconds for a
/// million records; it has a consumer of its own, so that readers are not disturbed. Kafka's own
/// search by timestamp is of no use: the marks of transactions carry the time of their commit, which has nothing to do with ours.
struct RecordLocator {
  let table: String
  let topic: String
  let partition: Int
  let consumer: Consumer

  /// A record of ours on the topic.
  struct Found {
    let offset: Int64
    let time: Int64
    let headers: RecordHeaders
  }

  /// The offset at which to read on behind `cursor`. `relayed` is the last sequence published, as the companion topic says.
  func offset(behind cursor: LogCursor, relayed: UInt64) async throws(LogError) -> Int64 {
    let marks = try await watermarks()
    guard let first = try await look(marks.low) else {
      // Nothing of ours is kept.
      if cursor.sequence == relayed { return cursor.sequence == 0 ? marks.low : marks.high }
      throw gone(cursor, relayed)
    }
    let next = cursor.sequence + 1
    if first.headers.incarnation == cursor.incarnation, first.headers.sequence >= next {
      if first.headers.sequence == next { return next == 1 ? marks.low : first.offset }
      throw LogError(
        .trimmed, table: table, partition: partition,
        "record \(next) is no longer kept, the topic begins with \(first.headers.sequence): build a new generation")
    }
    guard
      let found = try await search(
        from: first.offset + 1, to: marks.high,
        { $0.headers.incarnation == cursor.incarnation && $0.headers.sequence > cursor.sequence })
    else {
      if cursor.sequence <= relayed, cursor.sequence == 0 || relayed == cursor.sequence { return marks.high }
      throw gone(cursor, relayed)
    }
    guard found.headers.sequence == next else {
      throw LogError(
        .corrupt, table: table, partition: partition,
        "record \(next) is missing: behind its place stands \(found.headers.sequence) at offset \(found.offset)")
    }
    return found.offset
  }

  /// The first record at or behind an offset; nil at the end of what is committed.
  func look(_ offset: Int64) async throws(LogError) -> Found? {
    let stream: PartitionStream
    do throws(KafkaError) {
      stream = try await consumer.open(topic: topic, partition: partition, offset: offset)
    } catch {
      throw retry(error.text)
    }
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      let ticket = stream.arrivals.ticket
      if let found = try next(stream) { return found.record }
      let remaining = deadline - ContinuousClock.now
      guard remaining > .zero, !Task.isCancelled else { throw retry("the topic \(topic) does not answer") }
      await stream.arrivals.wait(since: ticket, timeout: remaining)
    }
  }

  func watermarks() async throws(LogError) -> (low: Int64, high: Int64) {
    do throws(KafkaError) {
      return try await consumer.watermarks(topic: topic, partition: partition)
    } catch {
      throw retry(error.text)
    }
  }

  /// The next record that has arrived, or the end; nil when neither has.
  private func next(_ stream: PartitionStream) throws(LogError) -> (record: Found?, isEnd: Bool)? {
    enum Step {
      case found(Found)
      case skip
      case end
      case failure(LogError)
    }
    while true {
      let step: Step? = stream.next(
        { message in
          switch RecordHeaders.read(message) {
          case .foreign: .skip
          case .ours(let headers): .found(Found(offset: message.offset, time: message.timestamp, headers: headers))
          case .unreadable(let reason):
            .failure(
              LogError(
                .corrupt, table: table, partition: partition, "the record at offset \(message.offset) cannot be read: \(reason)"))
          }
        },
        event: { event in
          switch event {
          case .end(_): .end
          case .failure(let error): .failure(retry(error.text))
          }
        })
      switch step {
      case nil: return nil
      case .skip: continue
      case .end: return (nil, true)
      case .found(let found): return (found, false)
      case .failure(let error): throw error
      }
    }
  }

  /// The first record between two offsets that `isWanted`, which must hold for all records behind one for which it holds.
  func search(
    from start: Int64, to end: Int64, _ isWanted: (Found) -> Bool
  ) async throws(LogError) -> Found? {
    var low = start
    var high = end
    var best: Found?
    while low < high {
      let middle = low + (high - low) / 2
      guard let found = try await look(middle) else {
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

  private func gone(_ cursor: LogCursor, _ relayed: UInt64) -> LogError {
    let text =
      cursor.sequence > relayed
      ? "the position \(cursor.sequence) lies behind the log's end \(relayed): the topic lost records, or is another one"
      : "record \(cursor.sequence + 1) is no longer kept, though \(relayed) were published: build a new generation"
    return LogError(.trimmed, table: table, partition: partition, text)
  }

  private func retry(_ text: String) -> LogError { LogError(.retry, table: table, partition: partition, text) }
}
