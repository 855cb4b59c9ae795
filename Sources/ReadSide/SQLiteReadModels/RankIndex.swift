internal import ChangeRecords
internal import DynamoModel
package import Pipelines
package import ReadModels
package import SQLite

/// The boards of one leaderboard projection in memory: loaded from the rows, then kept by the generation's journal, which each
/// checkpoint writes with the rows; so it shows what every worker has committed and nothing else.
///
/// Not `Sendable`: belongs to the thread of the connection that it reads by.
package final class RankIndex {
  private let id: ProjectionID
  private let projection: Projection
  private let board: Leaderboard
  /// The columns that are read: the board's, member, score, reached_at, reached_order, then further scores.
  private let places: [Int]
  private(set) var boards: [[UInt8]: RankBoard] = [:]
  /// The journal entry that the index has followed to.
  private var journal: Int64 = 0
  private var isLoaded = false

  /// The index of a leaderboard, empty until `follow`; nil when the projection is not a leaderboard.
  package init?(_ pipeline: Pipeline, projection id: ProjectionID) {
    guard case .leaderboard(let board) = pipeline.projections[id].kind else { return nil }
    self.id = id
    projection = pipeline.projections[id]
    self.board = board
    places = Array(0..<(board.boardCount + 4)) + board.scoreColumns.dropFirst()
  }

  /// How many entries of the journal, those of other leaderboards included, `follow` would go through; nil when it would load the boards.
  func entriesToFollow(_ connection: Connection) throws(SQLiteError) -> Int? {
    guard isLoaded, try !isOvertaken(connection) else { return nil }
    let last = try connection.statement("SELECT max(id) FROM _journal")
    defer { last.reset() }
    return try last.step() ? Int(max(0, last.int64(0) - journal)) : 0
  }

  /// Whether the journal's trimming has overtaken the index.
  private func isOvertaken(_ connection: Connection) throws(SQLiteError) -> Bool {
    let first = try connection.statement("SELECT first FROM _journal ORDER BY id LIMIT 1")
    defer { first.reset() }
    return try first.step() && first.int64(0) > journal + 1
  }

  /// Brings the index to what the connection sees. Within a read transaction, so that ranks and positions are of one moment.
  package func follow(_ connection: Connection) throws(SQLiteError) {
    let isBehind = try isOvertaken(connection)
    if !isLoaded || isBehind {
      boards = [:]
      return try load(connection)
    }
    let changes = try connection.statement("SELECT id, keys FROM _journal WHERE projection = ?1 AND id > ?2 ORDER BY id")
    try changes.bind(1, Int64(id.rawValue))
    try changes.bind(2, journal)
    var keys: Set<BytesKey> = []
    while try changes.step() {
      journal = changes.int64(0)
      changes.withBytes(1) { bytes in
        guard let bytes else { return }
        var place = 0
        while let key = Varint.readBytes(bytes, &place) { keys.insert(BytesKey(Array(key))) }
      }
    }
    // A board that was dropped stands before its members, who may have come back since.
    for key in keys.map(\.bytes).sorted(by: Bytes.less) { try reload(key, connection) }
  }

  private func load(_ connection: Connection) throws(SQLiteError) {
    let last = try connection.statement("SELECT coalesce(max(id), 0) FROM _journal")
    _ = try last.step()
    journal = last.int64(0)
    last.reset()
    let table = projection.table
    let rows = try connection.prepare("SELECT \(columns) FROM \(table.name)")
    while try rows.step() {
      guard let row = row(rows) else { continue }
      ranks(row.board).enter(
        row.member, score: row.score, moreScores: row.moreScores, reachedAt: row.reachedAt, reachedOrder: row.order)
    }
    for board in boards.values { board.index() }
    isLoaded = true
  }

  private func ranks(_ key: [UInt8]) -> RankBoard {
    if let ranks = boards[key] { return ranks }
    let ranks = RankBoard(board)
    boards[key] = ranks
    return ranks
  }

  private var columns: String { places.map { projection.table.columns[$0].name }.joined(separator: ", ") }

  private typealias Row = (
    board: [UInt8], member: Value, score: Value, moreScores: [Value], reachedAt: Instant, order: CommitOrder
  )

  private func row(_ row: Statement) -> Row? {
    let columns = projection.table.columns
    let count = board.boardCount
    func value(_ column: Int) -> Value { Value(column: column, of: row, as: columns[places[column]].type) ?? .null }
    guard case .timestamp(let reachedAt) = value(count + 2), case .integer(let order) = value(count + 3) else { return nil }
    return (
      count == 0 ? [] : Value.ordered((0..<count).map(value)), value(count), value(count + 1),
      places.count == count + 4 ? [] : ((count + 4)..<places.count).map(value), reachedAt,
      CommitOrder(rawValue: UInt64(bitPattern: order))
    )
  }

  /// A journal entry names a member of a board, or a whole board that was dropped.
  private func reload(_ key: [UInt8], _ connection: Connection) throws(SQLiteError) {
    if let values = Value.values(ordered: key, count: board.boardCount + 1) {
      let condition = (0...board.boardCount).map { "\(projection.table.columns[$0].sortName) = ?\($0 + 1)" }
      let row = try connection.statement(
        "SELECT \(columns) FROM \(projection.table.name) WHERE \(condition.joined(separator: " AND "))")
      for (place, value) in values.enumerated() { try value.bindSortable(to: row, at: place + 1) }
      if try row.step() {
        if let row = self.row(row) {
          ranks(row.board).set(
            row.member, score: row.score, moreScores: row.moreScores, reachedAt: row.reachedAt, reachedOrder: row.order)
        }
        row.reset()
      } else {
        let boardKey = Value.ordered(values[..<board.boardCount])
        boards[boardKey]?.remove(values[board.boardCount])
        if boards[boardKey]?.count == 0 { boards[boardKey] = nil }
      }
    } else {
      boards[key] = nil
    }
  }

  /// No rank for a first score below (above, when ascending) this.
  package var floor: Value? { board.floor }

  /// The board of these values; nil when it has no members.
  package func board(_ values: [Value]) -> RankBoard? { boards[Value.ordered(values)] }

  /// The board with the latest time, of those that are shown: its calendar period's, else its last change's.
  package func latest(_ connection: Connection) throws(SQLiteError) -> [Value]? {
    let row = try connection.statement(
      """
      SELECT board FROM _boards WHERE projection = ?1 AND is_shown = 1 AND members > 0 ORDER BY latest DESC, board DESC LIMIT 1
      """)
    try row.bind(1, Int64(id.rawValue))
    defer { row.reset() }
    return try row.step() ? Value.values(ordered: row.bytes(0) ?? [], count: board.boardCount) : nil
  }

  /// When a board closed; nil while it is open, and of boards that never close.
  package func closedAt(_ values: [Value], _ connection: Connection) throws(SQLiteError) -> Instant? {
    let row = try connection.statement("SELECT closed_at FROM _boards WHERE projection = ?1 AND board = ?2")
    try row.bind(1, Int64(id.rawValue))
    try row.bind(2, blob: Value.ordered(values))
    defer { row.reset() }
    return try row.step() && !row.isNull(0) ? row.instant(0) : nil
  }

  /// The values of every board, in order.
  package var boardValues: [[Value]] {
    boards.keys.sorted(by: Bytes.less).compactMap { Value.values(ordered: $0, count: board.boardCount) }
  }
}
