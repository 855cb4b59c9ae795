import ChangeRecords
import DynamoModel
import Pipelines

/// What an effect is to do, and when it was set off.
struct PlainEffect {
  enum Action {
    /// Delete the item if it was not written after the record of this number in its partition.
    case item(PlainItemKey, through: SequenceNumber)
    case rows([Selection])
    /// Publish a list of values, known by their texts. `order`: of what it goes one after the other, where the file says it.
    case record(topic: String, key: String?, values: [String], order: [String]?)
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
    case .record(let topic, let key, let values, let order):
      shown = Comparison.text(topic: topic, key: key, values: values, order: order)
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
      return changes.flatMap { change -> [PlainEffect] in
        let fired = transitions(source, change, effect.name)
        // Every element of a list is deleted for; without any there is nothing to do.
        if fired.isEmpty { return [] }
        switch effect.action {
        case .deleteItem:
          return [PlainEffect(effect: effect.name, at: change.stamp, action: .item(change.itemKey, through: change.sequence))]
        case .deleteRows(let selections):
          return [PlainEffect(effect: effect.name, at: change.stamp, action: .rows(fired.flatMap { rows(selections, $0) }))]
        case .carryOut(let template):
          return fired.compactMap { Self.record(template, $0, sequence: effect.sequence, effect.name, at: change.stamp) }
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
        case .carryOut(let template):
          let row = row(of: session, rule, pipeline.projections[projection])
          return Self.record(template, row, sequence: effect.sequence, effect.name, at: end.through)
        }
      }
    case .conditionTurned(let id, let condition): return turned(effect, id, condition)
    case .boardClosed(let projection):
      guard case .leaderboard(let rule) = pipeline.projections[projection].kind else { return [] }
      return (closed[projection] ?? []).compactMap { board in
        switch effect.action {
        case .deleteItem: return nil
        case .deleteRows(let selections):
          return PlainEffect(effect: effect.name, at: board.at, action: .rows(rows(selections, board.board)))
        case .carryOut(let template):
          let end = rule.period(of: board.board)?.upperBound
          return Self.record(
            template, board.board + [end.map { .timestamp($0) } ?? .null], sequence: effect.sequence, effect.name, at: board.at)
        }
      }
    }
  }

  /// Changes after which a condition holds for a row of which it did not hold before.
  private func turned(_ effect: Effect, _ id: ProjectionID, _ condition: RowCondition) -> [PlainEffect] {
    guard case .aggregate(let aggregate) = pipeline.projections[id].kind else { return [] }
    func rows(after count: Int) -> [[Value]: [Value]] {
      let all = self.rows(of: id, after: count).map { Array($0[..<(aggregate.keyCount + aggregate.columns.count)]) }
      return Dictionary(uniqueKeysWithValues: all.map { (Array($0[..<aggregate.keyCount]), $0) })
    }
    var before: [[Value]: [Value]] = [:]
    var found: [PlainEffect] = []
    for (place, change) in changes.enumerated() where feeding(id).contains(change.table) {
      let after = rows(after: place + 1)
      for (key, row) in after where condition.holds(row) && !(before[key].map(condition.holds) ?? false) {
        switch effect.action {
        case .deleteItem: break
        case .deleteRows(let selections):
          found.append(PlainEffect(effect: effect.name, at: change.stamp, action: .rows(self.rows(selections, row))))
        case .carryOut(let template):
          found += [Self.record(template, row, sequence: effect.sequence, effect.name, at: change.stamp)].compactMap { $0 }
        }
      }
      before = after
    }
    return found
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
