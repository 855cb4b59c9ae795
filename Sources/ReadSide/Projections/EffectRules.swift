package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// From when on an effect is carried out: of each partition the log's end when it was seen for the first time, and its watermark. Nil where
/// it is not active at all.
package struct Activation: Sendable, Equatable {
  /// The last record, by its sequence number, that is older than the effect.
  package var sequence: SequenceNumber
  /// Deadlines that fire at or after this time are carried out.
  package var watermark: Instant

  package init(sequence: SequenceNumber, watermark: Instant) {
    self.sequence = sequence
    self.watermark = watermark
  }

  /// Active since the log's beginning.
  package static let always = Activation(sequence: .beforeAll, watermark: .distantPast)
}

/// What transitions set off: the rows that effects leave in the outbox. Of one lane, or of the decider.
package struct EffectRules: Sendable {
  let pipeline: Pipeline
  /// The lane's table; nil for the decider.
  let table: TableIndex?
  private let activations: [String: Activation]

  /// `activations` by the names of effects, and of the projections whose sessions expire their items; one that is missing is not active.
  package init(pipeline: Pipeline, table: TableIndex?, activations: [String: Activation]) {
    self.pipeline = pipeline
    self.table = table
    self.activations = activations
  }

  /// The names of everything that may be activated.
  package static func names(of pipeline: Pipeline) -> [String] { pipeline.effectNames }

  /// The name of the projection whose sessions or boards an effect of this name waits for; nil for one that waits for changes.
  package static func projection(awaitedBy name: String, of pipeline: Pipeline) -> String? {
    guard let effect = pipeline.effects.first(where: { $0.name == name }) else { return name }
    switch effect.trigger {
    case .session(let id, _), .boardClosed(let id): return pipeline.projections[id].name
    case .change: return nil
    }
  }

  func isActive(_ name: String, record stamp: Stamp) -> Bool {
    guard let activation = activations[name] else { return false }
    return table == nil ? stamp.time >= activation.watermark : stamp.sequence > activation.sequence
  }

  func isActive(_ name: String, firedAt time: Instant) -> Bool { activations[name].map { time >= $0.watermark } ?? false }

  /// A key of parts of which no other parts make the same.
  package static func key(_ parts: [String]) -> String { parts.map { "\($0.utf8.count):\($0)" }.joined() }
}

extension LaneOutput {
  /// A change of an item that an effect waits for.
  mutating func changeHappened(_ index: Int, _ source: Source, _ change: Change) throws(EvaluationFailure) {
    guard !change.isSnapshot,
      let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.stamp.time)
    else { return }
    let effect = effects.pipeline.effects[index]
    // One set of values for each element of a list that is taken apart; without any there is nothing to do.
    let inputs = try source.contributions(of: image, commit: change.stamp.time, old: change.old, new: change.new)
    if inputs.isEmpty { return }
    guard effects.isActive(effect.name, record: change.stamp) else {
      suppressed += 1
      return
    }
    let action: OutboxEntry.Action =
      switch effect.action {
      case .deleteItem: .deleteItem(table: source.table, key: change.record.keys, seen: Item(), through: change.stamp.position)
      case .deleteRows(let selections): .deleteRows(inputs.flatMap { LaneOutput.rows(selections, $0) })
      }
    outbox.append(
      OutboxEntry(
        idempotencyKey: EffectRules.key([effects.pipeline.name, effect.name, change.stamp.position.description]),
        name: effect.name,
        time: change.stamp.time, order: change.stamp.order, origin: .record(change.stamp.sequence), action: action))
  }

  /// A session has come to its end: its own expiry of the item, and the effects that wait for it.
  mutating func sessionEnded(_ ending: SessionFold.Ending, projection id: ProjectionID, _ sessions: Sessions) {
    let state = ending.state
    guard let end = state.endedBy else { return }
    let pipeline = effects.pipeline
    let projection = pipeline.projections[id]
    func entry(_ name: String, _ action: OutboxEntry.Action) {
      let isActive: Bool
      var entry: (time: Instant, order: CommitOrder, origin: OutboxEntry.Origin)
      switch ending.cause {
      case .change(let stamp):
        isActive = effects.isActive(name, record: stamp)
        entry = (stamp.time, stamp.order, .record(stamp.sequence))
      case .deadline(let firedAt):
        isActive = effects.isActive(name, firedAt: firedAt)
        // Everything of the instant comes before its deadlines.
        entry = (firedAt, .afterAll, .deadline(firedAt))
      }
      guard isActive else {
        suppressed += 1
        return
      }
      let key = EffectRules.key([pipeline.name, name] + state.key.map(\.description) + [state.sessionID])
      outbox.append(
        OutboxEntry(idempotencyKey: key, name: name, time: entry.time, order: entry.order, origin: entry.origin, action: action))
    }
    func deletion(of item: SessionItem) -> OutboxEntry.Action {
      .deleteItem(table: sessions.sources[0].table, key: item.key, seen: item.seen, through: item.version.position)
    }
    if sessions.expiresItem, end.status == .expired, end != .ttl, let item = state.item {
      entry(projection.name, deletion(of: item))
    }
    for effect in pipeline.effects {
      guard case .session(id, let ends) = effect.trigger, ends.contains(end) else { continue }
      switch effect.action {
      case .deleteItem: if let item = state.item { entry(effect.name, deletion(of: item)) }
      case .deleteRows(let selections): entry(effect.name, .deleteRows(LaneOutput.rows(selections, state.row(sessions))))
      }
    }
  }

  /// A board has closed: what was there when its calendar period ended is deleted. A board that was made later closes with the instant of
  /// its first change, and what that instant brought is there. A board closes once: one that was dropped for good and comes again has the same key.
  mutating func boardClosed(_ closing: DeciderEngine.Closing) {
    let pipeline = effects.pipeline
    let isLate = closing.openedAt >= closing.closedAt
    let at = isLate ? closing.openedAt : closing.closedAt
    for effect in pipeline.effects {
      guard case .boardClosed(closing.projection) = effect.trigger, case .deleteRows(let selections) = effect.action else {
        continue
      }
      guard effects.isActive(effect.name, firedAt: at) else {
        suppressed += 1
        continue
      }
      outbox.append(
        OutboxEntry(
          idempotencyKey: EffectRules.key([pipeline.name, effect.name] + closing.board.map(\.description)), name: effect.name,
          time: at, order: isLate ? .afterAll : .beforeAll, origin: .deadline(at),
          action: .deleteRows(LaneOutput.rows(selections, closing.board))))
    }
  }

  static func rows(_ selections: [Effect.RowSelection], _ values: [Value]) -> [OutboxEntry.Rows] {
    selections.map { selection in
      OutboxEntry.Rows(
        projection: selection.projection, table: selection.table,
        equals: selection.equals.map { ($0.column, $0.input < values.count ? values[$0.input] : .null) })
    }
  }
}
