package import ChangeLog
internal import ChangeRecords
package import Pipelines
internal import Postgres
internal import Projections
package import ReadModels

/// One generation's read model in its schema, for a process that writes it.
///
/// Not `Sendable`: one thread at a time, as its connection. Any number of processes may write, each its own lanes: what several of them touch is locked
/// in one order (see `checkpoint`). A commit that was answered is on the server's disk.
package final class PostgresGeneration: GenerationStore {
  package let pipeline: Pipeline
  let session: PostgresSession
  let generation: Generation
  /// As other processes know this one.
  let worker: String
  /// The schema of the pipeline's catalogue; nil of a generation that no catalogue has, as temporary ones.
  private(set) var catalog: String?
  /// By projection.
  let tables: [TableForm]
  /// By projection, of those that have groups.
  let plans: [ProjectionID: GroupPlan]
  /// By projection, of leaderboards.
  let rules: [ProjectionID: BoardRules]

  /// Opens the schema, making it when it is missing. Throws `otherFingerprint` or `otherVersion` for one that this pipeline and this engine did not
  /// write; `ofAnyLayout` is for what `ReadModelStores.withoutStates` lists.
  package init(
    _ database: PostgresDatabase, _ generation: Generation, pipeline: Pipeline, ofAnyLayout: Bool = false
  ) throws(ReadModelError) {
    self.pipeline = pipeline
    self.generation = generation
    worker = database.worker
    let schema = database.schema(of: generation)
    session = PostgresSession(database.settings, schema: schema, findsByKeys: true)
    tables = pipeline.projections.map { TableForm($0.table) }
    let plans = GroupPlan.plans(of: pipeline)
    self.plans = plans
    var rules: [ProjectionID: BoardRules] = [:]
    for id in plans.keys { rules[id] = BoardRules(id, pipeline, plans) }
    self.rules = rules
    let catalog = PostgresConnection.identifier(database.schema(generation.store))
    self.catalog = try session.transaction(attemptsMax: 1_000) { connection in
      let isNew = try prepare(connection, schema, ofAnyLayout: ofAnyLayout)
      let isThere = try connection.run("SELECT to_regclass($1) IS NOT NULL", .text(catalog + ".generations")).boolean(0, 0)
      guard isThere else { return nil }
      // The very first generation is current before it is there.
      if isNew,
        try connection.run(
          "SELECT 1 FROM \(catalog).generations WHERE number = $1 AND state = 'current'", .bigint(generation.number)
        ).count > 0
      {
        try PostgresViews(database, store: generation.store).show(schema, connection)
      }
      return catalog
    }
  }

  static func isThere(_ schema: String, _ connection: PostgresConnection) throws -> Bool {
    try StoreSchema(schema).has("_meta", column: "key", connection)
  }

  /// Whether the schema had to be made.
  private func prepare(_ connection: PostgresConnection, _ schema: String, ofAnyLayout: Bool) throws -> Bool {
    // Two processes that begin at once: the second finds what the first has made.
    try connection.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", .text(schema))
    if try PostgresGeneration.isThere(schema, connection) {
      if ofAnyLayout { return false }
      try check(connection)
      try PostgresFunctions.make(in: schema, connection)
      return false
    }
    try StoreSchema(schema).make(connection)
    var statements = PostgresSchema.statements(pipeline)
    statements += tables.flatMap(\.createStatements) + PostgresFunctions.statements(in: PostgresConnection.identifier(schema))
    try connection.execute(statements.joined(separator: ";\n"))
    for (key, value) in [
      ("version", "\(PostgresSchema.version)"), ("pipeline", pipeline.name), ("fingerprint", pipeline.fingerprint),
    ] {
      try connection.run("INSERT INTO _meta (key, value) VALUES ($1, $2)", .text(key), .text(value))
    }
    return true
  }

  private func check(_ connection: PostgresConnection) throws {
    let rows = try connection.run("SELECT key, value FROM _meta")
    var meta: [String: String] = [:]
    for row in 0..<rows.count { meta[rows.text(row, 0) ?? ""] = rows.text(row, 1) }
    guard meta["version"] == "\(PostgresSchema.version)" else {
      throw ReadModelError.otherVersion(
        path: session.place, found: meta["version"] ?? "none", known: PostgresSchema.version)
    }
    guard meta["fingerprint"] == pipeline.fingerprint else { throw ReadModelError.otherFingerprint(path: session.place) }
  }

  package func close() { session.close() }

  /// For tests: bytes of a statement's parameters past which a checkpoint goes on in another one.
  package var statementBytesMax = CheckpointWriter.statementBytesMax

  /// Statements that its connection has sent so far.
  package var statementsSent: Int { session.statementsSent }
  /// How often it has waited for the server so far.
  package var roundTrips: Int { session.roundTrips }
}

// MARK: - Lanes

extension PostgresGeneration {
  private static let laneColumns = "table_id, sequence, hint, fired_through, watermark, fingerprint, epoch"

  private func values(_ lane: LaneID, _ position: LanePosition) -> [PostgresValue] {
    [
      .text(pipeline.tables[lane.table].name), .bigint(lane.partition), .text(position.cursor.tableID.description),
      .sequence(position.cursor.sequence), .bigint(position.cursor.hint), .instant(position.firedThrough),
      .instant(position.watermark), .text(position.fingerprint), .bigint(position.epoch.rawValue),
    ]
  }

  private static let insertLane = """
    INSERT INTO _lanes (table_name, partition, \(laneColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (table_name, partition)
    """

  package func addLanes(_ starts: [LaneID: LogCursor]) throws(ReadModelError) {
    try session.transaction { connection in
      for (lane, start) in starts.sorted(by: { $0.key < $1.key }) {
        let values = values(lane, LanePosition(cursor: start))
        _ = try connection.run([PostgresQuery("\(PostgresGeneration.insertLane) DO NOTHING", values)])
      }
    }
  }

  package func takeLane(_ lane: LaneID, start: LogCursor, sessionsMax: Int) throws(ReadModelError) -> TakenLane {
    let new = LanePosition(cursor: start, epoch: Epoch.none.next)
    let take = """
      \(PostgresGeneration.insertLane) DO UPDATE SET epoch = _lanes.epoch + 1 RETURNING \(PostgresGeneration.laneColumns)
      """
    return try session.transaction { connection in
      try checkIsOpen(connection)
      let row = try connection.run([PostgresQuery(take, values(lane, new))])[0]
      let position = try PostgresGeneration.position(row, 0, from: 0)
      // In statements of their own: they see what whoever had the lane before has committed.
      return TakenLane(position: position, sessions: try sessions(connection, lane, max: sessionsMax))
    }
  }

  /// Refuses a generation that is frozen, replaced or given up; from then on to the end of the transaction it is none of these. Comes before any row of the
  /// generation is locked.
  func checkIsOpen(_ connection: PostgresConnection) throws {
    guard let catalog else { return }
    let rows = try connection.run(
      "SELECT state, coalesce(frozen_until > clock_timestamp(), false) FROM \(catalog).generations WHERE number = $1 FOR SHARE",
      .bigint(generation.number))
    let name = "generation \(generation.number) of pipeline \(pipeline.name)"
    guard rows.count > 0 else { throw ReadModelError.held("\(name) was given up") }
    if rows.text(0, 0) == Generation.State.kept.rawValue { throw ReadModelError.held("\(name) was replaced by another") }
    if rows.boolean(0, 1) { throw ReadModelError.held("another generation is taking the place of \(name)") }
  }

  /// The lane's position goes from `old` to `new`, if it still is `old`, else `superseded`.
  func move(_ connection: PostgresConnection, _ lane: LaneID, from old: LanePosition, to new: LanePosition) throws {
    let name = pipeline.tables[lane.table].name
    let moved = try connection.run([
      PostgresQuery(
        """
        UPDATE _lanes SET table_id = $3, sequence = $4, hint = $5, fired_through = $6, watermark = $7, fingerprint = $8, epoch = $9
        WHERE table_name = $1 AND partition = $2 AND table_id = $10 AND sequence = $11 AND fired_through = $12 AND epoch = $13
        """,
        values(lane, new) + [
          .text(old.cursor.tableID.description), .sequence(old.cursor.sequence), .instant(old.firedThrough),
          .bigint(old.epoch.rawValue),
        ])
    ])
    guard moved[0].changes == 1 else { throw ReadModelError.superseded(table: name, partition: lane.partition) }
  }

  private static func position(_ row: PostgresResult, _ number: Int, from column: Int) throws -> LanePosition {
    guard let tableID = TableID(row.text(number, column) ?? ""), row.int64(number, column + 1) >= 0 else { throw StateError() }
    return LanePosition(
      cursor: LogCursor(
        tableID: tableID, sequence: row.sequence(number, column + 1), hint: row.int64(number, column + 2)),
      firedThrough: row.instant(number, column + 3), watermark: row.instant(number, column + 4),
      fingerprint: row.text(number, column + 5) ?? "", epoch: Epoch(rawValue: row.int64(number, column + 6)))
  }

  package func lanes() throws(ReadModelError) -> [LaneID: LanePosition] { try session.run { try readLanes($0) } }

  func readLanes(_ connection: PostgresConnection) throws -> [LaneID: LanePosition] {
    let rows = try connection.run("SELECT table_name, partition, \(PostgresGeneration.laneColumns) FROM _lanes")
    var lanes: [LaneID: LanePosition] = [:]
    for row in 0..<rows.count {
      guard let table = pipeline.table(named: rows.text(row, 0) ?? "") else { continue }
      lanes[LaneID(table: table, partition: Int(rows.int64(row, 1)))] = try PostgresGeneration.position(rows, row, from: 2)
    }
    return lanes
  }
}
