internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// What checkpoints write.
extension MemoryGeneration {
  mutating func write(
    _ changes: LaneChanges, _ lane: LaneID, _ result: inout CheckpointResult,
    _ check: (MemoryReadModels.Part) throws(ReadModelError) -> Void
  ) throws(ReadModelError) {
    try check(.collection)
    for (id, all) in changes.collections {
      result.rows += all.count
      for item in all.cleared {
        let place = pipeline.projections[id].table.columns.firstIndex { $0.name == "_item" } ?? 0
        rows[id] = rows[id]?.filter { $0.value[place] != .bytes(item) }
      }
      for change in all.rows.values {
        switch change {
        case nil: break
        case .insert(let inputs, let itemKey, let stamp), .upsert(let inputs, let itemKey, let stamp):
          write(id, inputs + [.bytes(itemKey)] + trace(stamp))
        case .delete(let key, let itemKey): rows[id]?[BytesKey(Value.ordered(key + [.bytes(itemKey)]))] = nil
        }
      }
    }
    try check(.groups)
    for (id, deltas) in changes.groups {
      do {
        try merge(id, deltas, &result)
      } catch {
        throw .damaged(path: "memory", "\(error)")
      }
    }
    try check(.sessions)
    for (id, changed) in changes.sessions {
      write(id, changed, lane)
      result.rows += changed.count
    }
    for (id, changed) in changes.histories {
      write(id, changed)
      result.rows += changed.rows.count
    }
    try check(.steps)
    for handed in changes.steps { steps[handed.projection, default: []].append(handed) }
    try check(.deadLetters)
    for letter in changes.deadLetters { write(letter) }
    result.deadLetters = changes.deadLetters.count + misfitsBegun
    misfitsBegun = 0
    try check(.outbox)
    for entry in changes.outbox { write(entry, lane) }
    result.effects = changes.outbox.count
    suppressed += changes.suppressedEffects
    try check(.commit)
  }

  private mutating func merge(_ id: ProjectionID, _ deltas: GroupDeltas, _ result: inout CheckpointResult) throws {
    guard let plan = plans[id] else { return }
    result.rows += deltas.count
    let watermark = leastWatermark(id)
    var touched: Set<BytesKey> = []
    for slot in deltas.sortedSlots {
      let key = BytesKey(deltas.key(slot))
      guard let group = Value.values(ordered: key.bytes, count: plan.keyCount) else { throw StateError() }
      var state = groups[id]?[key] ?? GroupState(plan)
      var own = values[id]?[key] ?? MemoryValues()
      own.watermark = watermark
      try state.merge(deltas, slot, plan, values: &own)
      let isAlive = state.isAlive(plan)
      let shown = isAlive ? try state.shown(plan, &own) : GroupState.Shown()
      note(id, plan, key, group, state.stamp, shown.misfits)
      state.hasMisfit = !shown.misfits.isEmpty
      let wasPlaced = state.isPlaced
      state.isPlaced = plan.boardCount != nil && isAlive && shown.hasScores(plan)
      groups[id, default: [:]][key] = state
      values[id, default: [:]][key] = own
      guard let count = plan.boardCount else {
        if isAlive { write(id, group + shown.values + trace(state.stamp)) } else { rows[id]?[key] = nil }
        continue
      }
      let board = Array(group[..<count])
      touched.insert(BytesKey(Value.ordered(board)))
      moveBoard(id, board, deltas.stamp(slot), more: (state.isPlaced ? 1 : 0) - (wasPlaced ? 1 : 0))
    }
    if plan.boardCount != nil {
      result.boards.insert(id)
      try deriveBoards(id, touched)
    }
  }

  private mutating func note(
    _ id: ProjectionID, _ plan: GroupPlan, _ key: BytesKey, _ values: [Value], _ stamp: Stamp, _ misfits: [Int]
  ) {
    let projection = pipeline.projections[id]
    for (place, column) in plan.columns.enumerated() where column.function.canMisfit {
      let id = MemoryLetter.ID(projection: projection.name, kind: "group", subject: key.bytes + Array(column.name.utf8))
      let before = letters.removeValue(forKey: id)
      guard misfits.contains(place) else { continue }
      if before == nil { misfitsBegun += 1 }
      let shown = values.map(\.description).joined(separator: ", ")
      letters[id] = MemoryLetter(
        table: pipeline.tables[projection.sources[0].table].name, partition: stamp.partition, sequence: stamp.sequence,
        at: stamp.time,
        path: column.name, reason: "the sum or mean of group \(shown) does not fit its type: it is shown as null until it does")
    }
  }

  private mutating func write(_ id: ProjectionID, _ changes: SessionChanges, _ lane: LaneID) {
    guard case .sessions(let sessions) = pipeline.projections[id].kind else { return }
    var mine = sessions_(id, lane)
    for state in changes.ended {
      write(id, state.row(sessions) + trace(state.stamp))
      note(id, state, sessions)
      mine[BytesKey(Value.ordered(state.key))] = nil
    }
    for change in changes.active {
      let state = change.state
      write(id, state.row(sessions) + trace(state.stamp))
      note(id, state, sessions)
      let key = Value.ordered(state.key)
      // A store may leave the due instant as it is where the change says so.
      let due = change.isStored ? mine[BytesKey(key)]?.due : change.due
      mine[BytesKey(key)] = StoredSessions.Entry(key: key, session: .active(state), due: due)
    }
    for (key, rest) in changes.rests { mine[BytesKey(key)] = rest.map { .init(key: key, session: .rest($0), due: $0.due) } }
    for state in changes.final + changes.timed.flatMap(\.rows) {
      write(id, state.row(sessions) + trace(state.stamp))
      note(id, state, sessions)
    }
    for change in changes.timed {
      for gone in change.gone {
        rows[id]?[BytesKey(Value.ordered(change.values + [.string(gone.sessionID)]))] = nil
        for column in sessions.columns {
          letters[letter(id, change.values, gone.sessionID, column: column.name)] = nil
        }
      }
      mine[BytesKey(change.key)] = change.kept.map { .init(key: change.key, session: .timed($0), due: change.due) }
    }
    self.sessions[id, default: [:]][lane] = mine
  }

  private func sessions_(_ id: ProjectionID, _ lane: LaneID) -> [BytesKey: StoredSessions.Entry] { sessions[id]?[lane] ?? [:] }

  private func letter(_ id: ProjectionID, _ key: [Value], _ sessionID: String, column: String) -> MemoryLetter.ID {
    MemoryLetter.ID(
      projection: pipeline.projections[id].name, kind: "session",
      subject: Value.ordered(key + [.string(sessionID)]) + Array(column.utf8))
  }

  private mutating func note(_ id: ProjectionID, _ state: SessionState, _ sessions: Sessions) {
    let misfits = state.misfits(sessions)
    for (place, column) in sessions.columns.enumerated() where column.function.canMisfit {
      let id = letter(id, state.key, state.sessionID, column: column.name)
      let before = letters.removeValue(forKey: id)
      guard misfits.contains(place) else { continue }
      if before == nil { misfitsBegun += 1 }
      let shown = state.key.map(\.description).joined(separator: ", ")
      letters[id] = MemoryLetter(
        table: pipeline.tables[sessions.sources[0].table].name, partition: state.stamp.partition, sequence: state.stamp.sequence,
        at: state.stamp.time, path: column.name,
        reason: "the sum or mean of session \(shown) does not fit its type: it is shown as null until it does")
    }
  }

  private mutating func write(_ id: ProjectionID, _ changes: HistoryChanges) {
    guard case .history(let history) = pipeline.projections[id].kind else { return }
    for row in changes.rows { write(id, row.values + trace(row.stamp)) }
    let position = pipeline.projections[id].table.columns.count - 1
    if let expiry = changes.expiry {
      rows[id] = rows[id]?.filter { row in
        guard case .string(let place) = row.value[position] else { return true }
        return row.value[history.keyCount] >= .timestamp(expiry.before) || !expiry.positions.contains(place)
      }
    }
    guard let count = history.keepRows else { return }
    let order = history.orderColumns(of: pipeline.projections[id].table)
    for key in changes.keys(history.keyCount) {
      let own = (rows[id] ?? [:]).filter { Array($0.value[..<history.keyCount]) == key }.sorted { left, right in
        order.map { left.value[$0] }.lexicographicallyPrecedes(order.map { right.value[$0] })
      }
      for row in own.dropLast(count) { rows[id]?[row.key] = nil }
    }
  }

  private mutating func write(_ letter: DeadLetter) {
    let subject = Array("\(letter.table):\(letter.partition):\(letter.sequence)".utf8)
    let id = MemoryLetter.ID(projection: letter.projection, kind: "record", subject: subject)
    if letters[id] == nil { letterCounts[letter.projection, default: 0] += 1 }
    letters[id] = MemoryLetter(
      table: letter.table, partition: letter.partition, sequence: letter.sequence, at: letter.time, path: letter.path,
      reason: letter.reason)
    guard letterCounts[letter.projection, default: 0] > MemoryReadModels.deadLettersMax else { return }
    let mine = letters.keys.filter { $0.projection == letter.projection && $0.kind == "record" }
    guard mine.count > MemoryReadModels.deadLettersMax else { return }
    // Which are kept depends on nothing but which there were.
    if let last = mine.max(by: { DeadLetterSample.number(of: $0.subject) < DeadLetterSample.number(of: $1.subject) }) {
      letters[last] = nil
    }
  }
}
