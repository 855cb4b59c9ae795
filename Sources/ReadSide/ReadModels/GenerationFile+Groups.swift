internal import DynamoModel
internal import Pipelines
internal import SQLiteReadModels
internal import Projections
internal import SQLite

/// Aggregates and boards: deltas are merged under the write lock, and the rows derived from what is there then.
extension GenerationFile {
  func writeGroups(_ index: Int, _ deltas: [BytesKey: GroupDelta], _ result: inout CheckpointResult) throws {
    guard let plan = plans[index] else { return }
    let projection = pipeline.projections[index]
    var newBoards = false
    for (boxed, delta) in deltas.sorted(by: { Bytes.less($0.key.bytes, $1.key.bytes) }) {
      let key = boxed.bytes
      var values = StoredValues(connection: connection, projection: index, key: key)
      var state = try group(index, key, plan) ?? GroupState(plan)
      try state.merge(delta, plan, &values)
      result.rows += 1
      let isAlive = state.isAlive(plan)
      // An empty group keeps its stamp: another lane may bring an earlier record, and what the row says must not depend on who came first.
      try storeGroup(index, key, state)
      if isAlive {
        try write(try row(projection, delta.key, state, plan, values), projection.table)
      } else {
        try delete(delta.key, projection.table)
      }
      if case .leaderboard(let board) = projection.kind {
        result.boards.insert(index)
        try journal(index, key)
        if isAlive, try enterBoard(index, Value.ordered(delta.key[..<board.boardCount])) { newBoards = true }
      }
    }
    if result.boards.contains(index) { try trimJournal() }
    if newBoards, case .leaderboard(let board) = projection.kind, let keep = board.keepBoards {
      try prune(index, keep: keep, projection.table, boardCount: board.boardCount)
    }
  }

  private func row(
    _ projection: Projection, _ key: [Value], _ state: GroupState, _ plan: GroupPlan, _ values: StoredValues
  ) throws -> [Value] {
    var row = key
    for column in plan.columns.indices { row.append(try state.value(of: column, plan, values)) }
    if case .leaderboard = projection.kind { row.append(.timestamp(try state.reachedAt(plan, values))) }
    row.append(.timestamp(state.stamp.time))
    row.append(position(state.stamp))
    return row
  }

  private func group(_ index: Int, _ key: [UInt8], _ plan: GroupPlan) throws -> GroupState? {
    let statement = try connection.statement("SELECT state FROM _groups WHERE projection = ?1 AND key = ?2")
    try statement.bind(1, Int64(index))
    try statement.bind(2, blob: key)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return try statement.withBytes(0) { bytes in try GroupState(bytes: bytes ?? .init(start: nil, count: 0), plan) }
  }

  private func storeGroup(_ index: Int, _ key: [UInt8], _ state: GroupState) throws(SQLiteError) {
    let statement = try connection.statement("INSERT OR REPLACE INTO _groups (projection, key, state) VALUES (?1, ?2, ?3)")
    try statement.bind(1, Int64(index))
    try statement.bind(2, blob: key)
    try statement.bind(3, blob: state.bytes)
    try statement.run()
  }

  private func journal(_ index: Int, _ key: [UInt8]) throws(SQLiteError) {
    let statement = try connection.statement("INSERT INTO _journal (projection, key) VALUES (?1, ?2)")
    try statement.bind(1, Int64(index))
    try statement.bind(2, blob: key)
    try statement.run()
  }

  /// Entries that a follower may still ask for; one that is further behind loads its boards anew.
  static let journalEntriesMax: Int64 = 1_000_000

  private func trimJournal() throws(SQLiteError) {
    let last = connection.lastInsertedRow
    guard last > GenerationFile.journalEntriesMax else { return }
    let statement = try connection.statement("DELETE FROM _journal WHERE id <= ?1")
    try statement.bind(1, last - GenerationFile.journalEntriesMax)
    try statement.run()
  }

  private func enterBoard(_ index: Int, _ board: [UInt8]) throws(SQLiteError) -> Bool {
    let statement = try connection.statement("INSERT OR IGNORE INTO _boards (projection, board) VALUES (?1, ?2)")
    try statement.bind(1, Int64(index))
    try statement.bind(2, blob: board)
    try statement.run()
    return connection.changes > 0
  }

  /// Keeps the greatest boards by their columns. What remains is the same in whatever order boards came.
  private func prune(_ index: Int, keep: Int, _ table: SQLTable, boardCount: Int) throws {
    let surplus = try connection.statement(
      "SELECT board FROM _boards WHERE projection = ?1 ORDER BY board DESC LIMIT -1 OFFSET ?2")
    try surplus.bind(1, Int64(index))
    try surplus.bind(2, Int64(keep))
    var boards: [[UInt8]] = []
    while try surplus.step() { boards.append(surplus.bytes(0) ?? []) }
    let condition = (0..<boardCount).map { "\(table.columns[$0].sortName) = ?\($0 + 1)" }.joined(separator: " AND ")
    for board in boards {
      guard let values = Value.values(ordered: board, count: boardCount) else { throw StateError() }
      let rows = try connection.statement("DELETE FROM \(table.name) WHERE \(condition)")
      for (column, value) in values.enumerated() { try value.bindSortable(to: rows, at: column + 1) }
      try rows.run()
      for own in ["_groups", "_values"] {
        let states = try connection.statement("DELETE FROM \(own) WHERE projection = ?1 AND key >= ?2 AND key < ?3")
        try states.bind(1, Int64(index))
        try states.bind(2, blob: board)
        // Value tags are below FF, so this is behind every key that begins with the board.
        try states.bind(3, blob: board + [0xff])
        try states.run()
      }
      let entry = try connection.statement("DELETE FROM _boards WHERE projection = ?1 AND board = ?2")
      try entry.bind(1, Int64(index))
      try entry.bind(2, blob: board)
      try entry.run()
      try journal(index, board)
    }
  }
}

/// The counts of one group's values in `_values`.
struct StoredValues: GroupValues {
  let connection: Connection
  let projection: Int
  let key: [UInt8]

  mutating func add(column: Int, key valueKey: [UInt8], value: Value, change: Int64) throws -> (before: Int64, after: Int64) {
    let read = try connection.statement(
      "SELECT count FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3 AND value_key = ?4")
    try bind(read, column, valueKey)
    let before = try read.step() ? read.int64(0) : 0
    read.reset()
    let after = before + change
    let write = try connection.statement(
      after == 0
        ? "DELETE FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3 AND value_key = ?4"
        : """
        INSERT OR REPLACE INTO _values (projection, key, column_number, value_key, value, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """)
    try bind(write, column, valueKey)
    if after != 0 {
      try write.bind(5, blob: Value.ordered(CollectionOfOne(value)))
      try write.bind(6, after)
    }
    try write.run()
    return (before, after)
  }

  private func bind(_ statement: Statement, _ column: Int, _ valueKey: [UInt8]) throws(SQLiteError) {
    try statement.bind(1, Int64(projection))
    try statement.bind(2, blob: key)
    try statement.bind(3, Int64(column))
    try statement.bind(4, blob: valueKey)
  }

  func least(column: Int, prefix: [UInt8]) throws -> Value? {
    let statement = try connection.statement(
      """
      SELECT min(value) FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3
      AND value_key >= ?4 AND value_key < ?5
      """)
    try bind(statement, column, prefix)
    // Behind a score comes an item's key, whose bytes begin with a small count.
    try statement.bind(5, blob: prefix + [0xff])
    defer { statement.reset() }
    guard try statement.step(), let bytes = statement.bytes(0) else { return nil }
    return Value.values(ordered: bytes, count: 1)?[0]
  }

  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], value: Value)? {
    let statement = try connection.statement(
      """
      SELECT value_key, value FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3
      ORDER BY value_key \(greatest ? "DESC" : "ASC") LIMIT 1
      """)
    try statement.bind(1, Int64(projection))
    try statement.bind(2, blob: key)
    try statement.bind(3, Int64(column))
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    let value = Value.values(ordered: statement.bytes(1) ?? [], count: 1)?[0] ?? .null
    return (statement.bytes(0) ?? [], value)
  }
}
