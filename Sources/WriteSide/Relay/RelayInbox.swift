internal import ChangeLog
internal import ChangeRecords
internal import Services
internal import Synchronization

/// Between the readers of partitions and the publisher: one batch of each partition, and the latest watermark beside it.
///
/// What a reader brings while its last batch still waits is added to that, so that a transaction has everything that came during the one before. A batch
/// that is full waits until the last one was taken, which bounds the memory; a watermark never waits.
final class RelayInbox: Sendable {
  struct Watermark: Sendable, Equatable {
    let sequence: SequenceNumber
    let time: LogTime
  }

  private struct State {
    var batches: [RecordBatch?]
    var watermarks: [Watermark?]
    var next = 0
  }

  private let limit: ReadLimit
  private let state: Mutex<State>
  let filled = Signal()
  private let emptied = Signal()

  /// `limit` is what readers read at once, and what waits of a partition at most.
  init(partitions: Int, limit: ReadLimit) {
    self.limit = limit
    state = Mutex(State(batches: .init(repeating: nil, count: partitions), watermarks: .init(repeating: nil, count: partitions)))
  }

  /// Returns when the batch has a place, or the task is cancelled.
  func put(_ batch: RecordBatch) async {
    while !Task.isCancelled {
      let ticket = emptied.ticket
      let isPlaced = state.withLock { state in
        state.watermarks[batch.partition] = Watermark(sequence: batch.end.sequence, time: batch.watermark)
        if batch.entries.isEmpty { return true }
        guard state.batches[batch.partition] != nil else {
          state.batches[batch.partition] = batch
          return true
        }
        return state.batches[batch.partition]?.append(batch, limit) ?? false
      }
      if isPlaced { return filled.announce() }
      await emptied.wait(since: ticket, timeout: .seconds(60))
    }
  }

  /// Batches of at most `records` together (but one at least), and all watermarks; partitions take turns.
  func take(records: Int, bytes: Int) -> (batches: [RecordBatch], watermarks: [Watermark?]) {
    let taken = state.withLock { state in
      var batches: [RecordBatch] = []
      var count = 0
      var size = 0
      let partitions = state.batches.count
      let start = state.next
      for step in 0..<partitions {
        let number = (start + step) % partitions
        guard let batch = state.batches[number] else { continue }
        if !batches.isEmpty, count + batch.entries.count > records || size + batch.bytes.count > bytes { continue }
        batches.append(batch)
        count += batch.entries.count
        size += batch.bytes.count
        state.batches[number] = nil
        state.next = (number + 1) % partitions
      }
      return (batches, state.watermarks)
    }
    if !taken.0.isEmpty { emptied.announce() }
    return taken
  }
}

extension RecordBatch {
  /// Adds the batch that was read after this one; false, and nothing is changed, where both together are past a limit.
  fileprivate mutating func append(_ next: RecordBatch, _ limit: ReadLimit) -> Bool {
    guard next.format == format, next.end.tableID == end.tableID, entries.count + next.entries.count <= limit.records,
      bytes.count + next.bytes.count <= limit.bytes
    else { return false }
    let start = bytes.count
    bytes += next.bytes
    entries += next.entries.map { entry in
      .init(sequence: entry.sequence, time: entry.time, start: start + entry.start, end: start + entry.end)
    }
    end = next.end
    watermark = next.watermark
    behind = next.behind
    foreign += next.foreign
    return true
  }
}
