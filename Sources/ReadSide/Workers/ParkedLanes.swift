internal import ReadModels
internal import Synchronization

/// The lanes of one generation that were taken back from this process, each in memory as its last checkpoint left it: when the next assignment brings a
/// lane back, it goes on from there instead of from the store.
///
/// What they take is bounded: each has at most its share of the sessions that stay in memory, as if it still ran. One that another process has taken is
/// dropped, at the latest when it comes back: the store then does not hold what it holds.
final class ParkedLanes: Sendable {
  private let runs = Mutex<[LaneID: LaneRun]>([:])

  /// Keeps a lane all of which is committed, and whose last commit is known to have succeeded.
  func park(_ run: LaneRun) { runs.withLock { $0[run.lane] = run } }

  /// The lane as it was parked, once; nil when it was not, or was dropped.
  func take(_ lane: LaneID) -> LaneRun? { runs.withLock { $0.removeValue(forKey: lane) } }

  /// Drops those that have another epoch in the store: somebody has taken them since.
  func drop(unlessAt positions: [LaneID: LanePosition]) {
    runs.withLock { runs in runs = runs.filter { $0.value.progress.position.epoch == positions[$0.key]?.epoch } }
  }

  var lanes: Set<LaneID> { runs.withLock { Set($0.keys) } }
}
