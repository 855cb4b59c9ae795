internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
package import ReadModels
internal import SQLite

/// The outbox: effects that wait to be carried out. What is settled leaves it; what was given up stays for an operator.
extension SQLiteGeneration {
  private static let effectColumns = "id, idempotency_key, effect, at, change_order, action, attempts, state, note, not_before"

  package func dueEffects(_ query: DueEffects) throws(ReadModelError) -> [PendingEffect] {
    try run {
      var due: [PendingEffect] = []
      try connection.forEach(
        """
        SELECT \(SQLiteGeneration.effectColumns) FROM _outbox AS mine
        WHERE state = 'pending' AND effect = ?1 AND at < ?2 AND not_before <= ?3 AND NOT EXISTS
        (SELECT 1 FROM _outbox AS earlier WHERE earlier.target = mine.target AND earlier.id < mine.id AND earlier.state = 'pending')
        ORDER BY id LIMIT ?4
        """, .text(query.effect), .instant(query.before), .int(query.now), .int(query.limit)
      ) { due.append(try listed($0).pending) }
      return due
    }
  }

  private func listed(_ row: Statement) throws -> ListedEffect {
    guard let action = OutboxAction(json: row.text(5) ?? "") else {
      throw ReadModelError.damaged(path: path, "effect \(row.int64(0)) of the outbox does not decode")
    }
    return ListedEffect(
      pending: PendingEffect(
        id: EffectID(rawValue: row.int64(0)), idempotencyKey: row.text(1) ?? "", effect: row.text(2) ?? "", at: row.instant(3),
        order: CommitOrder(rawValue: UInt64(max(0, row.int64(4)))), action: action, attempts: Int(row.int64(6))),
      state: EffectState(rawValue: row.text(7) ?? "") ?? .failed, note: row.text(8) ?? "", notBefore: row.int64(9))
  }

  // One process works on the file, and has every claim. No number comes again there.

  package func claim(_ effects: [PendingEffect], for lease: Duration) -> Set<EffectID> { Set(effects.map(\.id)) }
  package func giveBack(_ effects: [PendingEffect]) {}

  package func settle(_ outcomes: [(effect: PendingEffect, outcome: EffectOutcome)]) throws(ReadModelError) {
    try run {
      try connection.transaction {
        for (effect, outcome) in outcomes {
          let id = effect.id
          switch outcome {
          case .done: try connection.run("DELETE FROM _outbox WHERE id = ?1", .effect(id))
          case .suppressed:
            try connection.run("DELETE FROM _outbox WHERE id = ?1", .effect(id))
            try count("suppressed_effects", 1)
          case .retry(let notBefore, let note):
            try connection.run(
              "UPDATE _outbox SET attempts = attempts + 1, not_before = ?2, note = ?3 WHERE id = ?1", .effect(id),
              .int(notBefore),
              .text(note))
          case .failed(let note):
            try connection.run(
              "UPDATE _outbox SET state = 'failed', attempts = attempts + 1, note = ?2 WHERE id = ?1", .effect(id), .text(note))
          }
        }
      }
    }
  }

  package func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) throws(ReadModelError) -> [ListedEffect] {
    let names = states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
    return try run {
      var all: [ListedEffect] = []
      try connection.forEach(
        """
        SELECT \(SQLiteGeneration.effectColumns) FROM _outbox WHERE state IN (\(names)) AND id > ?1 ORDER BY id LIMIT ?2
        """, .effect(after), .int(limit)
      ) { all.append(try listed($0)) }
      return all
    }
  }

  package func change(_ effects: EffectSelection, _ change: EffectChange) throws(ReadModelError) -> Int {
    let statement =
      switch change {
      case .retry: "UPDATE _outbox SET state = 'pending', attempts = 0, not_before = 0, note = ''"
      case .discard: "DELETE FROM _outbox"
      }
    return try run {
      switch effects {
      case .one(let id): try connection.run("\(statement) WHERE id = ?1", .effect(id))
      case .all(let effect, let state):
        try connection.run("\(statement) WHERE effect = ?1 AND state = ?2", .text(effect), .text(state.rawValue))
      }
      return connection.changes
    }
  }

  package func items(of rows: OutboxAction.Rows, for effect: PendingEffect) throws(ReadModelError) -> [RowItem] {
    guard let projection = pipeline.projection(named: rows.projection), let table = pipeline.table(named: rows.table) else {
      return []
    }
    let keyNames = pipeline.tables[table].keyNames
    return try run {
      var condition = rows.equals.enumerated().map { "\($1.column) = ?\($0 + 3)" }
      condition.append("(_at < ?1 OR (_at = ?1 AND _order <= ?2))")
      let select = try connection.statement(
        "SELECT DISTINCT _item, _position FROM \(pipeline.projections[projection].table.name) WHERE "
          + "\(condition.joined(separator: " AND ")) ORDER BY _item")
      defer { select.reset() }
      try select.bind(1, Timestamp.text(effect.at))
      try select.bind(2, Int64(clamping: effect.order.rawValue))
      for (place, equality) in rows.equals.enumerated() {
        let value = Value.values(ordered: equality.value, count: 1)?[0] ?? .null
        try value.bindSortable(to: select, at: place + 3)
      }
      var items: [RowItem] = []
      while try select.step() {
        guard let key = ItemKeyBytes.key(select.bytes(0) ?? [], keyNames), let position = Position(select.text(1) ?? "") else {
          throw StateError()
        }
        items.append(RowItem(key: key, position: position))
      }
      return items
    }
  }

  package func handOver(_ old: OldGeneration) throws(ReadModelError) {
    try run {
      try connection.transaction {
        try connection.run("DELETE FROM _outbox WHERE is_handed_over = 1")
        for (lane, own) in try lanes() {
          guard let position = old.position(lane, of: own) else { continue }
          try connection.run(
            """
            DELETE FROM _outbox WHERE table_number = ?1 AND partition = ?2
            AND (sequence <= ?3 OR fired_at < ?4)
            """, .table(lane.table), .int(lane.partition), .sequence(position.cursor.sequence), .instant(position.firedThrough))
        }
        let place = LaneID.decider.table.rawValue
        for name in EffectRules.names(of: pipeline) {
          guard let projection = EffectRules.projection(awaitedBy: name, of: pipeline), let decided = old.decided[projection]
          else {
            continue
          }
          try connection.run(
            "DELETE FROM _outbox WHERE table_number = ?1 AND effect = ?2 AND (fired_at < ?3 OR (sequence IS NOT NULL AND at < ?3))",
            .int(place), .text(name), .instant(decided))
        }
        for effect in old.outbox {
          try connection.run(
            """
            INSERT OR REPLACE INTO _outbox (idempotency_key, effect, at, change_order, action, state, attempts, not_before, note,
            table_number, partition, sequence, fired_at, is_handed_over, target)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, NULL, NULL, 1, ?11)
            """, .text(effect.pending.idempotencyKey), .text(effect.pending.effect), .instant(effect.pending.at),
            .int(Int64(clamping: effect.pending.order.rawValue)), .text(effect.pending.action.json), .text(effect.state.rawValue),
            .int(effect.pending.attempts), .int(effect.notBefore), .text(effect.note), .int(place - 1),
            .text(effect.pending.action.target))
        }
        // What the old one had waiting comes before what this one has made since: on one target they go by their numbers.
        let last = try connection.integer("SELECT max(id) FROM _outbox") ?? 0
        try connection.run("UPDATE _outbox SET id = id + ?1 WHERE is_handed_over = 0", .int(last))
      }
    }
  }
}
