internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// What several lanes touch: locked in one order, then read.
extension CheckpointWriter {
  /// A row that several lanes touch, by its projection and key.
  struct SharedKey: Hashable {
    let id: ProjectionID
    let bytes: [UInt8]

    static func isBefore(_ left: SharedKey, _ right: SharedKey) -> Bool {
      left.id == right.id ? Bytes.less(left.bytes, right.bytes) : left.id < right.id
    }
  }

  /// The leaderboards among these that keep their latest boards only.
  func keeping(_ ids: some Sequence<ProjectionID>) -> [ProjectionID] {
    ids.filter { BoardRules($0, pipeline, plans)?.leaderboard.keepBoards != nil }.sorted()
  }

  /// Locks leaderboards, then boards, then groups, each in the order of their keys; boards and groups that are missing are made. An upsert that changes
  /// nothing locks as one that does, and also a row that somebody else has deleted or made meanwhile. Nothing is read here: what is locked may have
  /// been changed until now, and only statements that begin later see it.
  func lock(keeping: [ProjectionID], boards: [SharedKey], groups: [SharedKey]) throws {
    var queries: [PostgresQuery] = []
    if !keeping.isEmpty {
      queries.append(
        PostgresQuery(
          "SELECT 1 FROM _keeps WHERE projection = ANY($1::bigint[]) ORDER BY projection FOR UPDATE",
          [.bigints(keeping.map { Int64($0.rawValue) })]))
    }
    if !boards.isEmpty {
      queries.append(
        PostgresQuery(
          """
          INSERT INTO _boards (projection, board, latest, period, opened_at, members, is_shown)
          SELECT p, b, ''::bytea, ''::bytea, \(Int64.max), 0, false FROM unnest($1::bigint[], $2::bytea[]) AS u (p, b)
          ON CONFLICT (projection, board) DO UPDATE SET projection = excluded.projection WHERE false
          """, keys(boards)))
    }
    if !groups.isEmpty {
      queries.append(
        PostgresQuery(
          """
          INSERT INTO _groups (projection, key, state) SELECT p, k, ''::bytea FROM unnest($1::bigint[], $2::bytea[]) AS u (p, k)
          ON CONFLICT (projection, key) DO UPDATE SET projection = excluded.projection WHERE false
          """, keys(groups)))
    }
    _ = try connection.run(queries)
  }

  private func keys(_ keys: [SharedKey]) -> [PostgresValue] {
    let sorted = keys.sorted(by: SharedKey.isBefore)
    return [.bigints(sorted.map { Int64($0.id.rawValue) }), .blobs(sorted.map(\.bytes))]
  }

  /// By key, the state; nil of a group that begins.
  func states(_ keys: [SharedKey]) throws -> [GroupState?] {
    var states = [GroupState?](repeating: nil, count: keys.count)
    try connection.forEach(
      """
      SELECT u.place, g.state FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS u (p, k, place)
      JOIN _groups g ON g.projection = u.p AND g.key = u.k
      """, .bigints(keys.map { Int64($0.id.rawValue) }), .blobs(keys.map(\.bytes))
    ) { rows, row in
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
    var boards: [Board] = []
    try connection.forEach(
      """
      SELECT b.board, b.latest, b.period, b.opened_at, b.closes_at, b.closed_at, b.members, b.is_shown
      FROM unnest($2::bytea[]) WITH ORDINALITY AS u (k, place) JOIN _boards b ON b.projection = $1 AND b.board = u.k ORDER BY u.place
      """, .projection(id), .blobs(keys)
    ) { rows, row in
      boards.append(
        Board(
          bytes: rows.bytes(row, 0) ?? [], latest: rows.bytes(row, 1) ?? [], period: rows.bytes(row, 2) ?? [],
          openedAt: rows.instant(row, 3), closesAt: rows.optionalInstant(row, 4), closedAt: rows.optionalInstant(row, 5),
          members: Int(rows.int64(row, 6)), isShown: rows.boolean(row, 7)))
    }
    return boards
  }

  func store(_ boards: [Board], of id: ProjectionID) throws {
    if boards.isEmpty { return }
    var (closes, closed, shown) = (PostgresArray(.bigint), PostgresArray(.bigint), PostgresArray(.boolean))
    for board in boards {
      closes.append(optional: board.closesAt?.rawValue)
      closed.append(optional: board.closedAt?.rawValue)
      shown.append(board.isShown)
    }
    try connection.run(
      """
      UPDATE _boards b SET latest = u.latest, period = u.period, opened_at = u.opened_at, closes_at = u.closes_at,
      closed_at = u.closed_at, members = u.members, is_shown = u.is_shown
      FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[])
      AS u (board, latest, period, opened_at, closes_at, closed_at, members, is_shown)
      WHERE b.projection = $1 AND b.board = u.board
      """, .projection(id), .blobs(boards.map(\.bytes)), .blobs(boards.map(\.latest)), .blobs(boards.map(\.period)),
      .bigints(boards.map(\.openedAt.rawValue)), .array(closes), .array(closed), .bigints(boards.map { Int64($0.members) }),
      .array(shown))
  }

  /// The least watermark of the lanes that feed a projection: no record below it will come.
  func leastWatermarks(of ids: [ProjectionID]) throws -> [ProjectionID: Instant] {
    var tables: [String: Instant] = [:]
    try connection.forEach("SELECT table_name, min(watermark) FROM _lanes GROUP BY table_name") { rows, row in
      tables[rows.text(row, 0) ?? ""] = rows.instant(row, 1)
    }
    var least: [ProjectionID: Instant] = [:]
    for id in ids {
      least[id] =
        pipeline.projections[id].sources.map { tables[pipeline.tables[$0.table].name] ?? .distantPast }.min() ?? .distantFuture
    }
    return least
  }
}
