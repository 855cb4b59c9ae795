internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections

/// What a lane adds to one group.
struct GroupDelta {
  /// Of one projection.
  final class All {
    let deltas: GroupDeltas

    init(_ deltas: GroupDeltas) { self.deltas = deltas }
  }

  let all: All
  let slot: Int
  let key: [Value]

  init(_ all: All, _ slot: Int, _ plan: GroupPlan) throws(StateError) {
    guard let key = Value.values(ordered: all.deltas.key(slot), count: plan.keyCount) else { throw StateError() }
    self.all = all
    self.slot = slot
    self.key = key
  }

  var stamp: Stamp { all.deltas.stamp(slot) }
  var first: Stamp? { all.deltas.first(slot) }
}

/// A group in the hands of a checkpoint: locked, read, merged, and what its row says. One object, which is handed from step to step without copies.
final class GroupWork {
  let plan: GroupPlan
  let key: [Value]
  let sharedKey: CheckpointWriter.SharedKey
  let delta: GroupDelta?
  var state: GroupState
  var values: AskedValues
  var shown = GroupState.Shown()
  /// Whether a board showed a score of it before.
  let wasPlaced: Bool

  /// A group whose state was read; nil of one that begins. `delta` is nil where its row is only derived again.
  init(
    _ sharedKey: CheckpointWriter.SharedKey, _ plan: GroupPlan, key: [Value], state: GroupState?, delta: GroupDelta?,
    watermark: Instant
  ) {
    self.plan = plan
    self.key = key
    self.sharedKey = sharedKey
    self.delta = delta
    self.state = state ?? GroupState(plan)
    values = AskedValues(watermark: watermark, isNew: state == nil)
    wasPlaced = state?.isPlaced ?? false
  }

  var id: ProjectionID { sharedKey.id }
  var bytes: [UInt8] { sharedKey.bytes }
  var isAlive: Bool { state.isAlive(plan) }
}

/// A leaderboard and what its rows are derived by. One object for a generation: what is in it is not copied for each member.
final class BoardRules {
  let id: ProjectionID
  let plan: GroupPlan
  let leaderboard: Leaderboard

  init?(_ id: ProjectionID, _ pipeline: Pipeline, _ plans: [ProjectionID: GroupPlan]) {
    guard let plan = plans[id], case .leaderboard(let leaderboard) = pipeline.projections[id].kind else { return nil }
    self.id = id
    self.plan = plan
    self.leaderboard = leaderboard
  }

  func values(ofBoard bytes: [UInt8]) throws -> [Value] {
    guard let values = Value.values(ordered: bytes, count: leaderboard.boardCount) else { throw StateError() }
    return values
  }

  /// The board of a member's key.
  func board(of key: some Sequence<Value>) -> [UInt8] { Value.ordered(key.prefix(leaderboard.boardCount)) }

  /// The board of a member's key in ordered form.
  func board(ofMember bytes: [UInt8]) throws -> [UInt8] {
    guard let values = Value.values(ordered: bytes, count: plan.keyCount) else { throw StateError() }
    return board(of: values)
  }

  /// A member's place on a board that keeps its best. Nil without its scores.
  func rank(_ work: GroupWork) -> [UInt8]? {
    guard leaderboard.keepMembers != nil, work.state.isPlaced else { return nil }
    return leaderboard.place(of: work.key[leaderboard.boardCount], work.shown)
  }

  /// Puts the row of a member that is placed.
  func put(_ work: GroupWork, closedAt: Instant?, into batch: inout RowBatch) throws {
    try batch.add(work.key)
    try leaderboard.forEachCell(of: work.shown, closedAt: closedAt) { try batch.add($0) }
    try batch.add(work.state.stamp)
    batch.endRow()
  }
}

/// A board as `_boards` keeps it.
struct Board {
  let bytes: [UInt8]
  /// Orders boards by time: the start of the calendar period where there is one, then the last change.
  var latest: [UInt8] = []
  var period: [UInt8] = []
  var openedAt = Instant.distantFuture
  var closesAt: Instant?
  var closedAt: Instant?
  var members = 0
  var isShown = false
  /// The works that this checkpoint has on its members.
  var touched: [Int] = []

  /// A member was merged.
  mutating func take(_ work: GroupWork, at index: Int, _ rules: BoardRules) {
    touched.append(index)
    members += (work.state.isPlaced ? 1 : 0) - (work.wasPlaced ? 1 : 0)
    guard let delta = work.delta else { return }
    openedAt = min(openedAt, (delta.first ?? delta.stamp).time)
    let period = rules.leaderboard.period(of: delta.key)
    closesAt = period?.upperBound
    self.period = period.map { Value.ordered(CollectionOfOne(.timestamp($0.lowerBound))) } ?? []
    let latest = self.period + delta.stamp.ordered
    if Bytes.less(self.latest, latest) { self.latest = latest }
  }
}
