internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
package import ReadModels

/// The outbox: effects that wait to be carried out. What is settled leaves it; what was given up stays for an operator.
extension PostgresGeneration {
  private static let effectColumns = "id, idempotency_key, effect, at, change_order, action, attempts, state, note, \(notBefore)"
  /// What another process has claimed may be tried again when its claim is over, in milliseconds, if it says nothing before.
  private static let notBefore = """
    greatest(not_before, CASE WHEN claimed_until > clock_timestamp() THEN (extract(epoch FROM claimed_until) * 1000)::bigint ELSE 0 END)
    """

  package func now() throws(ReadModelError) -> Int64 {
    try session.run { try $0.integer("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint") ?? 0 }
  }

  package func dueEffects(_ query: DueEffects) throws(ReadModelError) -> [PendingEffect] {
    try session.run { connection in
      var due: [PendingEffect] = []
      try connection.forEach(
        """
        SELECT \(PostgresGeneration.effectColumns) FROM _outbox AS mine
        WHERE state = 'pending' AND effect = $1 AND at < $2 AND not_before <= $3
        AND (claimed_until IS NULL OR claimed_by = $5 OR claimed_until <= clock_timestamp()) AND NOT EXISTS
        (SELECT 1 FROM _outbox AS earlier WHERE md5(earlier.target) = md5(mine.target) AND earlier.target = mine.target
        AND earlier.id < mine.id AND earlier.state = 'pending')
        ORDER BY id LIMIT $4
        """, .text(query.effect), .instant(query.before), .bigint(query.now), .bigint(query.limit),
        .text(worker)
      ) { rows, row in due.append(try listed(rows, row).pending) }
      return due
    }
  }

  /// Effects by their numbers and keys, which are the first two parameters of a statement.
  private static let named = "(id, key_id) IN (SELECT * FROM unnest($1::bigint[], $2::bytea[]))"

  private static func names(_ effects: some Sequence<PendingEffect>) -> [PostgresValue] {
    [.bigints(effects.map(\.id.rawValue)), .blobs(effects.map { BoundedKey.id($0.idempotencyKey) })]
  }

  package func claim(_ effects: [PendingEffect], for lease: Duration) throws(ReadModelError) -> Set<EffectID> {
    return try session.transaction { connection in
      var held = ""
      if let catalog {
        // An operator may have paused the effect at another process since these were found to be due.
        held = " AND effect NOT IN (SELECT name FROM \(catalog).effects WHERE is_paused)"
        // From here on to the end of the transaction the generation is neither replaced nor frozen.
        let rows = try connection.run(
          """
          SELECT 1 FROM \(catalog).generations
          WHERE number = $1 AND state = 'current' AND coalesce(frozen_until <= clock_timestamp(), true) FOR SHARE
          """, .bigint(generation.number))
        if rows.count == 0 { return [] }
      }
      let claimed = try connection.run([
        PostgresQuery(
          """
          UPDATE _outbox SET claimed_by = $3, claimed_until = clock_timestamp() + $4 * interval '1 millisecond'
          WHERE \(PostgresGeneration.named) AND state = 'pending'
          AND (claimed_until IS NULL OR claimed_by = $3 OR claimed_until <= clock_timestamp())\(held) RETURNING id
          """, PostgresGeneration.names(effects) + [.text(worker), .bigint(lease.milliseconds)])
      ])[0]
      return Set((0..<claimed.count).map { EffectID(rawValue: claimed.int64($0, 0)) })
    }
  }

  package func giveBack(_ effects: [PendingEffect]) throws(ReadModelError) {
    try session.run { connection in
      _ = try connection.run([
        PostgresQuery(
          "UPDATE _outbox SET claimed_by = NULL, claimed_until = NULL WHERE \(PostgresGeneration.named) AND claimed_by = $3",
          PostgresGeneration.names(effects) + [.text(worker)])
      ])
    }
  }

  private func listed(_ rows: PostgresResult, _ row: Int) throws -> ListedEffect {
    guard let action = OutboxAction(json: rows.storedText(row, 5)) else {
      throw ReadModelError.damaged(path: session.place, "effect \(rows.int64(row, 0)) of the outbox does not decode")
    }
    return ListedEffect(
      pending: PendingEffect(
        id: EffectID(rawValue: rows.int64(row, 0)), idempotencyKey: rows.storedText(row, 1), effect: rows.text(row, 2) ?? "",
        at: rows.instant(row, 3), order: CommitOrder(rawValue: UInt64(max(0, rows.int64(row, 4)))), action: action,
        attempts: Int(rows.int64(row, 6))),
      state: EffectState(rawValue: rows.text(row, 7) ?? "") ?? .failed, note: rows.storedText(row, 8),
      notBefore: rows.int64(row, 9))
  }

  private static let unclaimed = "claimed_by = NULL, claimed_until = NULL"
  private static let isOurs = "id = $1 AND key_id = $2 AND (claimed_by IS NULL OR claimed_by = $3)"

  package func settle(_ outcomes: [(effect: PendingEffect, outcome: EffectOutcome)]) throws(ReadModelError) {
    var gone: [PendingEffect] = []
    var suppressed: [PendingEffect] = []
    var others: [PostgresQuery] = []
    for (effect, outcome) in outcomes {
      let own: [PostgresValue] = [.effect(effect.id), .bytes(BoundedKey.id(effect.idempotencyKey)), .text(worker)]
      switch outcome {
      case .done: gone.append(effect)
      case .suppressed: suppressed.append(effect)
      case .retry(let notBefore, let note):
        others.append(
          PostgresQuery(
            """
            UPDATE _outbox SET attempts = attempts + 1, not_before = $4, note = $5, \(PostgresGeneration.unclaimed)
            WHERE \(PostgresGeneration.isOurs)
            """, own + [.bigint(notBefore), .stored(note)]))
      case .failed(let note):
        others.append(
          PostgresQuery(
            """
            UPDATE _outbox SET state = 'failed', attempts = attempts + 1, note = $4, \(PostgresGeneration.unclaimed)
            WHERE \(PostgresGeneration.isOurs)
            """, own + [.stored(note)]))
      }
    }
    let delete = "DELETE FROM _outbox WHERE \(PostgresGeneration.named)"
    if !gone.isEmpty { others.append(PostgresQuery(delete, PostgresGeneration.names(gone))) }
    if !suppressed.isEmpty {
      others.append(
        PostgresQuery(
          """
          WITH gone AS (\(delete) RETURNING id)
          INSERT INTO _counters (name, value) SELECT 'suppressed_effects', count(*) FROM gone
          ON CONFLICT (name) DO UPDATE SET value = _counters.value + excluded.value
          """, PostgresGeneration.names(suppressed)))
    }
    let all = others
    try session.transaction { connection in _ = try connection.run(all) }
  }

  package func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) throws(ReadModelError) -> [ListedEffect] {
    try session.run { connection in
      var all: [ListedEffect] = []
      try connection.forEach(
        """
        SELECT \(PostgresGeneration.effectColumns) FROM _outbox WHERE state = ANY($1::text[]) AND id > $2 ORDER BY id LIMIT $3
        """, .texts(states.map(\.rawValue).sorted()), .effect(after), .bigint(limit)
      ) { rows, row in all.append(try listed(rows, row)) }
      return all
    }
  }

  package func change(_ effects: EffectSelection, _ change: EffectChange) throws(ReadModelError) -> Int {
    let statement =
      switch change {
      case .retry:
        "UPDATE _outbox SET state = 'pending', attempts = 0, not_before = 0, note = '', \(PostgresGeneration.unclaimed)"
      case .discard: "DELETE FROM _outbox"
      }
    return try session.transaction { connection in
      switch effects {
      case .one(let id): try connection.run("\(statement) WHERE id = $1", .effect(id)).changes
      case .all(let effect, let state):
        try connection.run("\(statement) WHERE effect = $1 AND state = $2", .text(effect), .text(state.rawValue)).changes
      }
    }
  }

  package func items(of rows: OutboxAction.Rows, for effect: PendingEffect) throws(ReadModelError) -> [RowItem] {
    guard let id = pipeline.projection(named: rows.projection), let table = pipeline.table(named: rows.table) else { return [] }
    let form = tables[id.rawValue]
    let keyNames = pipeline.tables[table].keyNames
    return try session.run { connection in
      var values: [PostgresValue] = [
        .timestamp(ColumnForm.clamped(effect.at).rawValue), .bigint(Int64(clamping: effect.order.rawValue)),
      ]
      var conditions = ["(_at < $1 OR (_at = $1 AND _order <= $2))"]
      for equality in rows.equals {
        // The outbox names the column that compares in every store.
        guard let column = form.table.columns.firstIndex(where: { $0.sortName == equality.column }) else { return [] }
        values.append(try form.columns[column].parameter(Value.values(ordered: equality.value, count: 1)?[0] ?? .null))
        conditions.append(form.columns[column].isEqual(to: "$\(values.count)"))
      }
      let found = try connection.run([
        PostgresQuery(
          "SELECT DISTINCT _item, _position FROM \(form.name) WHERE \(conditions.joined(separator: " AND ")) ORDER BY _item",
          values)
      ])[0]
      return try (0..<found.count).map { row in
        guard let key = ItemKeyBytes.key(found.bytes(row, 0) ?? [], keyNames), let position = Position(found.text(row, 1) ?? "")
        else { throw StateError() }
        return RowItem(key: key, position: position)
      }
    }
  }
}

extension ColumnForm {
  /// A condition on the column; `json`, which has no equality, is compared as its text.
  func isEqual(to parameter: String) -> String {
    sqlType == "json" ? "\(quoted)::text = \(parameter)" : "\(quoted) = \(stored(parameter))"
  }
}

/// Effects as rows of the outbox, column by column.
struct OutboxRows {
  private var keys: [String] = []
  private var effects: [String] = []
  private var times: [Int64] = []
  private var orders: [Int64] = []
  private var actions: [String] = []
  private var states: [String] = []
  private var attempts: [Int64] = []
  private var notBefore: [Int64] = []
  private var notes: [String] = []
  private var sequences = PostgresArray(.bigint)
  private var firedAts = PostgresArray(.bigint)
  private var targets: [String] = []

  /// Of their actions, the greatest part of them.
  private(set) var bytes = 0

  var isEmpty: Bool { keys.isEmpty }

  /// Parameters 1 to 3 are the lane, and whether they were handed over.
  static let insert = """
    INSERT INTO _outbox (key_id, idempotency_key, effect, at, change_order, action, state, attempts, not_before, note, sequence, fired_at, target,
    table_number, partition, is_handed_over)
    SELECT u.*, $1, $2, $3 FROM unnest($4::bytea[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
    $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::bigint[], $16::text[]) AS u
    ON CONFLICT (key_id) DO NOTHING
    """

  var parameters: [PostgresValue] {
    [
      keyIDs, .stored(keys), .texts(effects), .bigints(times), .bigints(orders), .stored(actions), .texts(states),
      .bigints(attempts),
      .bigints(notBefore), .stored(notes), .array(sequences), .array(firedAts), .stored(targets),
    ]
  }

  /// The idempotency keys as they are kept in their index.
  var keyIDs: PostgresValue { .blobs(keys.map { BoundedKey.id($0) }) }

  mutating func append(_ entry: OutboxEntry, _ pipeline: Pipeline) {
    let action = OutboxAction(entry, pipeline)
    let pending = PendingEffect(
      id: .none, idempotencyKey: entry.idempotencyKey, effect: entry.name, at: entry.time, order: entry.order, action: action,
      attempts: 0)
    switch entry.origin {
    case .record(let sequence): append(pending, sequence: Int64(clamping: sequence.rawValue))
    case .deadline(let firedAt): append(pending, firedAt: firedAt.rawValue)
    }
  }

  mutating func append(
    _ effect: PendingEffect, state: EffectState = .pending, notBefore: Int64 = 0, note: String = "", sequence: Int64? = nil,
    firedAt: Int64? = nil
  ) {
    keys.append(effect.idempotencyKey)
    effects.append(effect.effect)
    times.append(effect.at.rawValue)
    orders.append(Int64(clamping: effect.order.rawValue))
    actions.append(effect.action.json)
    bytes += actions[actions.count - 1].utf8.count
    states.append(state.rawValue)
    attempts.append(Int64(effect.attempts))
    self.notBefore.append(notBefore)
    notes.append(note)
    sequences.append(optional: sequence)
    firedAts.append(optional: firedAt)
    targets.append(effect.action.target)
  }
}

extension CheckpointWriter {
  func writeOutbox(_ entries: [OutboxEntry]) throws -> Int {
    if entries.isEmpty { return 0 }
    var rows = OutboxRows()
    func insert() throws {
      if rows.isEmpty { return }
      let own: [PostgresValue] = [.table(lane.table), .bigint(lane.partition), .boolean(false)]
      try write(OutboxRows.insert, own + rows.parameters)
      rows = OutboxRows()
    }
    for entry in entries {
      rows.append(entry, pipeline)
      if rows.bytes > statementBytesMax { try insert() }
    }
    try insert()
    return entries.count
  }
}
