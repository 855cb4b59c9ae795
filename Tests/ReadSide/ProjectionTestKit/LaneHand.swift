internal import ChangeLog
package import ChangeRecords
internal import Pipelines
internal import Projections
package import ReadModels

/// Lanes of a history worked by hand on a store: each call is one checkpoint, in whatever order a test wants them.
package final class LaneHand {
  package let store: any GenerationStore
  private let activations: Activations
  private var engines: [LaneID: LaneEngine] = [:]
  /// What the store holds of each lane.
  package private(set) var positions: [LaneID: LanePosition] = [:]

  package init(_ store: any GenerationStore, activations: Activations? = nil) {
    self.store = store
    self.activations = activations ?? .always(EffectRules.names(of: store.pipeline))
  }

  /// Takes a lane over, with whatever the store holds of it.
  package func take(_ lane: LaneID) throws {
    let tableID = TestHistory.tableID(lane.table)
    let taken = try store.takeLane(lane, start: LogCursor(tableID: tableID, sequence: .beforeAll), sessionsMax: .max)
    positions[lane] = taken.position
    engines[lane] = LaneEngine(
      pipeline: store.pipeline, table: lane.table, partition: lane.partition, tableID: tableID,
      sequence: taken.position.cursor.sequence, firedThrough: taken.position.firedThrough, stored: taken.sessions,
      activations: activations.of(tableID, lane.partition))
  }

  /// Takes every lane of a history.
  package func takeAll(_ history: TestHistory) throws {
    for table in history.pipeline.tables.indexes {
      for partition in 0..<history.partitions { try take(LaneID(table: table, partition: partition)) }
    }
  }

  /// What a lane makes of the next records, at most `limit`; not committed.
  package func prepare(_ lane: LaneID, _ history: TestHistory, limit: Int = .max, watermark: LogTime? = nil) throws
    -> LaneCheckpoint
  {
    if engines[lane] == nil { try take(lane) }
    guard let old = positions[lane] else { throw Unknown() }
    let batch = history.batch(lane.table, lane.partition, after: old.cursor.sequence, limit: limit, watermark: watermark)
    try engines[lane]?.apply(batch)
    var new = old
    new.cursor = batch.end
    new.firedThrough = engines[lane]?.firedThrough ?? old.firedThrough
    new.watermark = max(old.watermark, Instant(batch.watermark))
    new.fingerprint = batch.entries.isEmpty ? old.fingerprint : "\(batch.end.sequence)"
    return LaneCheckpoint(lane, from: old, to: new, engines[lane]?.takeChanges() ?? LaneChanges())
  }

  /// Commits the next records of a lane, at most `limit`.
  @discardableResult
  package func checkpoint(
    _ lane: LaneID, _ history: TestHistory, limit: Int = .max, watermark: LogTime? = nil
  ) throws -> CheckpointResult {
    let checkpoint = try prepare(lane, history, limit: limit, watermark: watermark)
    let result = try store.checkpoint(checkpoint)
    positions[lane] = checkpoint.new
    return result
  }

  /// Commits what is left of every lane, lane by lane.
  package func checkpointAll(_ history: TestHistory) throws {
    for table in history.pipeline.tables.indexes {
      for partition in 0..<history.partitions { try checkpoint(LaneID(table: table, partition: partition), history) }
    }
  }

  private struct Unknown: Error {}
}
