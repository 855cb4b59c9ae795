internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// Leaderboards: it is decided which boards are shown, and the rows of those are derived.
extension CheckpointWriter {
  func writeBoards(_ rules: BoardRules, _ works: [GroupWork], of own: [Int], keys: [[UInt8]]) throws {
    var boards = try boards(rules.id, keys)
    let places = Dictionary(uniqueKeysWithValues: boards.enumerated().map { (BytesKey($1.bytes), $0) })
    for index in own {
      guard let place = places[BytesKey(works[index].sharedKey.board)] else { throw StateError() }
      boards[place].take(works[index], at: index, rules)
    }
    // Without `keep` every board is shown.
    if rules.leaderboard.keepBoards == nil { for place in boards.indices { boards[place].isShown = true } }
    try store(boards, of: rules.id)
    var (come, gone): (Set<BytesKey>, Set<BytesKey>) = ([], [])
    if let keep = rules.leaderboard.keepBoards, boards.contains(where: { !$0.isShown || $0.members == 0 }) {
      (come, gone) = try changesOfShown(rules, keep: keep)
    }
    try writeTouched(rules, works, boards.filter { $0.isShown && !gone.contains(BytesKey($0.bytes)) })
    try hide(rules, Bytes.sorted(gone))
    try comeIn(rules, Bytes.sorted(come))
  }

  /// The latest boards that have members are shown: which ones come in now, and which go out. Under the lock of the leaderboard.
  private func changesOfShown(_ rules: BoardRules, keep: Int) throws -> (come: Set<BytesKey>, gone: Set<BytesKey>) {
    var (chosen, shown): (Set<BytesKey>, Set<BytesKey>) = ([], [])
    // The number stands in the text, so that the indexes of this leaderboard's boards are used.
    try connection.forEach(
      """
      SELECT coalesce(board, id) FROM _boards WHERE projection = \(rules.id) AND members > 0
      ORDER BY latest DESC, coalesce(board, id) DESC LIMIT $1
      """, .bigint(keep)
    ) { rows, row in chosen.insert(BytesKey(rows.bytes(row, 0) ?? [])) }
    try connection.forEach("SELECT coalesce(board, id) FROM _boards WHERE projection = \(rules.id) AND is_shown") { rows, row in
      shown.insert(BytesKey(rows.bytes(row, 0) ?? []))
    }
    return (chosen.subtracting(shown), shown.subtracting(chosen))
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
    if let keep = rules.leaderboard.keepMembers { return try writeBest(rules, boards, keep: keep, fresh: [:], all: true) }
    for board in boards { try writeAll(rules, board) }
  }

  private func show(_ isShown: Bool, _ rules: BoardRules, _ boards: [[UInt8]]) throws {
    try connection.run(
      "UPDATE _boards SET is_shown = $2 WHERE projection = $1 AND id = ANY($3::bytea[])", .projection(rules.id),
      .boolean(isShown), .blobs(boards.map { BoundedKey.id($0) }))
  }

  /// Writes the rows of members that were touched, on boards that are shown.
  private func writeTouched(_ rules: BoardRules, _ works: [GroupWork], _ boards: [Board]) throws {
    if let keep = rules.leaderboard.keepMembers {
      var fresh: [BytesKey: GroupWork] = [:]
      for index in boards.flatMap(\.touched) { fresh[BytesKey(works[index].bytes)] = works[index] }
      return try writeBest(rules, boards, keep: keep, fresh: fresh, all: false)
    }
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
      for work in try shownWorks(rules, keys) {
        journal(rules.id, work.bytes)
        try rules.put(work, closedAt: board.closedAt, into: &batch)
      }
      try write(batch, of: rules.id)
      guard rows.count == CheckpointWriter.membersMax else { return }
      last = rows.bytes(rows.count - 1, 1) ?? []
    }
  }

  /// Members as they are, for rows that are derived again; those without a score are missing.
  private func shownWorks(_ rules: BoardRules, _ keys: [[UInt8]]) throws -> [GroupWork] {
    if keys.isEmpty { return [] }
    let shared = try keys.map { try sharedKey(rules.id, $0) }
    var works: [GroupWork] = []
    for (key, state) in zip(shared, try states(shared)) {
      guard let state, state.isPlaced, state.isAlive(rules.plan) else { continue }
      guard let values = Value.values(ordered: key.bytes, count: rules.plan.keyCount) else { throw StateError() }
      works.append(GroupWork(key, rules.plan, key: values, state: state, delta: nil, watermark: .distantPast))
    }
    try derive(works)
    return works
  }

  /// Rows for the best members only. A member that falls out keeps its state, and returns with its whole score. `fresh` are the members that were
  /// touched, by their keys; `all` says that every row is written again.
  private func writeBest(
    _ rules: BoardRules, _ boards: [Board], keep: Int, fresh: [BytesKey: GroupWork], all: Bool
  ) throws {
    if boards.isEmpty { return }
    let best = try bestMembers(rules, boards, keep: keep)
    let have = try rowKeys(rules, boards)
    var batch = RowBatch(tables[rules.id.rawValue])
    for (key, values) in have where best[key] == nil {
      batch.delete(values)
      journal(rules.id, key.bytes)
    }
    var missing: [[UInt8]] = []
    var written: [GroupWork] = []
    for key in best.keys {
      if let work = fresh[key] { written.append(work) } else if all || have[key] == nil { missing.append(key.bytes) }
    }
    written += try shownWorks(rules, missing.sorted(by: Bytes.less))
    for work in written {
      guard let board = best[BytesKey(work.bytes)] else { continue }
      journal(rules.id, work.bytes)
      try rules.put(work, closedAt: boards[board].closedAt, into: &batch)
    }
    try write(batch, of: rules.id)
  }

  /// By key, the place of the board whose best members it is among.
  private func bestMembers(_ rules: BoardRules, _ boards: [Board], keep: Int) throws -> [BytesKey: Int] {
    var best: [BytesKey: Int] = [:]
    try connection.forEach(
      """
      SELECT u.place, f.key FROM unnest($2::bytea[]) WITH ORDINALITY AS u (board, place)
      CROSS JOIN LATERAL (SELECT coalesce(g.key, g.id) AS key FROM _groups g WHERE g.projection = $1 AND g.board_id = u.board
      AND g.rank IS NOT NULL ORDER BY g.rank LIMIT $3) f
      """, .projection(rules.id), .blobs(boards.map { BoundedKey.id($0.bytes) }), .bigint(keep)
    ) { rows, row in best[BytesKey(rows.bytes(row, 1) ?? [])] = try rows.place(row, below: boards.count) }
    return best
  }

  /// The members of boards that have rows, by their keys in ordered form.
  private func rowKeys(_ rules: BoardRules, _ boards: [Board]) throws -> [BytesKey: [Value]] {
    let form = tables[rules.id.rawValue]
    let count = rules.leaderboard.boardCount
    let arrays = try form.arrays(first: count, try boards.map { try rules.values(ofBoard: $0.bytes) })
    let rows = try connection.run([
      PostgresQuery(form.lookUp(first: count, reading: Array(0...count)), arrays.map { .array($0) })
    ])[0]
    var keys: [BytesKey: [Value]] = [:]
    for row in 0..<rows.count {
      let key = try (0...count).map { column in
        guard let value = form.columns[column].value(rows, row, column + 1) else { throw DamagedRow() }
        return value
      }
      keys[BytesKey(Value.ordered(key))] = key
    }
    return keys
  }
}
