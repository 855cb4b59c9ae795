internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// A lane in memory: its engine, and how far it is. Shared by live work and replays, which differ in what they wait for.
///
/// A batch is worked off in steps: `begin`, then `step` until `isAtWork` is false. Where all sessions are in memory that is one step. Otherwise
/// the batch asks for what its records need, once, and for what is due, as often as there is more of it than one lookup answers; in between it is
/// applied as far as it may be, and committed when that is due.
struct LaneRun {
  /// What a step asks for.
  enum Step {
    /// To be looked up in the store and handed over by `admit`.
    case look([ProjectionID: SessionLookup])
    case act(LaneProgress.Action)
  }

  let lane: LaneID
  let tableName: String
  private(set) var progress: LaneProgress
  private(set) var engine: LaneEngine
  /// Messages without our headers, to be set aside with the next checkpoint.
  private var setAside: [DeadLetter] = []
  private var work: Work?
  /// Whether the decider waited for the lane when the batch was begun.
  private var isAwaited = false
  /// The time of the first record that is not in a checkpoint yet; nil when all are.
  private(set) var oldest: LogTime?

  /// A batch that is not worked off yet.
  private struct Work {
    let batch: RecordBatch
    /// Nil before they are read: a batch that is applied at once is not read before.
    var records: LaneEngine.ReadRecords?
    /// The first record that was not applied.
    var next = 0
    /// Whether what comes next has been looked up.
    var isLooked = false
  }

  init(
    _ lane: LaneID, _ pipeline: Pipeline, _ taken: TakenLane, activations: Activations, pace: LanePace, sessionsMax: Int = .max
  ) {
    self.lane = lane
    tableName = pipeline.tables[lane.table].name
    progress = LaneProgress(taken.position, pace: pace, now: .now)
    let cursor = taken.position.cursor
    engine = LaneEngine(
      pipeline: pipeline, table: lane.table, partition: lane.partition, tableID: cursor.tableID, sequence: cursor.sequence,
      firedThrough: taken.position.firedThrough, stored: taken.sessions,
      activations: activations.of(cursor.tableID, lane.partition), sessionsMax: sessionsMax)
  }

  var isAtWork: Bool { work != nil }

  mutating func begin(_ batch: RecordBatch, isAwaited: Bool = false) {
    work = Work(batch: batch)
    self.isAwaited = isAwaited
    if oldest == nil { oldest = batch.entries.first?.time }
  }

  /// The next step of the batch; only while `isAtWork`.
  mutating func step() -> Step {
    guard var now = work else { return .act(.read) }
    work = nil
    if now.records == nil, engine.isWhole { return .act(applyAll(now.batch)) }
    let records = now.records ?? engine.read(now.batch)
    now.records = records
    let end =
      records.failure == nil ? Instant(now.batch.watermark) : records.records.last.map { Instant($0.time) } ?? .distantPast
    if !now.isLooked {
      let lookups = engine.lookups(records.records[now.next...], before: end)
      if !lookups.isEmpty {
        work = now
        return .look(lookups)
      }
    }
    return .act(applyPart(now, records, through: min(end, engine.dueThrough), end))
  }

  /// What was looked up for the last step.
  mutating func admit(_ found: [ProjectionID: FoundSessions], _ lookups: [ProjectionID: SessionLookup]) {
    engine.admit(found, lookups)
    work?.isLooked = true
  }

  /// Applies a batch as far as it is good.
  private mutating func applyAll(_ batch: RecordBatch) -> LaneProgress.Action {
    let before = engine.applied
    var failure: LaneFailure?
    do throws(LaneFailure) {
      try engine.apply(batch)
    } catch {
      // What came before the bad record is good: it is committed, and the lane stops after it.
      failure = error
    }
    return finish(batch, applied: Int(engine.applied - before), failure)
  }

  /// Applies what lies at a time or before it, of a batch that reaches to `end`.
  private mutating func applyPart(
    _ now: Work, _ records: LaneEngine.ReadRecords, through time: Instant, _ end: Instant
  ) -> LaneProgress.Action {
    var now = now
    let part = records.records[now.next...].prefix { Instant($0.time) <= time }
    engine.apply(part)
    now.next = part.endIndex
    if now.next == records.records.count, time >= end {
      if records.failure == nil { engine.advance(to: end) }
      return finish(now.batch, applied: part.count, records.failure)
    }
    engine.advance(to: time)
    let rest = records.records.count - now.next
    now.isLooked = false
    work = now
    var cursor = progress.next.cursor
    if let last = part.last {
      cursor.sequence = last.sequence
      cursor.hint = 0
    }
    return progress.applied(
      applied(
        now.batch, part.count, end: cursor, watermark: time, behind: now.batch.behind + UInt64(max(rest, 1)),
        last: part.last?.sequence,
        failure: nil), now: .now)
  }

  /// The batch is worked off.
  private mutating func finish(_ batch: RecordBatch, applied count: Int, _ failure: LaneFailure?) -> LaneProgress.Action {
    setAside += batch.foreign.map { foreign in
      DeadLetter(
        projection: "(topic)", table: tableName, partition: lane.partition,
        // A message that is none of ours has no number: its offset tells it from others.
        sequence: SequenceNumber(rawValue: UInt64(max(0, foreign.offset))), time: Instant(.zero),
        path: "offset \(foreign.offset)", reason: foreign.reason)
    }
    var end = batch.end
    var last = batch.entries.last?.sequence
    if let failure {
      last = batch.entries.last { $0.sequence < failure.sequence }?.sequence
      end = progress.next.cursor
      if let last {
        end.sequence = last
        end.hint = 0
      }
    }
    return progress.applied(
      applied(
        batch, count, end: end, watermark: failure == nil ? Instant(batch.watermark) : progress.next.watermark,
        behind: batch.behind, last: last, failure: failure), now: .now)
  }

  private func applied(
    _ batch: RecordBatch, _ count: Int, end: LogCursor, watermark: Instant, behind: UInt64, last: SequenceNumber?,
    failure: LaneFailure?
  ) -> LaneProgress.Applied {
    let entry = last.flatMap { last in batch.entries.last { $0.sequence == last } }
    return LaneProgress.Applied(
      end: end, records: count, watermark: watermark, firedThrough: engine.firedThrough,
      fingerprint: entry.map { LaneRun.fingerprint($0, batch) }, behind: behind, hasChanges: engine.hasChanges,
      changedRows: engine.changedRows, isUrgent: !setAside.isEmpty, isAwaited: isAwaited, failure: failure)
  }

  /// What the next checkpoint writes; taken out of the engine.
  mutating func takeCheckpoint() -> LaneCheckpoint {
    var changes = engine.takeChanges()
    changes.deadLetters += setAside
    setAside = []
    return LaneCheckpoint(lane, from: progress.position, to: progress.next, changes)
  }

  /// The checkpoint that was taken is durable. Sessions are let go between batches only: within one, what it has looked up is needed yet.
  mutating func committed() -> LaneProgress.Action {
    if !isAtWork { engine.committed() }
    oldest = work.flatMap { work in work.records?.records.dropFirst(work.next).first?.time }
    return progress.committed(now: .now)
  }

  /// Goes on where it was parked, under another epoch.
  mutating func resumed(as epoch: Epoch) { progress.resumed(as: epoch, now: .now) }

  /// Whether every record that was read is in a checkpoint.
  var hasCommittedRecords: Bool { !isAtWork && progress.next.cursor == progress.position.cursor }

  var isDirty: Bool { progress.isDirty(hasChanges: engine.hasChanges || !setAside.isEmpty) }

  /// Of a record's bytes: a log that was cut and written again shows another one at its place.
  static func fingerprint(_ entry: RecordBatch.Entry, _ batch: RecordBatch) -> String {
    let hash = batch.bytes.withUnsafeBytes { StableHash.bits(of: UnsafeRawBufferPointer(rebasing: $0[entry.start..<entry.end])) }
    return String(UInt64(truncatingIfNeeded: hash >> 64), radix: 16)
  }
}
