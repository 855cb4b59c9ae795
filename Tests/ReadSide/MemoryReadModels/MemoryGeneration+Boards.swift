internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// Leaderboards: which boards are shown, and which of their members, is sorted out again after every checkpoint.
extension MemoryGeneration {
  mutating func moveBoard(_ id: ProjectionID, _ values: [Value], _ stamp: Stamp, more: Int) {
    guard case .leaderboard(let leaderboard) = pipeline.projections[id].kind else { return }
    let key = BytesKey(Value.ordered(values))
    var board = boards[id]?[key] ?? MemoryBoard(values: values)
    let period = leaderboard.period(of: values)
    board.start = period?.lowerBound ?? .distantPast
    board.closesAt = period?.upperBound
    board.stamp = max(board.stamp, stamp)
    board.openedAt = min(board.openedAt, stamp.time)
    board.members += more
    boards[id, default: [:]][key] = board
  }

  /// Derives the rows of the boards that were touched, and of those that come in or go out.
  mutating func deriveBoards(_ id: ProjectionID, _ touched: Set<BytesKey>) throws {
    guard case .leaderboard(let leaderboard) = pipeline.projections[id].kind else { return }
    let all = boards[id] ?? [:]
    var shown = Set(all.keys)
    if let keep = leaderboard.keepBoards {
      let latest = all.filter { $0.value.members > 0 }.sorted { $1.value.isEarlier(than: $0.value) }.prefix(keep)
      shown = Set(latest.map(\.key))
    }
    for (key, board) in all {
      let isShown = shown.contains(key)
      boards[id]?[key]?.isShown = isShown
      if isShown != board.isShown || touched.contains(key) { try deriveRows(id, leaderboard, key, isShown: isShown) }
    }
  }

  func memberKeys(_ id: ProjectionID, _ board: MemoryBoard) -> [BytesKey] {
    let prefix = Value.ordered(board.values)
    return (groups[id] ?? [:]).keys.filter { $0.bytes.starts(with: prefix) }
  }

  private mutating func deriveRows(_ id: ProjectionID, _ leaderboard: Leaderboard, _ key: BytesKey, isShown: Bool) throws {
    guard let plan = plans[id], let board = boards[id]?[key] else { return }
    let count = leaderboard.boardCount
    for (rowKey, row) in rows[id] ?? [:] where Array(row[..<count]) == board.values { rows[id]?[rowKey] = nil }
    guard isShown else { return }
    var members: [(place: [UInt8], row: [Value])] = []
    for memberKey in memberKeys(id, board) {
      guard var state = groups[id]?[memberKey], state.isPlaced else { continue }
      var own = values[id]?[memberKey] ?? MemoryValues()
      own.watermark = .distantPast
      let shown = try state.shown(plan, &own)
      guard let key = Value.values(ordered: memberKey.bytes, count: plan.keyCount) else { throw StateError() }
      var row = key
      leaderboard.forEachCell(of: shown, closedAt: board.closedAt) { row.append($0) }
      members.append((leaderboard.place(of: key[count], shown), row + trace(state.stamp)))
    }
    members.sort { Bytes.less($0.place, $1.place) }
    for member in members.prefix(leaderboard.keepMembers ?? .max) { write(id, member.row) }
  }

  mutating func close(_ closing: DeciderEngine.Closing) {
    let key = BytesKey(Value.ordered(closing.board))
    boards[closing.projection]?[key]?.closedAt = closing.closedAt
    let table = pipeline.projections[closing.projection].table
    guard let column = table.column(named: "closed_at") else { return }
    for (rowKey, row) in rows[closing.projection] ?? [:] where Array(row[..<closing.board.count]) == closing.board {
      rows[closing.projection]?[rowKey]?[column] = .timestamp(closing.closedAt)
    }
  }

  /// Drops groups that have been empty since before a time, and boards that `keep` leaves out for good.
  mutating func trim(_ id: ProjectionID, before time: Instant) {
    guard let plan = plans[id] else { return }
    for (key, state) in groups[id] ?? [:] where !state.isAlive(plan) && state.stamp.time < time {
      groups[id]?[key] = nil
      values[id]?[key] = nil
    }
    for (key, board) in boards[id] ?? [:] where board.members == 0 && board.closesAt == nil && memberKeys(id, board).isEmpty {
      boards[id]?[key] = nil
    }
    guard case .leaderboard(let leaderboard) = pipeline.projections[id].kind, let keep = leaderboard.keepBoards,
      leaderboard.closesForGood
    else { return }
    let closed = (boards[id] ?? [:]).values.filter { $0.closedAt != nil }
    let later = closed.filter { $0.members > 0 }.sorted { $1.isEarlier(than: $0) }
    guard later.count >= keep else { return }
    let bound = later[keep - 1]
    for board in closed where !board.isShown && (board.start, board.stamp) < (bound.start, bound.stamp) {
      for key in memberKeys(id, board) {
        groups[id]?[key] = nil
        values[id]?[key] = nil
        for letter in letters.keys where letter.kind == "group" && letter.projection == pipeline.projections[id].name {
          if letter.subject.starts(with: key.bytes) { letters[letter] = nil }
        }
      }
      boards[id]?[BytesKey(Value.ordered(board.values))] = nil
    }
  }
}
