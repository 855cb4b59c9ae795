package import ChangeLog
internal import ChangeRecords
internal import DynamoModel
package import Pipelines
internal import SQLiteReadModels
package import Projections
internal import SQLite

/// One generation's read model in its SQLite file, for the process that writes it.
///
/// Not `Sendable`: one thread at a time, as its connection. Readers open the file read-only beside it, at any time. The rows
/// follow from the log, so commits are not synced by themselves (`NORMAL`): a power failure costs the last checkpoints, which the log
/// repeats; a checkpoint with effects in it is synced.
package final class GenerationFile {
  package let path: String
  package let pipeline: Pipeline
  let connection: Connection
  var plans: [Int: GroupPlan] = [:]

  /// Opens the file, making it when it is missing. Throws `otherFingerprint` or `otherVersion` for a file that this pipeline and
  /// this engine did not write.
  package init(path: String, pipeline: Pipeline) throws(ReadModelError) {
    self.path = path
    self.pipeline = pipeline
    do throws(SQLiteError) {
      connection = try Connection(
        path: path, options: ConnectionOptions(synchronous: .normal, cacheKiB: 65_536, checkpointPages: 4_000))
    } catch {
      throw GenerationFile.storage(path, error)
    }
    for (index, projection) in pipeline.projections.enumerated() {
      switch projection.kind {
      case .aggregate(let aggregate): plans[index] = GroupPlan(aggregate)
      case .leaderboard(let board): plans[index] = GroupPlan(board)
      case .collection, .sessions: break
      }
    }
    try prepare()
  }

  static func storage(_ path: String, _ error: SQLiteError) -> ReadModelError {
    error.isCorrupt ? .damaged(path: path, error.message) : .storage(path: path, error.message, isFull: error.isDiskFull)
  }

  private func prepare() throws(ReadModelError) {
    do {
      try connection.transaction {
        let tables = try connection.statement("SELECT count(*) FROM sqlite_schema WHERE name = '_meta'")
        _ = try tables.step()
        let exists = tables.int64(0) > 0
        tables.reset()
        if exists { return try check() }
        for statement in GenerationSchema.statements { try connection.execute(statement) }
        for projection in pipeline.projections {
          for statement in projection.table.createStatements { try connection.execute(statement) }
        }
        try setMeta("version", "\(GenerationSchema.version)")
        try setMeta("pipeline", pipeline.name)
        try setMeta("fingerprint", pipeline.fingerprint)
      }
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw GenerationFile.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  private func check() throws {
    let version = try meta("version") ?? "none"
    guard version == "\(GenerationSchema.version)" else { throw ReadModelError.otherVersion(path: path, found: version) }
    guard try meta("fingerprint") == pipeline.fingerprint else { throw ReadModelError.otherFingerprint(path: path) }
  }

  private func setMeta(_ key: String, _ value: String) throws(SQLiteError) {
    let statement = try connection.statement("INSERT OR REPLACE INTO _meta (key, value) VALUES (?1, ?2)")
    try statement.bind(1, key)
    try statement.bind(2, value)
    try statement.run()
  }

  private func meta(_ key: String) throws(SQLiteError) -> String? {
    let statement = try connection.statement("SELECT value FROM _meta WHERE key = ?1")
    try statement.bind(1, key)
    defer { statement.reset() }
    return try statement.step() ? statement.text(0) : nil
  }

  /// Takes a lane over: its position with a new epoch, which fences whoever had it before, and its active sessions. A lane that is
  /// new begins at `start`.
  package func takeLane(
    table: Int, partition: Int, start: LogCursor
  ) throws(ReadModelError) -> (position: LanePosition, active: [Int: [SessionState]]) {
    do {
      return try connection.transaction {
        let name = pipeline.tables[table].name
        var position = try lane(table: name, partition: partition) ?? LanePosition(cursor: start)
        position.epoch += 1
        let write = try connection.statement(
          """
          INSERT OR REPLACE INTO _lanes
          (table_name, partition, table_id, sequence, hint, fired_through, watermark, fingerprint, epoch)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
          """)
        try write.bind(1, name)
        try write.bind(2, Int64(partition))
        try GenerationFile.bind(position, to: write, from: 3)
        try write.run()
        return (position, try activeSessions(table: table, partition: partition))
      }
    } catch let error as SQLiteError {
      throw GenerationFile.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  static func bind(_ position: LanePosition, to statement: Statement, from index: Int) throws(SQLiteError) {
    try statement.bind(index, position.cursor.tableID.description)
    try statement.bind(index + 1, Int64(position.cursor.sequence))
    try statement.bind(index + 2, position.cursor.hint)
    try statement.bind(index + 3, position.firedThrough)
    try statement.bind(index + 4, position.watermark)
    try statement.bind(index + 5, position.fingerprint)
    try statement.bind(index + 6, position.epoch)
  }

  func lane(table: String, partition: Int) throws -> LanePosition? {
    let statement = try connection.statement(
      """
      SELECT table_id, sequence, hint, fired_through, watermark, fingerprint, epoch FROM _lanes
      WHERE table_name = ?1 AND partition = ?2
      """)
    try statement.bind(1, table)
    try statement.bind(2, Int64(partition))
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    guard let tableID = TableID(statement.text(0) ?? "") else { throw StateError() }
    return LanePosition(
      cursor: LogCursor(tableID: tableID, sequence: UInt64(statement.int64(1)), hint: statement.int64(2)),
      firedThrough: statement.int64(3), watermark: statement.int64(4), fingerprint: statement.text(5) ?? "",
      epoch: statement.int64(6))
  }

  private func activeSessions(table: Int, partition: Int) throws -> [Int: [SessionState]] {
    let statement = try connection.statement(
      "SELECT projection, state FROM _sessions WHERE table_number = ?1 AND partition = ?2 ORDER BY projection, key")
    try statement.bind(1, Int64(table))
    try statement.bind(2, Int64(partition))
    defer { statement.reset() }
    var active: [Int: [SessionState]] = [:]
    while try statement.step() {
      let index = Int(statement.int64(0))
      guard case .sessions(let sessions)? = pipeline.projections.indices.contains(index) ? pipeline.projections[index].kind : nil
      else { throw StateError() }
      let state = try statement.withBytes(1) { bytes in try SessionState(bytes: bytes ?? .init(start: nil, count: 0), sessions) }
      active[index, default: []].append(state)
    }
    return active
  }

  package func close() { connection.close() }
}
