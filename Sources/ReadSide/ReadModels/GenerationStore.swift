package import ChangeLog
package import DynamoModel
internal import Foundation
package import Pipelines
package import Projections

/// One generation's read model, for the process that writes it: what every store does. One thread at a time.
///
/// All changes go through checkpoints, each one transaction guarded by compare-and-set on what the lane, or the decider, had before: rows,
/// positions, deadlines and effects are durable together or not at all.
package protocol GenerationStore: AnyObject {
  var pipeline: Pipeline { get }

  /// Notes lanes at the beginnings of their logs, those that are not known yet: until each has committed something, no watermark holds for what
  /// they feed. To be called before any lane commits.
  func addLanes(_ starts: [LaneID: LogCursor]) throws(ReadModelError)
  /// Takes a lane over: its position with a new epoch, which fences whoever had it before, and the sessions of the projections that have at most
  /// `sessionsMax`; of the others none. A lane that is new begins at `start`.
  func takeLane(_ lane: LaneID, start: LogCursor, sessionsMax: Int) throws(ReadModelError) -> TakenLane
  /// Looks sessions up as they are committed. By projection, in a bounded number of statements for each key and group.
  func sessions(
    _ lane: LaneID, _ lookups: [ProjectionID: SessionLookup]
  ) throws(ReadModelError) -> [ProjectionID: FoundSessions]
  /// Commits what a lane has made. Throws `superseded` when another worker has taken the lane since.
  func checkpoint(_ checkpoint: LaneCheckpoint) throws(ReadModelError) -> CheckpointResult
  /// Where every lane stands that was ever taken or added.
  func lanes() throws(ReadModelError) -> [LaneID: LanePosition]

  /// Takes the decider over with a new epoch; its sessions as a lane's. Its lane is `LaneID.decider`.
  func takeDecider(sessionsMax: Int) throws(ReadModelError) -> TakenDecider
  /// Steps of a projection below a time, in the order of their stamps, at most `limit`.
  func steps(_ projection: ProjectionID, below time: Instant, limit: Int) throws(ReadModelError) -> [HandedStep]
  /// Boards of a projection whose calendar period has ended at a time and that are open, by their ends, at most `limit`. One that
  /// was made later than its end comes when no earlier change of it can come any more: its first change is then known.
  func boardsToClose(_ projection: ProjectionID, at time: Instant, limit: Int) throws(ReadModelError) -> [DeciderEngine.Closing]
  /// Commits what the decider has made. Throws `superseded` when another has taken over since.
  func checkpoint(_ checkpoint: DeciderCheckpoint) throws(ReadModelError) -> CheckpointResult
  /// By projection: the time below which everything is decided.
  func decided() throws(ReadModelError) -> [ProjectionID: Instant]
  /// The states of groups that the decider watches, by their keys; one that is missing has none.
  func watched(_ projection: ProjectionID, _ keys: [[UInt8]]) throws(ReadModelError) -> [BytesKey: [UInt8]]
  /// How many steps of a projection wait for the decider.
  func stepsWaiting(_ projection: ProjectionID) throws(ReadModelError) -> Int

  /// Milliseconds since 1970 by the clock that all processes go by which share the store: the database's, of files the machine's.
  func now() throws(ReadModelError) -> Int64
  /// Effects of a name that are due, oldest first. An effect on a target waits until those before it are settled.
  func dueEffects(_ query: DueEffects) throws(ReadModelError) -> [PendingEffect]
  /// Those of the effects that this process may carry out now, and no other process until the time is over, by the store's clock; nobody may
  /// where the generation is not current or is frozen. One that another process has paused meanwhile is not claimed.
  ///
  /// Here and below an effect is meant by its number and its key: after a database has gone over to a standby another may have its number.
  func claim(_ effects: [PendingEffect], for lease: Duration) throws(ReadModelError) -> Set<EffectID>
  /// Gives claims of this process back.
  func giveBack(_ effects: [PendingEffect]) throws(ReadModelError)
  /// Notes how effects went. What failed is noted while the claim is this process's; what was carried out, whoever has it.
  func settle(_ outcomes: [(effect: PendingEffect, outcome: EffectOutcome)]) throws(ReadModelError)
  /// The items from which the rows come that an effect names, as they were at its instant: their keys, and the record that wrote each.
  func items(of rows: OutboxAction.Rows, for effect: PendingEffect) throws(ReadModelError) -> [RowItem]
  /// What is in the outbox in one of these states: at most `limit` with a number after `after`, in order of their numbers.
  func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) throws(ReadModelError) -> [ListedEffect]
  /// Has effects that were given up tried again, or discards effects; answers how many there were.
  func change(_ effects: EffectSelection, _ change: EffectChange) throws(ReadModelError) -> Int

  /// Takes over the outbox of the generation whose place this one takes: what that one derived up to the cut counts as its own, whatever
  /// its key; what it had waiting goes on here. Repeated after a crash it has the same outcome.
  func handOver(_ old: OldGeneration) throws(ReadModelError)

  func close()
}

extension GenerationStore {
  package func now() throws(ReadModelError) -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

/// A lane: one partition of one of the pipeline's tables.
package struct LaneID: Hashable, Sendable, Comparable {
  package let table: TableIndex
  package let partition: Int

  package init(table: TableIndex, partition: Int) {
    self.table = table
    self.partition = partition
  }

  /// The decider's place among the lanes, in what is kept of each.
  package static let decider = LaneID(table: TableIndex(rawValue: -1), partition: -1)

  package static func < (left: LaneID, right: LaneID) -> Bool {
    (left.table, left.partition) < (right.table, right.partition)
  }
}

/// A lane as a worker takes it over.
package struct TakenLane: Sendable {
  package let position: LanePosition
  /// By projection: the sessions that the lane folds. One that is missing has none.
  package let sessions: [ProjectionID: StoredSessions]

  package init(position: LanePosition, sessions: [ProjectionID: StoredSessions]) {
    self.position = position
    self.sessions = sessions
  }
}

/// What one checkpoint of a lane writes.
package struct LaneCheckpoint: Sendable {
  package let lane: LaneID
  package let old: LanePosition
  package let new: LanePosition
  package let changes: LaneChanges

  package init(_ lane: LaneID, from old: LanePosition, to new: LanePosition, _ changes: LaneChanges) {
    self.lane = lane
    self.old = old
    self.new = new
    self.changes = changes
  }
}

/// The decider as a worker takes it over.
package struct TakenDecider: Sendable {
  package let epoch: Epoch
  /// By projection: the sessions that the decider folds. One that is missing has none.
  package let sessions: [ProjectionID: StoredSessions]
  /// By projection: the time below which everything is decided.
  package let decided: [ProjectionID: Instant]

  package init(epoch: Epoch, sessions: [ProjectionID: StoredSessions], decided: [ProjectionID: Instant]) {
    self.epoch = epoch
    self.sessions = sessions
    self.decided = decided
  }
}

/// What one checkpoint of the decider writes.
package struct DeciderCheckpoint: Sendable {
  package let epoch: Epoch
  /// By projection: the time below which everything is decided now.
  package var decided: [ProjectionID: Instant] = [:]
  /// By projection: the last step that was folded; it and all before it are removed.
  package var folded: [ProjectionID: Stamp] = [:]
  package var closings: [DeciderEngine.Closing] = []
  package var changes = LaneChanges()
  /// By projection: groups that have been empty since before this time are dropped, and so are boards that `keep` takes away for good.
  package var trim: [ProjectionID: Instant] = [:]

  package init(epoch: Epoch) { self.epoch = epoch }

  package var isEmpty: Bool {
    decided.isEmpty && folded.isEmpty && closings.isEmpty && changes.isEmpty && trim.isEmpty
  }
}

/// What a checkpoint did.
package struct CheckpointResult: Sendable {
  package var rows = 0
  package var effects = 0
  /// Dead letters that began: of records, and of sums that fitted before.
  package var deadLetters = 0
  /// Leaderboards whose rows changed.
  package var boards: Set<ProjectionID> = []

  package init() {}
}
