internal import ChangeRecords
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
    let origin: Origin

    /// Where the state was.
    enum Origin {
      /// Nowhere: the group begins, and has no row either.
      case none
      case row(RowWriter.Found)
      case groups
    }

    var isNew: Bool { if case .none = origin { true } else { false } }
  }

  /// Where a group's state is to be looked for.
  enum Place {
    /// In its row, and if there is none among the states without.
    case row
    case groups
    /// Nowhere: it cannot be there.
    case none
  }

  func writeGroups(_ id: ProjectionID, _ deltas: GroupDeltas, _ result: inout CheckpointResult) throws {
    guard let plan = plans[id] else { return }
    let watermark = try leastWatermark(of: id)
    if plan.boardCount != nil {
      try writeBoards(id, plan, deltas, watermark: watermark, result: &result)
      return
    }
    for slot in deltas.sortedSlots {
      var group = try merge(id, plan, deltas, slot: slot, in: .row, watermark: watermark)
      result.rows += 1
      try writeMisfits(id, plan, &group)
      // An empty group keeps its stamp: another lane may bring an earlier change, and what the row says must not depend on who came first.
      try put(id, group, hasRow: group.isAlive) { writer in for value in group.shown.values { writer.add(value) } }
    }
  }

  func merge(
    _ id: ProjectionID, _ plan: GroupPlan, _ deltas: GroupDeltas, slot: Int, in place: Place, watermark: Instant
  ) throws -> MergedGroup {
    let key = deltas.key(slot)
    let own = try SQLiteGeneration.values(key, plan)
    var values = StoredValues(statements: try groupStatements(), projection: id, key: key, watermark: watermark)
    var (state, origin) = try find(id, plan, key, values: own, in: place) ?? (GroupState(plan), .none)
    try state.merge(deltas, slot, plan, values: &values)
    let isAlive = state.isAlive(plan)
    let shown = isAlive ? try state.shown(plan, &values) : GroupState.Shown()
    return MergedGroup(key: own, bytes: key, state: state, shown: shown, isAlive: isAlive, origin: origin)
  }

  /// The values of a group's key.
  static func values(_ key: [UInt8], _ plan: GroupPlan) throws(StateError) -> [Value] {
    guard let values = Value.values(ordered: key, count: plan.keyCount) else { throw StateError() }
    return values
  }

  private func find(
    _ id: ProjectionID, _ plan: GroupPlan, _ key: [UInt8], values: [Value], in place: Place
  ) throws -> (GroupState, MergedGroup.Origin)? {
    switch place {
    case .none: return nil
    case .groups: break
    case .row:
      if let (found, state) = try rows(id).find(values, state: { try GroupState(bytes: $0, plan) }) {
        return (state, .row(found))
      }
      guard try hasStates(id) else { return nil }
    }
    return try state(id, key, plan).map { ($0, .groups) }
  }

  /// Whether there are states without rows.
  private func hasStates(_ id: ProjectionID) throws -> Bool {
    if let known = rowless[id] { return known }
    let found = try connection.integer("SELECT EXISTS (SELECT 1 FROM _groups WHERE projection = ?1)", .projection(id)) == 1
    rowless[id] = found
    return found
  }

  /// Writes a group: its row, with the state in it, or the state alone when it has none. For tables that keep states. `cells` adds the columns
  /// between those of the group and the last change.
  func put(_ id: ProjectionID, _ group: MergedGroup, hasRow: Bool, cells: (RowWriter) -> Void = { _ in }) throws {
    let writer = try rows(id)
    guard hasRow else {
      if case .row = group.origin { try writer.delete(group.key) }
      return try store(id, group, rank: nil)
    }
    var found: RowWriter.Found?
    if case .row(let known) = group.origin { found = known }
    for value in group.key { writer.add(value) }
    cells(writer)
    writer.add(group.state.stamp)
    try writer.finish(
      state: group.state.bytes, over: found, reachedOrder: Int64(bitPattern: group.shown.reached.order.rawValue))
    if case .groups = group.origin { try removeState(id, group.bytes) }
  }

  /// A group that has no row, as it is, for a row that is derived again. Nil for a member without a score.
  func shownGroup(_ id: ProjectionID, _ plan: GroupPlan, _ key: [UInt8]) throws -> MergedGroup? {
    guard var state = try state(id, key, plan), state.isAlive(plan),
      let values = Value.values(ordered: key, count: plan.keyCount)
    else { return nil }
    var stored = StoredValues(statements: try groupStatements(), projection: id, key: key, watermark: .distantPast)
    let shown = try state.shown(plan, &stored)
    return MergedGroup(key: values, bytes: key, state: state, shown: shown, isAlive: true, origin: .groups)
  }

  /// Dead letters of sums that do not fit, as long as they do not.
  func writeMisfits(_ id: ProjectionID, _ plan: GroupPlan, _ group: inout MergedGroup) throws {
    let has = !group.shown.misfits.isEmpty
    if has || group.state.hasMisfit {
      try writeMisfits(
        id, kind: "group", key: group.bytes, shown: "group \(group.key.map(\.description).joined(separator: ", "))",
        stamp: group.state.stamp, misfits: group.shown.misfits, columns: plan.columns.map { ($0.name, $0.function.canMisfit) })
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

  /// Writes the state of a group that has no row with a column for it.
  func store(_ id: ProjectionID, _ group: MergedGroup, rank: [UInt8]?) throws {
    let emptyAt = group.isAlive ? nil : group.state.stamp.time
    try store(id, group.bytes, state: group.state.bytes, emptyAt: emptyAt, rank: rank)
  }

  func store(_ id: ProjectionID, _ key: [UInt8], state: [UInt8], emptyAt: Instant?, rank: [UInt8]?) throws {
    rowless[id] = true
    let put = try groupStatements().putState
    try put.bindGroup(id, key)
    try put.bind(3, blob: state)
    if let emptyAt { try put.bind(4, emptyAt.rawValue) } else { try put.bind(4) }
    if let rank { try put.bind(5, blob: rank) } else { try put.bind(5) }
    try put.run()
  }

  func removeState(_ id: ProjectionID, _ key: [UInt8]) throws {
    let remove = try groupStatements().removeState
    try remove.bindGroup(id, key)
    try remove.run()
  }
}
