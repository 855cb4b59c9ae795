internal import ChangeLog
internal import ChangeRecords
internal import KafkaLog
internal import Services

/// One life of a table being published: a reader for each partition, and the publisher that takes what they bring.
///
/// Returns when the table's life is over and all of it is published, or the task is cancelled; throws at the first error.
struct RelayRound {
  let source: any ChangeLog
  let publisher: Publisher
  let settings: RelaySettings
  let state: RelayState

  /// How long a reader waits for records before it brings the watermark alone.
  private static let readWait = Duration.milliseconds(200)

  func run() async throws {
    let inbox = RelayInbox(partitions: state.partitions.count)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for partition in state.partitions.indices {
        group.addTask {
          try await read(partition, into: inbox)
          return false
        }
      }
      group.addTask {
        try await publish(from: inbox)
        return true
      }
      while let isOver = try await group.next() {
        if isOver { break }
      }
      group.cancelAll()
    }
  }

  private func read(_ partition: Int, into inbox: RelayInbox) async throws {
    var cursor = LogCursor(tableID: state.tableID, sequence: state.partitions[partition].sequence)
    var watermark = LogTime.distantPast
    var lastPut = ContinuousClock.now - settings.watermarkInterval
    let limit = ReadLimit(records: min(settings.transactionRecordsMax, 2_500), bytes: 4 << 20)
    while !Task.isCancelled {
      let batch = try await source.read(partition: partition, after: cursor, limit: limit, wait: RelayRound.readWait)
      cursor = batch.end
      // Reads of a quiet partition return at every write to the store; its watermark is of interest only now and then.
      let isDue = batch.watermark == .distantFuture || ContinuousClock.now - lastPut >= settings.watermarkInterval / 2
      if !batch.entries.isEmpty || (batch.watermark != watermark && isDue) {
        await inbox.put(batch)
        watermark = batch.watermark
        lastPut = .now
      }
      // The end of the table's life.
      if batch.entries.isEmpty, batch.watermark == .distantFuture { return }
    }
  }

  private func publish(from inbox: RelayInbox) async throws {
    var state = state
    var last = ContinuousClock.now - settings.watermarkInterval
    while !Task.isCancelled {
      let ticket = inbox.filled.ticket
      let (batches, watermarks) = inbox.take(records: settings.transactionRecordsMax, bytes: settings.transactionBytesMax)
      let next = RelayRound.advanced(state, batches, watermarks)
      let isDue = ContinuousClock.now - last >= settings.watermarkInterval
      let isOver = next.partitions.allSatisfy { $0.watermark == .distantFuture }
      if !batches.isEmpty || (next != state && (isDue || isOver)) {
        state = try await publisher.publish(batches, next)
        last = .now
        if isOver { return }
        continue
      }
      await inbox.filled.wait(since: ticket, timeout: settings.watermarkInterval)
    }
  }

  /// The state after some batches. A watermark counts once all records before it are published.
  static func advanced(_ state: RelayState, _ batches: [RecordBatch], _ watermarks: [RelayInbox.Watermark?]) -> RelayState {
    var next = state
    for batch in batches {
      guard let entry = batch.entries.last else { continue }
      next.partitions[batch.partition].sequence = entry.sequence
      next.partitions[batch.partition].watermark = max(next.partitions[batch.partition].watermark, entry.time)
    }
    for (number, watermark) in watermarks.enumerated() {
      guard let watermark, watermark.sequence <= next.partitions[number].sequence else { continue }
      next.partitions[number].watermark = max(next.partitions[number].watermark, watermark.time)
    }
    return next
  }
}
