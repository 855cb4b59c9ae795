internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// The rows of a board's members.
extension SQLiteGeneration {
  /// Writes the members of a board that were touched: rows of a shown one, and the states of those that have none.
  func writeTouched(_ rules: BoardRules, _ board: Board) throws {
    if let keep = rules.leaderboard.keepMembers {
      if board.isShown { try writeBest(rules, board, keep: keep, board.touched) }
      return
    }
    for group in board.touched {
      if board.isShown { try writeRow(rules, board, group) } else { try put(rules.id, group, hasRow: false) }
    }
  }

  /// Writes all rows of a board that is shown from now on.
  func writeAll(_ rules: BoardRules, _ board: Board) throws {
    if let keep = rules.leaderboard.keepMembers { return try writeBest(rules, board, keep: keep, nil) }
    for key in try members(rules, board) {
      guard let group = try shownGroup(rules.id, rules.plan, key), group.state.isPlaced else { continue }
      try writeRow(rules, board, group)
    }
  }

  /// Moves the states of a board's members out of their rows, which are about to go.
  func keepStates(_ rules: BoardRules, board bytes: [UInt8]) throws {
    let (condition, values) = try condition(rules, board: bytes)
    let columns = rules.table.columns[...rules.leaderboard.boardCount]
    let names = columns.map(\.name) + [SQLTable.stateName]
    let select = try connection.statement("SELECT \(names.joined(separator: ", ")) FROM \(rules.table.name)\(condition)")
    for (place, value) in values.enumerated() { try value.bindSortable(to: select, at: place + 1) }
    defer { select.reset() }
    while try select.step() {
      let key = try columns.enumerated().map { place, column in
        guard let value = Value(column: place, of: select, as: column.type) else { throw DamagedRow() }
        return value
      }
      try store(rules.id, Value.ordered(key), state: select.bytes(columns.count) ?? [], emptyAt: nil, rank: nil)
    }
  }

  /// The keys of all members of a board that have a state.
  private func members(_ rules: BoardRules, _ board: Board) throws -> [[UInt8]] {
    var keys: [[UInt8]] = []
    // Value tags are below FF, so this is past every key that begins with the board.
    try connection.forEach(
      "SELECT key FROM _groups WHERE projection = ?1 AND key >= ?2 AND key < ?3 AND empty_at IS NULL", .projection(rules.id),
      .blob(board.bytes), .blob(board.bytes + [0xff])
    ) { keys.append($0.bytes(0) ?? []) }
    return keys
  }

  private func writeRow(_ rules: BoardRules, _ board: Board, _ group: MergedGroup) throws {
    journal(rules.id, group.bytes)
    func cells(_ writer: RowWriter) {
      rules.leaderboard.forEachCell(of: group.shown, closedAt: board.closedAt) { writer.add($0) }
    }
    if rules.table.keepsState { return try put(rules.id, group, hasRow: group.state.isPlaced, cells: cells) }
    let writer = try rows(rules.id)
    guard group.state.isPlaced else { return try writer.delete(group.key) }
    for value in group.key { writer.add(value) }
    cells(writer)
    writer.add(group.state.stamp)
    try writer.finish(isNew: group.isNew)
  }

  /// Rows for the best members only. A member that falls out keeps its state, and returns with its whole score.
  private func writeBest(_ rules: BoardRules, _ board: Board, keep: Int, _ touched: [MergedGroup]?) throws {
    var best: [[UInt8]] = []
    try connection.forEach(
      "SELECT key FROM _groups WHERE projection = ?1 AND rank >= ?2 AND rank < ?3 ORDER BY rank LIMIT ?4", .projection(rules.id),
      .blob(board.bytes), .blob(board.bytes + [0xff]), .int(keep)
    ) { best.append($0.bytes(0) ?? []) }
    let wanted = Set(best.map { BytesKey($0) })
    let have = try rowKeys(rules, board)
    for (key, values) in have where !wanted.contains(key) {
      try rows(rules.id).delete(values)
      journal(rules.id, key.bytes)
    }
    let fresh = Dictionary((touched ?? []).map { (BytesKey($0.bytes), $0) }) { $1 }
    for key in best {
      if let group = fresh[BytesKey(key)] {
        try writeRow(rules, board, group)
      } else if touched == nil || have[BytesKey(key)] == nil, let group = try shownGroup(rules.id, rules.plan, key) {
        try writeRow(rules, board, group)
      }
    }
  }

  /// The members of a board that have rows, by their keys in ordered form.
  private func rowKeys(_ rules: BoardRules, _ board: Board) throws -> [BytesKey: [Value]] {
    let count = rules.leaderboard.boardCount
    let columns = rules.table.columns[...count]
    let (condition, values) = try condition(rules, board: board.bytes)
    let select = try connection.statement(
      "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(rules.table.name)\(condition)")
    for (column, value) in values.enumerated() { try value.bindSortable(to: select, at: column + 1) }
    defer { select.reset() }
    var keys: [BytesKey: [Value]] = [:]
    while try select.step() {
      let key = columns.enumerated().map { Value(column: $0, of: select, as: $1.type) ?? .null }
      keys[BytesKey(Value.ordered(key))] = key
    }
    return keys
  }

  /// Notes that a member's row changed, or a whole board's rows; written at the end of the transaction.
  func journal(_ id: ProjectionID, _ key: [UInt8]) { journaled[id, default: []].append(key) }

  /// Keys in one row of the journal.
  private static let journalKeysMax = 1_000

  func writeJournal() throws {
    if journaled.isEmpty { return }
    // Rows may all have been trimmed: numbers are never used again.
    var last = try connection.integer("SELECT seq FROM sqlite_sequence WHERE name = '_journal'") ?? 0
    for (id, keys) in journaled.sorted(by: { $0.key < $1.key }) {
      for start in stride(from: 0, to: keys.count, by: SQLiteGeneration.journalKeysMax) {
        let part = keys[start..<min(start + SQLiteGeneration.journalKeysMax, keys.count)]
        var bytes: [UInt8] = []
        for key in part { Varint.appendBytes(key, to: &bytes) }
        try connection.run(
          "INSERT INTO _journal (id, first, projection, keys) VALUES (?1, ?2, ?3, ?4)", .int(last + Int64(part.count)),
          .int(last + 1), .projection(id), .blob(bytes))
        last += Int64(part.count)
      }
    }
    let surplus = last - Int64(ReadModelLimits.journalEntriesMax)
    if surplus > 0 { try connection.run("DELETE FROM _journal WHERE id <= ?1", .int(surplus)) }
  }
}
