package import ChangeLog
package import ChangeRecords
package import DynamoClient
internal import DynamoModel
internal import Synchronization

/// A table's change log as its table server serves it to other processes: the same records, bytes and errors as in the server's own, by
/// the operation FollowLog.
///
/// A server that does not answer is a passing error. Each batch is one request; a request waits on the server for records.
package final class ServedLog: ChangeLog {
  package let table: String
  private let client: DynamoClient
  private let key = Mutex<String?>(nil)

  /// Records and time of one request, in milliseconds.
  private static let recordsMax = 4096
  private static let waitMax = 500

  /// `client` need not try again by itself.
  package init(table: String, client: DynamoClient) {
    self.table = table
    self.client = client
  }

  /// The name of the table's partition key attribute, as of the last description.
  package var partitionKey: String? { key.withLock { $0 } }

  package func describe() async throws(LogError) -> LogDescription {
    let (description, _) = try await description()
    return description
  }

  package func bounds(partition: Int) async throws(LogError) -> LogBounds {
    let (description, bounds) = try await description()
    guard bounds.indices.contains(partition) else {
      throw LogError(
        .configuration, table: table, partition: partition, "the table has \(description.partitions) partitions")
    }
    return bounds[partition]
  }

  package func read(
    partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration
  ) async throws(LogError) -> RecordBatch {
    let deadline = ContinuousClock.now + wait
    while true {
      let remaining = max(.zero, deadline - .now)
      let batch = try await ask(partition, cursor, limit, wait: remaining)
      if !batch.entries.isEmpty || ContinuousClock.now >= deadline || Task.isCancelled { return batch }
    }
  }

  /// Binary search with a request for each step.
  package func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    let tableID = try await describe().tableID
    let bounds = try await bounds(partition: partition)
    var (low, high) = (bounds.first, bounds.last.next)
    while low < high {
      let middle = SequenceNumber(rawValue: low.rawValue + high.records(after: low) / 2)
      let before = LogCursor(tableID: tableID, sequence: middle.previous)
      let batch = try await ask(partition, before, ReadLimit(records: 1, bytes: 1), wait: .zero)
      if let found = batch.entries.first, found.time < time { low = middle.next } else { high = middle }
    }
    return LogCursor(tableID: tableID, sequence: low.previous)
  }

  private func description() async throws(LogError) -> (LogDescription, [LogBounds]) {
    let tape = try await call(nil) { _ in }
    let (firsts, lasts) = (numbers(tape, "First"), numbers(tape, "Last"))
    let life = tape.member(tape.root, "TableId").map { tape.string($0) } ?? ""
    guard let tableID = TableID(life), firsts.count == lasts.count, !firsts.isEmpty else { throw unreadable(nil) }
    let name = tape.member(tape.root, "PartitionKey").map { tape.string($0) }
    key.withLock { $0 = name }
    return (
      LogDescription(
        tableID: tableID, partitions: firsts.count,
        retention: tape.member(tape.root, "Retention").flatMap { Int64(tape.text($0)) }),
      zip(firsts, lasts).map { first, last in
        LogBounds(first: SequenceNumber(rawValue: UInt64(first)), last: SequenceNumber(rawValue: UInt64(last)))
      }
    )
  }

  private func ask(
    _ partition: Int, _ cursor: LogCursor, _ limit: ReadLimit, wait: Duration
  ) async throws(LogError) -> RecordBatch {
    let (seconds, attoseconds) = wait.components
    let milliseconds = min(Int64(ServedLog.waitMax), seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    let tape = try await call(partition) { writer in
      writer.member("TableId", cursor.tableID.description)
      writer.member("Partition", partition)
      writer.member("After", "\(cursor.sequence)")
      writer.member("Limit", min(limit.records, ServedLog.recordsMax))
      writer.member("Bytes", limit.bytes)
      writer.member("WaitMilliseconds", milliseconds)
    }
    let (times, ends) = (numbers(tape, "Times"), numbers(tape, "Ends"))
    guard let text = tape.member(tape.root, "Bytes"), let bytes = Base64.decode(tape.string(text).utf8),
      times.count == ends.count,
      Int64(bytes.count) == ends.last ?? 0, let watermark = number(tape, "Watermark"), let behind = number(tape, "Behind")
    else { throw unreadable(partition) }
    var batch = RecordBatch(
      partition: partition, format: .stored, bytes: bytes, end: cursor, watermark: LogTime(rawValue: watermark))
    batch.behind = UInt64(max(0, behind))
    var start = 0
    for (time, end) in zip(times, ends) {
      batch.end.sequence = batch.end.sequence.next
      batch.entries.append(.init(sequence: batch.end.sequence, time: LogTime(rawValue: time), start: start, end: Int(end)))
      start = Int(end)
    }
    return batch
  }

  private func call(_ partition: Int?, _ write: (inout JSONWriter) -> Void) async throws(LogError) -> JSONTape {
    let tape: JSONTape
    do {
      tape = try await client.call("Afterimage_20261121.FollowLog") { writer in
        writer.member("TableName", table)
        write(&writer)
      }.body
    } catch let error as ClientError {
      throw LogError(error.isPassing ? .retry : .configuration, table: table, partition: partition, "\(error)")
    } catch {
      throw LogError(.retry, table: table, partition: partition, "\(error)")
    }
    guard let failure = tape.member(tape.root, "Error") else { return tape }
    let kind = tape.member(failure, "Kind").flatMap { LogError.Kind(rawValue: tape.string($0)) }
    let message = tape.member(failure, "Message").map { tape.string($0) } ?? ""
    throw LogError(kind ?? .retry, table: table, partition: partition, message)
  }

  private func number(_ tape: JSONTape, _ name: String) -> Int64? {
    tape.member(tape.root, name).flatMap { Int64(tape.text($0)) }
  }

  private func numbers(_ tape: JSONTape, _ name: String) -> [Int64] {
    var found: [Int64] = []
    guard let array = tape.member(tape.root, name), tape.kind(array) == .array else { return [] }
    tape.forEachElement(array) { found.append(Int64(tape.text($0)) ?? -1) }
    return found
  }

  private func unreadable(_ partition: Int?) -> LogError {
    LogError(
      .configuration, table: table, partition: partition,
      "\(client.endpoint) does not answer as a table server of this version does: use the same afterimage for both")
  }
}
