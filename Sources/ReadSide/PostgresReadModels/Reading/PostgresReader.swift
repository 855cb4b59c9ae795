internal import ChangeRecords
internal import DynamoModel
package import Pipelines
internal import Postgres
package import ReadModels

/// A generation's schema for a reader: one connection, in which nothing is written.
///
/// Not `Sendable`: one thread at a time. A connection that was lost is made again by the next snapshot.
package final class PostgresReader: GenerationReader {
  let pipeline: Pipeline
  let tables: [TableForm]
  let session: PostgresSession
  private var indexes: [ProjectionID: PostgresRanks] = [:]

  /// Throws `ReaderError.notReady` for a schema that is not there, and `otherLayout` for one in a layout that is not known.
  package init(_ database: PostgresDatabase, _ generation: Generation, pipeline: Pipeline) throws {
    self.pipeline = pipeline
    tables = pipeline.projections.map { TableForm($0.table) }
    let schema = database.schema(of: generation)
    session = PostgresSession(database.settings, schema: schema, writes: false)
    let isThere = try read { connection in
      try connection.run("SELECT to_regclass($1) IS NOT NULL", .text("\(PostgresConnection.identifier(schema))._meta"))
        .boolean(0, 0)
    }
    guard isThere else { throw ReaderError.notReady }
    let layout = try read { try $0.run("SELECT value FROM _meta WHERE key = 'version'") }
    if let objection = PostgresSchema.layout.objection(to: layout.count > 0 ? layout.text(0, 0) : nil) {
      session.close()
      throw ReaderError.otherLayout(objection)
    }
  }

  package func close() { session.close() }

  /// Runs statements; errors of the server are a reader's.
  func read<Result>(_ body: (PostgresConnection) throws -> Result) throws -> Result {
    do {
      return try body(try session.connection())
    } catch let error as PostgresError {
      switch error.kind {
      case .cancelled: throw ReaderError.timeout
      case .cannotConnect, .lost, .outcomeUnknown: throw ReaderError.unavailable(error.message)
      case .retry, .conflict, .refuse: throw ReaderError.failed(error.message)
      }
    }
  }

  package func snapshot<Result>(_ body: () throws -> Result) throws -> Result {
    try read { used in
      var connection = used
      do {
        try connection.begin(.snapshot)
      } catch let error as PostgresError where error.kind == .lost {
        // Lost while nobody asked: the server may be there again, or another one in its place.
        connection = try session.connection()
        try connection.begin(.snapshot)
      }
      // Nothing was written.
      defer { connection.rollback() }
      return try body()
    }
  }

  package var isUnchanged: Bool { false }

  /// Of the snapshot's transactions: whatever was committed between two snapshots was running, or to come, in the first. And of the connection: after a
  /// failover that lost the last commits their numbers are given to others.
  package func version() throws -> Int64? {
    try read { connection in
      let text = try connection.run("SELECT pg_current_snapshot()::text").text(0, 0) ?? ""
      return Int64(truncatingIfNeeded: StableHash.bits(of: Array("\(session.connectionsMade) \(text)".utf8)))
    }
  }

  package func places() throws -> [ReadPlace] {
    try read { connection in
      var places: [ReadPlace] = []
      try connection.forEach(
        "SELECT table_name, table_id, partition, sequence, watermark FROM _lanes ORDER BY table_name, partition"
      ) { rows, row in
        guard let tableID = TableID(rows.text(row, 1) ?? "") else {
          throw ReaderError.failed("a table id of the read model does not decode")
        }
        places.append(
          ReadPlace(
            table: rows.text(row, 0) ?? "",
            position: Position(tableID: tableID, partition: Int(rows.int64(row, 2)), sequence: rows.sequence(row, 3)),
            watermark: rows.instant(row, 4)))
      }
      return places
    }
  }

  package func decided() throws -> [ProjectionID: Instant] {
    try read { connection in
      var decided: [ProjectionID: Instant] = [:]
      try connection.forEach("SELECT projection, time FROM _decided WHERE projection >= 0") { rows, row in
        decided[rows.projection(row, 0)] = rows.instant(row, 1)
      }
      return decided
    }
  }

  package func rows(
    _ projection: ProjectionID, where equals: [(column: Int, value: Value)], newest: Int?, limit: Int,
    row: ([AnswerCell]) throws -> Void
  ) throws {
    let form = tables[projection.rawValue]
    var sql = "SELECT \(form.readColumns) FROM \(form.name) t"
    if !equals.isEmpty {
      sql += " WHERE " + equals.enumerated().map { form.columns[$1.column].isEqual(to: "$\($0 + 1)") }.joined(separator: " AND ")
    }
    if let newest { sql += " ORDER BY t.\(form.columns[newest].quoted) DESC" }
    sql += " LIMIT $\(equals.count + 1)"
    let values = try equals.map { try form.columns[$0.column].parameter($0.value) } + [.bigint(limit)]
    try read { connection in
      try connection.forEach(PostgresQuery(sql, values)) { found in
        try row(form.columns.indices.map { form.columns[$0].cell(found, 0, $0) })
      }
    }
  }

  package func memberCells(
    _ projection: ProjectionID, board: [Value], members: [Value], columns: Range<Int>
  ) throws -> [[AnswerCell]?] {
    var cells: [[AnswerCell]?] = Array(repeating: nil, count: members.count)
    if members.isEmpty { return cells }
    let form = tables[projection.rawValue]
    let arrays = try form.arrays(first: board.count + 1, members.map { board + [$0] })
    return try read { connection in
      let rows = try connection.run([
        PostgresQuery(form.lookUp(first: board.count + 1, reading: Array(columns)), arrays.map { .array($0) })
      ])[0]
      for row in 0..<rows.count {
        cells[try rows.place(row, below: members.count)] = columns.enumerated().map { form.columns[$1].cell(rows, row, $0 + 1) }
      }
      return cells
    }
  }

  package func deadLetters(limit: Int, row: ([AnswerCell]) throws -> Void) throws {
    try read { connection in
      try connection.forEach(
        """
        SELECT projection, kind, table_name, partition, sequence, at, path, reason FROM _dead_letters
        ORDER BY at DESC, table_name, partition, sequence DESC LIMIT $1
        """, .bigint(limit)
      ) { rows, number in
        func text(_ column: Int) -> AnswerCell { .text(rows.storedText(number, column)) }
        try row([
          text(0), text(1), text(2), .integer(rows.int64(number, 3)), .integer(rows.int64(number, 4)),
          .text(Timestamp.text(Instant(rawValue: rows.timestamp(number, 5) ?? 0))), text(6), text(7),
        ])
      }
    }
  }

  package func deadLetterCounts() throws -> [(projection: String, count: Int)] {
    try read { connection in
      var counts: [(projection: String, count: Int)] = []
      try connection.forEach("SELECT projection, total FROM _dead_letter_counts ORDER BY projection") { rows, row in
        counts.append((rows.text(row, 0) ?? "", Int(rows.int64(row, 1))))
      }
      return counts
    }
  }

  package func latestBoard(_ projection: ProjectionID) throws -> [Value]? {
    guard case .leaderboard(let board) = pipeline.projections[projection].kind else { return nil }
    return try read { connection in
      let rows = try connection.run(
        """
        SELECT coalesce(board, id) FROM _boards WHERE projection = $1 AND is_shown AND members > 0
        ORDER BY period DESC, latest DESC, coalesce(board, id) DESC LIMIT 1
        """, .projection(projection))
      return rows.count > 0 ? Value.values(ordered: rows.bytes(0, 0) ?? [], count: board.boardCount) : nil
    }
  }

  package func closedAt(_ projection: ProjectionID, board: [Value]) throws -> Instant? {
    try read { connection in
      try connection.integer(
        "SELECT closed_at FROM _boards WHERE projection = $1 AND id = $2", .projection(projection),
        .bytes(BoundedKey.id(Value.ordered(board)))
      ).map { Instant(rawValue: $0) }
    }
  }

  package func entriesToFollow(_ projection: ProjectionID) throws -> Int? {
    guard let index = indexes[projection] else { return nil }
    return try read { try index.entriesToFollow($0, session.connectionsMade) }
  }

  package func ranks(_ projection: ProjectionID) throws -> (any BoardRanks)? {
    guard let index = indexes[projection] ?? PostgresRanks(pipeline, tables[projection.rawValue], projection) else { return nil }
    indexes[projection] = index
    try read { try index.follow($0, session.connectionsMade) }
    return index
  }

  package func top(_ projection: ProjectionID, board: [Value], limit: Int) throws -> [RankedMember] {
    guard case .leaderboard(let leaderboard) = pipeline.projections[projection].kind else { return [] }
    let form = tables[projection.rawValue]
    let count = leaderboard.boardCount
    // Member, score, reached_at, reached_order, then further scores.
    let own = (Array(count..<(count + 4)) + leaderboard.scoreColumns.dropFirst()).map { form.columns[$0] }
    let isDescending = leaderboard.direction == .descending
    var values = try zip(form.columns, board).map { try $0.parameter($1) }
    var conditions = values.indices.map { form.columns[$0].isEqual(to: "$\($0 + 1)") }
    let score = form.columns[count + 1]
    if let floor = leaderboard.floor {
      values.append(try score.parameter(floor))
      conditions.append("t.\(score.quoted) \(isDescending ? ">=" : "<=") \(score.stored("$\(values.count)"))")
    }
    // A tie at the end may go on past the limit, and under some rules its members' rank depends on how many they are.
    let isCounted = leaderboard.ties == .modified || leaderboard.ties == .fractional
    values.append(.bigint(Int64(limit).addingReportingOverflow(isCounted ? PostgresReader.tiedMax : 0).partialValue))
    let sql =
      "SELECT \(own.map { $0.read("t.\($0.quoted)") }.joined(separator: ", ")) FROM \(form.name) t"
      + (conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))")
      + " ORDER BY "
      + zip(leaderboard.scores, leaderboard.scoreColumns).map {
        "t.\(form.columns[$1].quoted)\($0.direction == .descending ? " DESC" : "")"
      }.joined(separator: ", ")
      + (leaderboard.ties == .firstToReach ? ", t.reached_at, t.reached_order" : "")
      + ", t.\(form.columns[count].quoted) LIMIT $\(values.count)"
    let ranks = RankBoard(leaderboard)
    let rows = try read { try $0.run([PostgresQuery(sql, values)])[0] }
    for row in 0..<rows.count {
      let values = own.enumerated().map { $1.value(rows, row, $0) ?? .null }
      guard case .timestamp(let reachedAt) = values[2], case .integer(let order) = values[3] else { continue }
      ranks.set(
        values[0], score: values[1], moreScores: Array(values[4...]), reachedAt: reachedAt,
        reachedOrder: CommitOrder(rawValue: UInt64(bitPattern: order)))
    }
    return ranks.page(from: 0, limit: limit)
  }

  /// Members past the last one shown that may share its rank.
  private static let tiedMax: Int64 = 10_000
}
