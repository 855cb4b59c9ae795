internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// What several lanes touch: locked in one order, then read.
extension CheckpointWriter {
  /// A row that several lanes touch, by its projection and key: a board, or a group with the board that it is on.
  struct SharedKey: Hashable {
    let id: ProjectionID
    let bytes: [UInt8]
    /// The board in ordered form; empty for what is on none.
    let board: [UInt8]
    /// As they are kept in the primary key.
    let boardKey: [UInt8]
    let key: [UInt8]

    /// `board` is empty for what is on none.
    init(_ id: ProjectionID, _ bytes: [UInt8], board: [UInt8] = []) {
      self.id = id
      self.bytes = bytes
      self.board = board
      boardKey = BoundedKey.id(board)
      key = BoundedKey.id(bytes)
    }

    static func isBefore(_ left: SharedKey, _ right: SharedKey) -> Bool {
      if left.id != right.id { return left.id < right.id }
      return left.boardKey == right.boardKey
        ? Bytes.less(left.key, right.key) : Bytes.less(left.boardKey, right.boardKey)
    }
  }

  /// The key of a group, with the board that it is on.
  func sharedKey(_ id: ProjectionID, _ bytes: [UInt8]) throws -> SharedKey {
    SharedKey(id, bytes, board: try rules[id]?.board(ofMember: bytes) ?? [])
  }

  /// The leaderboards among these that keep their latest boards only.
  func keeping(_ ids: some Sequence<ProjectionID>) -> [ProjectionID] {
    ids.filter { rules[$0]?.leaderboard.keepBoards != nil }.sorted()
  }

  /// Locks leaderboards, then boards, then groups that are on none, each in the order of their keys; boards and groups that are missing are made. Whoever
  /// changes a member of a board has locked the board. An upsert that changes
  /// nothing locks as one that does, and also a row that somebody else has deleted or made meanwhile. Nothing is read here: what is locked may have
  /// been changed until now, and only statements that begin later see it.
  func lock(keeping: [ProjectionID], boards: [SharedKey], groups: [SharedKey]) throws {
    if !keeping.isEmpty {
      try write(
        "SELECT 1 FROM _keeps WHERE projection = ANY($1::bigint[]) ORDER BY projection FOR UPDATE",
        .bigints(keeping.map { Int64($0.rawValue) }))
    }
    if !boards.isEmpty {
      try write(
        """
        INSERT INTO _boards (projection, id, board, latest, period, opened_at, members, is_shown)
        SELECT p, k, r, ''::bytea, ''::bytea, \(Int64.max), 0, false
        FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) AS u (p, b, k, r)
        ON CONFLICT (projection, id) DO UPDATE SET projection = excluded.projection WHERE false
        """, keys(boards))
    }
    if !groups.isEmpty {
      try write(
        """
        INSERT INTO _groups (projection, board_id, id, key, state) SELECT p, b, k, r, ''::bytea
        FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) AS u (p, b, k, r)
        ON CONFLICT (projection, board_id, id) DO UPDATE SET projection = excluded.projection WHERE false
        """, keys(groups))
    }
  }

  /// Sorted: projections, boards, keys, and the keys themselves where they are longer.
  private func keys(_ keys: [SharedKey]) -> [PostgresValue] {
    let isSorted = zip(keys, keys.dropFirst()).allSatisfy { !SharedKey.isBefore($1, $0) }
    let sorted = isSorted ? keys : keys.sorted(by: SharedKey.isBefore)
    var rests = PostgresArray(.bytes)
    for key in sorted { rests.append(optional: BoundedKey.rest(key.bytes)) }
    return CheckpointWriter.arrays(sorted) + [.array(rests)]
  }

  /// Projections, boards and keys as they are kept.
  static func arrays(_ keys: [SharedKey]) -> [PostgresValue] {
    [.bigints(keys.map { Int64($0.id.rawValue) }), .blobs(keys.map(\.boardKey)), .blobs(keys.map(\.key))]
  }

  /// By key, the state; nil of a group that begins.
  func states(_ keys: [SharedKey]) throws -> [GroupState?] { try states(keys, try connection.run([statesQuery(keys)])[0]) }

  func statesQuery(_ keys: [SharedKey]) -> PostgresQuery {
    PostgresQuery(
      """
      SELECT u.place, g.state FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS u (p, b, k, place)
      JOIN _groups g ON g.projection = u.p AND g.board_id = u.b AND g.id = u.k
      """, CheckpointWriter.arrays(keys))
  }

  /// Of what `statesQuery` gives.
  func states(_ keys: [SharedKey], _ rows: PostgresResult) throws -> [GroupState?] {
    var states = [GroupState?](repeating: nil, count: keys.count)
    for row in 0..<rows.count {
      let place = try rows.place(row, below: keys.count)
      guard let plan = plans[keys[place].id] else { throw StateError() }
      states[place] = try rows.withBytes(row, 1) { bytes in
        guard let bytes, bytes.count > 0 else { return nil }
        return try GroupState(bytes: bytes, plan)
      }
    }
    return states
  }

  /// Boards of a leaderboard, in the order of `keys`; those that are not there are missing.
  func boards(_ id: ProjectionID, _ keys: [[UInt8]]) throws -> [Board] {
    CheckpointWriter.boards(try connection.run([CheckpointWriter.boardsQuery(id, keys)])[0])
  }

  static func boardsQuery(_ id: ProjectionID, _ keys: [[UInt8]]) -> PostgresQuery {
    PostgresQuery(
      """
      SELECT coalesce(b.board, b.id), b.latest, b.period, b.opened_at, b.closes_at, b.closed_at, b.members, b.is_shown
      FROM unnest($2::bytea[]) WITH ORDINALITY AS u (k, place) JOIN _boards b ON b.projection = $1 AND b.id = u.k ORDER BY u.place
      """, [.projection(id), .blobs(keys.map { BoundedKey.id($0) })])
  }

  /// Of what `boardsQuery` gives.
  static func boards(_ rows: PostgresResult) -> [Board] {
    (0..<rows.count).map { row in
      Board(
        bytes: rows.bytes(row, 0) ?? [], latest: rows.bytes(row, 1) ?? [], period: rows.bytes(row, 2) ?? [],
        openedAt: rows.instant(row, 3), closesAt: rows.optionalInstant(row, 4), closedAt: rows.optionalInstant(row, 5),
        members: Int(rows.int64(row, 6)), isShown: rows.boolean(row, 7))
    }
  }

  func store(_ boards: [Board], of id: ProjectionID) throws {
    if boards.isEmpty { return }
    var (closes, closed, shown) = (PostgresArray(.bigint), PostgresArray(.bigint), PostgresArray(.boolean))
    for board in boards {
      closes.append(optional: board.closesAt?.rawValue)
      closed.append(optional: board.closedAt?.rawValue)
      shown.append(board.isShown)
    }
    try write(
      """
      UPDATE _boards b SET latest = u.latest, period = u.period, opened_at = u.opened_at, closes_at = u.closes_at,
      closed_at = u.closed_at, members = u.members, is_shown = u.is_shown
      FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[])
      AS u (board, latest, period, opened_at, closes_at, closed_at, members, is_shown)
      WHERE b.projection = $1 AND b.id = u.board
      """, .projection(id), .blobs(boards.map { BoundedKey.id($0.bytes) }), .blobs(boards.map(\.latest)),
      .blobs(boards.map(\.period)),
      .bigints(boards.map(\.openedAt.rawValue)), .array(closes), .array(closed), .bigints(boards.map { Int64($0.members) }),
      .array(shown))
  }

  static let watermarksQuery = PostgresQuery("SELECT table_name, min(watermark) FROM _lanes GROUP BY table_name")

  /// Of what `watermarksQuery` gives, the least watermark of the lanes that feed a projection: no record below it will come.
  func leastWatermarks(of ids: [ProjectionID], _ rows: PostgresResult) -> [ProjectionID: Instant] {
    var tables: [String: Instant] = [:]
    for row in 0..<rows.count { tables[rows.text(row, 0) ?? ""] = rows.instant(row, 1) }
    var least: [ProjectionID: Instant] = [:]
    for id in ids {
      least[id] =
        pipeline.projections[id].sources.map { tables[pipeline.tables[$0.table].name] ?? .distantPast }.min() ?? .distantFuture
    }
    return least
  }
}
