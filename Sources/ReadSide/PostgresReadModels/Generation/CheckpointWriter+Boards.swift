internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// The boards of one leaderboard that a checkpoint touches.
struct TouchedBoards {
  let rules: BoardRules
  var boards: [Board]
  /// Of those that `keep` lets in, and leaves out, now.
  var come: Set<BytesKey> = []
  var gone: Set<BytesKey> = []

  /// `boards` as they were before these works.
  init(_ rules: BoardRules, _ boards: [Board], _ works: [GroupWork], of own: [Int]) throws {
    self.rules = rules
    self.boards = boards
    let places = Dictionary(uniqueKeysWithValues: boards.enumerated().map { (BytesKey($1.bytes), $0) })
    for index in own {
      guard let place = places[BytesKey(works[index].sharedKey.board)] else { throw StateError() }
      self.boards[place].take(works[index], at: index, rules)
    }
    // Without `keep` every board is shown.
    if rules.leaderboard.keepBoards == nil { for place in boards.indices { self.boards[place].isShown = true } }
  }

  /// How many boards are kept, where which ones these are may have changed.
  var keepToDecide: Int? {
    boards.contains { !$0.isShown || $0.members == 0 } ? rules.leaderboard.keepBoards : nil
  }

  /// Those whose rows are written.
  var shown: [Board] { boards.filter { $0.isShown && !gone.contains(BytesKey($0.bytes)) } }
}

/// Leaderboards: it is decided which boards are shown, and the rows of those are derived.
extension CheckpointWriter {
  func writeBoards(_ touched: [TouchedBoards], _ works: [GroupWork]) throws {
    if touched.isEmpty { return }
    var all = touched
    for own in all { try store(own.boards, of: own.rules.id) }
    try decideShown(&all)
    var best: [BestRows] = []
    for own in all {
      if let keep = own.rules.leaderboard.keepMembers {
        var fresh: [BytesKey: GroupWork] = [:]
        for index in own.shown.flatMap(\.touched) { fresh[BytesKey(works[index].bytes)] = works[index] }
        best.append(BestRows(own.rules, own.shown, keep: keep, fresh: fresh))
      } else {
        try writeTouched(own.rules, works, own.shown)
      }
    }
    try writeBest(best)
    for own in all {
      try hide(own.rules, Bytes.sorted(own.gone))
      try comeIn(own.rules, Bytes.sorted(own.come))
    }
  }

  /// The latest boards that have members are shown: which ones come in now, and which go out. Under the lock of the leaderboard.
  private func decideShown(_ all: inout [TouchedBoards]) throws {
    let deciding = all.indices.compactMap { place in all[place].keepToDecide.map { (place: place, keep: $0) } }
    if deciding.isEmpty { return }
    let rows = try connection.run(
      deciding.flatMap { place, keep in
        // The number stands in the text, so that the indexes of this leaderboard's boards are used.
        let id = all[place].rules.id
        return [
          PostgresQuery(
            """
            SELECT coalesce(board, id) FROM _boards WHERE projection = \(id) AND members > 0
            ORDER BY latest DESC, coalesce(board, id) DESC LIMIT $1
            """, [.bigint(keep)]),
          PostgresQuery("SELECT coalesce(board, id) FROM _boards WHERE projection = \(id) AND is_shown"),
        ]
      })
    func keys(_ rows: PostgresResult) -> Set<BytesKey> { Set((0..<rows.count).map { BytesKey(rows.bytes($0, 0) ?? []) }) }
    for (number, own) in deciding.enumerated() {
      let (chosen, shown) = (keys(rows[2 * number]), keys(rows[2 * number + 1]))
      (all[own.place].come, all[own.place].gone) = (chosen.subtracting(shown), shown.subtracting(chosen))
    }
  }

  /// Boards go out: they lose their rows.
  private func hide(_ rules: BoardRules, _ boards: [[UInt8]]) throws {
    if boards.isEmpty { return }
    try show(false, rules, boards)
    try deleteRows(rules, boards: boards)
    for board in boards { journal(rules.id, board) }
  }

  /// Boards come in: they get all their rows.
  private func comeIn(_ rules: BoardRules, _ keys: [[UInt8]]) throws {
    if keys.isEmpty { return }
    try show(true, rules, keys)
    let boards = try boards(rules.id, keys)
    if let keep = rules.leaderboard.keepMembers {
      return try writeBest([BestRows(rules, boards, keep: keep, fresh: [:], areAllWritten: true)])
    }
    for board in boards { try writeAll(rules, board) }
  }

  private func show(_ isShown: Bool, _ rules: BoardRules, _ boards: [[UInt8]]) throws {
    try write(
      "UPDATE _boards SET is_shown = $2 WHERE projection = $1 AND id = ANY($3::bytea[])", .projection(rules.id),
      .boolean(isShown), .blobs(boards.map { BoundedKey.id($0) }))
  }

  /// Writes the rows of members that were touched, on boards that are shown.
  private func writeTouched(_ rules: BoardRules, _ works: [GroupWork], _ boards: [Board]) throws {
    var batch = RowBatch(tables[rules.id.rawValue])
    for board in boards {
      for index in board.touched {
        let work = works[index]
        journal(rules.id, work.bytes)
        if work.state.isPlaced {
          try rules.put(work, closedAt: board.closedAt, into: &batch)
        } else {
          batch.delete(work.key)
        }
      }
    }
    try write(batch, of: rules.id)
  }

  /// Members whose states are read at a time.
  private static let membersMax = 5_000

  private func writeAll(_ rules: BoardRules, _ board: Board) throws {
    var last: [UInt8] = []
    while true {
      let rows = try connection.run(
        """
        SELECT coalesce(key, id), id FROM _groups WHERE projection = $1 AND board_id = $2 AND id > $3 AND empty_at IS NULL
        ORDER BY id LIMIT $4
        """, .projection(rules.id), .bytes(BoundedKey.id(board.bytes)), .bytes(last), .bigint(CheckpointWriter.membersMax))
      let keys = (0..<rows.count).map { rows.bytes($0, 0) ?? [] }
      var batch = RowBatch(tables[rules.id.rawValue])
      for work in try shownWorks([(rules, keys)])[0] {
        journal(rules.id, work.bytes)
        try rules.put(work, closedAt: board.closedAt, into: &batch)
      }
      try write(batch, of: rules.id)
      guard rows.count == CheckpointWriter.membersMax else { return }
      last = rows.bytes(rows.count - 1, 1) ?? []
    }
  }

  /// Members as they are, for rows that are derived again, of each leaderboard; those without a score are missing.
  private func shownWorks(_ wanted: [(rules: BoardRules, keys: [[UInt8]])]) throws -> [[GroupWork]] {
    let shared = try wanted.map { rules, keys in try keys.map { try sharedKey(rules.id, $0) } }
    var works: [[GroupWork]] = wanted.map { _ in [] }
    if shared.allSatisfy(\.isEmpty) { return works }
    var states = try states(shared.flatMap { $0 })[...]
    for (place, keys) in shared.enumerated() {
      let plan = wanted[place].rules.plan
      for (key, state) in zip(keys, states.prefix(keys.count)) {
        guard let state, state.isPlaced, state.isAlive(plan) else { continue }
        guard let values = Value.values(ordered: key.bytes, count: plan.keyCount) else { throw StateError() }
        works[place].append(GroupWork(key, plan, key: values, state: state, delta: nil, watermark: .distantPast))
      }
      states = states.dropFirst(keys.count)
    }
    try derive(works.flatMap { $0 })
    return works
  }

  /// Boards that have rows for their best members only. A member that falls out keeps its state, and returns with its whole score.
  private struct BestRows {
    let rules: BoardRules
    let boards: [Board]
    let keep: Int
    /// The members that were touched, by their keys.
    let fresh: [BytesKey: GroupWork]
    let areAllWritten: Bool

    init(_ rules: BoardRules, _ boards: [Board], keep: Int, fresh: [BytesKey: GroupWork], areAllWritten: Bool = false) {
      self.rules = rules
      self.boards = boards
      self.keep = keep
      self.fresh = fresh
      self.areAllWritten = areAllWritten
    }
  }

  private func writeBest(_ leaderboards: [BestRows]) throws {
    let all = leaderboards.filter { !$0.boards.isEmpty }
    if all.isEmpty { return }
    let rows = try connection.run(try all.flatMap { [bestQuery($0), try rowKeysQuery($0)] })
    var (members, batches): ([[BytesKey: Int]], [RowBatch]) = ([], [])
    var (written, missing): ([[GroupWork]], [(rules: BoardRules, keys: [[UInt8]])]) = ([], [])
    for (place, own) in all.enumerated() {
      let best = try bestMembers(rows[2 * place], boards: own.boards.count)
      let have = try rowKeys(rows[2 * place + 1], own.rules)
      var batch = RowBatch(tables[own.rules.id.rawValue])
      for (key, values) in have where best[key] == nil {
        batch.delete(values)
        journal(own.rules.id, key.bytes)
      }
      missing.append((own.rules, []))
      written.append([])
      for key in best.keys {
        if let work = own.fresh[key] {
          written[place].append(work)
        } else if own.areAllWritten || have[key] == nil {
          missing[place].keys.append(key.bytes)
        }
      }
      missing[place].keys.sort(by: Bytes.less)
      members.append(best)
      batches.append(batch)
    }
    let derived = try shownWorks(missing)
    for (place, own) in all.enumerated() {
      for work in written[place] + derived[place] {
        guard let board = members[place][BytesKey(work.bytes)] else { continue }
        journal(own.rules.id, work.bytes)
        try own.rules.put(work, closedAt: own.boards[board].closedAt, into: &batches[place])
      }
      try write(batches[place], of: own.rules.id)
    }
  }

  private func bestQuery(_ own: BestRows) -> PostgresQuery {
    PostgresQuery(
      """
      SELECT u.place, f.key FROM unnest($2::bytea[]) WITH ORDINALITY AS u (board, place)
      CROSS JOIN LATERAL (SELECT coalesce(g.key, g.id) AS key FROM _groups g WHERE g.projection = $1 AND g.board_id = u.board
      AND g.rank IS NOT NULL ORDER BY g.rank LIMIT $3) f
      """, [.projection(own.rules.id), .blobs(own.boards.map { BoundedKey.id($0.bytes) }), .bigint(own.keep)])
  }

  /// By key, the place of the board whose best members it is among.
  private func bestMembers(_ rows: PostgresResult, boards: Int) throws -> [BytesKey: Int] {
    var best: [BytesKey: Int] = [:]
    for row in 0..<rows.count { best[BytesKey(rows.bytes(row, 1) ?? [])] = try rows.place(row, below: boards) }
    return best
  }

  private func rowKeysQuery(_ own: BestRows) throws -> PostgresQuery {
    let form = tables[own.rules.id.rawValue]
    let count = own.rules.leaderboard.boardCount
    let arrays = try form.arrays(first: count, try own.boards.map { try own.rules.values(ofBoard: $0.bytes) })
    return PostgresQuery(form.lookUp(first: count, reading: Array(0...count)), arrays.map { .array($0) })
  }

  /// The members of boards that have rows, by their keys in ordered form.
  private func rowKeys(_ rows: PostgresResult, _ rules: BoardRules) throws -> [BytesKey: [Value]] {
    let form = tables[rules.id.rawValue]
    var keys: [BytesKey: [Value]] = [:]
    for row in 0..<rows.count {
      let key = try (0...rules.leaderboard.boardCount).map { column in
        guard let value = form.columns[column].value(rows, row, column + 1) else { throw DamagedRow() }
        return value
      }
      keys[BytesKey(Value.ordered(key))] = key
    }
    return keys
  }
}
