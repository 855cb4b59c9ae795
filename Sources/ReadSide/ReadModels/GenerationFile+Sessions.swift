internal import Pipelines
internal import SQLiteReadModels
internal import Projections
internal import SQLite

/// Sessions: their rows, and the states of the active ones beside them. Statements are looked up once for all of a checkpoint's.
extension GenerationFile {
  /// All ended ones come first in `states`: a key may have ended and begun again since the last checkpoint.
  func writeSessions(_ index: Int, _ states: [SessionState], _ table: Int, _ partition: Int) throws -> Int {
    let projection = pipeline.projections[index]
    guard case .sessions(let sessions) = projection.kind else { return 0 }
    let columns = projection.table.columns
    let row = try connection.statement(projection.table.upsertStatement)
    let put = try connection.statement(
      "INSERT OR REPLACE INTO _sessions (projection, table_number, partition, key, state) VALUES (?1, ?2, ?3, ?4, ?5)")
    let remove = try connection.statement(
      "DELETE FROM _sessions WHERE projection = ?1 AND table_number = ?2 AND partition = ?3 AND key = ?4")
    for statement in [put, remove] {
      try statement.bind(1, Int64(index))
      try statement.bind(2, Int64(table))
      try statement.bind(3, Int64(partition))
    }
    var bytes: [UInt8] = []
    for state in states {
      var place = 1
      var column = 0
      func bind(_ value: Value) throws(SQLiteError) {
        place += try value.bind(to: row, at: place, as: columns[column].type)
        column += 1
      }
      for value in state.key { try bind(value) }
      try bind(.string(state.sessionID))
      try bind(.timestamp(state.startedAt))
      try bind(.timestamp(state.lastAt))
      try bind(state.endedAt.map { .timestamp($0) } ?? .null)
      try bind(.string(state.status.rawValue))
      try bind(state.endedBy.map { .string($0.rawValue) } ?? .null)
      for index in sessions.columns.indices { try bind(state.columns[index].value(sessions.columns[index], of: state)) }
      try bind(.timestamp(state.stamp.time))
      bytes.removeAll(keepingCapacity: true)
      appendPosition(state.stamp, to: &bytes)
      try row.bind(place, utf8: bytes)
      try row.run()
      bytes.removeAll(keepingCapacity: true)
      for value in state.key { value.appendOrdered(to: &bytes) }
      if state.isActive {
        try put.bind(4, blob: bytes)
        bytes.removeAll(keepingCapacity: true)
        state.appendBytes(to: &bytes)
        try put.bind(5, blob: bytes)
        try put.run()
      } else {
        try remove.bind(4, blob: bytes)
        try remove.run()
      }
    }
    return states.count
  }

  /// `position(stamp)` as bytes.
  private func appendPosition(_ stamp: RowStamp, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: pipeline.tables[stamp.table].name.utf8)
    for number in [UInt64(stamp.partition), stamp.sequence] {
      bytes.append(UInt8(ascii: ":"))
      var divisor: UInt64 = 1
      while number / divisor >= 10 { divisor *= 10 }
      while divisor > 0 {
        bytes.append(UInt8(48 + number / divisor % 10))
        divisor /= 10
      }
    }
  }
}
