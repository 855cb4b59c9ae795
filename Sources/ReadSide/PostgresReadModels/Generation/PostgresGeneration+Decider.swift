package import DynamoModel
package import Pipelines
internal import Postgres
package import Projections
package import ReadModels

/// The decider's part: steps that lanes hand over, boards that close, and what is dropped once it cannot matter any more.
extension PostgresGeneration {
  /// The row of `_decided` that holds the decider's epoch.
  static let epochRow = -1

  package func takeDecider(sessionsMax: Int) throws(ReadModelError) -> TakenDecider {
    try session.transaction { connection in
      try checkIsOpen(connection)
      let epoch = try connection.run(
        """
        INSERT INTO _decided (projection, time) VALUES ($1, 1) ON CONFLICT (projection) DO UPDATE SET time = _decided.time + 1
        RETURNING time
        """, .bigint(PostgresGeneration.epochRow)
      ).int64(0, 0)
      return TakenDecider(
        epoch: Epoch(rawValue: epoch), sessions: try sessions(connection, .decider, max: sessionsMax),
        decided: try readDecided(connection))
    }
  }

  package func decided() throws(ReadModelError) -> [ProjectionID: Instant] { try session.run { try readDecided($0) } }

  private func readDecided(_ connection: PostgresConnection) throws -> [ProjectionID: Instant] {
    var decided: [ProjectionID: Instant] = [:]
    try connection.forEach("SELECT projection, time FROM _decided WHERE projection >= 0") { rows, row in
      decided[rows.projection(row, 0)] = rows.instant(row, 1)
    }
    return decided
  }

  package func steps(_ projection: ProjectionID, below time: Instant, limit: Int) throws(ReadModelError) -> [HandedStep] {
    var bound = Stamp.none
    bound.time = time
    let below = bound.ordered
    return try session.run { connection in
      var steps: [HandedStep] = []
      try connection.forEach(
        "SELECT place, step FROM _steps WHERE projection = $1 AND stamp < $2 ORDER BY stamp, place LIMIT $3",
        .projection(projection), .bytes(below), .bigint(limit)
      ) { rows, row in
        let step = try rows.withBytes(row, 1) { try SessionStep(bytes: $0 ?? .init(start: nil, count: 0)) }
        steps.append(HandedStep(projection: projection, place: Int(rows.int64(row, 0)), step: step))
      }
      return steps
    }
  }

  package func watched(_ projection: ProjectionID, _ keys: [[UInt8]]) throws(ReadModelError) -> [BytesKey: [UInt8]] {
    try session.run { connection in
      var states: [BytesKey: [UInt8]] = [:]
      try connection.forEach(
        """
        SELECT u.place, w.state FROM unnest($2::bytea[]) WITH ORDINALITY AS u (id, place)
        JOIN _watched w ON w.projection = $1 AND w.id = u.id
        """, .projection(projection), .blobs(keys.map(BoundedKey.id))
      ) { rows, row in
        states[BytesKey(keys[try rows.place(row, below: keys.count)])] = rows.bytes(row, 1) ?? []
      }
      return states
    }
  }

  package func stepsWaiting(_ projection: ProjectionID) throws(ReadModelError) -> Int {
    try session.run { connection in
      Int(try connection.integer("SELECT count(*) FROM _steps WHERE projection = $1", .projection(projection)) ?? 0)
    }
  }

  package func boardsToClose(
    _ projection: ProjectionID, at time: Instant, limit: Int
  ) throws(ReadModelError) -> [DeciderEngine.Closing] {
    guard case .leaderboard(let board) = pipeline.projections[projection].kind else { return [] }
    return try session.run { connection in
      var closings: [DeciderEngine.Closing] = []
      try connection.forEach(
        """
        SELECT coalesce(board, id), closes_at, opened_at FROM _boards WHERE projection = $1 AND closed_at IS NULL AND closes_at IS NOT NULL
        AND closes_at <= $2 AND opened_at < $2 ORDER BY closes_at, coalesce(board, id) LIMIT $3
        """, .projection(projection), .instant(time), .bigint(limit)
      ) { rows, row in
        guard let values = Value.values(ordered: rows.bytes(row, 0) ?? [], count: board.boardCount) else { throw StateError() }
        closings.append(
          .init(projection: projection, board: values, closedAt: rows.instant(row, 1), openedAt: rows.instant(row, 2)))
      }
      return closings
    }
  }

  /// Commits what the decider has made, in one transaction. In this order, and all of it or nothing:
  ///
  /// 1. the epoch is compared and its row locked: `superseded` when another decider has taken over;
  /// 2. the times below which projections are decided move, and the steps that were folded go;
  /// 3. what looks as if it could be dropped is found; then leaderboards, boards and groups are locked as a lane locks them, those that close too;
  /// 4. boards close;
  /// 5. sessions, their states and effects are written as a lane's;
  /// 6. groups that have been empty long enough, and boards that are left out for good, are dropped, if that still is so under the locks;
  /// 7. dead letters, the journal, the decider's digests;
  /// 8. commit.
  package func checkpoint(_ checkpoint: DeciderCheckpoint) throws(ReadModelError) -> CheckpointResult {
    try session.transaction(.becomes(.superseded(table: "the decider", partition: -1))) { connection in
      let writer = CheckpointWriter(self, connection, lane: .decider)
      let held = try connection.run(
        "UPDATE _decided SET time = time WHERE projection = $1 AND time = $2", .bigint(PostgresGeneration.epochRow),
        .bigint(checkpoint.epoch.rawValue))
      guard held.changes == 1 else { throw ReadModelError.superseded(table: "the decider", partition: -1) }
      try writer.decide(checkpoint)
      let empty = try writer.lock(checkpoint)
      for closings in Dictionary(grouping: checkpoint.closings, by: \.projection).sorted(by: { $0.key < $1.key }) {
        try writer.close(closings.value, of: closings.key)
      }
      try writer.write(checkpoint.changes)
      try writer.write(watched: checkpoint.changes.watched)
      for (projection, time) in checkpoint.trim.sorted(by: { $0.key < $1.key }) {
        try writer.trim(projection, before: time, empty[projection] ?? [])
      }
      try writer.finish()
      return writer.result
    }
  }
}
