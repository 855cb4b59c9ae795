internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// Aggregates and leaderboards: deltas are merged under the locks of their groups, and rows derived from what is there then.
extension CheckpointWriter {
  func writeGroups(_ changes: [ProjectionID: GroupDeltas]) throws {
    let ids = changes.filter { plans[$0.key] != nil && !$0.value.isEmpty }.keys.sorted()
    if ids.isEmpty { return }
    var deltas: [(key: SharedKey, delta: GroupDelta)] = []
    for id in ids {
      guard let plan = plans[id], let map = changes[id] else { continue }
      let rules = self.rules[id]
      let all = GroupDelta.All(map)
      for slot in map.sortedSlots {
        let delta = try GroupDelta(all, slot, plan)
        let board = rules?.board(of: delta.key) ?? []
        deltas.append((SharedKey(id, map.key(slot), board: board), delta))
      }
    }
    // The members of a board stand one after the other.
    var boardKeys: [SharedKey] = []
    for (key, _) in deltas where self.rules[key.id] != nil && (boardKeys.last?.bytes != key.board || boardKeys.last?.id != key.id)
    {
      boardKeys.append(SharedKey(key.id, key.board))
    }
    // The members of a board are locked with it.
    let isOnBoard = Set(boardKeys.map(\.id))
    try lock(keeping: keeping(ids), boards: boardKeys, groups: deltas.map(\.key).filter { !isOnBoard.contains($0.id) })
    let keys = Dictionary(grouping: boardKeys, by: \.id).mapValues { $0.map(\.bytes) }
    let (works, boards) = try read(deltas, ids, boards: keys)
    try merge(works)
    try derive(works)
    for work in works { settle(work) }
    try writeStates(works)
    result.rows += works.count
    var all: [TouchedBoards] = []
    for id in ids {
      let own = works.indices.filter { works[$0].id == id }
      if let rules = self.rules[id] {
        result.boards.insert(id)
        all.append(try TouchedBoards(rules, boards[id] ?? [], works, of: own))
      } else {
        try writeRows(id, works, own)
      }
    }
    try writeBoards(all, works)
  }

  /// What is locked, as it is now: the groups, and by leaderboard the boards with these keys.
  private func read(
    _ deltas: [(key: SharedKey, delta: GroupDelta)], _ ids: [ProjectionID], boards keys: [ProjectionID: [[UInt8]]]
  ) throws -> (works: [GroupWork], boards: [ProjectionID: [Board]]) {
    let shared = deltas.map(\.key)
    let leaderboards = keys.sorted { $0.key < $1.key }
    let rows = try connection.run(
      [CheckpointWriter.watermarksQuery, statesQuery(shared)]
        + leaderboards.map { CheckpointWriter.boardsQuery($0.key, $0.value) })
    let watermarks = leastWatermarks(of: ids, rows[0])
    let works = try zip(deltas, try states(shared, rows[1])).map { entry, state in
      guard let plan = plans[entry.key.id] else { throw StateError() }
      return GroupWork(
        entry.key, plan, key: entry.delta.key, state: state, delta: entry.delta,
        watermark: watermarks[entry.key.id] ?? .distantPast)
    }
    var boards: [ProjectionID: [Board]] = [:]
    for (place, own) in leaderboards.enumerated() { boards[own.key] = CheckpointWriter.boards(rows[place + 2]) }
    return (works, boards)
  }

  /// Dead letters of sums that do not fit, as long as they do not, and whether a board shows the member.
  private func settle(_ work: GroupWork) {
    let has = !work.shown.misfits.isEmpty
    if has || work.state.hasMisfit {
      noteMisfits(
        work.id, kind: "group", key: work.bytes, shown: "group \(work.key.map(\.description).joined(separator: ", "))",
        stamp: work.state.stamp, misfits: work.shown.misfits, columns: work.plan.columns.map { ($0.name, $0.function.canMisfit) })
    }
    work.state.hasMisfit = has
    if work.plan.boardCount != nil { work.state.isPlaced = work.isAlive && work.shown.hasScores(work.plan) }
  }

  private func writeStates(_ works: [GroupWork]) throws {
    var (empty, ranks) = (PostgresArray(.bigint), PostgresArray(.bytes))
    var rests = PostgresArray(.bytes)
    for work in works {
      rests.append(optional: BoundedKey.rest(work.bytes))
      // An empty group keeps its stamp: another lane may bring an earlier change, and what the row says must not depend on who came first.
      empty.append(optional: work.isAlive ? nil : work.state.stamp.time.rawValue)
      ranks.append(optional: rules[work.id]?.rank(work))
    }
    try write(
      """
      INSERT INTO _groups (projection, board_id, id, key, state, empty_at, rank)
      SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bytea[])
      ON CONFLICT (projection, board_id, id) DO UPDATE SET state = excluded.state, empty_at = excluded.empty_at, rank = excluded.rank
      """,
      CheckpointWriter.arrays(works.map(\.sharedKey))
        + [.array(rests), .blobs(works.map(\.state.bytes)), .array(empty), .array(ranks)])
  }

  private func writeRows(_ id: ProjectionID, _ works: [GroupWork], _ own: [Int]) throws {
    var batch = RowBatch(tables[id.rawValue])
    for index in own {
      let work = works[index]
      if work.isAlive {
        try batch.add(work.key)
        try batch.add(work.shown.values)
        try batch.add(work.state.stamp)
        batch.endRow()
      } else {
        batch.delete(work.key)
      }
    }
    try write(batch, of: id)
  }
}
