internal import ChangeLog
internal import Pipelines
internal import Projections
package import ReadModels
package import Services

/// The one writer of a generation in this process: every call runs on its own thread, so that the store never holds one of
/// the concurrency runtime's.
package actor GenerationWriter {
  private let executor: BlockingExecutor
  private let store: any GenerationStore
  private var decider: Decider?
  private var isClosed = false
  /// Announced after each checkpoint: rows or positions are new.
  package nonisolated let committed: Signal
  /// Announced with `committed`, which others may announce too.
  private nonisolated let own: Signal
  /// Announced when effects were written, or are due again.
  package nonisolated let effectsWritten = Signal()
  /// Announced when an operator has paused, resumed, retried or discarded effects.
  package nonisolated let effectsChanged = Signal()

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// `open` opens the store; `own` is announced by this writer's checkpoints, `committed` by whoever makes some.
  package init(
    name: String, committed: Signal, own: Signal = Signal(), open: @Sendable () throws(ReadModelError) -> any GenerationStore
  ) throws(ReadModelError) {
    executor = BlockingExecutor("read-model \(name)")
    store = try open()
    self.committed = committed
    self.own = own
  }

  func addLanes(_ starts: [LaneID: LogCursor]) throws(ReadModelError) { try store.addLanes(starts) }

  func takeLane(_ lane: LaneID, start: LogCursor, sessionsMax: Int) throws(ReadModelError) -> TakenLane {
    try store.takeLane(lane, start: start, sessionsMax: min(sessionsMax, ReadModelLimits.sessionsHandedOverMax))
  }

  /// Takes a lane back that was left at `parked`, under a new epoch. Nil, and nothing changes, where it does not stand there: somebody has taken it since,
  /// or its generation was frozen.
  func resume(_ lane: LaneID, at parked: LanePosition) throws(ReadModelError) -> Epoch? {
    var taken = parked
    taken.epoch = parked.epoch.next
    do {
      _ = try store.checkpoint(LaneCheckpoint(lane, from: parked, to: taken, LaneChanges()))
      return taken.epoch
    } catch .superseded {
      return nil
    }
  }

  func sessions(
    _ lane: LaneID, _ lookups: [ProjectionID: SessionLookup]
  ) throws(ReadModelError) -> [ProjectionID: FoundSessions] {
    try store.sessions(lane, lookups)
  }

  func checkpoint(_ checkpoint: LaneCheckpoint) throws(ReadModelError) -> CheckpointResult {
    let result = try store.checkpoint(checkpoint)
    announce()
    if result.effects > 0 { effectsWritten.announce() }
    return result
  }

  private func announce() {
    committed.announce()
    own.announce()
  }

  func lanes() throws(ReadModelError) -> [LaneID: LanePosition] { try store.lanes() }

  func takeDecider(partitions: [TableIndex: Int], _ activations: Activations, sessionsMax: Int) throws(ReadModelError) {
    decider = try Decider(store, partitions: partitions, activations, sessionsMax: sessionsMax)
  }

  /// One round of the decider: whether there may be more at once, and what holds projections back.
  func decide() throws(ReadModelError) -> (hasMore: Bool, holds: [Decider.Hold]) {
    guard let decider else { return (false, []) }
    let hasMore = try decider.round()
    if decider.hasWritten {
      announce()
      effectsWritten.announce()
    }
    return (hasMore, decider.holds)
  }

  /// What holds projections of the decider back, whoever folds it.
  func holds(_ partitions: [TableIndex: Int]) throws(ReadModelError) -> [Decider.Hold] {
    try Decider.holds(store, LeastWatermark(store.pipeline, partitions, try store.lanes()))
  }

  func now() throws(ReadModelError) -> Int64 { try store.now() }

  func dueEffects(_ query: DueEffects) throws(ReadModelError) -> [PendingEffect] { try store.dueEffects(query) }

  func claim(_ effects: [PendingEffect], for lease: Duration) throws(ReadModelError) -> Set<EffectID> {
    try store.claim(effects, for: lease)
  }
  func giveBack(_ effects: [PendingEffect]) throws(ReadModelError) { try store.giveBack(effects) }

  func settle(_ outcomes: [(effect: PendingEffect, outcome: EffectOutcome)]) throws(ReadModelError) {
    try store.settle(outcomes)
  }

  func items(of rows: OutboxAction.Rows, for effect: PendingEffect) throws(ReadModelError) -> [RowItem] {
    try store.items(of: rows, for: effect)
  }

  /// As `GenerationStore.effects`, on the writer's thread. Nil when the writer has been closed.
  package func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) throws(ReadModelError) -> [ListedEffect]? {
    if isClosed { return nil }
    return try store.effects(states, after: after, limit: limit)
  }

  /// As `GenerationStore.change`, and wakes the dispatcher and whoever shows effects. Answers how many were changed; nil when the writer has been
  /// closed.
  package func change(_ effects: EffectSelection, _ change: EffectChange) throws(ReadModelError) -> Int? {
    if isClosed { return nil }
    defer {
      effectsChanged.announce()
      effectsWritten.announce()
    }
    return try store.change(effects, change)
  }

  /// Where the generation stands and what it has not carried out, for the one that takes its place.
  func old() throws(ReadModelError) -> OldGeneration {
    let projections = store.pipeline.projections
    return OldGeneration(
      lanes: try store.lanes(),
      decided: Dictionary(
        uniqueKeysWithValues: try store.decided().compactMap { projections.contains($0) ? (projections[$0].name, $1) : nil }),
      outbox: try store.effects(Set(EffectState.allCases), after: .none, limit: .max))
  }

  func handOver(_ old: OldGeneration) throws(ReadModelError) { try store.handOver(old) }

  package func close() {
    isClosed = true
    store.close()
  }
}
