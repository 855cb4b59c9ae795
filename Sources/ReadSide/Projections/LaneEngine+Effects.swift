internal import ChangeRecords
internal import DynamoModel
internal import Pipelines

/// Effects: what a transition sets off is written with the checkpoint and carried out afterwards.
extension LaneEngine {
  mutating func fireEffect(_ index: Int, _ change: Change) {
    let effect = pipeline.effects[index]
    guard case .change(let source) = effect.trigger, !change.isSnapshot,
      let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.stamp.time)
    else { return }
    let key = "\(pipeline.name)/\(effect.name)/\(LaneEngine.text(ofKey: change.record.keys))/\(Timestamp.text(change.stamp.time))"
    do throws(EvaluationFailure) {
      let inputs = try source.values(of: image, commit: change.stamp.time)
      let action: OutboxEntry.Action
      switch effect.action {
      case .deleteItem:
        action = .deleteItem(table: table, key: change.record.keys, guarded: .position(position(change.record.sequence)))
      case .deleteRows(let selections): action = .deleteRows(rows(selections, inputs))
      }
      changes.outbox.append(
        OutboxEntry(
          idempotencyKey: "\(key)/\(change.record.sequence)", effect: index, projection: nil, time: change.stamp.time,
          action: action))
    } catch {
      deadLetter(effect.name, error, change)
    }
  }

  /// A session has come to its end: its own expiry of the item, and the effects that wait for it.
  mutating func sessionEnded(_ state: SessionState, projection: Int) {
    guard case .sessions(let sessions) = pipeline.projections[projection].kind, let end = state.endedBy else { return }
    let name = "\(pipeline.name)/\(pipeline.projections[projection].name)"
    let key = "\(name)/\(state.key.map(\.description).joined(separator: " "))/\(state.sessionID)"
    let time = state.endedAt ?? state.lastAt
    if sessions.expiresItem, end.status == .expired, end != .ttl, let itemKey = state.itemKey {
      changes.outbox.append(
        OutboxEntry(
          idempotencyKey: key, effect: nil, projection: projection, time: time,
          action: .deleteItem(table: table, key: itemKey, guarded: guarded(state))))
    }
    for (index, effect) in pipeline.effects.enumerated() {
      guard case .session(projection, let ends) = effect.trigger, ends.contains(end) else { continue }
      let action: OutboxEntry.Action
      switch effect.action {
      case .deleteItem:
        guard let itemKey = state.itemKey else { continue }
        action = .deleteItem(table: table, key: itemKey, guarded: guarded(state))
      case .deleteRows(let selections):
        // The session's row: its key comes first, which is what selections name.
        action = .deleteRows(rows(selections, state.key))
      }
      changes.outbox.append(
        OutboxEntry(idempotencyKey: "\(effect.name)/\(key)", effect: index, projection: projection, time: time, action: action))
    }
  }

  private func guarded(_ state: SessionState) -> OutboxEntry.Guard {
    state.seen.map { .seen($0) } ?? .position(position(state.itemSequence))
  }

  private func position(_ sequence: UInt64) -> Position {
    Position(tableID: tableID, partition: partition, sequence: sequence)
  }

  private func rows(_ selections: [Effect.RowSelection], _ inputs: [Value]) -> [OutboxEntry.Rows] {
    selections.map { selection in
      OutboxEntry.Rows(
        projection: selection.projection, table: selection.table,
        equals: selection.equals.map { ($0.column, inputs[$0.input]) })
    }
  }
}
