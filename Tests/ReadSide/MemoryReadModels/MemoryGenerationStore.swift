package import ChangeLog
package import DynamoModel
package import Pipelines
package import Projections
package import ReadModels
internal import Synchronization

/// A generation in memory, for its writer.
package final class MemoryGenerationStore: GenerationStore {
  package let pipeline: Pipeline
  private let models: MemoryReadModels
  private let directory: String
  private var isClosed = false

  init(_ models: MemoryReadModels, _ directory: String, _ pipeline: Pipeline) throws(ReadModelError) {
    self.pipeline = pipeline
    self.models = models
    self.directory = directory
    let isOther = models.state.withLock { state in
      if let known = state.generations[directory] { return known.pipeline.fingerprint != pipeline.fingerprint }
      state.generations[directory] = MemoryGeneration(pipeline)
      return false
    }
    if isOther { throw .otherFingerprint(path: directory) }
  }

  private func read() throws(ReadModelError) -> MemoryGeneration {
    if isClosed { throw .storage(path: directory, "the store is closed", isFull: false) }
    return try models.read(directory)
  }

  private func write<Result>(_ body: (inout MemoryGeneration) throws(ReadModelError) -> Result) throws(ReadModelError) -> Result {
    if isClosed { throw .storage(path: directory, "the store is closed", isFull: false) }
    return try models.write(directory, body)
  }

  package func addLanes(_ starts: [LaneID: LogCursor]) throws(ReadModelError) {
    try write { (rows) throws(ReadModelError) in
      for (lane, start) in starts where rows.lanes[lane] == nil { rows.lanes[lane] = LanePosition(cursor: start) }
    }
  }

  package func takeLane(_ lane: LaneID, start: LogCursor, sessionsMax: Int) throws(ReadModelError) -> TakenLane {
    try write { (rows) throws(ReadModelError) in
      var position = rows.lanes[lane] ?? LanePosition(cursor: start)
      position.epoch = position.epoch.next
      rows.lanes[lane] = position
      return TakenLane(position: position, sessions: MemoryGenerationStore.sessions(rows, lane, sessionsMax))
    }
  }

  private static func sessions(_ rows: MemoryGeneration, _ lane: LaneID, _ max: Int) -> [ProjectionID: StoredSessions] {
    rows.sessions.compactMapValues { lanes in
      guard let all = lanes[lane]?.values, !all.isEmpty else { return nil }
      return all.count > max
        ? StoredSessions(isWhole: false) : StoredSessions(entries: all.sorted { Bytes.less($0.key, $1.key) })
    }
  }

  package func sessions(
    _ lane: LaneID, _ lookups: [ProjectionID: SessionLookup]
  ) throws(ReadModelError) -> [ProjectionID: FoundSessions] {
    let rows = try read()
    return Dictionary(uniqueKeysWithValues: lookups.map { ($0, MemoryGenerationStore.find($1, rows.sessions[$0]?[lane] ?? [:])) })
  }

  private static func find(_ lookup: SessionLookup, _ all: [BytesKey: StoredSessions.Entry]) -> FoundSessions {
    var found = FoundSessions(entries: lookup.keys.compactMap { all[$0] })
    found.entries += all.values.filter { entry in
      if case .active(let state) = entry.session { lookup.groups.contains(BytesKey(state.liveGroup)) } else { false }
    }
    guard let wanted = lookup.due else { return found }
    let dues = all.values.compactMap(\.due).filter { $0 >= wanted.from }.sorted()
    // As far as one answer goes: what is due at one instant stays together.
    let waiting = dues.filter { $0 < wanted.before }
    let last = waiting.count > wanted.max ? waiting[wanted.max - 1] : nil
    let through = dues.first { due in last.map { due > $0 } ?? (due >= wanted.before) } ?? .distantFuture
    found.entries += all.values.filter { $0.due.map { $0 >= wanted.from && $0 < min(through, wanted.before) } ?? false }
    found.dueThrough = through
    return found
  }

  package func checkpoint(_ checkpoint: LaneCheckpoint) throws(ReadModelError) -> CheckpointResult {
    let models = models
    return try write { (rows) throws(ReadModelError) in
      guard let now = rows.lanes[checkpoint.lane], now.cursor.tableID == checkpoint.old.cursor.tableID,
        now.cursor.sequence == checkpoint.old.cursor.sequence, now.firedThrough == checkpoint.old.firedThrough,
        now.epoch == checkpoint.old.epoch
      else { throw .superseded(table: rows.pipeline.tables[checkpoint.lane.table].name, partition: checkpoint.lane.partition) }
      rows.lanes[checkpoint.lane] = checkpoint.new
      try models.check(.position)
      var result = CheckpointResult()
      try rows.write(checkpoint.changes, checkpoint.lane, &result, models.check)
      rows.writeHashes(checkpoint.lane)
      return result
    }
  }

  package func lanes() throws(ReadModelError) -> [LaneID: LanePosition] { try read().lanes }

  package func takeDecider(sessionsMax: Int) throws(ReadModelError) -> TakenDecider {
    try write { (rows) throws(ReadModelError) in
      rows.epoch = rows.epoch.next
      return TakenDecider(
        epoch: rows.epoch, sessions: MemoryGenerationStore.sessions(rows, .decider, sessionsMax), decided: rows.decided)
    }
  }

  package func steps(_ projection: ProjectionID, below time: Instant, limit: Int) throws(ReadModelError) -> [HandedStep] {
    let waiting = try read().steps[projection] ?? []
    let sorted = waiting.filter { $0.step.stamp.time < time }.sorted {
      $0.step.stamp == $1.step.stamp ? $0.place < $1.place : $0.step.stamp < $1.step.stamp
    }
    return Array(sorted.prefix(limit))
  }

  package func watched(_ projection: ProjectionID, _ keys: [[UInt8]]) throws(ReadModelError) -> [BytesKey: [UInt8]] {
    let all = try read().watched[projection] ?? [:]
    return keys.reduce(into: [:]) { found, key in found[BytesKey(key)] = all[BytesKey(key)] }
  }

  package func stepsWaiting(_ projection: ProjectionID) throws(ReadModelError) -> Int { try read().steps[projection]?.count ?? 0 }

  package func boardsToClose(
    _ projection: ProjectionID, at time: Instant, limit: Int
  ) throws(ReadModelError) -> [DeciderEngine.Closing] {
    let boards = (try read().boards[projection] ?? [:]).values.compactMap { board -> (end: Instant, board: MemoryBoard)? in
      guard let end = board.closesAt, board.closedAt == nil, end <= time, board.openedAt < time else { return nil }
      return (end, board)
    }
    let sorted = boards.sorted {
      $0.end == $1.end ? Bytes.less(Value.ordered($0.board.values), Value.ordered($1.board.values)) : $0.end < $1.end
    }
    return sorted.prefix(limit).map {
      .init(projection: projection, board: $0.board.values, closedAt: $0.end, openedAt: $0.board.openedAt)
    }
  }

  package func checkpoint(_ checkpoint: DeciderCheckpoint) throws(ReadModelError) -> CheckpointResult {
    let models = models
    return try write { (rows) throws(ReadModelError) in
      guard rows.epoch == checkpoint.epoch else { throw .superseded(table: "the decider", partition: -1) }
      var result = CheckpointResult()
      rows.decided.merge(checkpoint.decided) { $1 }
      for (projection, groups) in checkpoint.changes.watched {
        for (key, state) in groups { rows.watched[projection, default: [:]][BytesKey(key)] = state }
      }
      for (projection, stamp) in checkpoint.folded { rows.steps[projection]?.removeAll { $0.step.stamp <= stamp } }
      for closing in checkpoint.closings {
        rows.close(closing)
        result.boards.insert(closing.projection)
      }
      try rows.write(checkpoint.changes, .decider, &result, models.check)
      for (projection, time) in checkpoint.trim { rows.trim(projection, before: time) }
      rows.writeHashes(.decider)
      return result
    }
  }

  package func decided() throws(ReadModelError) -> [ProjectionID: Instant] { try read().decided }

  package func dueEffects(_ query: DueEffects) throws(ReadModelError) -> [PendingEffect] { try read().due(query) }

  package func claim(_ effects: [PendingEffect], for lease: Duration) -> Set<EffectID> { Set(effects.map(\.id)) }
  package func giveBack(_ effects: [PendingEffect]) {}

  package func settle(_ outcomes: [(effect: PendingEffect, outcome: EffectOutcome)]) throws(ReadModelError) {
    try write { (rows) throws(ReadModelError) in
      for (effect, outcome) in outcomes { rows.settle(effect.id, outcome) }
    }
  }

  package func items(of rows: OutboxAction.Rows, for effect: PendingEffect) throws(ReadModelError) -> [RowItem] {
    let all = try read()
    do {
      return try all.items(rows, effect)
    } catch {
      throw .damaged(path: directory, "\(error)")
    }
  }

  package func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) throws(ReadModelError) -> [ListedEffect] {
    let chosen = try read().outbox.map(\.listed).filter { states.contains($0.state) && $0.pending.id > after }
    return Array(chosen.prefix(limit))
  }

  package func change(_ effects: EffectSelection, _ change: EffectChange) throws(ReadModelError) -> Int {
    try write { (rows) throws(ReadModelError) in rows.change(effects, change) }
  }

  package func handOver(_ old: OldGeneration) throws(ReadModelError) {
    try write { (rows) throws(ReadModelError) in rows.handOver(old) }
  }

  package func close() { isClosed = true }
}
