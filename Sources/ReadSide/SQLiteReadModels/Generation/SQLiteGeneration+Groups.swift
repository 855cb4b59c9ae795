internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// Aggregates: deltas are merged under the write lock, and the rows derived from what is there then. Boards go on from it in their own file.
extension SQLiteGeneration {
  /// A group after a delta was merged into it.
  struct MergedGroup {
    let key: [Value]
    let bytes: [UInt8]
    var state: GroupState
    let shown: GroupState.Shown
    let isAlive: Bool
  }

  func writeGroups(_ id: ProjectionID, _ deltas: [BytesKey: GroupDelta], _ result: inout CheckpointResult) throws {
    guard let plan = plans[id] else { return }
    let watermark = try leastWatermark(of: id)
    let sorted = deltas.sorted { Bytes.less($0.key.bytes, $1.key.bytes) }
    if plan.boardCount != nil {
      try writeBoards(id, plan, sorted.map { ($0.key.bytes, $0.value) }, watermark: watermark, result: &result)
      return
    }
    let writer = try rows(id)
    for (key, delta) in sorted {
      var group = try merge(id, plan, key.bytes, delta: delta, watermark: watermark)
      result.rows += 1
      try writeMisfits(id, plan, &group)
      // An empty group keeps its stamp: another lane may bring an earlier change, and what the row says must not depend on who came first.
      try store(id, group, rank: nil)
      if group.isAlive {
        try writer.write(group.key + group.shown.values + trace(group.state.stamp))
      } else {
        try writer.delete(group.key)
      }
    }
  }

  func merge(
    _ id: ProjectionID, _ plan: GroupPlan, _ key: [UInt8], delta: GroupDelta, watermark: Instant
  ) throws -> MergedGroup {
    var values = StoredValues(connection: connection, projection: id, key: key, watermark: watermark)
    var state = try state(id, key, plan) ?? GroupState(plan)
    try state.merge(delta, plan, &values)
    let isAlive = state.isAlive(plan)
    let shown = isAlive ? try state.shown(plan, &values) : GroupState.Shown()
    return MergedGroup(key: delta.key, bytes: key, state: state, shown: shown, isAlive: isAlive)
  }

  /// A group as it is, for a row that is derived again. Nil for a member without a score.
  func shownGroup(_ id: ProjectionID, _ plan: GroupPlan, _ key: [UInt8]) throws -> MergedGroup? {
    guard let state = try state(id, key, plan), state.isAlive(plan),
      let values = Value.values(ordered: key, count: plan.keyCount)
    else { return nil }
    var stored = StoredValues(connection: connection, projection: id, key: key, watermark: .distantPast)
    let shown = try state.shown(plan, &stored)
    return MergedGroup(key: values, bytes: key, state: state, shown: shown, isAlive: true)
  }

  /// Dead letters of sums that do not fit, as long as they do not.
  func writeMisfits(_ id: ProjectionID, _ plan: GroupPlan, _ group: inout MergedGroup) throws {
    let has = !group.shown.misfits.isEmpty
    if has || group.state.hasMisfit {
      try writeMisfits(
        id, kind: "group", key: group.bytes, shown: "group \(group.key.map(\.description).joined(separator: ", "))",
        stamp: group.state.stamp, misfits: group.shown.misfits, columns: plan.columns.map { ($0.name, $0.function == .sum) })
    }
    group.state.hasMisfit = has
  }

  func state(_ id: ProjectionID, _ key: [UInt8], _ plan: GroupPlan) throws -> GroupState? {
    let statement = try connection.statement(
      "SELECT state FROM _groups WHERE projection = ?1 AND key = ?2", [.projection(id), .blob(key)])
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return try statement.withBytes(0) { bytes in try GroupState(bytes: bytes ?? .init(start: nil, count: 0), plan) }
  }

  func store(_ id: ProjectionID, _ group: MergedGroup, rank: [UInt8]?) throws {
    try connection.run(
      "INSERT OR REPLACE INTO _groups (projection, key, state, empty_at, rank) VALUES (?1, ?2, ?3, ?4, ?5)", .projection(id),
      .blob(group.bytes), .blob(group.state.bytes), group.isAlive ? .null : .instant(group.state.stamp.time),
      rank.map { .blob($0) } ?? .null)
  }
}
