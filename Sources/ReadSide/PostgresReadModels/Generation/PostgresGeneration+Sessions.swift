internal import DynamoModel
package import Pipelines
internal import Postgres
package import Projections
package import ReadModels

/// Sessions as they are stored: looked up by whoever has the lane.
extension PostgresGeneration {
  /// The sessions of a lane, of the projections that have at most `max` there.
  func sessions(_ connection: PostgresConnection, _ lane: LaneID, max: Int) throws -> [ProjectionID: StoredSessions] {
    var stored: [ProjectionID: StoredSessions] = [:]
    for id in pipeline.projections.ids {
      guard case .sessions(let sessions) = pipeline.projections[id].kind else { continue }
      var entries: [StoredSessions.Entry] = []
      try connection.forEach(
        """
        SELECT coalesce(key, id), state, due FROM _sessions WHERE projection = $1 AND table_number = $2 AND partition = $3
        ORDER BY coalesce(key, id) LIMIT $4
        """, .projection(id), .table(lane.table), .bigint(lane.partition), .bigint(max == .max ? max : max + 1)
      ) { rows, row in entries.append(try PostgresGeneration.session(rows, row, sessions)) }
      if entries.isEmpty { continue }
      stored[id] = entries.count > max ? StoredSessions(isWhole: false) : StoredSessions(entries: entries)
    }
    return stored
  }

  /// Of a row with key, state and due instant.
  private static func session(_ rows: PostgresResult, _ row: Int, _ sessions: Sessions) throws -> StoredSessions.Entry {
    let key = rows.bytes(row, 0) ?? []
    let session = try rows.withBytes(row, 1) {
      try StoredSession(bytes: $0 ?? .init(start: nil, count: 0), key: key, sessions)
    }
    return StoredSessions.Entry(key: key, session: session, due: rows.optionalInstant(row, 2))
  }

  package func sessions(
    _ lane: LaneID, _ lookups: [ProjectionID: SessionLookup]
  ) throws(ReadModelError) -> [ProjectionID: FoundSessions] {
    try session.run { connection in
      // Only the lane's own checkpoints change its sessions, so nothing changes between two statements.
      var found: [ProjectionID: FoundSessions] = [:]
      for (id, lookup) in lookups {
        guard case .sessions(let sessions) = pipeline.projections[id].kind else { continue }
        found[id] = try find(connection, lookup, of: id, lane: lane, sessions)
      }
      return found
    }
  }

  private func find(
    _ connection: PostgresConnection, _ lookup: SessionLookup, of id: ProjectionID, lane: LaneID, _ sessions: Sessions
  ) throws -> FoundSessions {
    var found = FoundSessions()
    for (column, wanted) in [("id", lookup.keys), ("live_id", lookup.groups)] where !wanted.isEmpty {
      let distinct = column == "live_id" ? "DISTINCT ON (s.live_id) " : ""
      try connection.forEach(
        """
        SELECT \(distinct)coalesce(s.key, s.id), s.state, s.due FROM unnest($4::bytea[]) AS u (k)
        JOIN _sessions s ON s.projection = $1 AND s.table_number = $2 AND s.partition = $3 AND s.\(column) = u.k
        """, .projection(id), .table(lane.table), .bigint(lane.partition),
        .blobs(wanted.map { BoundedKey.id($0.bytes) }.sorted(by: Bytes.less))
      ) { rows, row in found.entries.append(try PostgresGeneration.session(rows, row, sessions)) }
    }
    if let due = lookup.due {
      found.dueThrough = try findDue(
        connection, due, at: [.projection(id), .table(lane.table), .bigint(lane.partition)], sessions, into: &found.entries)
    }
    return found
  }

  /// What is due before an instant, as far as one answer goes: answers before which instant all that is due is among `entries` now.
  private func findDue(
    _ connection: PostgresConnection, _ wanted: SessionLookup.Due, at place: [PostgresValue], _ sessions: Sessions,
    into entries: inout [StoredSessions.Entry]
  ) throws -> Instant {
    let own = "projection = $1 AND table_number = $2 AND partition = $3 AND due >= $4"
    // What is due at one instant stays together, so the first that is left out decides where the answer ends.
    let results = try connection.run([
      PostgresQuery(
        "SELECT due FROM _sessions WHERE \(own) AND due < $5 ORDER BY due OFFSET $6 LIMIT 1",
        place + [.instant(wanted.from), .instant(wanted.before), .bigint(max(0, wanted.max - 1))]),
      PostgresQuery("SELECT due FROM _sessions WHERE \(own) ORDER BY due LIMIT 1", place + [.instant(wanted.before)]),
    ])
    let end = results[1].count > 0 ? results[1].instant(0, 0) : .distantFuture
    // The last one that is wanted, and all of its instant.
    let last = results[0].count > 0 ? results[0].instant(0, 0) : nil
    let rows = try connection.run([
      PostgresQuery(
        "SELECT coalesce(key, id), state, due FROM _sessions WHERE \(own) AND due < $5 AND due <= $6 ORDER BY due, id",
        place + [.instant(wanted.from), .instant(wanted.before), .instant(last ?? .distantFuture)]),
      PostgresQuery(
        "SELECT due FROM _sessions WHERE \(own) AND due > $5 AND due < $6 ORDER BY due LIMIT 1",
        place + [.instant(wanted.from), .instant(last ?? .distantFuture), .instant(wanted.before)]),
    ])
    for row in 0..<rows[0].count { entries.append(try PostgresGeneration.session(rows[0], row, sessions)) }
    return rows[1].count > 0 ? rows[1].instant(0, 0) : end
  }
}

extension CheckpointWriter {
  func writeSessions(_ id: ProjectionID, _ changes: SessionChanges) throws {
    guard case .sessions(let sessions) = pipeline.projections[id].kind else { return }
    var batch = RowBatch(tables[id.rawValue])
    // Of the ended, of the active, and of rests, one after the other.
    var keys = KeyList()
    func put(_ state: SessionState) throws {
      try add(state, to: &batch, of: id, sessions)
      keys.append { bytes in for value in state.key { value.appendOrdered(to: &bytes) } }
    }
    for state in changes.ended { try put(state) }
    for change in changes.active { try put(change.state) }
    for (key, _) in changes.rests { keys.append { $0 += key } }
    for state in changes.final { try add(state, to: &batch, of: id, sessions) }
    for change in changes.timed {
      for gone in change.gone {
        batch.delete(change.values + [.string(gone.sessionID)])
        if gone.hasMisfit { noteMisfits(id, of: change.values, named: gone.sessionID, .none, misfits: [], sessions) }
      }
      for state in change.rows { try add(state, to: &batch, of: id, sessions) }
    }
    result.rows += changes.count
    try write(batch, of: id)
    try store(changes, keys, id)
    try store(changes.timed, id)
  }

  private func add(_ state: SessionState, to batch: inout RowBatch, of id: ProjectionID, _ sessions: Sessions) throws {
    try batch.add(state.row(sessions))
    try batch.add(state.stamp)
    batch.endRow()
    guard state.hasMisfit else { return }
    noteMisfits(id, of: state.key, named: state.sessionID, state.stamp, misfits: state.misfits(sessions), sessions)
  }

  private func noteMisfits(
    _ id: ProjectionID, of key: [Value], named sessionID: String, _ stamp: Stamp, misfits: [Int], _ sessions: Sessions
  ) {
    noteMisfits(
      id, kind: "session", key: Value.ordered(key + [.string(sessionID)]),
      shown: "session \(key.map(\.description).joined(separator: ", "))", stamp: stamp, misfits: misfits,
      columns: sessions.columns.map { ($0.name, $0.function.canMisfit) })
  }

  /// What is kept beside the rows: of each key what came last.
  private func store(_ changes: SessionChanges, _ keys: KeyList, _ id: ProjectionID) throws {
    let own: [PostgresValue] = [.projection(id), .table(lane.table), .bigint(lane.partition)]
    let (active, rests) = (changes.ended.count, changes.ended.count + changes.active.count)
    var gone = PostgresArray(.bytes)
    var kept = SessionArrays()
    for number in keys.order() {
      let key = keys[number]
      if number < active || (number >= rests && changes.rests[number - rests].rest == nil) {
        gone.append(bounded: key)
        continue
      }
      if number < rests {
        kept.append(key, changes.active[number - active])
      } else if let rest = changes.rests[number - rests].rest {
        kept.append(key, rest)
      }
      if kept.bytes > statementBytesMax {
        try write(kept, own)
        kept = SessionArrays()
      }
    }
    try remove(gone, own)
    try write(kept, own)
  }

  private func store(_ changes: [SessionChanges.Timed], _ id: ProjectionID) throws {
    let own: [PostgresValue] = [.projection(id), .table(lane.table), .bigint(lane.partition)]
    var gone = PostgresArray(.bytes)
    var kept = SessionArrays()
    for change in changes {
      guard let state = change.kept else {
        gone.append(bounded: change.key[...])
        continue
      }
      kept.append(change.key[...], state.bytes, due: change.due)
      if kept.bytes > statementBytesMax {
        try write(kept, own)
        kept = SessionArrays()
      }
    }
    try remove(gone, own)
    try write(kept, own)
  }

  private func remove(_ gone: PostgresArray, _ own: [PostgresValue]) throws {
    if gone.count == 0 { return }
    try write(
      "DELETE FROM _sessions WHERE projection = $1 AND table_number = $2 AND partition = $3 AND id = ANY($4::bytea[])",
      own + [.array(gone)])
  }

  private func write(_ kept: SessionArrays, _ own: [PostgresValue]) throws {
    if kept.ids.count == 0 { return }
    try write(
      """
      INSERT INTO _sessions (projection, table_number, partition, id, key, state, due, live_id)
      SELECT $1, $2, $3, i, k, s, d, l
      FROM unnest($4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bytea[]) AS u (i, k, s, d, l)
      ON CONFLICT (projection, table_number, partition, id) DO UPDATE SET state = excluded.state, due = excluded.due,
      live_id = excluded.live_id
      """, own + [.array(kept.ids), .array(kept.keys), .array(kept.states), .array(kept.dues), .array(kept.lives)])
  }
}

/// Rows of `_sessions`, a column in each array.
private struct SessionArrays {
  var ids = PostgresArray(.bytes)
  var keys = PostgresArray(.bytes)
  var states = PostgresArray(.bytes)
  var dues = PostgresArray(.bigint)
  var lives = PostgresArray(.bytes)
  /// Of the states.
  var bytes = 0
  private var state: [UInt8] = []

  mutating func append(_ key: ArraySlice<UInt8>, _ change: SessionChanges.Active) {
    state.removeAll(keepingCapacity: true)
    change.state.appendBytes(to: &state)
    add(key, state, due: change.due)
    let live = change.state.liveGroup
    if live.isEmpty { lives.appendNull() } else { lives.append(BoundedKey.id(live)) }
  }

  mutating func append(_ key: ArraySlice<UInt8>, _ rest: SessionRest) { append(key, rest.bytes, due: rest.due) }

  /// Without a live group.
  mutating func append(_ key: ArraySlice<UInt8>, _ state: [UInt8], due: Instant?) {
    add(key, state, due: due)
    lives.appendNull()
  }

  private mutating func add(_ key: ArraySlice<UInt8>, _ state: [UInt8], due: Instant?) {
    ids.append(bounded: key)
    if key.count <= BoundedKey.bytesMax { keys.appendNull() } else { keys.append(bytes: key) }
    states.append(state)
    dues.append(optional: due?.rawValue)
    bytes += state.count
  }
}
