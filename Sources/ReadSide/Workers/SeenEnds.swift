internal import ChangeRecords
internal import Pipelines
internal import ReadModels

/// Where logs ended a while ago, as a value: a lane that is past that follows its log, however busy that is.
struct SeenEnds: Sendable {
  /// So long ago.
  static let age = Duration.seconds(1)

  private struct Look: Sendable {
    let at: ContinuousClock.Instant
    let ends: [SequenceNumber]
  }

  /// By table, the oldest first; of those that are old enough the latest only.
  private var looks: [TableIndex: [Look]] = [:]

  /// A table's log ended so at a time.
  mutating func note(_ ends: [SequenceNumber], of table: TableIndex, at time: ContinuousClock.Instant) {
    var all = looks[table] ?? []
    all.append(Look(at: time, ends: ends))
    if let kept = all.lastIndex(where: { $0.at <= time - SeenEnds.age }) { all.removeFirst(kept) }
    looks[table] = all
  }

  /// Whether a lane has applied everything that its log held a while ago; false before that is known.
  func isPast(_ lane: LaneID, _ sequence: SequenceNumber, now: ContinuousClock.Instant) -> Bool {
    guard let look = looks[lane.table]?.last(where: { $0.at <= now - SeenEnds.age }), lane.partition < look.ends.count else {
      return false
    }
    return sequence >= look.ends[lane.partition]
  }
}
