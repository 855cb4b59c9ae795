internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// Sessions: their rows, and beside them what later changes depend on. Statements are looked up once for all of a checkpoint's.
extension SQLiteGeneration {
  /// The decider's place among the lanes, in what is kept of each.
  static let decider = LaneID(table: TableIndex(rawValue: -1), partition: -1)

  func sessions(_ lane: LaneID) throws -> [ProjectionID: [(key: [UInt8], session: StoredSession)]] {
    var stored: [ProjectionID: [(key: [UInt8], session: StoredSession)]] = [:]
    try connection.forEach(
      "SELECT projection, key, state FROM _sessions WHERE table_number = ?1 AND partition = ?2 ORDER BY projection, key",
      .table(lane.table), .int(lane.partition)
    ) { row in
      let id = row.projection(0)
      guard pipeline.projections.contains(id), case .sessions(let sessions) = pipeline.projections[id].kind else {
        throw StateError()
      }
      let session = try row.withBytes(2) { try StoredSession(bytes: $0 ?? .init(start: nil, count: 0), sessions) }
      stored[id, default: []].append((row.bytes(1) ?? [], session))
    }
    return stored
  }

  func writeSessions(_ id: ProjectionID, _ changes: SessionChanges, of lane: LaneID) throws -> Int {
    let projection = pipeline.projections[id]
    guard case .sessions(let sessions) = projection.kind else { return 0 }
    let row = try rows(id)
    let put = try connection.statement(
      "INSERT OR REPLACE INTO _sessions (projection, table_number, partition, key, state) VALUES (?1, ?2, ?3, ?4, ?5)")
    let remove = try connection.statement(
      "DELETE FROM _sessions WHERE projection = ?1 AND table_number = ?2 AND partition = ?3 AND key = ?4")
    for statement in [put, remove] {
      try statement.bind(1, Int64(id.rawValue))
      try statement.bind(2, Int64(lane.table.rawValue))
      try statement.bind(3, Int64(lane.partition))
    }
    let hasSums = sessions.columns.contains { $0.function == .sum }
    var bytes: [UInt8] = []
    for state in changes.ended {
      try write(state, sessions, to: row)
      if hasSums, state.hasMisfit { try writeMisfits(id, state, sessions) }
      try remove.bind(4, blob: Value.ordered(state.key))
      try remove.run()
    }
    for state in changes.active {
      try write(state, sessions, to: row)
      if hasSums, state.hasMisfit { try writeMisfits(id, state, sessions) }
      bytes.removeAll(keepingCapacity: true)
      for value in state.key { value.appendOrdered(to: &bytes) }
      try put.bind(4, blob: bytes)
      bytes.removeAll(keepingCapacity: true)
      state.appendBytes(to: &bytes)
      try put.bind(5, blob: bytes)
      try put.run()
    }
    for (key, rest) in changes.rests {
      if let rest {
        try put.bind(4, blob: key)
        try put.bind(5, blob: rest.bytes)
        try put.run()
      } else {
        try remove.bind(4, blob: key)
        try remove.run()
      }
    }
    return changes.count
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
    try writeMisfits(
      id, kind: "session", key: Value.ordered(state.key + [.string(state.sessionID)]),
      shown: "session \(state.key.map(\.description).joined(separator: ", "))", stamp: state.stamp,
      misfits: state.misfits(sessions),
      columns: sessions.columns.map { ($0.name, $0.function == .sum) })
  }
}
