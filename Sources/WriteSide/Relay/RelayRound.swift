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

  /// How long a reader waits for records before it brings the frontier alone.
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
    var cursor = LogCursor(incarnation: state.incarnation, sequence: state.partitions[partition].sequence)
    var frontier = Int64.min
    var lastPut = ContinuousClock.now - settings.frontierInterval
    let limit = ReadLimit(records: min(settings.transactionRecordsMax, 2_500), bytes: 4 << 20)
    while !Task.isCancelled {
      let batch = try await source.read(partition: partition, after: cursor, limit: limit, wait: RelayRound.readWait)
      cursor = batch.end
      // Reads of a quiet partition return at every write to the store; its frontier is of interest only now and then.
      let isDue = batch.frontier == .max || ContinuousClock.now - lastPut >= settings.frontierInterval / 2
      if !batch.entries.isEmpty || (batch.frontier != frontier && isDue) {
        await inbox.put(batch)
        frontier = batch.frontier
        lastPut = .now
      }
      // The end of the table's life.
      if batch.entries.isEmpty, batch.frontier == .max { return }
    }
  }

  private func publish(from inbox: RelayInbox) async throws {
    var state = state
    var last = ContinuousClock.now - settings.frontierInterval
    while !Task.isCancelled {
      let ticket = inbox.filled.ticket
      let (batches, frontiers) = inbox.take(records: settings.transactionRecordsMax, bytes: settings.transactionBytesMax)
      let next = RelayRound.advanced(state, batches, frontiers)
      let isDue = ContinuousClock.now - last >= settings.frontierInterval
      let isOver = next.partitions.allSatisfy { $0.frontier == .max }
      if !batches.isEmpty || (next != state && (isDue || isOver)) {
        state = try await publisher.publish(batches, next)
        last = .now
        if isOver { return }
        continue
      }
      await inbox.filled.wait(since: ticket, timeout: settings.frontierInterval)
    }
  }

  /// The state after some batches. A frontier counts once all records before it are published.
  static func advanced(_ state: RelayState, _ batches: [RecordBatch], _ frontiers: [RelayInbox.Frontier?]) -> RelayState {
    var next = state
    for batch in batches {
      guard let entry = batch.entries.last else { continue }
      next.partitions[batch.partition].sequence = entry.sequence
      next.partitions[batch.partition].frontier = max(next.partitions[batch.partition].frontier, entry.time)
    }
    for (number, frontier) in frontiers.enumerated() {
      guard let frontier, frontier.sequence <= next.partitions[number].sequence else { continue }
      next.partitions[number].frontier = max(next.partitions[number].frontier, frontier.time)
    }
    return next
  }
}
