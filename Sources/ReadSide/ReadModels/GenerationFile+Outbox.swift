package import ChangeRecords
package import DynamoModel
internal import Pipelines
internal import SQLiteReadModels
internal import SQLite

/// An effect that waits in the outbox.
package struct PendingEffect: Sendable {
  package let id: Int64
  package let idempotencyKey: String
  package let effect: String
  /// The instant of the transition, in microseconds.
  package let at: Int64
  package let action: OutboxAction
  package let attempts: Int
}

/// How an effect ended, or when it is to be tried again.
package enum EffectOutcome: Sendable {
  case done
  /// Older than the effect's activation, or carried out by another generation.
  case suppressed(String)
  case retry(notBefore: Int64, String)
  case failed(String)
}

extension GenerationFile {
  /// Effects that are due, oldest first. `now` in milliseconds of the wall clock.
  package func pendingEffects(limit: Int, now: Int64) throws(ReadModelError) -> [PendingEffect] {
    do {
      let rows = try connection.statement(
        """
        SELECT id, idempotency_key, effect, at, action, attempts FROM _outbox
        WHERE state = 'pending' AND not_before <= ?1 ORDER BY id LIMIT ?2
        """)
      try rows.bind(1, now)
      try rows.bind(2, Int64(limit))
      var pending: [PendingEffect] = []
      while try rows.step() {
        guard let action = OutboxAction(json: rows.text(4) ?? "") else {
          rows.reset()
          throw ReadModelError.damaged(path: path, "effect \(rows.int64(0)) of the outbox does not decode")
        }
        pending.append(
          PendingEffect(
            id: rows.int64(0), idempotencyKey: rows.text(1) ?? "", effect: rows.text(2) ?? "", at: rows.int64(3), action: action,
            attempts: Int(rows.int64(5))))
      }
      return pending
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw GenerationFile.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  /// Notes how effects went.
  package func settle(_ outcomes: [(id: Int64, outcome: EffectOutcome)]) throws(ReadModelError) {
    do {
      try connection.transaction {
        for (id, outcome) in outcomes {
          let statement = try connection.statement(
            "UPDATE _outbox SET state = ?2, attempts = attempts + 1, not_before = ?3, note = ?4 WHERE id = ?1")
          try statement.bind(1, id)
          switch outcome {
          case .done: try GenerationFile.bind("done", 0, "", statement)
          case .suppressed(let note): try GenerationFile.bind("suppressed", 0, note, statement)
          case .retry(let notBefore, let note): try GenerationFile.bind("pending", notBefore, note, statement)
          case .failed(let note): try GenerationFile.bind("failed", 0, note, statement)
          }
          try statement.run()
        }
      }
    } catch let error as SQLiteError {
      throw GenerationFile.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  private static func bind(_ state: String, _ notBefore: Int64, _ note: String, _ statement: Statement) throws(SQLiteError) {
    try statement.bind(2, state)
    try statement.bind(3, notBefore)
    try statement.bind(4, note)
  }

  /// The least watermark of all lanes, in microseconds: everything up to it is in the rows. Nil while a lane has none.
  package func leastWatermark() throws(ReadModelError) -> Int64? {
    do {
      let row = try connection.statement("SELECT min(watermark) FROM _lanes")
      defer { row.reset() }
      return try row.step() && !row.isNull(0) ? row.int64(0) : nil
    } catch {
      throw GenerationFile.storage(path, error)
    }
  }

  /// The items behind the rows that an effect names, as they were at its instant: their keys, and where the record stands that
  /// wrote each.
  package func items(behind rows: OutboxAction.Rows, before: Int64) throws(ReadModelError) -> [(key: Item, position: Position)] {
    guard let index = pipeline.projection(named: rows.projection) else { return [] }
    let table = pipeline.projections[index].table
    do {
      let tableIDs = try tableIDs(of: rows.table)
      var condition = rows.equals.enumerated().map { "\($1.column) = ?\($0 + 2)" }
      condition.append("_at <= ?1")
      let select = try connection.statement(
        "SELECT DISTINCT _item, _position FROM \(table.name) WHERE \(condition.joined(separator: " AND ")) ORDER BY _item")
      try select.bind(1, Timestamp.text(before))
      for (place, equality) in rows.equals.enumerated() {
        let value = Value.values(ordered: equality.value, count: 1)?[0] ?? .null
        try value.bindSortable(to: select, at: place + 2)
      }
      var items: [(key: Item, position: Position)] = []
      while try select.step() {
        // `_position` is table:partition:sequence.
        let parts = (select.text(1) ?? "").split(separator: ":").suffix(2).map { UInt64($0) }
        guard parts.count == 2, let partition = parts[0].map({ Int($0) }), let sequence = parts[1],
          let tableID = tableIDs[partition], let key = Item(binary: select.bytes(0) ?? [])
        else { continue }
        items.append((key, Position(tableID: tableID, partition: partition, sequence: sequence)))
      }
      return items
    } catch {
      throw GenerationFile.storage(path, error)
    }
  }

  private func tableIDs(of table: String) throws(SQLiteError) -> [Int: TableID] {
    let lanes = try connection.statement("SELECT partition, table_id FROM _lanes WHERE table_name = ?1")
    try lanes.bind(1, table)
    var all: [Int: TableID] = [:]
    while try lanes.step() { all[Int(lanes.int64(0))] = TableID(lanes.text(1) ?? "") }
    return all
  }
}
