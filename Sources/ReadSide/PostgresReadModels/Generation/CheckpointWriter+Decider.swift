internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// What the decider's checkpoint writes, beside what lanes' write as well.
extension CheckpointWriter {
  func decide(_ checkpoint: DeciderCheckpoint) throws {
    let decided = checkpoint.decided.sorted { $0.key < $1.key }
    if !decided.isEmpty {
      try write(
        """
        INSERT INTO _decided (projection, time) SELECT * FROM unnest($1::bigint[], $2::bigint[])
        ON CONFLICT (projection) DO UPDATE SET time = excluded.time
        """, .bigints(decided.map { Int64($0.key.rawValue) }), .bigints(decided.map(\.value.rawValue)))
    }
    let folded = checkpoint.folded.sorted { $0.key < $1.key }
    if !folded.isEmpty {
      try write(
        """
        DELETE FROM _steps s USING unnest($1::bigint[], $2::bytea[]) AS u (p, stamp) WHERE s.projection = u.p AND s.stamp <= u.stamp
        """, .bigints(folded.map { Int64($0.key.rawValue) }), .blobs(folded.map(\.value.ordered)))
    }
  }

  /// The states of groups that the decider watches.
  func write(watched: [ProjectionID: [(key: [UInt8], state: [UInt8]?)]]) throws {
    let all = watched.sorted { $0.key < $1.key }.flatMap { id, groups in groups.map { (id, $0.key, $0.state) } }
    let kept = all.filter { $0.2 != nil }
    let gone = all.filter { $0.2 == nil }
    if !kept.isEmpty {
      try write(
        """
        INSERT INTO _watched (projection, id, state) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])
        ON CONFLICT (projection, id) DO UPDATE SET state = excluded.state
        """, .bigints(kept.map { Int64($0.0.rawValue) }), .blobs(kept.map { BoundedKey.id($0.1) }),
        .blobs(kept.map { $0.2 ?? [] }))
    }
    if !gone.isEmpty {
      try write(
        "DELETE FROM _watched w USING unnest($1::bigint[], $2::bytea[]) AS u (p, id) WHERE w.projection = u.p AND w.id = u.id",
        .bigints(gone.map { Int64($0.0.rawValue) }), .blobs(gone.map { BoundedKey.id($0.1) }))
    }
  }

  /// Rows of a board that are read and written again at a time.
  private static let closedRowsMax = 5_000

  func close(_ closings: [DeciderEngine.Closing], of id: ProjectionID) throws {
    guard let rules = self.rules[id] else { return }
    let all = closings.map { (board: Value.ordered($0.board), at: $0.closedAt) }.sorted { Bytes.less($0.board, $1.board) }
    try write(
      """
      UPDATE _boards b SET closed_at = u.at FROM unnest($2::bytea[], $3::bigint[]) AS u (board, at)
      WHERE b.projection = $1 AND b.id = u.board
      """, .projection(id), .blobs(all.map { BoundedKey.id($0.board) }), .bigints(all.map(\.at.rawValue)))
    for closing in all { try closeRows(rules, closing.board, at: closing.at) }
    result.boards.insert(id)
  }

  /// Writes the time at which a board closed into its rows.
  private func closeRows(_ rules: BoardRules, _ board: [UInt8], at time: Instant) throws {
    let form = tables[rules.id.rawValue]
    guard let closedAt = form.table.column(named: "closed_at") else { return }
    let count = rules.leaderboard.boardCount
    let own = try zip(form.columns, rules.values(ofBoard: board)).map { try $0.parameter($1) }
    let member = form.columns[count]
    let conditions = (0..<count).map { form.columns[$0].isEqual(to: "$\($0 + 1)") }
    var last: PostgresValue?
    while true {
      var wanted = conditions
      var values = own
      if let last {
        values.append(last)
        wanted.append("t.\(member.quoted) > \(member.stored("$\(values.count)"))")
      }
      let condition = wanted.isEmpty ? "" : " WHERE \(wanted.joined(separator: " AND "))"
      let rows = try connection.run([
        PostgresQuery(
          """
          SELECT \(form.readColumns) FROM \(form.name) t\(condition) ORDER BY t.\(member.quoted) LIMIT \(CheckpointWriter.closedRowsMax)
          """, values)
      ])[0]
      var batch = RowBatch(form)
      for row in 0..<rows.count {
        var read = try form.columns.enumerated().map { place, column in
          guard let value = column.value(rows, row, place) else { throw DamagedRow() }
          return value
        }
        read[closedAt] = .timestamp(time)
        try batch.put(read)
        if row == rows.count - 1 { last = try member.parameter(read[count]) }
      }
      try write(batch, of: rules.id)
      if rows.count < CheckpointWriter.closedRowsMax { return }
    }
  }

  /// Finds groups that look as if they could be dropped, and locks what closes or may go: leaderboards, boards, groups, each in order.
  func lock(_ checkpoint: DeciderCheckpoint) throws -> [ProjectionID: [SharedKey]] {
    let ids = Set(checkpoint.closings.map(\.projection)).union(checkpoint.trim.keys).sorted()
    try lock(keeping: keeping(ids), boards: [], groups: [])
    var boards = Set(checkpoint.closings.map { SharedKey($0.projection, Value.ordered($0.board)) })
    var empty: [ProjectionID: [SharedKey]] = [:]
    for (id, watermark) in checkpoint.trim.sorted(by: { $0.key < $1.key }) {
      let found = try connection.run(
        "SELECT coalesce(key, id) FROM _groups WHERE projection = $1 AND empty_at < $2 ORDER BY empty_at LIMIT $3",
        .projection(id),
        .instant(watermark), .bigint(ReadModelLimits.trimmedMax))
      let keys = try (0..<found.count).map { try sharedKey(id, found.bytes($0, 0) ?? []) }
      if keys.isEmpty { continue }
      empty[id] = keys
      guard let rules = self.rules[id] else { continue }
      for key in keys { boards.insert(SharedKey(id, try rules.board(ofMember: key.bytes))) }
    }
    if !boards.isEmpty {
      try write(
        """
        SELECT 1 FROM unnest($1::bigint[], $2::bytea[]) AS u (p, k) JOIN _boards t ON t.projection = u.p AND t.id = u.k
        ORDER BY t.projection, t.id FOR UPDATE OF t
        """, .bigints(boards.map { Int64($0.id.rawValue) }), .blobs(boards.map(\.key)))
    }
    if !empty.isEmpty {
      try write(
        """
        SELECT 1 FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS u (p, b, k)
        JOIN _groups t ON t.projection = u.p AND t.board_id = u.b AND t.id = u.k
        ORDER BY t.projection, t.board_id, t.id FOR UPDATE OF t
        """, CheckpointWriter.arrays(empty.values.flatMap { $0 }))
    }
    return empty
  }

  /// Drops what no later change can bring back, of what is locked: groups that have been empty since before the watermark, boards without a period that
  /// had no other groups, and boards that `keep` leaves out when they are closed and that many later ones are.
  func trim(_ id: ProjectionID, before watermark: Instant, _ empty: [SharedKey]) throws {
    let rules = self.rules[id]
    if !empty.isEmpty { try drop(empty, id, rules, before: watermark) }
    if let rules, let keep = rules.leaderboard.keepBoards, rules.leaderboard.closesForGood {
      try dropBoardsForGood(rules, keep: keep)
    }
  }

  private func drop(_ keys: [SharedKey], _ id: ProjectionID, _ rules: BoardRules?, before watermark: Instant) throws {
    try write(
      """
      DELETE FROM _groups g USING unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS u (p, b, k)
      WHERE g.projection = u.p AND g.board_id = u.b AND g.id = u.k AND g.empty_at < $4
      """, CheckpointWriter.arrays(keys) + [.instant(watermark)])
    if rules == nil { return }
    // One with a period stays: it has to close, once.
    try write(
      """
      DELETE FROM _boards b USING unnest($2::bytea[]) AS u (board)
      WHERE b.projection = $1 AND b.id = u.board AND b.members = 0 AND b.closes_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM _groups g WHERE g.projection = $1 AND g.board_id = u.board)
      """, .projection(id), .blobs(Set(keys.map(\.boardKey))))
  }

  /// Under the lock of the leaderboard, which everybody takes who changes one of its boards.
  private func dropBoardsForGood(_ rules: BoardRules, keep: Int) throws {
    let found = try connection.run(
      """
      SELECT coalesce(board, id), id FROM _boards WHERE projection = $1 AND NOT is_shown AND closed_at IS NOT NULL AND latest <
      (SELECT latest FROM _boards WHERE projection = $1 AND closed_at IS NOT NULL AND members > 0
      ORDER BY latest DESC, coalesce(board, id) DESC LIMIT 1 OFFSET $2) LIMIT $3
      """, .projection(rules.id), .bigint(keep - 1), .bigint(ReadModelLimits.trimmedMax))
    let gone = (0..<found.count).map { found.bytes($0, 0) ?? [] }
    if gone.isEmpty { return }
    let ids = PostgresValue.blobs((0..<found.count).map { found.bytes($0, 1) ?? [] })
    try write(
      """
      DELETE FROM _values v USING _groups g WHERE g.projection = $1 AND g.board_id = ANY($2::bytea[])
      AND v.projection = $1 AND v.id = g.id
      """, .projection(rules.id), ids)
    for (own, column) in [("_groups", "board_id"), ("_boards", "id")] {
      try write(
        "DELETE FROM \(own) WHERE projection = $1 AND \(column) = ANY($2::bytea[])", .projection(rules.id), ids)
    }
    // Dead letters of sums of what is dropped for good.
    try write(
      """
      DELETE FROM _dead_letters l USING unnest($2::bytea[], $3::bytea[]) AS u (low, high)
      WHERE l.projection = $1 AND l.kind = 'group' AND l.subject >= u.low AND l.subject < u.high
      """, .text(pipeline.projections[rules.id].name), .blobs(gone),
      // Value tags are below FF, so this is past every key that begins with the board.
      .blobs(gone.map { $0 + [0xff] }))
  }
}
