package import DynamoModel
package import Pipelines
package import Projections
package import ReadModels
internal import SQLite

/// The decider's part: steps that lanes hand over, boards that close, and what is dropped once it cannot matter any more.
extension SQLiteGeneration {
  /// The row of `_decided` that holds the decider's epoch.
  private static let epochRow = -1

  package func takeDecider(sessionsMax: Int) throws(ReadModelError) -> TakenDecider {
    try run {
      try connection.transaction {
        try connection.run(
          "INSERT INTO _decided (projection, time) VALUES (?1, 1) ON CONFLICT (projection) DO UPDATE SET time = time + 1",
          .int(SQLiteGeneration.epochRow))
        return TakenDecider(
          epoch: try readEpoch(), sessions: try sessions(.decider, max: sessionsMax), decided: try readDecided())
      }
    }
  }

  /// The decider's epoch; that of nobody before it was first taken.
  private func readEpoch() throws -> Epoch {
    let number = try connection.integer("SELECT time FROM _decided WHERE projection = ?1", .int(SQLiteGeneration.epochRow))
    return number.map { Epoch(rawValue: $0) } ?? .none
  }

  package func decided() throws(ReadModelError) -> [ProjectionID: Instant] { try run { try readDecided() } }

  private func readDecided() throws -> [ProjectionID: Instant] {
    var decided: [ProjectionID: Instant] = [:]
    try connection.forEach("SELECT projection, time FROM _decided WHERE projection >= 0") {
      decided[$0.projection(0)] = $0.instant(1)
    }
    return decided
  }

  package func steps(_ projection: ProjectionID, below time: Instant, limit: Int) throws(ReadModelError) -> [HandedStep] {
    var bound = Stamp.none
    bound.time = time
    let below = bound.ordered
    return try run {
      var steps: [HandedStep] = []
      try connection.forEach(
        "SELECT place, step FROM _steps WHERE projection = ?1 AND stamp < ?2 ORDER BY stamp, place LIMIT ?3",
        .projection(projection), .blob(below), .int(limit)
      ) { row in
        let step = try row.withBytes(1) { try SessionStep(bytes: $0 ?? .init(start: nil, count: 0)) }
        steps.append(HandedStep(projection: projection, place: Int(row.int64(0)), step: step))
      }
      return steps
    }
  }

  package func watched(_ projection: ProjectionID, _ keys: [[UInt8]]) throws(ReadModelError) -> [BytesKey: [UInt8]] {
    try run {
      var states: [BytesKey: [UInt8]] = [:]
      for key in keys {
        try connection.forEach(
          "SELECT state FROM _watched WHERE projection = ?1 AND key = ?2", .projection(projection), .blob(key)
        ) { states[BytesKey(key)] = $0.bytes(0) ?? [] }
      }
      return states
    }
  }

  private func write(_ watched: [(key: [UInt8], state: [UInt8]?)], _ projection: ProjectionID) throws {
    for (key, state) in watched {
      if let state {
        try connection.run(
          "INSERT OR REPLACE INTO _watched (projection, key, state) VALUES (?1, ?2, ?3)", .projection(projection), .blob(key),
          .blob(state))
      } else {
        try connection.run("DELETE FROM _watched WHERE projection = ?1 AND key = ?2", .projection(projection), .blob(key))
      }
    }
  }

  package func stepsWaiting(_ projection: ProjectionID) throws(ReadModelError) -> Int {
    try run { Int(try connection.integer("SELECT count(*) FROM _steps WHERE projection = ?1", .projection(projection)) ?? 0) }
  }

  package func boardsToClose(
    _ projection: ProjectionID, at time: Instant, limit: Int
  ) throws(ReadModelError) -> [DeciderEngine.Closing] {
    guard case .leaderboard(let board) = pipeline.projections[projection].kind else { return [] }
    return try run {
      var closings: [DeciderEngine.Closing] = []
      try connection.forEach(
        """
        SELECT board, closes_at, opened_at FROM _boards WHERE projection = ?1 AND closed_at IS NULL AND closes_at <= ?2
        AND opened_at < ?2 ORDER BY closes_at, board LIMIT ?3
        """, .projection(projection), .instant(time), .int(limit)
      ) { row in
        guard let values = Value.values(ordered: row.bytes(0) ?? [], count: board.boardCount) else { throw StateError() }
        closings.append(.init(projection: projection, board: values, closedAt: row.instant(1), openedAt: row.instant(2)))
      }
      return closings
    }
  }

  /// Commits what the decider has made, in one transaction. In this order, and all of it or nothing:
  ///
  /// 1. the write lock is taken, and the epoch compared: `superseded` when another decider has taken over;
  /// 2. the times below which projections are decided move, and the steps that were folded go;
  /// 3. boards close;
  /// 4. sessions, their states and effects are written as a lane's;
  /// 5. groups that have been empty long enough, and boards that are left out for good, are dropped;
  /// 6. what rows were added and taken away goes into the decider's digests;
  /// 7. commit, synced when an effect is in it.
  package func checkpoint(_ checkpoint: DeciderCheckpoint) throws(ReadModelError) -> CheckpointResult {
    try write(synced: !checkpoint.changes.outbox.isEmpty) { result in
      guard try readEpoch() == checkpoint.epoch else { throw ReadModelError.superseded(table: "the decider", partition: -1) }
      for (projection, time) in checkpoint.decided.sorted(by: { $0.key < $1.key }) {
        try connection.run(
          "INSERT OR REPLACE INTO _decided (projection, time) VALUES (?1, ?2)", .projection(projection), .instant(time))
      }
      for (projection, stamp) in checkpoint.folded.sorted(by: { $0.key < $1.key }) {
        try connection.run(
          "DELETE FROM _steps WHERE projection = ?1 AND stamp <= ?2", .projection(projection), .blob(stamp.ordered))
      }
      for closing in checkpoint.closings { try close(closing, &result) }
      try write(checkpoint.changes, of: .decider, result: &result)
      for (projection, watched) in checkpoint.changes.watched.sorted(by: { $0.key < $1.key }) { try write(watched, projection) }
      for (projection, time) in checkpoint.trim.sorted(by: { $0.key < $1.key }) { try trim(projection, before: time) }
      try writeDigests(.decider)
    }
  }

  private func close(_ closing: DeciderEngine.Closing, _ result: inout CheckpointResult) throws {
    guard let rules = rules(closing.projection) else { return }
    let board = Value.ordered(closing.board)
    try connection.run(
      "UPDATE _boards SET closed_at = ?3 WHERE projection = ?1 AND board = ?2", .projection(closing.projection), .blob(board),
      .instant(closing.closedAt))
    try closeRows(rules, board: board, at: closing.closedAt)
    result.boards.insert(closing.projection)
  }

  private func rules(_ id: ProjectionID) -> BoardRules? {
    guard let plan = plans[id], case .leaderboard(let leaderboard) = pipeline.projections[id].kind else { return nil }
    return BoardRules(id: id, plan: plan, leaderboard: leaderboard, table: pipeline.projections[id].table)
  }

  /// Drops what no later change can bring back: groups that have been empty since before the watermark, boards without a period that had no other
  /// groups, and boards that `keep` leaves out when they are closed and that many later ones are.
  private func trim(_ id: ProjectionID, before watermark: Instant) throws {
    var emptied: [[UInt8]] = []
    try connection.forEach(
      """
      DELETE FROM _groups WHERE projection = ?1 AND key IN
      (SELECT key FROM _groups WHERE projection = ?1 AND empty_at < ?2 ORDER BY empty_at LIMIT ?3) RETURNING key
      """, .projection(id), .instant(watermark), .int(ReadModelLimits.trimmedMax)
    ) { emptied.append($0.bytes(0) ?? []) }
    guard let rules = rules(id) else { return }
    try dropEmptyBoards(rules, of: emptied)
    guard let keep = rules.leaderboard.keepBoards, rules.leaderboard.closesForGood else { return }
    var gone: [[UInt8]] = []
    try connection.forEach(
      """
      SELECT board FROM _boards WHERE projection = ?1 AND is_shown = 0 AND closed_at IS NOT NULL AND latest <
      (SELECT latest FROM _boards WHERE projection = ?1 AND closed_at IS NOT NULL AND members > 0
      ORDER BY latest DESC, board DESC LIMIT 1 OFFSET ?2) LIMIT ?3
      """, .projection(id), .int(keep - 1), .int(ReadModelLimits.trimmedMax)
    ) { gone.append($0.bytes(0) ?? []) }
    for board in gone {
      for own in ["_groups", "_values"] {
        try connection.run(
          "DELETE FROM \(own) WHERE projection = ?1 AND key >= ?2 AND key < ?3", .projection(id), .blob(board),
          .blob(board + [0xff]))
      }
      try dropMisfits(id, ofGroupsUnder: board)
      try connection.run("DELETE FROM _boards WHERE projection = ?1 AND board = ?2", .projection(id), .blob(board))
    }
  }

  /// Drops the boards of these members that have no others, not even empty ones. One with a period stays: it has to close, once.
  private func dropEmptyBoards(_ rules: BoardRules, of keys: [[UInt8]]) throws {
    var boards: Set<BytesKey> = []
    for key in keys {
      guard let values = Value.values(ordered: key, count: rules.plan.keyCount) else { throw StateError() }
      boards.insert(BytesKey(Value.ordered(values[..<rules.leaderboard.boardCount])))
    }
    for board in boards {
      try connection.run(
        """
        DELETE FROM _boards WHERE projection = ?1 AND board = ?2 AND members = 0 AND closes_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM _groups WHERE projection = ?1 AND key >= ?2 AND key < ?3)
        """, .projection(rules.id), .blob(board.bytes), .blob(board.bytes + [0xff]))
    }
  }
}
