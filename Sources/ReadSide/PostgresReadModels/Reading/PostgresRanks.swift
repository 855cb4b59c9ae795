internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import ReadModels

/// The boards of one leaderboard projection in memory: loaded from the rows, then kept by the journals of all lanes, so that it shows what every
/// worker has committed and nothing else.
///
/// Not `Sendable`: belongs to the thread of the reader. To be called within a snapshot, so that ranks and positions are of one moment.
final class PostgresRanks: BoardRanks {
  private let id: ProjectionID
  private let form: TableForm
  private let board: Leaderboard
  /// The columns that are read: the board's, member, score, reached_at, reached_order, then further scores.
  private let places: [Int]
  private var boards: [BytesKey: RankBoard] = [:]
  /// By lane, the journal's entry that was followed to; nil before the boards were loaded.
  private var followed: [Lane: Int64]?
  /// The number of the connection that `followed` was seen on.
  private var followedOn = 0

  private struct Lane: Hashable {
    let table: Int64
    let partition: Int64
  }

  /// Nil when the projection is not a leaderboard.
  init?(_ pipeline: Pipeline, _ form: TableForm, _ id: ProjectionID) {
    guard case .leaderboard(let board) = pipeline.projections[id].kind else { return nil }
    self.id = id
    self.form = form
    self.board = board
    places = Array(0..<(board.boardCount + 4)) + board.scoreColumns.dropFirst()
  }

  func board(_ values: [Value]) -> RankBoard? { boards[BytesKey(Value.ordered(values))] }

  private func lasts(_ connection: PostgresConnection) throws -> [Lane: Int64] {
    var lasts: [Lane: Int64] = [:]
    try connection.forEach("SELECT table_number, partition, last FROM _journals") { rows, row in
      lasts[Lane(table: rows.int64(row, 0), partition: rows.int64(row, 1))] = rows.int64(row, 2)
    }
    return lasts
  }

  /// By lane, how far its journal is to be followed; nil where the boards are to be loaded: at first, when a journal was trimmed past what was
  /// followed, when one has gone back, and on another connection than before: a failover may have lost the last entries, and others bear
  /// their numbers now.
  private func ahead(_ lasts: [Lane: Int64], _ connectionNumber: Int) -> [Lane: ClosedRange<Int64>]? {
    guard let followed, followedOn == connectionNumber else { return nil }
    var ahead: [Lane: ClosedRange<Int64>] = [:]
    for (lane, last) in lasts {
      let known = followed[lane] ?? 0
      if last < known || last - known > Int64(ReadModelLimits.journalEntriesMax) { return nil }
      if last > known { ahead[lane] = (known + 1)...last }
    }
    return followed.keys.allSatisfy { lasts[$0] != nil } ? ahead : nil
  }

  /// How many entries, those of other leaderboards included, `follow` would go through; nil when it would load the boards.
  func entriesToFollow(_ connection: PostgresConnection, _ connectionNumber: Int) throws -> Int? {
    ahead(try lasts(connection), connectionNumber)?.values.reduce(0) { $0 + $1.count }
  }

  /// Brings the boards to what the connection sees, which is the session's of this number.
  func follow(_ connection: PostgresConnection, _ connectionNumber: Int) throws {
    let lasts = try lasts(connection)
    guard let ahead = ahead(lasts, connectionNumber) else {
      try load(connection, lasts)
      followedOn = connectionNumber
      return
    }
    if ahead.isEmpty { return }
    var keys: Set<BytesKey> = []
    let lanes = ahead.sorted { ($0.key.table, $0.key.partition) < ($1.key.table, $1.key.partition) }
    try connection.forEach(
      """
      SELECT j.keys FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS u (t, p, n)
      JOIN _journal j ON j.table_number = u.t AND j.partition = u.p AND j.number >= u.n WHERE j.projection = $1
      """, .projection(id), .bigints(lanes.map(\.key.table)), .bigints(lanes.map(\.key.partition)),
      .bigints(lanes.map(\.value.lowerBound))
    ) { rows, row in
      rows.withBytes(row, 0) { bytes in
        guard let bytes else { return }
        var place = 0
        while let key = Varint.readBytes(bytes, &place) { keys.insert(BytesKey(Array(key))) }
      }
    }
    followed = nil
    try reload(keys.map(\.bytes).sorted(by: Bytes.less), connection)
    followed = lasts
  }

  private func load(_ connection: PostgresConnection, _ lasts: [Lane: Int64]) throws {
    (boards, followed) = ([:], nil)
    let columns = places.map { form.columns[$0].read("t.\(form.columns[$0].quoted)") }.joined(separator: ", ")
    try connection.copy("SELECT \(columns) FROM \(form.name) t") { row in
      guard let row = member(row, 0, from: 0) else { return }
      ranks(row.board).enter(
        row.member, score: row.score, moreScores: row.moreScores, reachedAt: row.reachedAt, reachedOrder: row.order)
    }
    for board in boards.values { board.index() }
    followed = lasts
  }

  private func ranks(_ key: BytesKey) -> RankBoard {
    if let ranks = boards[key] { return ranks }
    let ranks = RankBoard(board)
    boards[key] = ranks
    return ranks
  }

  private typealias Member = (
    board: BytesKey, member: Value, score: Value, moreScores: [Value], reachedAt: Instant, order: CommitOrder
  )

  private func member(_ rows: PostgresResult, _ row: Int, from first: Int) -> Member? {
    let count = board.boardCount
    func value(_ column: Int) -> Value { form.columns[places[column]].value(rows, row, first + column) ?? .null }
    guard case .timestamp(let reachedAt) = value(count + 2), case .integer(let order) = value(count + 3) else { return nil }
    return (
      BytesKey(Value.ordered((0..<count).map(value))), value(count), value(count + 1),
      places.count == count + 4 ? [] : ((count + 4)..<places.count).map(value), reachedAt,
      CommitOrder(rawValue: UInt64(bitPattern: order))
    )
  }

  /// An entry names a member of a board, or a whole board that was dropped; members that came back since are named by later ones.
  private func reload(_ keys: [[UInt8]], _ connection: PostgresConnection) throws {
    let count = board.boardCount + 1
    var members: [[Value]] = []
    for key in keys {
      if let values = Value.values(ordered: key, count: count) { members.append(values) } else { boards[BytesKey(key)] = nil }
    }
    if members.isEmpty { return }
    let arrays = try form.arrays(first: count, members)
    let rows = try connection.run([
      PostgresQuery(form.lookUp(first: count, reading: places), arrays.map { .array($0) })
    ])[0]
    var gone = Set(members.indices)
    for row in 0..<rows.count {
      guard let found = member(rows, row, from: 1) else { continue }
      gone.remove(try rows.place(row, below: members.count))
      ranks(found.board).set(
        found.member, score: found.score, moreScores: found.moreScores, reachedAt: found.reachedAt, reachedOrder: found.order)
    }
    for place in gone {
      let key = BytesKey(Value.ordered(members[place].prefix(board.boardCount)))
      boards[key]?.remove(members[place][count - 1])
      if boards[key]?.count == 0 { boards[key] = nil }
    }
  }
}
