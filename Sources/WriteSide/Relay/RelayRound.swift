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
  let session: RelaySession
  /// Called whenever everything that is there was published, or some of it.
  let isPublishing: @Sendable () -> Void

  /// How long a reader waits for records before it brings the watermark alone.
  private static let readWait = Duration.milliseconds(200)

  /// Between two transactions. For some milliseconds after one the brokers write its marks and refuse the next one's beginning, which librdkafka (2.0.2)
  /// then tries again after 20 ms.
  private static let restBetween = Duration.milliseconds(5)

  func run() async throws {
    let limit = ReadLimit(records: min(settings.transactionRecordsMax, 2_500), bytes: 4 << 20)
    let inbox = RelayInbox(partitions: session.state.partitions.count, limit: limit)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for partition in session.state.partitions.indices {
        group.addTask {
          try await read(partition, limit, into: inbox)
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

  private func read(_ partition: Int, _ limit: ReadLimit, into inbox: RelayInbox) async throws {
    var cursor = LogCursor(tableID: session.state.tableID, sequence: session.state.partitions[partition].sequence)
    var watermark = LogTime.distantPast
    var lastPut = ContinuousClock.now - settings.watermarkInterval
    while !Task.isCancelled {
      let batch = try await source.read(partition: partition, after: cursor, limit: limit, wait: RelayRound.readWait)
      cursor = batch.end
      // Reads of a quiet partition return at every write to the store; its watermark is of interest only now and then.
      let isDue = batch.watermark == .distantFuture || ContinuousClock.now - lastPut >= settings.watermarkInterval / 4
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
    var session = session
    while !Task.isCancelled {
      let ticket = inbox.filled.ticket
      let (batches, watermarks) = inbox.take(records: settings.transactionRecordsMax, bytes: settings.transactionBytesMax)
      // Before that it is not known whether anything waits to be published.
      let hasHeardAll = !watermarks.contains(nil)
      switch session.next(batches, watermarks, now: .now) {
      case .publish(let state):
        let published = try await publisher.publish(batches, state)
        if !batches.isEmpty || hasHeardAll { isPublishing() }
        if session.published(published, now: .now) { return }
        try? await Task.sleep(for: RelayRound.restBetween)
      case .wait:
        if hasHeardAll { isPublishing() }
        await inbox.filled.wait(since: ticket, timeout: settings.watermarkInterval)
      }
    }
  }
}
