package import ChangeLog
internal import ChangeRecords
package import Pipelines
internal import Projections
package import ReadModels
internal import SQLite

/// One generation's read model in its SQLite file, for the process that writes it.
///
/// Not `Sendable`: one thread at a time, as its connection. Readers open the file read-only beside it, at any time. The rows
/// follow from the log, so commits are not synced by themselves (`NORMAL`): a power failure costs the last checkpoints, which the log
/// repeats; a checkpoint with effects in it is synced.
package final class SQLiteGeneration: GenerationStore {
  package let path: String
  package let pipeline: Pipeline
  let connection: Connection
  private var moves = LogMoves()
  private let mover: LogMover
  /// By projection, of those that have groups.
  let plans: [ProjectionID: GroupPlan]
  /// By projection, of those whose rows the running transaction changes.
  var writers: [ProjectionID: RowWriter] = [:]
  /// By leaderboard, the keys of members and boards whose rows the running transaction has changed.
  var journaled: [ProjectionID: [[UInt8]]] = [:]
  /// By projection, whether `_groups` may hold states of it; as far as the running transaction has asked.
  var rowless: [ProjectionID: Bool] = [:]
  var preparedGroupStatements: GroupStatements?
  /// Dead letters of sums that the running transaction has written where there was none.
  var misfitsBegun = 0

  /// Opens the file, making it when it is missing. Throws `otherFingerprint` or `otherVersion` for a file that this pipeline and
  /// this engine did not write; `ofAnyLayout` is for what `ReadModelStores.withoutStates` lists.
  package init(path: String, pipeline: Pipeline, ofAnyLayout: Bool = false) throws(ReadModelError) {
    self.path = path
    self.pipeline = pipeline
    if let place = WriteAheadLog.damage(of: path) { throw SQLiteGeneration.damagedLog(path, place) }
    do throws(SQLiteError) {
      connection = try Connection(
        path: path, options: ConnectionOptions(synchronous: .normal, cacheKiB: 65_536, checkpointPages: 0))
    } catch {
      throw SQLiteGeneration.storage(path, error)
    }
    mover = LogMover(path: path)
    plans = GroupPlan.plans(of: pipeline)
    try run { try connection.transaction { try prepare(ofAnyLayout: ofAnyLayout) } }
  }

  static func damagedLog(_ path: String, _ place: Int) -> ReadModelError {
    .damaged(path: path, "its write-ahead log is damaged at byte \(place), and parts that follow are in the file already")
  }

  static func storage(_ path: String, _ error: SQLiteError) -> ReadModelError {
    error.isCorrupt ? .damaged(path: path, error.message) : .storage(path: path, error.message, isFull: error.isDiskFull)
  }

  /// Runs work on the file; whatever it throws says which file it is.
  func run<Result>(_ body: () throws -> Result) throws(ReadModelError) -> Result {
    do {
      return try body()
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw SQLiteGeneration.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  private func prepare(ofAnyLayout: Bool) throws {
    if try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = '_meta'") ?? 0 > 0 {
      if !ofAnyLayout { try check() }
      return
    }
    for statement in GenerationSchema.statements { try connection.execute(statement) }
    for projection in pipeline.projections {
      for statement in projection.table.createStatements { try connection.execute(statement) }
    }
    try setMeta("version", "\(GenerationSchema.version)")
    try setMeta("pipeline", pipeline.name)
    try setMeta("fingerprint", pipeline.fingerprint)
  }

  private func check() throws {
    let version = try meta("version") ?? "none"
    guard version == "\(GenerationSchema.version)" else {
      throw ReadModelError.otherVersion(path: path, found: version, known: GenerationSchema.version)
    }
    guard connection.hasChecksums else { throw ReadModelError.damaged(path: path, "its pages have lost their checksums") }
    guard try meta("fingerprint") == pipeline.fingerprint else { throw ReadModelError.otherFingerprint(path: path) }
  }

  private func setMeta(_ key: String, _ value: String) throws(SQLiteError) {
    try connection.run("INSERT OR REPLACE INTO _meta (key, value) VALUES (?1, ?2)", .text(key), .text(value))
  }

  private func meta(_ key: String) throws -> String? {
    var value: String?
    try connection.forEach("SELECT value FROM _meta WHERE key = ?1", .text(key)) { value = $0.text(0) }
    return value
  }

  /// After each commit.
  func moveLog() {
    guard let log = connection.logPages else { return }
    switch moves.committed(pages: log.all, moved: log.moved, isMoving: mover.isMoving) {
    case .none: break
    case .moveApart: mover.move()
    case .moveHere:
      mover.wait()
      // The commit has succeeded, and the log keeps what could not be moved.
      _ = try? connection.checkpoint(.passive)
    }
  }

  /// Moves the write-ahead log into the file first: readers that close later cannot.
  package func close() {
    mover.close()
    try? connection.execute("PRAGMA busy_timeout = 500")
    _ = try? connection.checkpoint(.truncate)
    connection.close()
  }
}

// MARK: - Lanes

extension SQLiteGeneration {
  package func addLanes(_ starts: [LaneID: LogCursor]) throws(ReadModelError) {
    try run {
      try connection.transaction {
        for (lane, start) in starts where try position(lane) == nil { try write(LanePosition(cursor: start), of: lane) }
      }
    }
  }

  package func takeLane(_ lane: LaneID, start: LogCursor, sessionsMax: Int) throws(ReadModelError) -> TakenLane {
    try run {
      try connection.transaction {
        var position = try self.position(lane) ?? LanePosition(cursor: start)
        position.epoch = position.epoch.next
        try write(position, of: lane)
        return TakenLane(position: position, sessions: try sessions(lane, max: sessionsMax))
      }
    }
  }

  private func write(_ position: LanePosition, of lane: LaneID) throws(SQLiteError) {
    try connection.run(
      """
      INSERT OR REPLACE INTO _lanes
      (table_name, partition, table_id, sequence, hint, fired_through, watermark, fingerprint, epoch)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """, .text(pipeline.tables[lane.table].name), .int(lane.partition), .text(position.cursor.tableID.description),
      .sequence(position.cursor.sequence), .int(position.cursor.hint), .instant(position.firedThrough),
      .instant(position.watermark), .text(position.fingerprint), .epoch(position.epoch))
  }

  /// The lane's position goes from `old` to `new`, if it still is `old`, else `superseded`.
  func move(_ lane: LaneID, from old: LanePosition, to new: LanePosition) throws {
    let name = pipeline.tables[lane.table].name
    try connection.run(
      """
      UPDATE _lanes SET table_id = ?1, sequence = ?2, hint = ?3, fired_through = ?4, watermark = ?5, fingerprint = ?6, epoch = ?7
      WHERE table_name = ?8 AND partition = ?9 AND table_id = ?10 AND sequence = ?11 AND fired_through = ?12 AND epoch = ?13
      """, .text(new.cursor.tableID.description), .sequence(new.cursor.sequence), .int(new.cursor.hint),
      .instant(new.firedThrough), .instant(new.watermark), .text(new.fingerprint), .epoch(new.epoch), .text(name),
      .int(lane.partition), .text(old.cursor.tableID.description), .sequence(old.cursor.sequence), .instant(old.firedThrough),
      .epoch(old.epoch))
    guard connection.changes == 1 else { throw ReadModelError.superseded(table: name, partition: lane.partition) }
  }

  private func position(_ lane: LaneID) throws -> LanePosition? {
    var found: LanePosition?
    try connection.forEach(
      """
      SELECT table_id, sequence, hint, fired_through, watermark, fingerprint, epoch FROM _lanes
      WHERE table_name = ?1 AND partition = ?2
      """, .text(pipeline.tables[lane.table].name), .int(lane.partition)
    ) { found = try SQLiteGeneration.position($0, from: 0) }
    return found
  }

  private static func position(_ row: Statement, from column: Int) throws -> LanePosition {
    guard let tableID = TableID(row.text(column) ?? ""), row.int64(column + 1) >= 0 else { throw StateError() }
    return LanePosition(
      cursor: LogCursor(tableID: tableID, sequence: row.sequence(column + 1), hint: row.int64(column + 2)),
      firedThrough: row.instant(column + 3), watermark: row.instant(column + 4), fingerprint: row.text(column + 5) ?? "",
      epoch: Epoch(rawValue: row.int64(column + 6)))
  }

  package func lanes() throws(ReadModelError) -> [LaneID: LanePosition] {
    try run {
      var lanes: [LaneID: LanePosition] = [:]
      try connection.forEach(
        """
        SELECT table_name, partition, table_id, sequence, hint, fired_through, watermark, fingerprint, epoch FROM _lanes
        """
      ) { row in
        guard let table = pipeline.table(named: row.text(0) ?? "") else { return }
        lanes[LaneID(table: table, partition: Int(row.int64(1)))] = try SQLiteGeneration.position(row, from: 2)
      }
      return lanes
    }
  }

  /// The least watermark of the lanes that feed a projection: no record below it will come.
  func leastWatermark(of projection: ProjectionID) throws -> Instant {
    var least = Instant.distantFuture
    for table in Set(pipeline.projections[projection].sources.map(\.table)) {
      let found = try connection.integer(
        "SELECT min(watermark) FROM _lanes WHERE table_name = ?1", .text(pipeline.tables[table].name))
      least = min(least, found.map { Instant(rawValue: $0) } ?? .distantPast)
    }
    return least
  }
}
