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
    case .session(let id, _), .boardClosed(let id), .conditionTurned(let id, _): return pipeline.projections[id].name
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

  /// An item, as what a limit counts by.
  static func subject(of key: Item) -> String {
    var writer = JSONWriter()
    writer.item(key)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The same of values; null is another part than every text.
  package static func key(of values: some Sequence<Value>) -> String {
    values.map { $0.isNull ? "-:" : key([$0.description]) }.joined()
  }
}

/// A transition that has set an effect off: when, and by what it is known.
struct EffectOccasion {
  let time: Instant
  let order: CommitOrder
  let origin: OutboxEntry.Origin
  /// What tells the transition from every other one of the effect.
  let identity: [String]
  /// Of which item, session or board it is.
  let subject: String
}

extension LaneOutput {
  /// Adds what an effect does at one transition, with the values of that. An action that its values make nothing of is left out.
  mutating func add(_ effect: Effect, _ action: OutboxEntry.Action, _ values: [Value], at occasion: EffectOccasion) {
    let pipeline = effects.pipeline
    let start = EffectRules.key([pipeline.name, effect.name])
    let end = effect.identity.map { EffectRules.key(of: $0.map { values[$0] }) } ?? EffectRules.key(occasion.identity)
    outbox.append(
      OutboxEntry(
        idempotencyKey: start + end, name: effect.name, time: occasion.time, order: occasion.order, origin: occasion.origin,
        action: action, sequence: effect.sequence.map { EffectRules.key(of: $0.map { values[$0] }) },
        subject: effect.perHourMax == nil ? nil : occasion.subject))
  }

  /// The same of an action with values left open.
  mutating func add(_ effect: Effect, _ template: ActionTemplate, _ values: [Value], at occasion: EffectOccasion) {
    guard let action = template.resolved(values, of: effects.pipeline) else { return }
    add(effect, .carryOut(action), values, at: occasion)
  }
}

extension LaneOutput {
  /// A change of an item that an effect waits for.
  mutating func changeHappened(_ index: Int, _ source: Source, _ change: Change) throws(EvaluationFailure) {
    guard !change.isSnapshot,
      let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.stamp.time)
    else { return }
    let effect = effects.pipeline.effects[index]
    let commit = change.stamp.time
    // One set of values for each element: of those that came or went, or of a list that is taken apart. Without any there is nothing to do.
    let all: [(place: Int, values: [Value])] =
      source.event?.list != nil
      ? try source.members(of: image, old: change.old, new: change.new, commit: commit).map { ($0.ordinal, $0.values) }
      : Array(try source.contributions(of: image, commit: commit, old: change.old, new: change.new).enumerated()).map { ($0, $1) }
    guard let first = all.first else { return }
    guard effects.isActive(effect.name, record: change.stamp) else {
      suppressed += 1
      return
    }
    let position = change.stamp.position
    func occasion(_ identity: [String]) -> EffectOccasion {
      EffectOccasion(
        time: commit, order: change.stamp.order, origin: .record(change.stamp.sequence), identity: identity,
        subject: EffectRules.subject(of: change.record.keys))
    }
    switch effect.action {
    case .deleteItem:
      add(
        effect, .deleteItem(table: source.table, key: change.record.keys, seen: Item(), through: position), first.values,
        at: occasion([position.description]))
    case .deleteRows(let selections):
      add(
        effect, .deleteRows(all.flatMap { LaneOutput.rows(selections, $0.values) }), first.values,
        at: occasion([position.description]))
    case .carryOut(let template):
      for (place, values) in all {
        add(
          effect, template, values,
          at: occasion([position.description] + (source.explosion == nil ? [] : ["\(place)"])))
      }
    }
  }

  /// A session has come to its end: its own expiry of the item, and the effects that wait for it.
  mutating func sessionEnded(_ ending: SessionFold.Ending, projection id: ProjectionID, _ sessions: Sessions) {
    let state = ending.state
    guard let end = state.endedBy else { return }
    let pipeline = effects.pipeline
    let projection = pipeline.projections[id]
    let parts = state.key.map(\.description) + [state.sessionID]
    /// When it was, unless it is older than the effect.
    func occasion(_ name: String) -> EffectOccasion? {
      let isActive: Bool
      var when: (time: Instant, order: CommitOrder, origin: OutboxEntry.Origin)
      switch ending.cause {
      case .change(let stamp):
        isActive = effects.isActive(name, record: stamp)
        when = (stamp.time, stamp.order, .record(stamp.sequence))
      case .deadline(let firedAt):
        isActive = effects.isActive(name, firedAt: firedAt)
        // Everything of the instant comes before its deadlines.
        when = (firedAt, .afterAll, .deadline(firedAt))
      }
      guard isActive else { return nil }
      return EffectOccasion(
        time: when.time, order: when.order, origin: when.origin, identity: parts,
        subject: EffectRules.key(state.key.map(\.description)))
    }
    func deletion(of item: SessionItem) -> OutboxEntry.Action {
      .deleteItem(table: sessions.sources[0].table, key: item.key, seen: item.seen, through: item.version.position)
    }
    if sessions.expiresItem, end.status == .expired, end != .ttl, let item = state.item {
      if let occasion = occasion(projection.name) {
        outbox.append(
          OutboxEntry(
            idempotencyKey: EffectRules.key([pipeline.name, projection.name] + parts), name: projection.name, time: occasion.time,
            order: occasion.order, origin: occasion.origin, action: deletion(of: item)))
      } else {
        suppressed += 1
      }
    }
    for effect in pipeline.effects {
      guard case .session(id, let ends) = effect.trigger, ends.contains(end) else { continue }
      if case .deleteItem = effect.action, state.item == nil { continue }
      guard let occasion = occasion(effect.name) else {
        suppressed += 1
        continue
      }
      let values = state.row(sessions)
      switch effect.action {
      case .deleteItem: if let item = state.item { add(effect, deletion(of: item), values, at: occasion) }
      case .deleteRows(let selections): add(effect, .deleteRows(LaneOutput.rows(selections, values)), values, at: occasion)
      case .carryOut(let template): add(effect, template, values, at: occasion)
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
      guard case .boardClosed(closing.projection) = effect.trigger else { continue }
      guard effects.isActive(effect.name, firedAt: at) else {
        suppressed += 1
        continue
      }
      let board = closing.board.map(\.description)
      let occasion = EffectOccasion(
        time: at, order: isLate ? .afterAll : .beforeAll, origin: .deadline(at), identity: board,
        subject: EffectRules.key(board))
      let values = closing.board + [.timestamp(closing.closedAt)]
      switch effect.action {
      case .deleteItem: break
      case .deleteRows(let selections):
        add(effect, .deleteRows(LaneOutput.rows(selections, closing.board)), values, at: occasion)
      case .carryOut(let template): add(effect, template, values, at: occasion)
      }
    }
  }

  /// A condition has turned true: the group's row is as the change has left it.
  mutating func conditionTurned(_ turn: WatchFold.Turn) {
    let effect = effects.pipeline.effects[turn.effect]
    guard case .conditionTurned(let id, _) = effect.trigger,
      case .aggregate(let aggregate) = effects.pipeline.projections[id].kind
    else { return }
    guard effects.isActive(effect.name, record: turn.stamp) else {
      suppressed += 1
      return
    }
    let group = turn.row[..<aggregate.keyCount].map(\.description)
    let occasion = EffectOccasion(
      time: turn.stamp.time, order: turn.stamp.order, origin: .record(turn.stamp.sequence),
      identity: group + [turn.stamp.position.description], subject: EffectRules.key(group))
    switch effect.action {
    case .deleteItem: break
    case .deleteRows(let selections):
      add(effect, .deleteRows(LaneOutput.rows(selections, turn.row)), turn.row, at: occasion)
    case .carryOut(let template): add(effect, template, turn.row, at: occasion)
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
