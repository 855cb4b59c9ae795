internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// Leaderboards: members are merged board by board, then it is decided which boards are shown, and the rows of those are derived.
extension SQLiteGeneration {
  /// A board as `_boards` keeps it.
  struct Board {
    let bytes: [UInt8]
    /// Orders boards by time: the start of the calendar period where there is one, then the last change.
    var latest: [UInt8] = []
    var openedAt = Instant.distantFuture
    var closesAt: Instant?
    var closedAt: Instant?
    var members = 0
    var isShown = false
    /// Whether it begins with this checkpoint, so that all its members were touched.
    var isNew = false
    /// Members that this checkpoint touched.
    var touched: [MergedGroup] = []
  }

  /// A leaderboard and what its rows are derived by.
  struct BoardRules {
    let id: ProjectionID
    let plan: GroupPlan
    let leaderboard: Leaderboard
    let table: SQLTable
  }

  func writeBoards(
    _ id: ProjectionID, _ plan: GroupPlan, _ deltas: GroupDeltas, watermark: Instant,
    result: inout CheckpointResult
  ) throws {
    guard case .leaderboard(let leaderboard) = pipeline.projections[id].kind, !deltas.isEmpty else { return }
    let rules = BoardRules(id: id, plan: plan, leaderboard: leaderboard, table: pipeline.projections[id].table)
    result.boards.insert(id)
    var boards: [Board] = []
    for slot in deltas.sortedSlots {
      let key = deltas.key(slot)
      // The members of a board stand one after the other.
      if boards.last.map({ !key.starts(with: $0.bytes) }) ?? true {
        let bytes = Value.ordered(try SQLiteGeneration.values(key, plan)[..<leaderboard.boardCount])
        boards.append(try board(rules, bytes) ?? Board(bytes: bytes, isNew: true))
      }
      try merge(rules, deltas, slot, watermark: watermark, into: &boards[boards.count - 1])
      result.rows += 1
    }
    for place in boards.indices {
      // Without `keep` every board is shown.
      if leaderboard.keepBoards == nil { boards[place].isShown = true }
      try store(rules, boards[place])
    }
    var (come, gone): (Set<BytesKey>, Set<BytesKey>) = ([], [])
    if let keep = leaderboard.keepBoards, boards.contains(where: { !$0.isShown || $0.members == 0 }) {
      (come, gone) = try changesOfShown(rules, keep: keep)
    }
    for var board in boards {
      // A board that begins has nothing that would have to move.
      if board.isNew, come.remove(BytesKey(board.bytes)) != nil {
        try show(true, rules, board.bytes)
        board.isShown = true
      }
      try writeTouched(rules, board)
    }
    for bytes in Bytes.sorted(gone) { try hide(rules, bytes) }
    for bytes in Bytes.sorted(come) { try comeIn(rules, bytes) }
  }

  private func merge(
    _ rules: BoardRules, _ deltas: GroupDeltas, _ slot: Int, watermark: Instant, into board: inout Board
  ) throws {
    let place: Place = board.isNew ? .none : board.isShown && rules.table.keepsState ? .row : .groups
    var group = try merge(rules.id, rules.plan, deltas, slot: slot, in: place, watermark: watermark)
    let wasMember = group.state.isPlaced
    try writeMisfits(rules.id, rules.plan, &group)
    group.state.isPlaced = group.isAlive && group.shown.hasScores(rules.plan)
    board.members += (group.state.isPlaced ? 1 : 0) - (wasMember ? 1 : 0)
    if !rules.table.keepsState { try store(rules.id, group, rank: rank(rules, group)) }
    board.openedAt = min(board.openedAt, (deltas.first(slot) ?? deltas.stamp(slot)).time)
    let period = rules.leaderboard.period(of: group.key)
    board.closesAt = period?.upperBound
    var latest = period.map { Value.ordered(CollectionOfOne(.timestamp($0.lowerBound))) } ?? []
    latest += deltas.stamp(slot).ordered
    if Bytes.less(board.latest, latest) { board.latest = latest }
    board.touched.append(group)
  }

  /// The member's place: the board, then where it stands there. Nil without its scores.
  private func rank(_ rules: BoardRules, _ group: MergedGroup) -> [UInt8]? {
    guard group.state.isPlaced else { return nil }
    let count = rules.leaderboard.boardCount
    return Value.ordered(group.key[..<count]) + rules.leaderboard.place(of: group.key[count], group.shown)
  }

  func board(_ rules: BoardRules, _ bytes: [UInt8]) throws -> Board? {
    var found: Board?
    try connection.forEach(
      """
      SELECT latest, opened_at, closes_at, closed_at, members, is_shown FROM _boards WHERE projection = ?1 AND board = ?2
      """, .projection(rules.id), .blob(bytes)
    ) { row in
      found = Board(
        bytes: bytes, latest: row.bytes(0) ?? [], openedAt: row.instant(1), closesAt: row.isNull(2) ? nil : row.instant(2),
        closedAt: row.isNull(3) ? nil : row.instant(3), members: Int(row.int64(4)), isShown: row.int64(5) != 0)
    }
    return found
  }

  private func store(_ rules: BoardRules, _ board: Board) throws {
    try connection.run(
      """
      INSERT OR REPLACE INTO _boards (projection, board, latest, opened_at, closes_at, closed_at, members, is_shown)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """, .projection(rules.id), .blob(board.bytes), .blob(board.latest), .instant(board.openedAt), .optional(board.closesAt),
      .optional(board.closedAt), .int(board.members), .int(board.isShown ? 1 : 0))
  }

  /// The latest boards that have members are shown: which ones come in now, and which go out.
  private func changesOfShown(_ rules: BoardRules, keep: Int) throws -> (come: Set<BytesKey>, gone: Set<BytesKey>) {
    var chosen: Set<BytesKey> = []
    try connection.forEach(
      "SELECT board FROM _boards WHERE projection = ?1 AND members > 0 ORDER BY latest DESC, board DESC LIMIT ?2",
      .projection(rules.id), .int(keep)
    ) { chosen.insert(BytesKey($0.bytes(0) ?? [])) }
    var shown: Set<BytesKey> = []
    try connection.forEach("SELECT board FROM _boards WHERE projection = ?1 AND is_shown = 1", .projection(rules.id)) {
      shown.insert(BytesKey($0.bytes(0) ?? []))
    }
    return (chosen.subtracting(shown), shown.subtracting(chosen))
  }

  /// A board goes out: it loses its rows.
  private func hide(_ rules: BoardRules, _ bytes: [UInt8]) throws {
    try show(false, rules, bytes)
    if rules.table.keepsState { try keepStates(rules, board: bytes) }
    try deleteRows(rules, board: bytes)
    journal(rules.id, bytes)
  }

  /// A board comes in: it gets all its rows.
  private func comeIn(_ rules: BoardRules, _ bytes: [UInt8]) throws {
    try show(true, rules, bytes)
    guard let board = try board(rules, bytes) else { return }
    try writeAll(rules, board)
  }

  private func show(_ isShown: Bool, _ rules: BoardRules, _ bytes: [UInt8]) throws {
    try connection.run(
      "UPDATE _boards SET is_shown = ?3 WHERE projection = ?1 AND board = ?2", .projection(rules.id), .blob(bytes),
      .int(isShown ? 1 : 0))
  }
}
