internal import ChangeRecords
internal import DynamoModel
package import Pipelines
package import Projections
package import ReadModels
internal import SQLite

/// Sessions: their rows, and beside them what later changes depend on. Statements are looked up once for all of a checkpoint's.
extension SQLiteGeneration {
  /// The sessions of a lane, of the projections that have at most `max` there.
  func sessions(_ lane: LaneID, max: Int) throws -> [ProjectionID: StoredSessions] {
    var stored: [ProjectionID: StoredSessions] = [:]
    for id in pipeline.projections.ids {
      guard case .sessions(let sessions) = pipeline.projections[id].kind else { continue }
      var entries: [StoredSessions.Entry] = []
      try connection.forEach(
        """
        SELECT key, state, due FROM _sessions WHERE projection = ?1 AND table_number = ?2 AND partition = ?3
        ORDER BY key LIMIT ?4
        """, .projection(id), .table(lane.table), .int(lane.partition), .int(max == .max ? max : max + 1)
      ) { entries.append(try SQLiteGeneration.session($0, sessions)) }
      if entries.isEmpty { continue }
      stored[id] = entries.count > max ? StoredSessions(isWhole: false) : StoredSessions(entries: entries)
    }
    return stored
  }

  /// Of a row with key, state and due instant.
  private static func session(_ row: Statement, _ sessions: Sessions) throws -> StoredSessions.Entry {
    let key = row.bytes(0) ?? []
    let session = try row.withBytes(1) { try StoredSession(bytes: $0 ?? .init(start: nil, count: 0), key: key, sessions) }
    return StoredSessions.Entry(key: key, session: session, due: row.isNull(2) ? nil : row.instant(2))
  }

  package func sessions(
    _ lane: LaneID, _ lookups: [ProjectionID: SessionLookup]
  ) throws(ReadModelError) -> [ProjectionID: FoundSessions] {
    try run {
      try connection.transaction(.deferred) {
        var found: [ProjectionID: FoundSessions] = [:]
        for (id, lookup) in lookups {
          guard case .sessions(let sessions) = pipeline.projections[id].kind else { continue }
          found[id] = try find(lookup, SessionPlace(id: id, lane: lane), sessions)
        }
        return found
      }
    }
  }

  private func find(_ lookup: SessionLookup, _ place: SessionPlace, _ sessions: Sessions) throws -> FoundSessions {
    var found = FoundSessions()
    for (column, wanted) in [("key", lookup.keys), ("live", lookup.groups)] where !wanted.isEmpty {
      let row = try connection.statement(
        """
        SELECT key, state, due FROM _sessions WHERE projection = ?1 AND table_number = ?2 AND partition = ?3 AND \(column) = ?4
        """)
      try place.bind(to: row)
      for bytes in wanted.sorted(by: { Bytes.less($0.bytes, $1.bytes) }) {
        try row.bind(4, blob: bytes.bytes)
        if try row.step() { found.entries.append(try SQLiteGeneration.session(row, sessions)) }
        row.reset()
      }
    }
    if let due = lookup.due { found.dueThrough = try findDue(due, place, sessions, into: &found.entries) }
    return found
  }

  /// What is due before an instant, as far as one answer goes: answers before which instant all that is due is among `entries` now.
  private func findDue(
    _ wanted: SessionLookup.Due, _ place: SessionPlace, _ sessions: Sessions,
    into entries: inout [StoredSessions.Entry]
  ) throws -> Instant {
    let due = try connection.statement(
      """
      SELECT key, state, due FROM _sessions WHERE projection = ?1 AND table_number = ?2 AND partition = ?3
      AND due >= ?4 AND due < ?5 ORDER BY due, key
      """)
    try place.bind(to: due)
    try due.bind(4, wanted.from.rawValue)
    try due.bind(5, wanted.before.rawValue)
    defer { due.reset() }
    var count = 0
    var last: Instant?
    while try due.step() {
      let entry = try SQLiteGeneration.session(due, sessions)
      // What is due at one instant stays together.
      if count >= wanted.max, let next = entry.due, next != last { return next }
      entries.append(entry)
      last = entry.due
      count += 1
    }
    let next = try connection.statement(
      """
      SELECT due FROM _sessions WHERE projection = ?1 AND table_number = ?2 AND partition = ?3 AND due >= ?4 ORDER BY due LIMIT 1
      """)
    try place.bind(to: next)
    try next.bind(4, wanted.before.rawValue)
    defer { next.reset() }
    return try next.step() ? next.instant(0) : .distantFuture
  }

  func writeSessions(_ id: ProjectionID, _ changes: SessionChanges, of lane: LaneID) throws -> Int {
    let projection = pipeline.projections[id]
    guard case .sessions(let sessions) = projection.kind else { return 0 }
    let row = try rows(id)
    let statements = try SessionStatements(connection, SessionPlace(id: id, lane: lane))
    let hasSums = sessions.columns.contains { $0.function.canMisfit }
    var key: [UInt8] = []
    var bytes: [UInt8] = []
    for state in changes.ended {
      try write(state, sessions, to: row)
      if hasSums, state.hasMisfit { try writeMisfits(id, state, sessions) }
      try statements.remove(Value.ordered(state.key))
    }
    for change in changes.active {
      let state = change.state
      try write(state, sessions, to: row)
      if hasSums, state.hasMisfit { try writeMisfits(id, state, sessions) }
      key.removeAll(keepingCapacity: true)
      for value in state.key { value.appendOrdered(to: &key) }
      bytes.removeAll(keepingCapacity: true)
      state.appendBytes(to: &bytes)
      if change.isStored, try statements.touch(key, bytes) { continue }
      try statements.put(key, bytes, due: change.due, live: state.liveGroup)
    }
    for (key, rest) in changes.rests {
      if let rest { try statements.put(key, rest.bytes, due: rest.due, live: []) } else { try statements.remove(key) }
    }
    for state in changes.final {
      try write(state, sessions, to: row)
      if state.hasMisfit { try writeMisfits(id, state, sessions) }
    }
    for change in changes.timed { try write(change, of: id, sessions, to: row, statements) }
    return changes.count
  }

  private func write(
    _ change: SessionChanges.Timed, of id: ProjectionID, _ sessions: Sessions, to row: RowWriter, _ statements: SessionStatements
  ) throws {
    for gone in change.gone {
      try row.delete(change.values + [.string(gone.sessionID)])
      if gone.hasMisfit { try writeMisfits(id, of: change.values, named: gone.sessionID, .none, misfits: [], sessions) }
    }
    for state in change.rows {
      try write(state, sessions, to: row)
      if state.hasMisfit { try writeMisfits(id, state, sessions) }
    }
    guard let kept = change.kept else { return try statements.remove(change.key) }
    try statements.put(change.key, kept.bytes, due: change.due, live: [])
  }

  private func write(_ state: SessionState, _ sessions: Sessions, to row: RowWriter) throws {
    for value in state.key { row.add(value) }
    row.add(.string(state.sessionID))
    row.add(.timestamp(state.startedAt))
    row.add(.timestamp(state.lastAt))
    row.add(state.endedAt.map { .timestamp($0) } ?? .null)
    row.add(.string(state.status.rawValue))
    row.add(state.endedBy.map { .string($0.rawValue) } ?? .null)
    for index in sessions.columns.indices {
      row.add(state.columns[index].value(sessions.columns[index], of: state) ?? .null)
    }
    row.add(state.stamp)
    try row.finish()
  }

  private func writeMisfits(_ id: ProjectionID, _ state: SessionState, _ sessions: Sessions) throws {
    try writeMisfits(id, of: state.key, named: state.sessionID, state.stamp, misfits: state.misfits(sessions), sessions)
  }

  private func writeMisfits(
    _ id: ProjectionID, of key: [Value], named sessionID: String, _ stamp: Stamp, misfits: [Int], _ sessions: Sessions
  ) throws {
    try writeMisfits(
      id, kind: "session", key: Value.ordered(key + [.string(sessionID)]),
      shown: "session \(key.map(\.description).joined(separator: ", "))", stamp: stamp, misfits: misfits,
      columns: sessions.columns.map { ($0.name, $0.function.canMisfit) })
  }
}

/// Whose sessions: the first three parameters of every statement over `_sessions`.
private struct SessionPlace {
  let id: ProjectionID
  let lane: LaneID

  func bind(to statement: Statement) throws(SQLiteError) {
    try statement.bind(1, Int64(id.rawValue))
    try statement.bind(2, Int64(lane.table.rawValue))
    try statement.bind(3, Int64(lane.partition))
  }
}

/// The statements that write what is kept beside the rows of sessions, of one projection in one lane.
private struct SessionStatements {
  private let connection: Connection
  private let insert: Statement
  private let update: Statement
  private let delete: Statement

  init(_ connection: Connection, _ place: SessionPlace) throws(SQLiteError) {
    self.connection = connection
    let key = "projection = ?1 AND table_number = ?2 AND partition = ?3 AND key = ?4"
    insert = try connection.statement(
      """
      INSERT OR REPLACE INTO _sessions (projection, table_number, partition, key, state, due, live)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """)
    update = try connection.statement("UPDATE _sessions SET state = ?5 WHERE \(key)")
    delete = try connection.statement("DELETE FROM _sessions WHERE \(key)")
    for statement in [insert, update, delete] { try place.bind(to: statement) }
  }

  func put(_ key: [UInt8], _ state: [UInt8], due: Instant?, live: [UInt8]) throws(SQLiteError) {
    try insert.bind(4, blob: key)
    try insert.bind(5, blob: state)
    if let due { try insert.bind(6, due.rawValue) } else { try insert.bind(6) }
    if live.isEmpty { try insert.bind(7) } else { try insert.bind(7, blob: live) }
    try insert.run()
  }

  /// Writes the state of a key whose row there is: no index changes. False when there is none.
  func touch(_ key: [UInt8], _ state: [UInt8]) throws(SQLiteError) -> Bool {
    try update.bind(4, blob: key)
    try update.bind(5, blob: state)
    try update.run()
    return connection.changes > 0
  }

  func remove(_ key: [UInt8]) throws(SQLiteError) {
    try delete.bind(4, blob: key)
    try delete.run()
  }
}
