package import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Telemetry

/// How a worker paces itself.
package struct WorkerSettings: Sendable {
  /// Records that one checkpoint may gather while the lane is behind.
  package var checkpointRecordsMax: Int
  /// Changed rows that one checkpoint may gather: what they take is memory until it is committed.
  package var checkpointRowsMax: Int
  /// Time that one checkpoint may gather while the lane is behind; five times that while it is far behind, where no reader can see
  /// the newest rows anyway and a row that changes often is better written once.
  package var checkpointInterval: Duration
  /// More records than this before the log's end is far.
  package var farBehindRecords: UInt64
  /// How often a quiet lane writes its watermark.
  package var watermarkInterval: Duration
  /// How long a read of the log waits for records.
  package var readWait: Duration
  /// A batch that stays in the processor's cache between being read and being decoded.
  package var readLimit: ReadLimit

  package init(
    checkpointRecordsMax: Int = 500_000, checkpointRowsMax: Int = 100_000, checkpointInterval: Duration = .seconds(1),
    farBehindRecords: UInt64 = 50_000, watermarkInterval: Duration = .seconds(1), readWait: Duration = .milliseconds(100),
    readLimit: ReadLimit = ReadLimit(records: 1024, bytes: 1 << 20)
  ) {
    self.checkpointRecordsMax = checkpointRecordsMax
    self.checkpointRowsMax = checkpointRowsMax
    self.checkpointInterval = checkpointInterval
    self.farBehindRecords = farBehindRecords
    self.watermarkInterval = watermarkInterval
    self.readWait = readWait
    self.readLimit = readLimit
  }
}

/// One lane: reads its partition, applies batch after batch, and checkpoints. At the log's end every batch is committed at once, so
/// that rows are fresh; while behind, batches are gathered, so that a row that changes often is written once.
struct Lane {
  let log: any ChangeLog
  let pipeline: Pipeline
  let table: Int
  let partition: Int
  let writer: GenerationWriter
  let board: LaneBoard
  let settings: WorkerSettings
  let logger: Logger

  private var name: String { pipeline.tables[table].name }

  /// Runs until the task is cancelled; a stopped lane keeps its last checkpoint and waits for an operator.
  func run() async throws {
    var attempt = 0
    while !Task.isCancelled {
      do {
        try await work(&attempt)
      } catch let error as LogError where error.kind == .retry {
        attempt += 1
        logger.warning("the log cannot be read, trying again", ["lane": "\(name)[\(partition)]", "reason": error.message])
        try? await Task.sleep(for: .milliseconds(min(5_000, 50 << min(attempt, 7))))
      } catch let error as LogError {
        if !Task.isCancelled { await stop("\(error)") }
      } catch let failure as LaneFailure {
        await stop("\(name)[\(partition)] \(failure)")
      } catch let error as ReadModelError {
        switch error {
        case .superseded: logger.warning("\(error): loading it again")
        case .storage:
          // A full disk, a lock: nothing was committed. The lane says so and tries again from its last checkpoint.
          logger.error("the read model cannot be written, trying again", ["pipeline": pipeline.name, "reason": "\(error)"])
          board.update(name, partition) { $0.stopped = "\(error)" }
          try? await Task.sleep(for: .seconds(2))
        default: throw error
        }
      }
    }
  }

  /// Says why the lane stands still, and waits for the end.
  private func stop(_ reason: String) async {
    logger.error("lane stopped", ["pipeline": pipeline.name, "reason": reason])
    board.update(name, partition) { $0.stopped = reason }
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
  }

  private func work(_ attempt: inout Int) async throws {
    let description = try await log.describe()
    let start = LogCursor(tableID: description.tableID, sequence: 0)
    var (position, active) = try await writer.takeLane(table: table, partition: partition, start: start)
    try await check(position, description)
    var engine = LaneEngine(
      pipeline: pipeline, table: table, partition: partition, tableID: description.tableID,
      sequence: position.cursor.sequence, firedThrough: position.firedThrough, active: active)
    active = [:]
    var gathered = 0
    var next = position
    var lastCheckpoint = ContinuousClock.now
    while !Task.isCancelled {
      // Where something is gathered the log has more, or it would be committed: to wait for that is right in both cases.
      let batch = try await log.read(
        partition: partition, after: next.cursor, limit: settings.readLimit, wait: settings.readWait)
      attempt = 0
      let setAside = batch.foreign.map { letter(for: $0) }
      var failure: LaneFailure?
      let before = engine.applied
      do throws(LaneFailure) {
        try engine.apply(batch)
        next.cursor = batch.end
      } catch {
        // What came before the bad record is good: it is committed, and the lane stops behind it.
        failure = error
        advance(&next, batch, before: error.sequence)
      }
      gathered += Int(engine.applied - before)
      next.firedThrough = engine.firedThrough
      next.watermark = failure == nil ? max(next.watermark, LaneEngine.microseconds(batch.watermark)) : next.watermark
      if failure == nil, let last = batch.entries.last { next.fingerprint = Lane.fingerprint(last, batch) }
      let elapsed = ContinuousClock.now - lastCheckpoint
      if isDue(gathered, behind: batch.behind, elapsed, engine, moved: next != position) || failure != nil || !setAside.isEmpty {
        var changes = engine.takeChanges()
        changes.deadLetters += setAside
        let result = try await writer.checkpoint(
          table: table, partition: partition, from: position, to: next, changes)
        position = next
        lastCheckpoint = .now
        gathered = 0
        report(position, batch, engine.applied, result, setAside.count)
      }
      if let failure { throw failure }
    }
    if gathered > 0 || engine.hasChanges {
      _ = try await writer.checkpoint(table: table, partition: partition, from: position, to: next, engine.takeChanges())
    }
  }

  private func isDue(
    _ gathered: Int, behind: UInt64, _ elapsed: Duration, _ engine: borrowing LaneEngine, moved: Bool
  ) -> Bool {
    if gathered > 0 {
      if behind == 0 || gathered >= settings.checkpointRecordsMax || engine.changedRows >= settings.checkpointRowsMax {
        return true
      }
      return elapsed >= settings.checkpointInterval * (behind > settings.farBehindRecords ? 5 : 1)
    }
    return engine.hasChanges || (moved && elapsed >= settings.watermarkInterval)
  }

  private func report(
    _ position: LanePosition, _ batch: RecordBatch, _ applied: UInt64, _ result: CheckpointResult, _ foreign: Int
  ) {
    board.update(name, partition) { status in
      status.sequence = position.cursor.sequence
      status.behind = batch.behind
      status.watermark = position.watermark / 1000
      status.applied = applied
      status.deadLetters += result.deadLetters
      status.foreign += foreign
      status.stopped = nil
      if batch.behind == 0 { status.hasCaughtUp = true }
    }
  }

  /// The end of the good records in a batch with a bad one.
  private func advance(_ next: inout LanePosition, _ batch: RecordBatch, before sequence: UInt64) {
    guard let last = batch.entries.last(where: { $0.sequence < sequence }) else { return }
    next.cursor.sequence = last.sequence
    next.cursor.hint = 0
    next.fingerprint = Lane.fingerprint(last, batch)
  }

  /// Refuses a log that is not the one the position belongs to: made anew, cut, or written otherwise.
  private func check(_ position: LanePosition, _ description: LogDescription) async throws {
    guard position.cursor.tableID == description.tableID else {
      throw LogError(
        .recreated, table: name, partition: partition,
        "the table was re-created (table id \(description.tableID), the read model knows \(position.cursor.tableID)): "
          + "build a new generation with: afterimage pipeline rebuild \(pipeline.name)")
    }
    guard position.cursor.sequence > 0, !position.fingerprint.isEmpty else { return }
    var before = position.cursor
    before.sequence -= 1
    before.hint = max(0, before.hint - 1)
    let batch: RecordBatch
    do throws(LogError) {
      batch = try await log.read(
        partition: partition, after: before, limit: ReadLimit(records: 1, bytes: 1), wait: .seconds(5))
    } catch {
      // The last record applied is trimmed; whether the next one is still there the first read will tell.
      if error.kind == .trimmed { return }
      throw error
    }
    guard let entry = batch.entries.first, Lane.fingerprint(entry, batch) == position.fingerprint else {
      throw LogError(
        .corrupt, table: name, partition: partition,
        "record \(position.cursor.sequence) is not the one that was applied: the log was cut or written anew; "
          + "build a new generation with: afterimage pipeline rebuild \(pipeline.name)")
    }
  }

  static func fingerprint(_ entry: RecordBatch.Entry, _ batch: RecordBatch) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in batch.bytes[entry.start..<entry.end] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return String(hash, radix: 16)
  }

  private func letter(for foreign: ForeignRecord) -> DeadLetter {
    DeadLetter(
      projection: "(topic)", table: name, partition: partition, sequence: UInt64(max(0, foreign.offset)), time: 0,
      path: "offset \(foreign.offset)", reason: foreign.reason)
  }
}
