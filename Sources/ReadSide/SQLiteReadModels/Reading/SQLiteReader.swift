internal import ChangeRecords
internal import DynamoModel
package import Pipelines
package import ReadModels
internal import SQLite

/// A generation's SQLite file for a reader: one connection that cannot write.
///
/// Not `Sendable`: one thread at a time.
package final class SQLiteReader: GenerationReader {
  let pipeline: Pipeline
  let connection: Connection
  private var indexes: [ProjectionID: RankIndex] = [:]
  /// The places of the last snapshot that was asked for them, and the state of the file that they are of.
  private var known: (version: Int64, places: [ReadPlace])?
  /// By leaderboard, the state of the file that its index has followed to.
  private var followed: [ProjectionID: Int64] = [:]
  /// Taken before the last snapshot whose body returned.
  private var mark: CommitMark?

  /// Throws `ReaderError.notReady` for a file that is not there, or has no tables yet, and `otherLayout` for one in a layout that is not known.
  /// `notesDamage`: for checks, pages that do not equal their checksums are read as they are, and layouts not looked at.
  package init(path: String, pipeline: Pipeline, notesDamage: Bool = false) throws {
    self.pipeline = pipeline
    do {
      connection = try Connection(path: path, options: ConnectionOptions(access: .readOnly, notesDamage: notesDamage))
      try SQLFunctions.add(to: connection)
      // The file is there a moment before its tables, which come all at once.
      guard try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = '_meta'") ?? 0 > 0 else {
        throw ReaderError.notReady
      }
      if !notesDamage, let objection = GenerationSchema.layout.objection(to: try meta("version")) {
        throw ReaderError.otherLayout(objection)
      }
    } catch let error as SQLiteError {
      throw error.isCorrupt ? ReaderError.failed(error.message) : .notReady
    }
  }

  package func snapshot<Result>(_ body: () throws -> Result) throws -> Result {
    mark = nil
    let before = connection.commitMark
    do {
      try connection.begin(.deferred)
      defer { try? connection.rollback() }
      let result = try body()
      mark = before
      return result
    } catch let error as SQLiteError {
      throw error.isInterrupted ? ReaderError.timeout : .failed(error.message)
    }
  }

  package var isUnchanged: Bool { mark != nil && connection.commitMark == mark }

  package func version() throws -> Int64? { try dataVersion() }

  /// Another number whenever another connection has committed. Within a snapshot it is that of the snapshot.
  private func dataVersion() throws(SQLiteError) -> Int64 {
    let statement = try connection.statement("PRAGMA data_version")
    defer { statement.reset() }
    return try statement.step() ? statement.int64(0) : 0
  }

  package func places() throws -> [ReadPlace] {
    let version = try dataVersion()
    if let known, known.version == version { return known.places }
    let places = try readPlaces()
    known = (version, places)
    return places
  }

  private func readPlaces() throws -> [ReadPlace] {
    var places: [ReadPlace] = []
    try connection.forEach(
      "SELECT table_name, table_id, partition, sequence, watermark FROM _lanes ORDER BY table_name, partition"
    ) { row in
      guard let tableID = TableID(row.text(1) ?? "") else {
        throw ReaderError.failed("a table id of the read model does not decode")
      }
      places.append(
        ReadPlace(
          table: row.text(0) ?? "",
          position: Position(tableID: tableID, partition: Int(row.int64(2)), sequence: row.sequence(3)),
          watermark: row.instant(4)))
    }
    return places
  }

  package func decided() throws -> [ProjectionID: Instant] {
    var decided: [ProjectionID: Instant] = [:]
    try connection.forEach("SELECT projection, time FROM _decided WHERE projection >= 0") {
      decided[$0.projection(0)] = $0.instant(1)
    }
    return decided
  }

  package func run(
    _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], columns: [QueryColumn], now: String?,
    limit: Duration,
    row: ([AnswerCell]) throws -> Void
  ) throws {
    let statement = try connection.statement(sql.text(for: .sqlite))
    defer { statement.reset() }
    for index in 1..<(statement.parameterCount + 1) {
      guard let name = statement.parameterName(index)?.dropFirst() else { continue }
      if name == "now" { try now.map { try statement.bind(index, $0) } ?? statement.bind(index) }
      for (parameter, value) in parameters {
        if name == parameter.name {
          if case .decimal(let number) = value {
            try statement.bind(index, number.description)
          } else {
            try value.bindSortable(to: statement, at: index)
          }
        } else if name == parameter.name + "_sort" {
          try value.bindSortable(to: statement, at: index)
        }
      }
    }
    do {
      try connection.withTimeLimit(limit) { try SQLiteReader.forEach(statement, row) }
    } catch let error as SQLiteError {
      throw error.isInterrupted ? ReaderError.timeout : .failed(error.message)
    }
  }

  private static func forEach(_ statement: Statement, _ row: ([AnswerCell]) throws -> Void) throws {
    let columns = statement.columnCount
    while try statement.step() { try row((0..<columns).map { AnswerCell(statement, $0) }) }
  }

  package func rows(
    _ projection: ProjectionID, where equals: [(column: Int, value: Value)], newest: Int?, limit: Int,
    row: ([AnswerCell]) throws -> Void
  ) throws {
    let table = pipeline.projections[projection].table
    var sql = "SELECT \(table.columns.map(\.name).joined(separator: ", ")) FROM \(table.name)"
    if !equals.isEmpty {
      sql +=
        " WHERE " + equals.enumerated().map { "\(table.columns[$1.column].sortName) = ?\($0 + 1)" }.joined(separator: " AND ")
    }
    if let newest { sql += " ORDER BY \(table.columns[newest].sortName) DESC" }
    let statement = try connection.statement(sql + " LIMIT \(limit)")
    defer { statement.reset() }
    for (place, equality) in equals.enumerated() { try equality.value.bindSortable(to: statement, at: place + 1) }
    try SQLiteReader.forEach(statement, row)
  }

  package func memberCells(
    _ projection: ProjectionID, board: [Value], members: [Value], columns: Range<Int>
  ) throws -> [[AnswerCell]?] {
    let table = pipeline.projections[projection].table
    let keys = table.columns[...board.count].enumerated().map { "\($1.sortName) = ?\($0 + 1)" }
    let statement = try connection.statement(
      "SELECT \(table.columns[columns].map(\.name).joined(separator: ", ")) FROM \(table.name) WHERE \(keys.joined(separator: " AND "))"
    )
    return try members.map { member in
      for (place, value) in (board + [member]).enumerated() { try value.bindSortable(to: statement, at: place + 1) }
      defer { statement.reset() }
      return try statement.step() ? columns.indices.map { AnswerCell(statement, $0 - columns.lowerBound) } : nil
    }
  }

  package func deadLetters(limit: Int, row: ([AnswerCell]) throws -> Void) throws {
    let statement = try connection.statement(
      """
      SELECT projection, kind, table_name, partition, sequence, at, path, reason FROM _dead_letters
      ORDER BY at DESC, table_name, partition, sequence DESC LIMIT ?1
      """)
    defer { statement.reset() }
    try statement.bind(1, Int64(limit))
    try SQLiteReader.forEach(statement, row)
  }

  package func deadLetterCounts() throws -> [(projection: String, count: Int)] {
    var counts: [(projection: String, count: Int)] = []
    try connection.forEach("SELECT projection, total FROM _dead_letter_counts ORDER BY projection") {
      counts.append(($0.text(0) ?? "", Int($0.int64(1))))
    }
    return counts
  }

  package func effectCounts() throws -> [EffectCount] {
    var counts: [EffectCount] = []
    try connection.forEach("SELECT effect, state, count(*) FROM _outbox GROUP BY state, effect ORDER BY effect, state DESC") {
      guard let effect = $0.text(0), let state = $0.text(1).flatMap({ EffectState(rawValue: $0) }) else { return }
      counts.append(EffectCount(effect: effect, state: state, count: Int($0.int64(2))))
    }
    return counts
  }

  package func entriesToFollow(_ projection: ProjectionID) throws -> Int? { try indexes[projection]?.entriesToFollow(connection) }

  package func ranks(_ projection: ProjectionID) throws -> (any BoardRanks)? {
    guard let index = indexes[projection] ?? RankIndex(pipeline, projection: projection) else { return nil }
    indexes[projection] = index
    let version = try dataVersion()
    guard followed[projection] != version else { return index }
    followed[projection] = nil
    try index.follow(connection)
    followed[projection] = version
    return index
  }

  package func top(_ projection: ProjectionID, board: [Value], limit: Int) throws -> [RankedMember] {
    guard case .leaderboard(let leaderboard) = pipeline.projections[projection].kind else { return [] }
    let table = pipeline.projections[projection].table
    let count = leaderboard.boardCount
    // Member, score, reached_at, reached_order, then further scores.
    let columns = (Array(count..<(count + 4)) + leaderboard.scoreColumns.dropFirst()).map { table.columns[$0] }
    let order = zip(leaderboard.scores, leaderboard.scoreColumns).map {
      table.columns[$1].sortName + ($0.direction == .descending ? " DESC" : "")
    }
    var conditions = board.indices.map { "\(table.columns[$0].sortName) = ?\($0 + 1)" }
    if leaderboard.floor != nil {
      conditions.append("\(columns[1].sortName) \(leaderboard.direction == .ascending ? "<=" : ">=") ?\(count + 1)")
    }
    let statement = try connection.statement(
      "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(table.name)"
        + (conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))")
        + " ORDER BY \(order.joined(separator: ", "))"
        + (leaderboard.ties == .firstToReach ? ", reached_at, reached_order" : "")
        + ", \(columns[0].sortName) LIMIT ?\(count + 2)")
    defer { statement.reset() }
    for (place, value) in board.enumerated() { try value.bindSortable(to: statement, at: place + 1) }
    if let floor = leaderboard.floor { try floor.bindSortable(to: statement, at: count + 1) }
    // A tie at the end may go on past the limit, and under some rules its members' rank depends on how many they are.
    let isCounted = leaderboard.ties == .modified || leaderboard.ties == .fractional
    try statement.bind(count + 2, Int64(limit) + (isCounted ? SQLiteReader.tiedMax : 0))
    let ranks = RankBoard(leaderboard)
    while try statement.step() {
      let values = columns.enumerated().map { Value(column: $0, of: statement, as: $1.type) ?? .null }
      guard case .timestamp(let reachedAt) = values[2], case .integer(let order) = values[3] else { continue }
      ranks.set(
        values[0], score: values[1], moreScores: Array(values[4...]), reachedAt: reachedAt,
        reachedOrder: CommitOrder(rawValue: UInt64(bitPattern: order)))
    }
    return ranks.page(from: 0, limit: limit)
  }

  /// Members past the last one shown that may share its rank.
  private static let tiedMax: Int64 = 10_000

  package func latestBoard(_ projection: ProjectionID) throws -> [Value]? {
    guard case .leaderboard(let board) = pipeline.projections[projection].kind else { return nil }
    var latest: [Value]?
    try connection.forEach(
      """
      SELECT board FROM _boards WHERE projection = ?1 AND is_shown = 1 AND members > 0 ORDER BY latest DESC, board DESC LIMIT 1
      """, .projection(projection)
    ) { latest = Value.values(ordered: $0.bytes(0) ?? [], count: board.boardCount) }
    return latest
  }

  package func closedAt(_ projection: ProjectionID, board: [Value]) throws -> Instant? {
    try connection.integer(
      "SELECT closed_at FROM _boards WHERE projection = ?1 AND board = ?2", .projection(projection), .blob(Value.ordered(board))
    ).map { Instant(rawValue: $0) }
  }

  package func close() { connection.close() }
}

extension RankIndex: BoardRanks {}
