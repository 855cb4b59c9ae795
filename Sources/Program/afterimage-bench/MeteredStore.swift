internal import ChangeLog
internal import DynamoModel
internal import Foundation
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Synchronization

/// Processor time that was spent in calls, whichever thread made them.
final class CPUMeter: Sendable {
  private let nanoseconds = Atomic<Int64>(0)

  var seconds: Double { Double(nanoseconds.load(ordering: .relaxed)) / 1e9 }

  func measure<Result>(_ body: () throws(ReadModelError) -> Result) throws(ReadModelError) -> Result {
    let start = CPUMeter.now
    defer { nanoseconds.add(CPUMeter.now - start, ordering: .relaxed) }
    return try body()
  }

  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A store whose work on records is measured.
final class MeteredStore: GenerationStore {
  private let store: any GenerationStore
  private let meter: CPUMeter

  init(_ store: any GenerationStore, _ meter: CPUMeter) {
    self.store = store
    self.meter = meter
  }

  var pipeline: Pipeline { store.pipeline }

  func addLanes(_ starts: [LaneID: LogCursor]) throws(ReadModelError) { try store.addLanes(starts) }

  func takeLane(_ lane: LaneID, start: LogCursor, sessionsMax: Int) throws(ReadModelError) -> TakenLane {
    try store.takeLane(lane, start: start, sessionsMax: sessionsMax)
  }

  func sessions(
    _ lane: LaneID, _ lookups: [ProjectionID: SessionLookup]
  ) throws(ReadModelError) -> [ProjectionID: FoundSessions] {
    try meter.measure { () throws(ReadModelError) in try store.sessions(lane, lookups) }
  }

  func checkpoint(_ checkpoint: LaneCheckpoint) throws(ReadModelError) -> CheckpointResult {
    try meter.measure { () throws(ReadModelError) in try store.checkpoint(checkpoint) }
  }

  func lanes() throws(ReadModelError) -> [LaneID: LanePosition] {
    try meter.measure { () throws(ReadModelError) in try store.lanes() }
  }

  func takeDecider(sessionsMax: Int) throws(ReadModelError) -> TakenDecider { try store.takeDecider(sessionsMax: sessionsMax) }

  func steps(_ projection: ProjectionID, below time: Instant, limit: Int) throws(ReadModelError) -> [HandedStep] {
    try meter.measure { () throws(ReadModelError) in try store.steps(projection, below: time, limit: limit) }
  }

  func boardsToClose(_ projection: ProjectionID, at time: Instant, limit: Int) throws(ReadModelError) -> [DeciderEngine.Closing] {
    try meter.measure { () throws(ReadModelError) in try store.boardsToClose(projection, at: time, limit: limit) }
  }

  func checkpoint(_ checkpoint: DeciderCheckpoint) throws(ReadModelError) -> CheckpointResult {
    try meter.measure { () throws(ReadModelError) in try store.checkpoint(checkpoint) }
  }

  func decided() throws(ReadModelError) -> [ProjectionID: Instant] {
    try meter.measure { () throws(ReadModelError) in try store.decided() }
  }

  func watched(_ projection: ProjectionID, _ keys: [[UInt8]]) throws(ReadModelError) -> [BytesKey: [UInt8]] {
    try meter.measure { () throws(ReadModelError) in try store.watched(projection, keys) }
  }

  func stepsWaiting(_ projection: ProjectionID) throws(ReadModelError) -> Int { try store.stepsWaiting(projection) }

  func dueEffects(_ query: DueEffects) throws(ReadModelError) -> [PendingEffect] { try store.dueEffects(query) }

  func claim(_ effects: [PendingEffect], for lease: Duration) throws(ReadModelError) -> Set<EffectID> {
    try store.claim(effects, for: lease)
  }

  func giveBack(_ effects: [PendingEffect]) throws(ReadModelError) { try store.giveBack(effects) }

  func settle(_ outcomes: [(effect: PendingEffect, outcome: EffectOutcome)]) throws(ReadModelError) { try store.settle(outcomes) }

  func items(of rows: OutboxAction.Rows, for effect: PendingEffect) throws(ReadModelError) -> [RowItem] {
    try store.items(of: rows, for: effect)
  }

  func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) throws(ReadModelError) -> [ListedEffect] {
    try store.effects(states, after: after, limit: limit)
  }

  func change(_ effects: EffectSelection, _ change: EffectChange) throws(ReadModelError) -> Int {
    try store.change(effects, change)
  }

  func handOver(_ old: OldGeneration) throws(ReadModelError) { try store.handOver(old) }

  func close() { store.close() }
}
