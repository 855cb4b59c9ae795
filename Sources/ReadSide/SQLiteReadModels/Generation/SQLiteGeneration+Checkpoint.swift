internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
package import ReadModels
internal import SQLite

extension SQLiteGeneration {
  /// Commits what a lane has made, in one transaction. In this order, and all of it or nothing:
  ///
  /// 1. the write lock is taken;
  /// 2. the lane's position goes from `old` to `new`, if it still is `old`, else `superseded`;
  /// 3. collection rows are written and deleted, in key order;
  /// 4. groups are merged with what is there, and their rows derived from the result;
  /// 5. changed sessions are written, and the state of active ones beside them; rows of histories are added, and those that are too many or too old go;
  /// 6. steps for the decider, dead letters and effects are added;
  /// 7. what rows were added and taken away goes into the lane's digests;
  /// 8. commit, synced when an effect is in it.
  package func checkpoint(_ checkpoint: LaneCheckpoint) throws(ReadModelError) -> CheckpointResult {
    try write(synced: !checkpoint.changes.outbox.isEmpty) { result in
      try move(checkpoint.lane, from: checkpoint.old, to: checkpoint.new)
      try write(checkpoint.changes, of: checkpoint.lane, result: &result)
      try writeDigests(checkpoint.lane)
    }
  }

  /// One transaction that holds the write lock from its beginning.
  func write(synced: Bool, _ body: (inout CheckpointResult) throws -> Void) throws(ReadModelError) -> CheckpointResult {
    defer { moveLog() }
    return try run {
      if synced { try connection.execute("PRAGMA synchronous = FULL") }
      defer { if synced { try? connection.execute("PRAGMA synchronous = NORMAL") } }
      defer { (writers, rowless) = ([:], [:]) }
      (misfitsBegun, journaled) = (0, [:])
      return try connection.transaction {
        var result = CheckpointResult()
        try body(&result)
        try writeJournal()
        result.deadLetters += misfitsBegun
        return result
      }
    }
  }

  /// Steps 3 to 6, of a lane or of the decider.
  func write(_ changes: LaneChanges, of lane: LaneID, result: inout CheckpointResult) throws {
    for id in changes.collections.keys.sorted() {
      result.rows += try writeCollection(id, changes.collections[id] ?? CollectionChanges())
    }
    for (id, deltas) in changes.groups.sorted(by: { $0.key < $1.key }) { try writeGroups(id, deltas, &result) }
    for id in changes.sessions.keys.sorted() {
      result.rows += try writeSessions(id, changes.sessions[id] ?? SessionChanges(), of: lane)
    }
    for id in changes.histories.keys.sorted() {
      result.rows += try writeHistory(id, changes.histories[id] ?? HistoryChanges())
    }
    try writeSteps(changes.steps)
    result.deadLetters = try writeDeadLetters(changes.deadLetters)
    result.effects = try writeOutbox(changes.outbox, of: lane)
    if changes.suppressedEffects > 0 { try count("suppressed_effects", changes.suppressedEffects) }
  }

  func count(_ name: String, _ more: Int) throws {
    try connection.run(
      "INSERT INTO _counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2", .text(name),
      .int(more))
  }

  private func writeCollection(_ id: ProjectionID, _ changes: CollectionChanges) throws -> Int {
    let writer = try self.rows(id)
    if !changes.cleared.isEmpty {
      let clear = try connection.statement(writer.table.clearStatement)
      for item in changes.cleared {
        try Value.bytes(item).bindSortable(to: clear, at: 1)
        try writer.took(clear)
      }
    }
    func write(_ inputs: [Value], _ itemKey: [UInt8], _ stamp: Stamp, isNew: Bool) throws {
      for value in inputs { writer.add(value) }
      writer.add(.bytes(itemKey))
      writer.add(stamp)
      try writer.finish(isNew: isNew)
    }
    for slot in changes.rows.sortedSlots {
      switch changes.rows.values[slot] {
      case .insert(let inputs, let itemKey, let stamp): try write(inputs, itemKey, stamp, isNew: true)
      case .upsert(let inputs, let itemKey, let stamp): try write(inputs, itemKey, stamp, isNew: false)
      case .delete(let key, let itemKey): try writer.delete(key + [.bytes(itemKey)])
      case nil: break
      }
    }
    return changes.count
  }

  private func writeSteps(_ steps: [HandedStep]) throws {
    for handed in steps {
      try connection.run(
        "INSERT OR REPLACE INTO _steps (projection, stamp, place, step) VALUES (?1, ?2, ?3, ?4)", .projection(handed.projection),
        .blob(handed.step.stamp.ordered), .int(handed.place), .blob(handed.step.bytes))
    }
  }

  private func writeOutbox(_ entries: [OutboxEntry], of lane: LaneID) throws -> Int {
    for entry in entries {
      let action = OutboxAction(entry, pipeline)
      let origin: (sequence: SequenceNumber?, firedAt: Instant?) =
        switch entry.origin {
        case .record(let sequence): (sequence, nil)
        case .deadline(let firedAt): (nil, firedAt)
        }
      try connection.run(
        """
        INSERT OR IGNORE INTO _outbox (idempotency_key, effect, at, change_order, action, state, attempts, not_before, note,
        table_number, partition, sequence, fired_at, is_handed_over, target)
        VALUES (?1, ?2, ?3, ?4, ?5, 'pending', 0, 0, '', ?6, ?7, ?8, ?9, 0, ?10)
        """, .text(entry.idempotencyKey), .text(entry.name), .instant(entry.time),
        .int(Int64(clamping: entry.order.rawValue)), .text(action.json), .table(lane.table), .int(lane.partition),
        .optional(origin.sequence), .optional(origin.firedAt), .text(action.target))
    }
    return entries.count
  }
}
