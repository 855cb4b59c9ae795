import DynamoModel
import Pipelines

/// What an effect is to do, and when it was set off.
struct PlainEffect {
  enum Action {
    /// Delete the item if it was not written after the record of this number in its partition.
    case item(PlainItemKey, through: UInt64)
    /// Delete what is behind the rows of collections whose columns equal values, each written as text.
    case rows([(collection: String, equal: [String])])
  }

  let effect: String
  /// Microseconds.
  let at: Int64
  let action: Action

  func text(_ pipeline: Pipeline) -> String {
    let shown: String
    switch action {
    case .item(let key, let through): shown = "delete \(pipeline.tables[key.table].name) \(key) seen through \(through)"
    case .rows(let rows): shown = rows.map { "\($0.collection) \($0.equal)" }.joined(separator: "; ")
    }
    return "\(effect) at \(Timestamp.text(at)): \(shown)"
  }
}

extension PlainModel {
  /// `expire: delete item` of a projection.
  func expiries(_ index: Int) -> [PlainEffect] {
    guard case .sessions(let rule) = pipeline.projections[index].kind, rule.expiresItem else { return [] }
    return (ended[index] ?? []).compactMap { session in
      guard let end = session.end, end.by.status == .expired, end.by != .ttl else { return nil }
      return PlainEffect(
        effect: pipeline.projections[index].name, at: end.through, action: .item(session.change.itemKey, through: session.change.sequence))
    }
  }

  mutating func derived(_ effect: Effect) -> [PlainEffect] {
    switch effect.trigger {
    case .change(let source):
      return changes.flatMap { change -> [PlainEffect] in
        let fired = fired([source], change, effect.name)
        switch effect.action {
        case .deleteItem:
          return fired.isEmpty ? [] : [PlainEffect(effect: effect.name, at: change.time, action: .item(change.itemKey, through: change.sequence))]
        case .deleteRows(let selections):
          return fired.map { PlainEffect(effect: effect.name, at: change.time, action: rows(selections, $0.values)) }
        }
      }
    case .session(let projection, let ends):
      guard case .sessions(let rule) = pipeline.projections[projection].kind else { return [] }
      return (ended[projection] ?? []).compactMap { session in
        guard let end = session.end, ends.contains(end.by) else { return nil }
        switch effect.action {
        case .deleteItem:
          return PlainEffect(effect: effect.name, at: end.through, action: .item(session.change.itemKey, through: session.change.sequence))
        case .deleteRows(let selections):
          return PlainEffect(
            effect: effect.name, at: end.through, action: rows(selections, row(of: session, rule, pipeline.projections[projection])))
        }
      }
    case .boardClosed(let projection):
      guard case .deleteRows(let selections) = effect.action else { return [] }
      return (closed[projection] ?? []).map { PlainEffect(effect: effect.name, at: $0.at, action: rows(selections, $0.board)) }
    }
  }

  private mutating func row(of session: PlainSession, _ rule: Sessions, _ projection: Projection) -> [Value] {
    let letters = deadLetters
    defer { deadLetters = letters }
    return row(session, rule, projection)
  }

  private func rows(_ selections: [Effect.RowSelection], _ values: [Value]) -> PlainEffect.Action {
    .rows(
      selections.map { selection in
        let projection = pipeline.projections[selection.projection]
        return (
          projection.name,
          selection.equals.map { "\(projection.table.columns[$0.column].sortName) = \(Comparison.text(values[$0.input]))" }
        )
      })
  }
}
