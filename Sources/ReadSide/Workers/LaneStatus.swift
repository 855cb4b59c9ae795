internal import ChangeLog
package import ChangeRecords
package import Foundation
package import Pipelines
package import ReadModels
internal import Synchronization

/// What a lane is doing, for `/metrics`, the page and `doctor`.
package struct LaneStatus: Sendable {
  package var table: String
  package var partition: Int
  package var sequence: SequenceNumber = .beforeAll
  /// The time through which deadlines have fired.
  package var firedThrough = Instant.distantPast
  /// Records in the log after the last checkpoint, as far as known.
  package var behind: UInt64 = 0
  /// The time for which the rows hold.
  package var watermark = Instant.distantPast
  package var applied: UInt64 = 0
  package var deadLetters: Int = 0
  package var foreign: Int = 0
  /// Why the lane stands still; nil while it goes on.
  package var stopped: String?
  package var stop: LaneProgress.Stop?
  /// How long the log keeps records, in milliseconds; nil forever, or not known.
  package var retention: Int64?
  /// As of the last look.
  package var notice: RetentionNotice = .none
  /// Whether it has been at the log's end since it was started.
  package var hasCaughtUp = false
  /// When the lane last read from its log here; nil before it has, and while another process runs it.
  package var beat: Date?

  package init(table: String, partition: Int) {
    self.table = table
    self.partition = partition
  }

  /// Until when the log keeps what the lane has yet to apply; nil where nothing is to be applied, or records are kept forever.
  package var neededUntil: LogTime? {
    guard behind > 0, let retention, watermark.milliseconds > 0 else { return nil }
    let (end, overflows) = watermark.milliseconds.addingReportingOverflow(retention)
    return overflows ? nil : LogTime(rawValue: end)
  }
}

/// The lanes of one generation as they are now. Written by the lanes, read by anybody.
package final class LaneBoard: Sendable {
  private struct State {
    var lanes: [LaneID: LaneStatus] = [:]
    var held: [HeldProjection] = []
    /// By lane that holds others back: how many steps wait for it at the most.
    var waiting: [LaneID: Int] = [:]
    /// The tables whose lanes feed what waits.
    var awaited: Set<TableIndex> = []
    var deciderStopped: String?
    /// By table, how many lanes it has, as far as known.
    var partitions: [TableIndex: Int] = [:]
    var tables = 0
    var isOver = false
  }

  private let state = Mutex(State())
  /// Of the decider and the dispatcher of effects.
  package let heartbeats = Heartbeats()

  package init() {}

  func update(_ lane: LaneID, _ pipeline: Pipeline, _ change: (inout LaneStatus) -> Void) {
    state.withLock { state in
      var status = state.lanes[lane] ?? LaneStatus(table: pipeline.tables[lane.table].name, partition: lane.partition)
      change(&status)
      state.lanes[lane] = status
    }
  }

  func hold(_ holds: [Decider.Hold], _ pipeline: Pipeline) {
    state.withLock { state in
      state.held = holds.map { hold in
        HeldProjection(
          projection: pipeline.projections[hold.projection].name, table: pipeline.tables[hold.lane.table].name,
          partition: hold.lane.partition, waiting: hold.waiting)
      }
      state.waiting = Dictionary(holds.map { ($0.lane, $0.waiting) }) { max($0, $1) }
      state.awaited = Set(holds.flatMap { pipeline.projections[$0.projection].sources.map(\.table) })
    }
  }

  /// Whether steps wait for the decider that a lane feeds. All such lanes have to write their watermarks before the steps are folded, not only the
  /// one that is furthest back now.
  func isAwaited(_ lane: LaneID) -> Bool { state.withLock { $0.awaited.contains(lane.table) } }

  /// Whether a lane has to wait for one that holds the decider back. That one itself never waits.
  func isHeldBack(_ lane: LaneID, max most: Int) -> Bool {
    state.withLock { state in
      guard state.waiting[lane] == nil else { return false }
      return state.waiting.values.contains { $0 > most }
    }
  }

  /// A lane that another process runs stands at a position, and its log ends at `end`.
  func observe(
    _ lane: LaneID, _ position: LanePosition, end: SequenceNumber, hasCaughtUp: Bool, _ pipeline: Pipeline
  ) {
    update(lane, pipeline) { status in
      status.sequence = position.cursor.sequence
      status.firedThrough = position.firedThrough
      status.watermark = position.watermark
      status.behind = end.records(after: position.cursor.sequence)
      status.stopped = nil
      status.stop = nil
      if hasCaughtUp { status.hasCaughtUp = true }
      status.beat = nil
    }
  }

  /// The number of lanes of a table.
  func describe(_ table: TableIndex, _ partitions: Int, _ pipeline: Pipeline) {
    for partition in 0..<partitions { update(LaneID(table: table, partition: partition), pipeline) { _ in } }
    state.withLock { state in
      state.partitions[table] = partitions
      state.tables = pipeline.tables.count
    }
  }

  /// By table, how many lanes it has; a table is missing while that is not known.
  var partitions: [TableIndex: Int] { state.withLock { $0.partitions } }

  /// How many lanes there are, of the tables that are known.
  var laneCount: Int { partitions.values.reduce(0, +) }

  /// The generation is not worked on any more: what the lanes say is final.
  func end() { state.withLock { $0.isOver = true } }
  var isOver: Bool { state.withLock { $0.isOver } }
  func stopDecider(_ reason: String) { state.withLock { $0.deciderStopped = reason } }

  /// Why the decider stands still; nil while it works.
  package var deciderStopped: String? { state.withLock { $0.deciderStopped } }

  /// Whether every lane has been at the log's end.
  var hasCaughtUp: Bool {
    state.withLock { $0.tables > 0 && $0.partitions.count == $0.tables && $0.lanes.values.allSatisfy(\.hasCaughtUp) }
  }

  var positions: [LaneID: SwapDecision.Place] {
    state.withLock { state in
      // A lane of a table that is gone holds nothing back.
      let standing = state.lanes.filter { if case .recreated = $0.value.stop { false } else { true } }
      return standing.mapValues { SwapDecision.Place(sequence: $0.sequence, firedThrough: $0.firedThrough) }
    }
  }

  package var held: [HeldProjection] { state.withLock { $0.held } }

  /// By table and partition.
  package var all: [LaneStatus] {
    state.withLock { state in state.lanes.sorted { $0.key < $1.key }.map(\.value) }
  }

  package subscript(lane: LaneID) -> LaneStatus? { state.withLock { $0.lanes[lane] } }
}
