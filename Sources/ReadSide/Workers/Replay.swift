package import ChangeLog
internal import Pipelines
internal import Projections
package import ReadModels

/// Works a pipeline's lanes one after another in the caller's task, without pacing: for scenario tests, for building a read model from
/// a log that stands still, and for checking that batch sizes, restarts and interleaving change nothing.
///
/// With `restartEvery` each lane checkpoints after so many records, forgets everything, and goes on from the file.
package struct Replay {
  package let file: GenerationFile
  private let logs: [any ChangeLog]
  private let batchRecords: Int
  private let restartEvery: Int?
  private var lanes: [LaneState] = []

  private struct LaneState {
    let table: Int
    let partition: Int
    var position: LanePosition
    var next: LanePosition
    var engine: LaneEngine
    var sinceRestart = 0
  }

  /// `logs` are those of the pipeline's tables, in order.
  package init(file: GenerationFile, logs: [any ChangeLog], batchRecords: Int = 4096, restartEvery: Int? = nil) {
    self.file = file
    self.logs = logs
    self.batchRecords = batchRecords
    self.restartEvery = restartEvery
  }

  /// Applies everything that the logs hold, commits it, and brings every lane to its frontier. Answers the number of records.
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
          try load(table, partition, LogCursor(incarnation: description.incarnation, sequence: 0)))
      }
    }
  }

  private func load(_ table: Int, _ partition: Int, _ start: LogCursor) throws -> LaneState {
    let (position, active) = try file.takeLane(table: table, partition: partition, start: start)
    let engine = LaneEngine(
      pipeline: file.pipeline, table: table, partition: partition, incarnation: position.cursor.incarnation,
      firedThrough: position.firedThrough, active: active)
    return LaneState(table: table, partition: partition, position: position, next: position, engine: engine)
  }

  private mutating func step(_ index: Int) async throws -> Int {
    let lane = lanes[index]
    let batch = try await logs[lane.table].read(
      partition: lane.partition, after: lane.next.cursor, limit: ReadLimit(records: batchRecords, bytes: 4 << 20), wait: .zero)
    try lanes[index].engine.apply(batch)
    lanes[index].next.cursor = batch.end
    lanes[index].next.firedThrough = lanes[index].engine.firedThrough
    lanes[index].next.frontier = max(lane.next.frontier, LaneEngine.microseconds(batch.frontier))
    lanes[index].sinceRestart += batch.entries.count
    if let restartEvery, lanes[index].sinceRestart >= restartEvery {
      try commit(index)
      lanes[index] = try load(lane.table, lane.partition, lane.next.cursor)
    }
    return batch.entries.count
  }

  private mutating func commit(_ index: Int) throws {
    let lane = lanes[index]
    guard lane.next != lane.position || lane.engine.hasChanges else { return }
    let changes = lanes[index].engine.takeChanges()
    _ = try file.checkpoint(table: lane.table, partition: lane.partition, from: lane.position, to: lane.next, changes)
    lanes[index].position = lane.next
  }
}
