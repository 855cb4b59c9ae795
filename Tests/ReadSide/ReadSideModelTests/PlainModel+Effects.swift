import ChangeRecords
import DynamoModel
import Pipelines

/// What an effect is to do, and when it was set off.
struct PlainEffect {
  enum Action {
    /// Delete the item if it was not written after the record of this number in its partition.
    case item(PlainItemKey, through: SequenceNumber)
    case rows([Selection])
  }

  /// The rows of a collection whose columns equal values.
  struct Selection {
    /// Index in `Pipeline.projections`.
    let projection: ProjectionID
    let equal: [(column: Int, value: Value)]
  }

  let effect: String
  /// With the order of the change; what a deadline sets off comes after all changes of its instant.
  let at: PlainStamp
  let action: Action

  func text(_ pipeline: Pipeline) -> String {
    let shown: String
    switch action {
    case .item(let key, let through): shown = "delete \(pipeline.tables[key.table].name) \(key) seen through \(through)"
    case .rows(let rows):
      shown = rows.map { rows in
        let table = pipeline.projections[rows.projection].table
        return "\(table.name) \(rows.equal.map { "\(table.columns[$0.column].sortName) = \(Comparison.text($0.value))" })"
      }.joined(separator: "; ")
    }
    return "\(effect) at \(Timestamp.text(at.time)): \(shown)"
  }
}

extension PlainModel {
  /// `expire: delete item` of a projection.
  func expiries(_ id: ProjectionID) -> [PlainEffect] {
    guard case .sessions(let rule) = pipeline.projections[id].kind, rule.expiresItem else { return [] }
    return (ended[id] ?? []).compactMap { session in
      guard let end = session.end, end.by.status == .expired, end.by != .ttl else { return nil }
      return PlainEffect(effect: pipeline.projections[id].name, at: end.through, action: deletion(session))
    }
  }

  mutating func derived(_ effect: Effect) -> [PlainEffect] {
    switch effect.trigger {
    case .change(let source):
      return changes.compactMap { change -> PlainEffect? in
        let fired = fired([source], change, effect.name)
        // Every element of a list is deleted for; without any there is nothing to do.
        if fired.isEmpty { return nil }
        switch effect.action {
        case .deleteItem:
          return PlainEffect(effect: effect.name, at: change.stamp, action: .item(change.itemKey, through: change.sequence))
        case .deleteRows(let selections):
          return PlainEffect(effect: effect.name, at: change.stamp, action: .rows(fired.flatMap { rows(selections, $0.values) }))
        }
      }
    case .session(let projection, let ends):
      guard case .sessions(let rule) = pipeline.projections[projection].kind else { return [] }
      return (ended[projection] ?? []).compactMap { session in
        guard let end = session.end, ends.contains(end.by) else { return nil }
        switch effect.action {
        case .deleteItem: return PlainEffect(effect: effect.name, at: end.through, action: deletion(session))
        case .deleteRows(let selections):
          let row = row(of: session, rule, pipeline.projections[projection])
          return PlainEffect(effect: effect.name, at: end.through, action: .rows(rows(selections, row)))
        }
      }
    case .boardClosed(let projection):
      guard case .deleteRows(let selections) = effect.action else { return [] }
      return (closed[projection] ?? []).map { board in
        PlainEffect(
          effect: effect.name, at: board.at, action: .rows(rows(selections, board.board)))
      }
    }
  }

  private func deletion(_ session: PlainSession) -> PlainEffect.Action {
    .item(session.change.itemKey, through: session.change.sequence)
  }

  private mutating func row(of session: PlainSession, _ rule: Sessions, _ projection: Projection) -> [Value] {
    let letters = deadLetters
    defer { deadLetters = letters }
    return row(session, rule, projection)
  }

  private func rows(_ selections: [Effect.RowSelection], _ values: [Value]) -> [PlainEffect.Selection] {
    selections.map { .init(projection: $0.projection, equal: $0.equals.map { ($0.column, values[$0.input]) }) }
  }
}
