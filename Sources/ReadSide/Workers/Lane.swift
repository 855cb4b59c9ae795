internal import ChangeLog
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Services
internal import Telemetry

/// One lane at work: reads its partition, and does what `LaneProgress` says. At the log's end every batch is committed at once, so
/// that rows are fresh; before it, batches are gathered, so that a row that changes often is written once.
struct Lane {
  let log: any ChangeLog
  let pipeline: Pipeline
  let id: LaneID
  let writer: GenerationWriter
  let board: LaneBoard
  let activations: Activations
  let settings: WorkerSettings
  let logger: Logger

  private var name: String { "\(pipeline.tables[id.table].name)[\(id.partition)]" }

  /// Runs until the task is cancelled; a lane that has stopped keeps its last checkpoint and stands still.
  func run() async {
    var attempts = 0
    while !Task.isCancelled {
      let action: LaneProgress.Action
      do {
        action = try await work()
        attempts = 0
      } catch let error as LogError {
        if Task.isCancelled { return }
        attempts += 1
        action = LaneProgress.failed(error, attempts: attempts)
      } catch let error as ReadModelError {
        action = LaneProgress.failed(error)
      } catch {
        if Task.isCancelled { return }
        action = .stop(.log("\(error)"))
      }
      await perform(action)
    }
  }

  /// What is done between two takings of the lane.
  private func perform(_ action: LaneProgress.Action) async {
    switch action {
    case .read, .commit: break
    case .reload: logger.warning("the lane was taken over, loading it again", ["pipeline": pipeline.name, "lane": name])
    case .retry(let pause, let reason, let standsStill):
      logger.log(
        standsStill ? .error : .warning, "lane waits, trying again",
        ["pipeline": pipeline.name, "lane": name, "reason": reason])
      if standsStill { board.update(id, pipeline) { $0.stopped = "\(name) \(reason)" } }
      try? await Task.sleep(for: pause)
    case .stop(let stop):
      logger.error("lane stopped", ["pipeline": pipeline.name, "reason": "\(name) \(stop.reason)"])
      board.update(id, pipeline) {
        $0.stopped = "\(name) \(stop.reason)"
        $0.stop = stop
      }
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }
  }

  /// Takes the lane and works it until something has to be decided by the store.
  private func work() async throws -> LaneProgress.Action {
    let description = try await log.describe()
    let taken = try await writer.takeLane(id, start: LogCursor(tableID: description.tableID, sequence: 0))
    try await check(taken.position, description)
    board.update(id, pipeline) { status in
      status.sequence = taken.position.cursor.sequence
      status.firedThrough = taken.position.firedThrough
      status.watermark = taken.position.watermark
    }
    var run = LaneRun(id, pipeline, taken, activations, pace: settings.pace)
    while !Task.isCancelled {
      await waitForDecider()
      // Where something is gathered the log has more, or it would be committed: to wait for that is right in both cases.
      let batch = try await log.read(
        partition: id.partition, after: run.progress.next.cursor, limit: settings.readLimit, wait: settings.readWait)
      guard run.apply(batch) == .commit else {
        board.update(id, pipeline) { $0.behind = batch.behind }
        continue
      }
      let (checkpoint, applied, foreign) = (run.takeCheckpoint(), run.engine.applied, batch.foreign.count)
      let result = try await writer.checkpoint(checkpoint)
      report(checkpoint.new, batch.behind, applied, result, foreign)
      let action = run.committed()
      if action != .read { return action }
    }
    if run.isDirty { _ = try await writer.checkpoint(run.takeCheckpoint()) }
    return .read
  }

  /// While too many steps wait for the decider, lanes that are ahead of the one that holds it back wait.
  private func waitForDecider() async {
    while !Task.isCancelled, board.isHeldBack(id, max: settings.stepsWaitingMax) {
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  private func report(
    _ position: LanePosition, _ behind: UInt64, _ applied: UInt64, _ result: CheckpointResult, _ foreign: Int
  ) {
    board.update(id, pipeline) { status in
      status.sequence = position.cursor.sequence
      status.firedThrough = position.firedThrough
      status.behind = behind
      status.watermark = position.watermark
      status.applied = applied
      status.deadLetters += result.deadLetters
      status.foreign += foreign
      status.stopped = nil
      status.stop = nil
      if behind == 0 { status.hasCaughtUp = true }
    }
  }

  /// Refuses a log that is not the one the position belongs to: of a table that was re-created, cut, or written otherwise.
  private func check(_ position: LanePosition, _ description: LogDescription) async throws {
    guard position.cursor.tableID == description.tableID else {
      throw LogError(
        .recreated, table: pipeline.tables[id.table].name, partition: id.partition,
        "the table was re-created (table id \(description.tableID), the read model knows \(position.cursor.tableID))")
    }
    guard position.cursor.sequence > 0, !position.fingerprint.isEmpty else { return }
    var before = position.cursor
    before.sequence -= 1
    before.hint = max(0, before.hint - 1)
    let batch: RecordBatch
    do throws(LogError) {
      batch = try await log.read(
        partition: id.partition, after: before, limit: ReadLimit(records: 1, bytes: 1), wait: .seconds(5))
    } catch {
      // The last record applied is trimmed; whether the next one is still there the first read will tell.
      if error.kind == .trimmed { return }
      throw error
    }
    guard let entry = batch.entries.first, LaneRun.fingerprint(entry, batch) == position.fingerprint else {
      throw LogError(
        .corrupt, table: pipeline.tables[id.table].name, partition: id.partition,
        "record \(position.cursor.sequence) is not the one that was applied: the log was cut or written again; "
          + "rebuild the read model from it with: afterimage pipeline rebuild \(pipeline.name)")
    }
  }
}
