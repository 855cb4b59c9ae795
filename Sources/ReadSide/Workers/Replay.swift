package import ChangeLog
internal import ChangeRecords
package import Pipelines
internal import Projections
package import ReadModels

/// Works a pipeline's lanes one after another in the caller's task, without pacing: for scenario tests, for building a read model from
/// a log that stands still, and for checking that batch sizes, restarts and interleaving change nothing.
///
/// With `restartEvery` each lane checkpoints after that many records, forgets everything, and goes on from the store; with
/// `checkpointEvery` it checkpoints and goes on.
package struct Replay {
  package let store: any GenerationStore
  private let logs: [any ChangeLog]
  private let batchRecords: Int
  private let restartEvery: Int?
  private let wait: Duration
  private let isSettled: Bool
  private let pace: LanePace
  private let activations: Activations
  private let sessionsMax: Int
  private var lanes: [LaneRun] = []
  /// By table, how many lanes it has.
  private var partitions: [TableIndex: Int] = [:]
  private var sinceRestart: [Int] = []
  private var decider: Decider?
  /// Which lane takes the next step, given how many there are; the default takes turns.
  package var choose: (Int) -> Int? = { _ in nil }

  /// `logs` are those of the pipeline's tables, in order. A lane is at its end when nothing came for `wait`. `isSettled` says that the logs are
  /// of one store and stand still while this works: the decider then folds up to their ends, not only up to the watermarks. `sessionsMax` sessions
  /// of a projection stay in memory in each lane.
  package init(
    store: any GenerationStore, logs: [any ChangeLog], batchRecords: Int = 4096, restartEvery: Int? = nil,
    checkpointEvery: Int? = nil, wait: Duration = .zero, activations: Activations? = nil, isSettled: Bool = false,
    sessionsMax: Int = .max
  ) {
    self.store = store
    self.logs = logs
    self.batchRecords = batchRecords
    self.restartEvery = restartEvery
    self.wait = wait
    self.isSettled = isSettled
    self.sessionsMax = sessionsMax
    // Never before the end, unless that many records are gathered.
    pace = LanePace(
      recordsMax: checkpointEvery ?? restartEvery ?? .max, rowsMax: .max, interval: .seconds(1 << 40), farRecords: .max,
      watermarkInterval: .zero)
    self.activations = activations ?? .always(EffectRules.names(of: store.pipeline))
  }

  /// Applies everything that the logs hold, commits it, and brings every lane and the decider to their watermarks. Answers the number of
  /// records.
  @discardableResult
  package mutating func catchUp() async throws -> Int {
    if lanes.isEmpty { try await open() }
    var total = 0
    var quiet = Set<Int>()
    while quiet.count < lanes.count {
      let active = lanes.indices.filter { !quiet.contains($0) }
      let turn = choose(active.count).map { [active[$0]] } ?? active
      for index in turn {
        let applied = try await step(index)
        total += applied
        // While one lane finds something, another that found nothing is asked again.
        if applied == 0 { quiet.insert(index) } else { quiet = [] }
      }
    }
    for index in lanes.indices where lanes[index].isDirty { try commit(index) }
    while try decider?.round(isSettled: isSettled) == true {}
    return total
  }

  /// The least instant at which something may happen without a record.
  package var nextDeadline: Instant? {
    (lanes.compactMap(\.engine.nextDeadline) + [decider?.nextDeadline].compactMap { $0 }).min()
  }

  private mutating func open() async throws {
    for (place, log) in logs.enumerated() {
      let table = TableIndex(rawValue: place)
      let description = try await log.describe()
      partitions[table] = description.partitions
      for partition in 0..<description.partitions {
        lanes.append(
          try load(LaneID(table: table, partition: partition), LogCursor(tableID: description.tableID, sequence: .beforeAll)))
      }
    }
    sinceRestart = Array(repeating: 0, count: lanes.count)
    decider = try takeDecider()
  }

  private func takeDecider() throws(ReadModelError) -> Decider {
    try Decider(store, partitions: partitions, activations, sessionsMax: sessionsMax)
  }

  private func load(_ lane: LaneID, _ start: LogCursor) throws -> LaneRun {
    LaneRun(
      lane, store.pipeline, try store.takeLane(lane, start: start, sessionsMax: sessionsMax), activations: activations,
      pace: pace,
      sessionsMax: sessionsMax)
  }

  private mutating func step(_ index: Int) async throws -> Int {
    // No copy of the lane is held here: its dictionaries are changed in place.
    let (lane, cursor) = (lanes[index].lane, lanes[index].progress.next.cursor)
    let batch = try await logs[lane.table.rawValue].read(
      partition: lane.partition, after: cursor, limit: ReadLimit(records: batchRecords, bytes: 4 << 20), wait: wait)
    let before = lanes[index].engine.applied
    var hasCommitted = false
    lanes[index].begin(batch)
    while lanes[index].isAtWork {
      switch lanes[index].step() {
      case .look(let lookups): lanes[index].admit(try store.sessions(lane, lookups), lookups)
      // A lane stops at a bad record even when nothing came before it.
      case .act(.commit) where lanes[index].engine.applied > before || lanes[index].progress.isAtFailure:
        try commit(index)
        hasCommitted = true
      case .act: break
      }
    }
    let applied = Int(lanes[index].engine.applied - before)
    sinceRestart[index] += applied
    if hasCommitted, let restartEvery, sinceRestart[index] >= restartEvery {
      sinceRestart[index] = 0
      lanes[index] = try load(lane, batch.end)
      decider = try takeDecider()
      while try decider?.round() == true {}
    }
    return applied
  }

  private mutating func commit(_ index: Int) throws {
    let checkpoint = lanes[index].takeCheckpoint()
    _ = try store.checkpoint(checkpoint)
    if case .stop(let stop) = lanes[index].committed() { throw ReplayStopped(reason: stop.reason) }
  }
}

/// A lane cannot go on.
package struct ReplayStopped: Error, CustomStringConvertible {
  package let reason: String

  package var description: String { reason }
}
