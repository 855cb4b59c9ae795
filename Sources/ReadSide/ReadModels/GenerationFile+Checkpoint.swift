internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import SQLiteReadModels
package import Projections
internal import SQLite

/// What a checkpoint did.
package struct CheckpointResult: Sendable {
  package var rows = 0
  package var effects = 0
  package var deadLetters = 0
  /// Leaderboards whose rows changed.
  package var boards: Set<Int> = []

  package init() {}
}

extension GenerationFile {
  /// Commits what a lane has made, in one transaction. In this order, and all of it or nothing:
  ///
  /// 1. the write lock is taken;
  /// 2. the lane's position goes from `old` to `new`, if it still is `old`, else `superseded`;
  /// 3. collection rows are written and deleted, in key order;
  /// 4. groups are merged with what is there, and their rows derived from the result;
  /// 5. changed sessions are written, and the state of active ones beside them;
  /// 6. dead letters, effects, and the journal of boards are added;
  /// 7. commit, synced when an effect is in it.
  package func checkpoint(
    table: Int, partition: Int, from old: LanePosition, to new: LanePosition, _ changes: LaneChanges
  ) throws(ReadModelError) -> CheckpointResult {
    let mustSync = !changes.outbox.isEmpty
    do {
      if mustSync { try connection.execute("PRAGMA synchronous = FULL") }
      defer { if mustSync { try? connection.execute("PRAGMA synchronous = NORMAL") } }
      return try connection.transaction {
        var result = CheckpointResult()
        try move(table, partition, from: old, to: new)
        for index in changes.collections.keys.sorted() {
          result.rows += try writeCollection(index, changes.collections[index] ?? [:])
        }
        for index in changes.groups.keys.sorted() { try writeGroups(index, changes.groups[index] ?? [:], &result) }
        for index in changes.sessions.keys.sorted() {
          result.rows += try writeSessions(index, changes.sessions[index] ?? [], table, partition)
        }
        result.deadLetters = try writeDeadLetters(changes.deadLetters)
        result.effects = try writeOutbox(changes.outbox)
        return result
      }
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw GenerationFile.storage(path, error)
    } catch {
      throw .damaged(path: path, "\(error)")
    }
  }

  private func move(_ table: Int, _ partition: Int, from old: LanePosition, to new: LanePosition) throws {
    let statement = try connection.statement(
      """
      UPDATE _lanes SET table_id = ?1, sequence = ?2, hint = ?3, fired_through = ?4, watermark = ?5, fingerprint = ?6, epoch = ?7
      WHERE table_name = ?8 AND partition = ?9 AND table_id = ?10 AND sequence = ?11 AND fired_through = ?12 AND epoch = ?13
      """)
    let name = pipeline.tables[table].name
    try GenerationFile.bind(new, to: statement, from: 1)
    try statement.bind(8, name)
    try statement.bind(9, Int64(partition))
    try statement.bind(10, old.cursor.tableID.description)
    try statement.bind(11, Int64(old.cursor.sequence))
    try statement.bind(12, old.firedThrough)
    try statement.bind(13, old.epoch)
    try statement.run()
    guard connection.changes == 1 else { throw ReadModelError.superseded(table: name, partition: partition) }
  }

  /// Binds a row's values in the order of the table's columns.
  func write(_ values: [Value], _ table: SQLTable) throws(SQLiteError) {
    let statement = try connection.statement(table.upsertStatement)
    var index = 1
    for (value, column) in zip(values, table.columns) { index += try value.bind(to: statement, at: index, as: column.type) }
    try statement.run()
  }

  func delete(_ key: [Value], _ table: SQLTable) throws(SQLiteError) {
    let statement = try connection.statement(table.deleteStatement)
    for (index, value) in key.enumerated() { try value.bindSortable(to: statement, at: index + 1) }
    try statement.run()
  }

  func position(_ stamp: RowStamp) -> Value {
    .string("\(pipeline.tables[stamp.table].name):\(stamp.partition):\(stamp.sequence)")
  }

  private func writeCollection(_ index: Int, _ rows: [BytesKey: CollectionChange]) throws -> Int {
    let projection = pipeline.projections[index]
    guard case .collection(let collection) = projection.kind else { return 0 }
    for (_, change) in rows.sorted(by: { Bytes.less($0.key.bytes, $1.key.bytes) }) {
      switch change {
      case .upsert(let inputs, let itemKey, let stamp):
        try write(inputs + [.bytes(itemKey), .timestamp(stamp.time), position(stamp)], projection.table)
      case .delete(let inputs, let itemKey):
        try delete(Array(inputs[..<collection.keyCount]) + [.bytes(itemKey)], projection.table)
      }
    }
    return rows.count
  }

  private func writeDeadLetters(_ letters: [DeadLetter]) throws -> Int {
    for letter in letters {
      let statement = try connection.statement(
        """
        INSERT OR REPLACE INTO _dead_letters (projection, table_name, partition, sequence, at, path, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """)
      try statement.bind(1, letter.projection)
      try statement.bind(2, letter.table)
      try statement.bind(3, Int64(letter.partition))
      try statement.bind(4, Int64(letter.sequence))
      try statement.bind(5, Timestamp.text(letter.time))
      try statement.bind(6, letter.path)
      try statement.bind(7, letter.reason)
      try statement.run()
    }
    return letters.count
  }

  private func writeOutbox(_ entries: [OutboxEntry]) throws -> Int {
    for entry in entries {
      let name = entry.effect.map { pipeline.effects[$0].name } ?? entry.projection.map { pipeline.projections[$0].name } ?? ""
      let statement = try connection.statement(
        """
        INSERT OR IGNORE INTO _outbox (idempotency_key, effect, at, action, state, attempts, not_before, note)
        VALUES (?1, ?2, ?3, ?4, 'pending', 0, 0, '')
        """)
      try statement.bind(1, entry.idempotencyKey)
      try statement.bind(2, name)
      try statement.bind(3, entry.time)
      try statement.bind(4, OutboxAction(entry, pipeline).json)
      try statement.run()
    }
    return entries.count
  }
}
