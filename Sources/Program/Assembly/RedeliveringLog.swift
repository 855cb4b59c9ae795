internal import ChangeLog
internal import ChangeRecords

/// A log that delivers at least once: with the records after a cursor come those before it again, each twice in a row, and then all of
/// them once more.
struct RedeliveringLog: ChangeLog {
  private let log: any ChangeLog
  /// How many records before the cursor come again.
  private static let again: UInt64 = 3

  init(_ log: any ChangeLog) { self.log = log }

  var table: String { log.table }

  func describe() async throws(LogError) -> LogDescription { try await log.describe() }
  func bounds(partition: Int) async throws(LogError) -> LogBounds { try await log.bounds(partition: partition) }
  func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    try await log.cursor(partition: partition, time: time)
  }

  func read(
    partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration
  ) async throws(LogError) -> RecordBatch {
    var before = cursor
    before.sequence = before.sequence.earlier(by: RedeliveringLog.again)
    let more = ReadLimit(records: limit.records + Int(RedeliveringLog.again), bytes: limit.bytes)
    var batch = try await log.read(partition: partition, after: before, limit: more, wait: wait)
    batch.entries = batch.entries.flatMap { [$0, $0] } + batch.entries
    return batch
  }
}
