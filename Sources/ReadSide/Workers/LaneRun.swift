internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// A lane in memory: its engine, and how far it is. Shared by live work and replays, which differ in what they wait for.
struct LaneRun {
  let lane: LaneID
  let tableName: String
  private(set) var progress: LaneProgress
  private(set) var engine: LaneEngine
  /// Messages without our headers, to be set aside with the next checkpoint.
  private var setAside: [DeadLetter] = []

  init(_ lane: LaneID, _ pipeline: Pipeline, _ taken: TakenLane, activations: Activations, pace: LanePace) {
    self.lane = lane
    tableName = pipeline.tables[lane.table].name
    progress = LaneProgress(taken.position, pace: pace, now: .now)
    let cursor = taken.position.cursor
    engine = LaneEngine(
      pipeline: pipeline, table: lane.table, partition: lane.partition, tableID: cursor.tableID, sequence: cursor.sequence,
      firedThrough: taken.position.firedThrough, stored: taken.sessions,
      activations: activations.of(cursor.tableID, lane.partition))
  }

  /// Applies a batch as far as it is good.
  mutating func apply(_ batch: RecordBatch) -> LaneProgress.Action {
    let before = engine.applied
    var failure: LaneFailure?
    do throws(LaneFailure) {
      try engine.apply(batch)
    } catch {
      // What came before the bad record is good: it is committed, and the lane stops after it.
      failure = error
    }
    setAside += batch.foreign.map { foreign in
      DeadLetter(
        projection: "(topic)", table: tableName, partition: lane.partition,
        // A message that is none of ours has no number: its offset tells it from others.
        sequence: SequenceNumber(rawValue: UInt64(max(0, foreign.offset))), time: Instant(.zero),
        path: "offset \(foreign.offset)", reason: foreign.reason)
    }
    var end = batch.end
    var last = batch.entries.last
    if let failure {
      last = batch.entries.last { $0.sequence < failure.sequence }
      end = progress.next.cursor
      if let last {
        end.sequence = last.sequence
        end.hint = 0
      }
    }
    return progress.applied(
      LaneProgress.Applied(
        end: end, records: Int(engine.applied - before),
        watermark: failure == nil ? Instant(batch.watermark) : progress.next.watermark,
        firedThrough: engine.firedThrough, fingerprint: last.map { LaneRun.fingerprint($0, batch) }, behind: batch.behind,
        hasChanges: engine.hasChanges, changedRows: engine.changedRows, isUrgent: !setAside.isEmpty, failure: failure), now: .now)
  }

  /// What the next checkpoint writes; taken out of the engine.
  mutating func takeCheckpoint() -> LaneCheckpoint {
    var changes = engine.takeChanges()
    changes.deadLetters += setAside
    setAside = []
    return LaneCheckpoint(lane, from: progress.position, to: progress.next, changes)
  }

  mutating func committed() -> LaneProgress.Action { progress.committed(now: .now) }

  var isDirty: Bool { progress.isDirty(hasChanges: engine.hasChanges || !setAside.isEmpty) }

  /// Of a record's bytes: a log that was cut and written again shows another one at its place.
  static func fingerprint(_ entry: RecordBatch.Entry, _ batch: RecordBatch) -> String {
    let hash = batch.bytes.withUnsafeBytes { StableHash.bits(of: UnsafeRawBufferPointer(rebasing: $0[entry.start..<entry.end])) }
    return String(UInt64(truncatingIfNeeded: hash >> 64), radix: 16)
  }
}
