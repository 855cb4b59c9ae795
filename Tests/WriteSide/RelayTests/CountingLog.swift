import ChangeLog
import ChangeRecords
import Services
import Synchronization

/// A log that says when it has been read so many times: a point in a relay's work, wherever that falls.
final class CountingLog: ChangeLog {
  private let base: any ChangeLog
  private let left: Mutex<Int>
  private let stop = Signal()

  init(_ base: any ChangeLog, stopAfter: Int) {
    self.base = base
    left = Mutex(stopAfter)
  }

  var table: String { base.table }

  func describe() async throws(LogError) -> LogDescription { try await base.describe() }

  func read(partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration) async throws(LogError) -> RecordBatch {
    let isOver = left.withLock { left in
      left -= 1
      return left == 0
    }
    if isOver { stop.announce() }
    // Few records a time, so that the points fall into many transactions.
    return try await base.read(partition: partition, after: cursor, limit: ReadLimit(records: 5, bytes: 1 << 20), wait: wait)
  }

  func bounds(partition: Int) async throws(LogError) -> LogBounds { try await base.bounds(partition: partition) }

  func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    try await base.cursor(partition: partition, time: time)
  }

  func untilStop() async {
    while !Task.isCancelled {
      let ticket = stop.ticket
      if left.withLock({ $0 <= 0 }) { return }
      await stop.wait(since: ticket, timeout: .seconds(60))
    }
  }
}

/// Lines that several tasks write.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func append(_ line: String) { lines.withLock { $0.append(line) } }
}
