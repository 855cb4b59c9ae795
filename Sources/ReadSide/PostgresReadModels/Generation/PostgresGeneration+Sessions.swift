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
  /// What is to be beside the rows under a key at the end; nil for nothing.
  private typealias Stored = (state: [UInt8], due: Instant?, live: [UInt8])

  func writeSessions(_ id: ProjectionID, _ changes: SessionChanges) throws {
    guard case .sessions(let sessions) = pipeline.projections[id].kind else { return }
    var batch = RowBatch(tables[id.rawValue])
    var stored: [BytesKey: Stored?] = [:]
    for state in changes.ended {
      batch.put(state.row(sessions) + state.stamp.traceValues)
      if state.hasMisfit { noteMisfits(id, state, sessions) }
      stored[BytesKey(Value.ordered(state.key))] = .some(nil)
    }
    for change in changes.active {
      let state = change.state
      batch.put(state.row(sessions) + state.stamp.traceValues)
      if state.hasMisfit { noteMisfits(id, state, sessions) }
      var bytes: [UInt8] = []
      state.appendBytes(to: &bytes)
      stored[BytesKey(Value.ordered(state.key))] = (bytes, change.due, state.liveGroup)
    }
    for (key, rest) in changes.rests { stored[BytesKey(key)] = .some(rest.map { ($0.bytes, $0.due, []) }) }
    result.rows += changes.count
    try write(batch, of: id)
    try store(stored, id)
  }

  private func noteMisfits(_ id: ProjectionID, _ state: SessionState, _ sessions: Sessions) {
    noteMisfits(
      id, kind: "session", key: Value.ordered(state.key + [.string(state.sessionID)]),
      shown: "session \(state.key.map(\.description).joined(separator: ", "))", stamp: state.stamp,
      misfits: state.misfits(sessions), columns: sessions.columns.map { ($0.name, $0.function == .sum) })
  }

  private func store(_ stored: [BytesKey: Stored?], _ id: ProjectionID) throws {
    let own: [PostgresValue] = [.projection(id), .table(lane.table), .bigint(lane.partition)]
    let sorted = stored.sorted { Bytes.less($0.key.bytes, $1.key.bytes) }
    let gone = sorted.filter { $0.value == nil }.map { BoundedKey.id($0.key.bytes) }
    if !gone.isEmpty {
      _ = try connection.run([
        PostgresQuery(
          "DELETE FROM _sessions WHERE projection = $1 AND table_number = $2 AND partition = $3 AND id = ANY($4::bytea[])",
          own + [.blobs(gone)])
      ])
    }
    let left = sorted.compactMap { key, stored in stored.map { (key: key.bytes, stored: $0) } }
    for part in parts(left, bytes: { $0.stored.state.count }) {
      var (keys, dues, lives) = (PostgresArray(.bytes), PostgresArray(.bigint), PostgresArray(.bytes))
      for (key, stored) in part {
        keys.append(optional: BoundedKey.rest(key))
        dues.append(optional: stored.due?.rawValue)
        lives.append(optional: stored.live.isEmpty ? nil : BoundedKey.id(stored.live))
      }
      _ = try connection.run([
        PostgresQuery(
          """
          INSERT INTO _sessions (projection, table_number, partition, id, key, state, due, live_id)
          SELECT $1, $2, $3, i, k, s, d, l
          FROM unnest($4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bytea[]) AS u (i, k, s, d, l)
          ON CONFLICT (projection, table_number, partition, id) DO UPDATE SET state = excluded.state, due = excluded.due,
          live_id = excluded.live_id
          """,
          own + [
            .blobs(part.map { BoundedKey.id($0.key) }), .array(keys), .blobs(part.map(\.stored.state)), .array(dues),
            .array(lives),
          ])
      ])
    }
  }
}
