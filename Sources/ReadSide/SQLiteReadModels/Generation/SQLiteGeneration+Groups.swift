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
    /// Whether the store had nothing of it, and so no row either.
    let isNew: Bool
  }

  func writeGroups(_ id: ProjectionID, _ deltas: [BytesKey: GroupDelta], _ result: inout CheckpointResult) throws {
    guard let plan = plans[id] else { return }
    let watermark = try leastWatermark(of: id)
    let sorted = Bytes.sorted(deltas)
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
        try writer.write(group.key + group.shown.values + trace(group.state.stamp), isNew: group.isNew)
      } else {
        try writer.delete(group.key)
      }
    }
  }

  func merge(
    _ id: ProjectionID, _ plan: GroupPlan, _ key: [UInt8], delta: GroupDelta, watermark: Instant
  ) throws -> MergedGroup {
    var values = StoredValues(statements: try groupStatements(), projection: id, key: key, watermark: watermark)
    let known = try state(id, key, plan)
    var state = known ?? GroupState(plan)
    try state.merge(delta, plan, &values)
    let isAlive = state.isAlive(plan)
    let shown = isAlive ? try state.shown(plan, &values) : GroupState.Shown()
    return MergedGroup(key: delta.key, bytes: key, state: state, shown: shown, isAlive: isAlive, isNew: known == nil)
  }

  /// A group as it is, for a row that is derived again. Nil for a member without a score.
  func shownGroup(_ id: ProjectionID, _ plan: GroupPlan, _ key: [UInt8]) throws -> MergedGroup? {
    guard var state = try state(id, key, plan), state.isAlive(plan),
      let values = Value.values(ordered: key, count: plan.keyCount)
    else { return nil }
    var stored = StoredValues(statements: try groupStatements(), projection: id, key: key, watermark: .distantPast)
    let shown = try state.shown(plan, &stored)
    return MergedGroup(key: values, bytes: key, state: state, shown: shown, isAlive: true, isNew: false)
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

  func groupStatements() throws(SQLiteError) -> GroupStatements {
    if let preparedGroupStatements { return preparedGroupStatements }
    let made = try GroupStatements(connection)
    preparedGroupStatements = made
    return made
  }

  func state(_ id: ProjectionID, _ key: [UInt8], _ plan: GroupPlan) throws -> GroupState? {
    let find = try groupStatements().findState
    try find.bindGroup(id, key)
    defer { find.reset() }
    guard try find.step() else { return nil }
    return try find.withBytes(0) { bytes in try GroupState(bytes: bytes ?? .init(start: nil, count: 0), plan) }
  }

  func store(_ id: ProjectionID, _ group: MergedGroup, rank: [UInt8]?) throws {
    let put = try groupStatements().putState
    try put.bindGroup(id, group.bytes)
    try put.bind(3, blob: group.state.bytes)
    if group.isAlive { try put.bind(4) } else { try put.bind(4, group.state.stamp.time.rawValue) }
    if let rank { try put.bind(5, blob: rank) } else { try put.bind(5) }
    try put.run()
  }
}
