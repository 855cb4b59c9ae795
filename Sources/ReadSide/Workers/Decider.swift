internal import Pipelines
internal import Projections
internal import ReadModels

/// Carries the decider out on a store: rounds of bounded size, each one checkpoint.
///
/// Not `Sendable`: on the thread of the store.
final class Decider {
  /// Steps that one round folds at most, and boards that it closes.
  static let stepsMax = 2_000

  private let store: any GenerationStore
  private let pipeline: Pipeline
  private let partitions: [TableIndex: Int]
  private var engine: DeciderEngine
  private let epoch: Epoch
  private var decided: [ProjectionID: Instant]
  private var trimmed: [ProjectionID: Instant] = [:]

  /// What holds a projection of the decider back: the lane with the least watermark, and how many steps wait for it.
  struct Hold: Sendable, Equatable {
    let projection: ProjectionID
    let lane: LaneID
    let waiting: Int
  }

  private(set) var holds: [Hold] = []
  /// Whether the round has stopped before its end, since not all that is due was looked up at once.
  private var isHalfway = false
  /// Whether the last round changed rows or effects.
  private(set) var hasWritten = false

  /// `sessionsMax` sessions of each projection stay in memory.
  init(
    _ store: any GenerationStore, partitions: [TableIndex: Int], _ activations: Activations, sessionsMax: Int = .max
  ) throws(ReadModelError) {
    self.store = store
    pipeline = store.pipeline
    self.partitions = partitions
    let taken = try store.takeDecider(sessionsMax: min(sessionsMax, ReadModelLimits.sessionsHandedOverMax))
    epoch = taken.epoch
    decided = taken.decided
    engine = DeciderEngine(
      pipeline: pipeline, stored: taken.sessions, activations: activations.ofDecider, residentMax: sessionsMax)
  }

  /// Folds what the lanes' watermarks allow, and commits it. Answers whether there may be more at once.
  ///
  /// `isSettled` says that every lane has applied all that its log holds, of one source, and that the logs stand still: then every step is
  /// folded, since whatever comes later has a higher order.
  func round(isSettled: Bool = false) throws(ReadModelError) -> Bool {
    let lanes = LeastWatermark(pipeline, partitions, try store.lanes())
    var checkpoint = DeciderCheckpoint(epoch: epoch)
    var hasMore = false
    isHalfway = false
    for id in DeciderEngine.folded(of: pipeline) {
      if let watermark = lanes.least(id).watermark, try fold(id, watermark, isSettled: isSettled, &checkpoint) {
        hasMore = true
      }
    }
    for id in DeciderEngine.closingBoards(of: pipeline) {
      // A board may be made after its period has passed: there is no time below which none is left.
      guard let watermark = lanes.least(id).watermark else { continue }
      let closings = try store.boardsToClose(id, at: watermark, limit: Decider.stepsMax)
      for closing in closings { engine.close(closing) }
      checkpoint.closings += closings
      // A generation that takes this one's place has to know up to where boards have closed: those whose end is the watermark too.
      if let last = closings.last {
        checkpoint.decided[id] = closings.count < Decider.stepsMax ? watermark.advanced(by: 1) : last.closedAt
      }
      if closings.count == Decider.stepsMax { hasMore = true }
    }
    for id in pipeline.projections.ids {
      let projection = pipeline.projections[id]
      guard projection.isOverItems || projection.keepsBoards else { continue }
      guard let watermark = lanes.least(id).watermark,
        trimmed[id].map({ $0.distance(to: watermark) >= Decider.trimInterval }) ?? true
      else { continue }
      checkpoint.trim[id] = watermark
    }
    checkpoint.changes = engine.takeChanges()
    hasWritten = !checkpoint.closings.isEmpty || !checkpoint.changes.isEmpty
    if !checkpoint.isEmpty {
      _ = try store.checkpoint(checkpoint)
      engine.committed()
      decided.merge(checkpoint.decided) { $1 }
      trimmed.merge(checkpoint.trim) { $1 }
    }
    holds = try Decider.holds(store, lanes)
    return hasMore && (isHalfway || !checkpoint.isEmpty)
  }

  /// What still waits, after what was folded has gone.
  static func holds(_ store: any GenerationStore, _ lanes: LeastWatermark) throws(ReadModelError) -> [Hold] {
    var holds: [Hold] = []
    for id in DeciderEngine.folded(of: store.pipeline) {
      let waiting = try store.stepsWaiting(id)
      if waiting > 0 { holds.append(Hold(projection: id, lane: lanes.least(id).lane, waiting: waiting)) }
    }
    return holds
  }

  /// How much log time lies between two looks for what can be dropped, in microseconds.
  private static let trimInterval: Int64 = 1_000_000

  /// Answers whether there may be more steps below the watermark.
  private func fold(
    _ id: ProjectionID, _ watermark: Instant, isSettled: Bool, _ checkpoint: inout DeciderCheckpoint
  ) throws(ReadModelError) -> Bool {
    guard isSettled || watermark > decided[id] ?? .distantPast else { return false }
    var steps = try store.steps(id, below: isSettled ? .distantFuture : watermark, limit: Decider.stepsMax).map(\.step)
    let isFull = steps.count == Decider.stepsMax
    // The last change's steps may not all be here: it is folded whole in the next round.
    if isFull, let last = steps.last?.stamp, steps[0].stamp != last { steps.removeAll { $0.stamp == last } }
    let end = max(isFull ? .distantPast : watermark, steps.last?.stamp.time ?? .distantPast)
    if let lookup = engine.lookup(steps, projection: id, before: end) {
      engine.admit(try store.sessions(.decider, [id: lookup])[id] ?? FoundSessions(), lookup, projection: id)
    }
    // Of what is due one lookup may not have answered all: then this round goes as far as it may.
    let dueThrough = engine.dueThrough(id)
    if dueThrough < end { steps.removeAll { $0.stamp.time > dueThrough } }
    try apply(steps, id)
    if let last = steps.last?.stamp { checkpoint.folded[id] = last }
    if dueThrough < end {
      engine.advance(id, to: dueThrough)
      isHalfway = true
      return true
    }
    if isFull { return true }
    engine.advance(id, to: watermark)
    if watermark > decided[id] ?? .distantPast { checkpoint.decided[id] = watermark }
    return false
  }

  private func apply(_ steps: [SessionStep], _ id: ProjectionID) throws(ReadModelError) {
    let wanted = engine.wantedGroups(steps, projection: id)
    let states = wanted.isEmpty ? [:] : try store.watched(id, wanted)
    do {
      try engine.admit(states, wanted: wanted, projection: id)
      try engine.apply(steps, projection: id)
    } catch {
      throw .damaged(path: pipeline.projections[id].name, "a group that the decider watches cannot be read")
    }
  }

  var nextDeadline: Instant? { engine.nextDeadline }
}

/// How far the lanes are that feed a projection.
struct LeastWatermark {
  private let pipeline: Pipeline
  /// By table, how many lanes there are, as far as known: before all are taken no watermark holds.
  private let partitions: [TableIndex: Int]
  private let lanes: [LaneID: LanePosition]

  init(_ pipeline: Pipeline, _ partitions: [TableIndex: Int], _ lanes: [LaneID: LanePosition]) {
    self.pipeline = pipeline
    self.partitions = partitions
    self.lanes = lanes
  }

  /// The least watermark of the lanes that feed a projection, and the lane that it is of: nil and the first that has committed nothing yet
  /// before all have.
  func least(_ id: ProjectionID) -> (watermark: Instant?, lane: LaneID) {
    least(of: Set(pipeline.projections[id].sources.map(\.table)))
  }

  /// The same of the lanes of some tables. Of a table whose partitions are not known there is a lane that nobody knows either.
  func least(of tables: Set<TableIndex>) -> (watermark: Instant?, lane: LaneID) {
    var least: (watermark: Instant?, lane: LaneID) = (
      .distantFuture, LaneID(table: TableIndex(rawValue: 0), partition: 0)
    )
    for table in tables.sorted() {
      let count = partitions[table] ?? 0
      for partition in 0..<max(count, 1) {
        let lane = LaneID(table: table, partition: partition)
        guard count > 0, let position = lanes[lane], position.watermark > .distantPast else { return (nil, lane) }
        if position.watermark <= least.watermark ?? .distantFuture { least = (position.watermark, lane) }
      }
    }
    return least
  }
}

extension Projection {
  /// Whether it is a leaderboard that keeps some of its boards.
  var keepsBoards: Bool {
    if case .leaderboard(let board) = kind { board.keepBoards != nil } else { false }
  }
}
