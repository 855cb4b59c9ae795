package import DynamoModel
package import Pipelines

/// What depends on several lanes in order, folded in one place: sessions of which one is live per group, groups whose conditions turn true, and
/// the boards that close.
///
/// The decider takes the steps that lie strictly below a projection's watermark (the least of the partitions that feed it), in the order of
/// the changes; deadlines of an instant follow all steps of that instant. Pure, as the lanes: the same steps give the same changes, however
/// they are cut into calls.
package struct DeciderEngine: Sendable {
  /// What a closing says of a board.
  package struct Closing: Sendable {
    package let projection: ProjectionID
    /// The board's values.
    package let board: [Value]
    /// The end of the board's calendar period: the row's `closed_at`.
    package let closedAt: Instant
    /// The first change of the board: a board that was made late closes no earlier.
    package let openedAt: Instant

    package init(projection: ProjectionID, board: [Value], closedAt: Instant, openedAt: Instant) {
      self.projection = projection
      self.board = board
      self.closedAt = closedAt
      self.openedAt = openedAt
    }
  }

  package let pipeline: Pipeline
  private var output: LaneOutput
  private var folds: [ProjectionID: SessionFold] = [:]
  private var watched: [ProjectionID: WatchFold] = [:]

  /// `stored` are the sessions of the projections that the decider folds; of each, `residentMax` stay in memory.
  package init(
    pipeline: Pipeline, stored: [ProjectionID: StoredSessions], activations: [String: Activation], residentMax: Int = .max
  ) {
    self.pipeline = pipeline
    output = LaneOutput(effects: EffectRules(pipeline: pipeline, table: nil, activations: activations))
    for id in DeciderEngine.sessions(of: pipeline) {
      guard case .sessions(let sessions) = pipeline.projections[id].kind else { continue }
      var fold = SessionFold(sessions, keyNames: pipeline.tables[sessions.sources[0].table].keyNames, residentMax: residentMax)
      fold.load(stored[id] ?? StoredSessions())
      folds[id] = fold
    }
    for (id, watches) in DeciderEngine.watches(of: pipeline) {
      guard case .aggregate(let aggregate) = pipeline.projections[id].kind else { continue }
      watched[id] = WatchFold(GroupPlan(aggregate), watches)
    }
  }

  /// By aggregate, the effects that wait for conditions over its rows.
  static func watches(of pipeline: Pipeline) -> [ProjectionID: [WatchFold.Watch]] {
    var watches: [ProjectionID: [WatchFold.Watch]] = [:]
    for (index, effect) in pipeline.effects.enumerated() {
      if case .conditionTurned(let id, let condition) = effect.trigger { watches[id, default: []].append((index, condition)) }
    }
    return watches
  }

  /// The projections of which lanes hand steps over.
  package static func folded(of pipeline: Pipeline) -> [ProjectionID] {
    (sessions(of: pipeline) + watches(of: pipeline).keys).sorted()
  }

  /// The groups that steps of a projection touch and that are not in memory, in ordered form.
  package func wantedGroups(_ steps: [SessionStep], projection id: ProjectionID) -> [[UInt8]] {
    watched[id]?.wanted(steps) ?? []
  }

  /// Takes the states of wanted groups, as they are stored.
  package mutating func admit(_ states: [BytesKey: [UInt8]], wanted: [[UInt8]], projection id: ProjectionID) throws {
    try watched[id]?.admit(states, wanted)
  }

  /// The projections whose sessions the decider folds.
  package static func sessions(of pipeline: Pipeline) -> [ProjectionID] {
    pipeline.projections.ids.filter { id in
      if case .sessions(let sessions) = pipeline.projections[id].kind { sessions.isFoldedByDecider } else { false }
    }
  }

  /// The leaderboards whose boards close.
  package static func closingBoards(of pipeline: Pipeline) -> [ProjectionID] {
    pipeline.projections.ids.filter { id in
      if case .leaderboard(let board) = pipeline.projections[id].kind { !board.windows.isEmpty } else { false }
    }
  }

  /// What has to be looked up in the store before steps of a projection are applied and its deadlines before a time fire; nil when nothing.
  package func lookup(_ steps: [SessionStep], projection id: ProjectionID, before time: Instant) -> SessionLookup? {
    guard let fold = folds[id], !fold.isWhole else { return nil }
    var lookup = SessionLookup()
    for step in steps { fold.look(for: step, &lookup) }
    fold.lookForDue(before: time, &lookup)
    return lookup.isEmpty ? nil : lookup
  }

  /// Takes the answer to a lookup.
  package mutating func admit(_ found: FoundSessions, _ lookup: SessionLookup, projection id: ProjectionID) {
    folds[id]?.admit(found, lookup)
  }

  /// Before this every deadline of a projection can be fired.
  package func dueThrough(_ id: ProjectionID) -> Instant { folds[id]?.dueThrough ?? .distantFuture }

  /// What was handed over is committed: sessions past the bound are let go.
  package mutating func committed() {
    for id in folds.keys { folds[id]?.committed() }
    for id in watched.keys { watched[id]?.committed() }
  }

  /// Applies steps of a projection, in the order of their stamps. What they need was looked up. Throws for states that are not what was stored.
  package mutating func apply(_ steps: [SessionStep], projection id: ProjectionID) throws {
    if var fold = watched.removeValue(forKey: id) {
      defer { watched[id] = fold }
      var turns: [WatchFold.Turn] = []
      try fold.apply(steps, &turns)
      for turn in turns { output.conditionTurned(turn) }
      return
    }
    guard var fold = folds.removeValue(forKey: id) else { return }
    defer { folds[id] = fold }
    var endings: [SessionFold.Ending] = []
    for step in steps {
      fold.fire(before: step.stamp.time, &endings)
      fold.apply(step, &endings)
    }
    for ending in endings { output.sessionEnded(ending, projection: id, fold.sessions) }
  }

  /// Fires the deadlines of a projection before a time. All steps below it have been applied.
  package mutating func advance(_ id: ProjectionID, to watermark: Instant) {
    guard var fold = folds.removeValue(forKey: id) else { return }
    defer { folds[id] = fold }
    var endings: [SessionFold.Ending] = []
    fold.fire(before: watermark, &endings)
    for ending in endings { output.sessionEnded(ending, projection: id, fold.sessions) }
  }

  /// A board has closed: the effects that wait for it.
  package mutating func close(_ closing: Closing) { output.boardClosed(closing) }

  /// The least instant at which something may happen without a step.
  package var nextDeadline: Instant? { folds.values.compactMap(\.nextDeadline).min() }

  /// Hands over what changed since the last call.
  package mutating func takeChanges() -> LaneChanges {
    var changes = LaneChanges()
    for id in folds.keys.sorted() {
      guard var fold = folds.removeValue(forKey: id) else { continue }
      let taken = fold.takeChanges()
      folds[id] = fold
      if taken.count > 0 { changes.sessions[id] = taken }
    }
    for id in watched.keys.sorted() {
      if let taken = watched[id]?.takeChanges(), !taken.isEmpty { changes.watched[id] = taken }
    }
    swap(&changes.outbox, &output.outbox)
    swap(&changes.suppressedEffects, &output.suppressed)
    return changes
  }
}
