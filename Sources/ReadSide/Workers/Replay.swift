package import ChangeLog
internal import Pipelines
internal import Projections
package import ReadModels

/// Works a pipeline's lanes one after another in the caller's task, without pacing: for scenario tests, for building a read model from
/// a log that stands still, and for checking that batch sizes, restarts and interleaving change nothing.
///
/// With `restartEvery` each lane checkpoints after so many records, forgets everything, and goes on from the file; with
/// `checkpointEvery` it checkpoints and goes on.
package struct Replay {
  package let file: GenerationFile
  private let logs: [any ChangeLog]
  private let batchRecords: Int
  private let restartEvery: Int?
  private let checkpointEvery: Int?
  private let wait: Duration
  private var lanes: [LaneState] = []

  private struct LaneState {
    let table: Int
    let partition: Int
    var position: LanePosition
    var next: LanePosition
    var engine: LaneEngine
    var sinceRestart = 0
  }

  /// `logs` are those of the pipeline's tables, in order. A lane is at its end when nothing came for `wait`.
  package init(
    file: GenerationFile, logs: [any ChangeLog], batchRecords: Int = 4096, restartEvery: Int? = nil, checkpointEvery: Int? = nil,
    wait: Duration = .zero
  ) {
    self.file = file
    self.logs = logs
    self.batchRecords = batchRecords
    self.restartEvery = restartEvery
    self.checkpointEvery = checkpointEvery
    self.wait = wait
  }

  /// Applies everything that the logs hold, commits it, and brings every lane to its watermark. Answers the number of records.
  @discardableResult
  package mutating func catchUp() async throws -> Int {
    if lanes.isEmpty { try await open() }
    var total = 0
    var isDone = false
    while !isDone {
      isDone = true
      for index in lanes.indices {
        let applied = try await step(index)
        total += applied
        if applied > 0 { isDone = false }
      }
    }
    for index in lanes.indices { try commit(index) }
    return total
  }

  private mutating func open() async throws {
    for (table, log) in logs.enumerated() {
      let description = try await log.describe()
      for partition in 0..<description.partitions {
        lanes.append(
          try load(table, partition, LogCursor(tableID: description.tableID, sequence: 0)))
      }
    }
  }

  private func load(_ table: Int, _ partition: Int, _ start: LogCursor) throws -> LaneState {
    let (position, active) = try file.takeLane(table: table, partition: partition, start: start)
    let engine = LaneEngine(
      pipeline: file.pipeline, table: table, partition: partition, tableID: position.cursor.tableID,
      sequence: position.cursor.sequence, firedThrough: position.firedThrough, active: active)
    return LaneState(table: table, partition: partition, position: position, next: position, engine: engine)
  }

  private mutating func step(_ index: Int) async throws -> Int {
    // No copy of the lane is held here: its dictionaries are changed in place.
    let (table, partition, cursor) = (lanes[index].table, lanes[index].partition, lanes[index].next.cursor)
    let batch = try await logs[table].read(
      partition: partition, after: cursor, limit: ReadLimit(records: batchRecords, bytes: 4 << 20), wait: wait)
    let before = lanes[index].engine.applied
    try lanes[index].engine.apply(batch)
    let applied = Int(lanes[index].engine.applied - before)
    lanes[index].next.cursor = batch.end
    lanes[index].next.firedThrough = lanes[index].engine.firedThrough
    lanes[index].next.watermark = max(lanes[index].next.watermark, LaneEngine.microseconds(batch.watermark))
    lanes[index].sinceRestart += applied
    if let restartEvery, lanes[index].sinceRestart >= restartEvery {
      try commit(index)
      lanes[index] = try load(table, partition, batch.end)
    } else if let checkpointEvery, lanes[index].sinceRestart >= checkpointEvery {
      try commit(index)
      lanes[index].sinceRestart = 0
    }
    return applied
  }

  private mutating func commit(_ index: Int) throws {
    guard lanes[index].next != lanes[index].position || lanes[index].engine.hasChanges else { return }
    let changes = lanes[index].engine.takeChanges()
    _ = try file.checkpoint(
      table: lanes[index].table, partition: lanes[index].partition, from: lanes[index].position, to: lanes[index].next, changes)
    lanes[index].position = lanes[index].next
  }
}
