internal import ChangeLog
internal import ChangeRecords
internal import Foundation
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Services
internal import Synchronization
internal import Telemetry

/// One lane at work: reads its partition, and does what `LaneProgress` says. At the log's end every batch is committed at once, so
/// that rows are fresh; before it, batches are gathered, so that a row that changes often is written once.
struct Lane {
  let log: any ChangeLog
  let pipeline: Pipeline
  let id: LaneID
  let writer: GenerationWriter
  let board: LaneBoard
  let assignment: LaneAssignment
  let hold: LaneAssignment.Hold
  let parked: ParkedLanes
  let activations: Activations
  let settings: WorkerSettings
  let logger: Logger
  private let meter: LaneMeter

  /// Which publication of the log the lane has seen last.
  private let seen = Seen()

  private final class Seen: Sendable {
    private let value = Mutex<Int?>(nil)

    var publication: Int? {
      get { value.withLock { $0 } }
      set { value.withLock { $0 = newValue } }
    }
  }

  init(
    log: any ChangeLog, pipeline: Pipeline, id: LaneID, generation: Generation, writer: GenerationWriter, board: LaneBoard,
    assignment: LaneAssignment, hold: LaneAssignment.Hold, parked: ParkedLanes, activations: Activations,
    settings: WorkerSettings, logger: Logger
  ) {
    self.log = log
    self.pipeline = pipeline
    self.id = id
    self.writer = writer
    self.board = board
    self.assignment = assignment
    self.hold = hold
    self.parked = parked
    self.activations = activations
    self.settings = settings
    self.logger = logger
    meter = LaneMeter(settings.metrics, pipeline, id, generation: generation)
  }

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
        meter.failed(error)
        attempts += 1
        action = LaneProgress.failed(error, attempts: attempts)
      } catch let error as ReadModelError {
        meter.failed(error)
        action = LaneProgress.failed(error)
      } catch {
        if Task.isCancelled { return }
        action = .stop(.log("\(error)"))
      }
      if assignment.isDraining || action == .reload && !assignment.mayTakeAgain(hold) { return await leave() }
      await perform(action)
    }
  }

  /// To take the lane again would take it from the process that it is left to. Returns when the task is cancelled.
  private func leave() async {
    assignment.leave(hold)
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
  }

  /// What is done between two takings of the lane.
  private func perform(_ action: LaneProgress.Action) async {
    switch action {
    case .read, .commit: break
    case .reload: logger.warning("the lane was taken over, loading it again", ["pipeline": pipeline.name, "lane": name])
    case .wait(let pause): try? await Task.sleep(for: pause)
    case .retry(let pause, let reason, let standsStill):
      let sentence = "\(name) \(reason)"
      // What lasts is said once.
      if !standsStill || board[id]?.stopped != sentence {
        logger.log(
          standsStill ? .error : .warning, "lane waits, trying again",
          ["pipeline": pipeline.name, "lane": name, "reason": reason])
      }
      if standsStill { board.update(id, pipeline) { $0.stopped = sentence } }
      try? await Task.sleep(for: pause)
      if standsStill, let description = try? await log.describe() { await lookAhead(description) }
    case .stop(let stop):
      logger.error("lane stopped", ["pipeline": pipeline.name, "reason": "\(name) \(stop.reason)"])
      board.update(id, pipeline) {
        $0.stopped = "\(name) \(stop.reason)"
        $0.stop = stop
      }
      await standStill(stop)
    }
  }

  /// Returns when the log was published again and may be read on, or the task is cancelled. Meanwhile it notes what the lane does not apply.
  private func standStill(_ stop: LaneProgress.Stop) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: settings.standStillInterval)
      guard let description = try? await log.describe() else { continue }
      if case .log = stop, description.publication != seen.publication {
        logger.info("the table was published again, the lane goes on", ["pipeline": pipeline.name, "lane": name])
        return
      }
      if case .recreated = stop { continue }
      await lookAhead(description)
    }
  }

  /// Notes what the log holds that the lane does not apply, and until when it keeps that.
  private func lookAhead(_ description: LogDescription) async {
    let last = try? await log.bounds(partition: id.partition).last
    board.update(id, pipeline) { status in
      status.retention = description.retention
      if let last { status.behind = last.records(after: status.sequence) }
    }
    lookAtRetention()
  }

  /// Says, once for each, that records which the lane needs will soon be dropped, or may have been.
  private func lookAtRetention() {
    let now = LogTime(rawValue: Int64(Date().timeIntervalSince1970 * 1000))
    var news: RetentionNotice?
    board.update(id, pipeline) { status in
      let notice = RetentionNotice(neededUntil: status.neededUntil, retention: status.retention, now: now)
      if notice > status.notice { news = notice }
      status.notice = notice
    }
    guard let sentence = news?.sentence(name) else { return }
    logger.warning("a lane comes close to the log's retention", ["pipeline": pipeline.name, "reason": sentence])
  }

  /// Takes the lane and works it until something has to be decided by the store.
  private func work() async throws -> LaneProgress.Action {
    let description = try await log.describe()
    seen.publication = description.publication
    var run = if let parked = try await resume() { parked } else { try await take(description) }
    let position = run.progress.position
    try await check(position, description)
    var counted = run.engine.applied
    board.update(id, pipeline) { status in
      status.sequence = position.cursor.sequence
      status.firedThrough = position.firedThrough
      status.watermark = position.watermark
      status.retention = description.retention
    }
    while !Task.isCancelled {
      await waitForDecider()
      let isAwaited = board.isAwaited(id)
      // Where something is gathered the log has more, or it would be committed: to wait for that is right in both cases.
      let batch = try await log.read(
        partition: id.partition, after: run.progress.next.cursor, limit: settings.readLimit,
        wait: isAwaited ? min(settings.pace.awaitedInterval, settings.readWait) : settings.readWait)
      // One that is taken back leaves a batch alone that it has not begun.
      if Task.isCancelled { break }
      run.begin(batch, isAwaited: isAwaited)
      board.update(id, pipeline) { $0.beat = Date() }
      // A batch that ends many sessions is many steps: to stop after any of them is right.
      while run.isAtWork, !Task.isCancelled {
        switch run.step() {
        case .look(let lookups): run.admit(try await writer.sessions(id, lookups), lookups)
        case .act(.commit):
          let (checkpoint, applied) = (run.takeCheckpoint(), run.engine.applied)
          // What was written while nobody worked here says nothing of how long a write takes to be seen.
          let oldest = board[id]?.hasCaughtUp == true ? run.oldest : nil
          let begin = ContinuousClock.now
          let result = try await writer.checkpoint(checkpoint)
          meter.committed(applied - counted, result, oldest: oldest, took: begin.duration(to: .now))
          counted = applied
          report(
            checkpoint.new, result, behind: run.progress.behind, applied: applied,
            foreign: run.isAtWork ? 0 : batch.foreign.count)
          let action = run.committed()
          if action != .read { return action }
        case .act:
          board.update(id, pipeline) { $0.behind = run.progress.behind }
          lookAtRetention()
        }
      }
      if let place = batch.place, run.hasCommittedRecords {
        assignment.note(hold, place: place)
      }
    }
    if run.isDirty {
      _ = try await writer.checkpoint(run.takeCheckpoint())
      let action = run.committed()
      if action != .read { return action }
    }
    // What a batch has brought into memory without applying it is not kept.
    if assignment.isShared, !run.isAtWork { parked.park(run) }
    return .read
  }

  /// The lane as it was parked, if the store still holds it as it was left.
  private func resume() async throws -> LaneRun? {
    guard var run = parked.take(id), let epoch = try await writer.resume(id, at: run.progress.position) else { return nil }
    run.resumed(as: epoch)
    return run
  }

  /// The lane as the store holds it.
  private func take(_ description: LogDescription) async throws -> LaneRun {
    let lanes = board.laneCount
    let sessionsMax = settings.residentSessions(lanes: lanes)
    let taken = try await writer.takeLane(
      id, start: LogCursor(tableID: description.tableID, sequence: .beforeAll), sessionsMax: sessionsMax)
    meter.started()
    return LaneRun(
      id, pipeline, taken, activations: activations, pace: settings.pace(lanes: lanes), sessionsMax: sessionsMax)
  }

  /// While too many steps wait for the decider, lanes that are ahead of the one that holds it back wait.
  private func waitForDecider() async {
    while !Task.isCancelled, board.isHeldBack(id, max: settings.stepsWaitingMax) {
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  private func report(
    _ position: LanePosition, _ result: CheckpointResult, behind: UInt64, applied: UInt64, foreign: Int
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
    lookAtRetention()
  }

  /// Refuses a log that is not the one the position belongs to: of a table that was re-created, cut, or written otherwise.
  private func check(_ position: LanePosition, _ description: LogDescription) async throws {
    guard position.cursor.tableID == description.tableID else {
      throw LogError(
        .recreated, table: pipeline.tables[id.table].name, partition: id.partition,
        "the table was re-created (table id \(description.tableID), the read model knows \(position.cursor.tableID))")
    }
    guard position.cursor.sequence > .beforeAll, !position.fingerprint.isEmpty else { return }
    var before = position.cursor
    before.sequence = before.sequence.previous
    before.hint = max(0, before.hint - 1)
    let batch: RecordBatch
    do throws(LogError) {
      batch = try await log.read(
        partition: id.partition, after: before, limit: ReadLimit(records: 1, bytes: 1), wait: .seconds(5))
    } catch {
      // The last record applied is trimmed; whether the next one is still there, the first read shows.
      if error.kind == .trimmed { return }
      throw error
    }
    guard let entry = batch.entries.first else {
      // Not there yet, as while the table is published again from its start, or not there any more: the first read says which. Where it should be there
      // it is asked for again.
      let ends = try await log.ends(areFresh: true)
      guard id.partition < ends.count, ends[id.partition].sequence >= position.cursor.sequence else { return }
      throw LogError(
        .retry, table: pipeline.tables[id.table].name, partition: id.partition,
        "record \(position.cursor.sequence), the last that was applied, is not answered")
    }
    guard LaneRun.fingerprint(entry, batch) == position.fingerprint else {
      throw LogError(
        .corrupt, table: pipeline.tables[id.table].name, partition: id.partition,
        "record \(position.cursor.sequence) is not the one that was applied: the log was cut or written again; "
          + "rebuild the read model from it with: afterimage pipeline rebuild \(pipeline.name)")
    }
  }
}
