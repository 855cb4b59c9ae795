internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
package import Pipelines
internal import Projections
package import ReadModels
package import Services

/// The one writer of a generation's file in this process: every call runs on its own thread, so that SQLite never holds one of
/// the concurrency runtime's.
package actor GenerationWriter {
  private let executor: BlockingExecutor
  private let file: GenerationFile
  /// Announced after each checkpoint: rows or positions are new.
  package nonisolated let committed: Signal

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  package init(path: String, pipeline: Pipeline, committed: Signal) throws(ReadModelError) {
    executor = BlockingExecutor("read-model \(pipeline.name)")
    file = try GenerationFile(path: path, pipeline: pipeline)
    self.committed = committed
  }

  func takeLane(
    table: Int, partition: Int, start: LogCursor
  ) throws(ReadModelError) -> (position: LanePosition, active: [Int: [SessionState]]) {
    try file.takeLane(table: table, partition: partition, start: start)
  }

  func checkpoint(
    table: Int, partition: Int, from old: LanePosition, to new: LanePosition, _ changes: LaneChanges
  ) throws(ReadModelError) -> CheckpointResult {
    let result = try file.checkpoint(table: table, partition: partition, from: old, to: new, changes)
    committed.announce()
    return result
  }

  func pendingEffects(limit: Int, now: Int64) throws(ReadModelError) -> [PendingEffect] {
    try file.pendingEffects(limit: limit, now: now)
  }

  func settle(_ outcomes: [(id: Int64, outcome: EffectOutcome)]) throws(ReadModelError) {
    try file.settle(outcomes)
    committed.announce()
  }

  func leastWatermark() throws(ReadModelError) -> Int64? { try file.leastWatermark() }

  func items(behind rows: OutboxAction.Rows, before: Int64) throws(ReadModelError) -> [(key: Item, position: Position)] {
    try file.items(behind: rows, before: before)
  }

  package func close() { file.close() }
}
