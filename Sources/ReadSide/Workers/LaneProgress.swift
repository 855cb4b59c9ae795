package import ChangeLog
package import Pipelines
package import Projections
package import ReadModels

/// How a lane gathers records into checkpoints.
package struct LanePace: Sendable {
  /// Records that one checkpoint may gather while the lane has more to read.
  package var recordsMax: Int
  /// Changed rows that one checkpoint may gather: what they take is memory until it is committed. Of a worker's settings: of all its lanes
  /// together.
  package var rowsMax: Int
  /// Time that one checkpoint may gather while the lane has more to read; five times that while it is far from the log's end, where no
  /// reader can see the newest rows anyway and a row that changes often is better written once.
  package var interval: Duration
  /// More records than this before the log's end is far.
  package var farRecords: UInt64
  /// Time that one checkpoint may gather while the lane is near the log's end: there is always a record more where writes never pause.
  package var nearInterval: Duration
  /// At most so many records before the log's end is near.
  package var nearRecords: UInt64
  /// How often a quiet lane writes its watermark.
  package var watermarkInterval: Duration
  /// The same while the decider waits for it: what it then folds becomes visible so much later at the most.
  package var awaitedInterval: Duration

  package init(
    recordsMax: Int = 500_000, rowsMax: Int = 250_000, interval: Duration = .seconds(1), farRecords: UInt64 = 50_000,
    nearInterval: Duration = .milliseconds(50), nearRecords: UInt64 = 1_000,
    watermarkInterval: Duration = .seconds(1), awaitedInterval: Duration = .milliseconds(50)
  ) {
    self.recordsMax = recordsMax
    self.rowsMax = rowsMax
    self.interval = interval
    self.farRecords = farRecords
    self.nearInterval = nearInterval
    self.nearRecords = nearRecords
    self.watermarkInterval = watermarkInterval
    self.awaitedInterval = awaitedInterval
  }
}

/// What a lane does next, as a value: a batch was applied, a checkpoint succeeded, something failed; the answer says what is to be done. Live
/// work, replays and scenarios carry it out; it reads no clock and no log.
package struct LaneProgress: Sendable {
  /// What was applied of a batch, and what the engine holds since.
  package struct Applied: Sendable {
    /// After the last good record.
    package let end: LogCursor
    /// Records applied of this batch.
    package let records: Int
    /// Unchanged when the batch ended with a bad record.
    package let watermark: Instant
    package let firedThrough: Instant
    /// Of the last good record; nil when there was none.
    package let fingerprint: String?
    /// Records in the log after the batch, as far as known.
    package let behind: UInt64
    package let hasChanges: Bool
    package let changedRows: Int
    /// Whether something must be committed at once: messages that were set aside.
    package let isUrgent: Bool
    /// Whether steps wait for the decider until the lane's watermark is written.
    package let isAwaited: Bool
    package let failure: LaneFailure?

    package init(
      end: LogCursor, records: Int, watermark: Instant, firedThrough: Instant, fingerprint: String?, behind: UInt64,
      hasChanges: Bool,
      changedRows: Int, isUrgent: Bool, isAwaited: Bool, failure: LaneFailure?
    ) {
      self.end = end
      self.records = records
      self.watermark = watermark
      self.firedThrough = firedThrough
      self.fingerprint = fingerprint
      self.behind = behind
      self.hasChanges = hasChanges
      self.changedRows = changedRows
      self.isUrgent = isUrgent
      self.isAwaited = isAwaited
      self.failure = failure
    }
  }

  package enum Action: Sendable, Equatable {
    /// Read on after `next.cursor`.
    case read
    /// Commit from `position` to `next`.
    case commit
    /// Take the lane again from the store: what it held in memory is void.
    case reload
    /// Take the lane again from the store after a while: nothing is wrong, another generation is taking this one's place.
    case wait(Duration)
    /// Take the lane again from the store after a while. `standsStill` where that is worth an operator's eye.
    case retry(after: Duration, reason: String, standsStill: Bool)
    /// Stand still and say why, until an operator or another generation changes it.
    case stop(Stop)
  }

  package enum Stop: Sendable, Equatable {
    /// A record that cannot be read, or a log that is not the one that was read before.
    case log(String)
    /// The table was deleted, or is another one of its name: a new generation begins when it is there.
    case recreated(String)
    /// The read model itself is damaged, or of another version.
    case readModel(String)

    package var reason: String {
      switch self {
      case .log(let reason), .recreated(let reason), .readModel(let reason): reason
      }
    }
  }

  /// What the store holds.
  package private(set) var position: LanePosition
  /// What the engine has applied.
  package private(set) var next: LanePosition
  private let pace: LanePace
  /// Records applied since the last checkpoint.
  private var gathered = 0
  private var lastCheckpoint: ContinuousClock.Instant
  private var failure: LaneFailure?
  /// Records in the log after what was applied, as far as known.
  package private(set) var behind: UInt64 = 0

  /// A lane that goes on from `position`, which the store holds. The first checkpoint is due an interval after `now`.
  package init(_ position: LanePosition, pace: LanePace, now: ContinuousClock.Instant) {
    self.position = position
    self.pace = pace
    next = position
    lastCheckpoint = now
  }

  /// The lane goes on where it was left, all of it committed, under another epoch; the first checkpoint is due an interval after `now`.
  mutating func resumed(as epoch: Epoch, now: ContinuousClock.Instant) {
    position.epoch = epoch
    next.epoch = epoch
    lastCheckpoint = now
  }

  /// A batch was read and applied as far as it is good.
  package mutating func applied(_ batch: Applied, now: ContinuousClock.Instant) -> Action {
    next.cursor = batch.end
    next.firedThrough = batch.firedThrough
    next.watermark = max(next.watermark, batch.watermark)
    if let fingerprint = batch.fingerprint { next.fingerprint = fingerprint }
    gathered += batch.records
    behind = batch.behind
    failure = batch.failure
    return isDue(batch, now - lastCheckpoint) ? .commit : .read
  }

  private func isDue(_ batch: Applied, _ elapsed: Duration) -> Bool {
    if batch.failure != nil || batch.isUrgent { return true }
    if gathered > 0 {
      if batch.behind == 0 || gathered >= pace.recordsMax || batch.changedRows >= pace.rowsMax { return true }
      return elapsed >= gatheringMax(behind: batch.behind)
    }
    let interval = batch.isAwaited ? min(pace.awaitedInterval, pace.watermarkInterval) : pace.watermarkInterval
    return batch.hasChanges || (next != position && elapsed >= interval)
  }

  private func gatheringMax(behind: UInt64) -> Duration {
    if behind > pace.farRecords { return pace.interval * 5 }
    return behind > pace.nearRecords ? pace.interval : min(pace.interval, pace.nearInterval)
  }

  /// Whether the last batch ended with a record at which the lane stops, once what came before it is committed.
  package var isAtFailure: Bool { failure != nil }

  /// Whether a checkpoint has anything to write, at the end of the work.
  package func isDirty(hasChanges: Bool) -> Bool { hasChanges || next != position }

  /// The checkpoint that was asked for is durable.
  package mutating func committed(now: ContinuousClock.Instant) -> Action {
    position = next
    gathered = 0
    lastCheckpoint = now
    guard let failure else { return .read }
    return .stop(failure.kind == .truncated ? .recreated("\(failure)") : .log("\(failure)"))
  }

  /// The log cannot be read, for the nth time in a row.
  package static func failed(_ error: LogError, attempts: Int) -> Action {
    switch error.kind {
    case .retry:
      .retry(
        after: .milliseconds(min(5_000, 50 << min(attempts, 7))), reason: "the log cannot be read: \(error.message)",
        standsStill: false)
    case .denied: .retry(after: .seconds(2), reason: error.message, standsStill: true)
    case .recreated: .stop(.recreated("\(error)"))
    case .configuration, .corrupt, .trimmed: .stop(.log("\(error)"))
    }
  }

  /// The store refused a checkpoint, or the lane.
  package static func failed(_ error: ReadModelError) -> Action {
    switch error {
    case .superseded: .reload
    case .held: .wait(.milliseconds(200))
    // A full disk, a lock: nothing was committed.
    case .storage: .retry(after: .seconds(2), reason: "the read model cannot be written: \(error)", standsStill: true)
    case .damaged, .otherVersion, .otherCatalogue, .otherFingerprint: .stop(.readModel("\(error)"))
    }
  }
}
