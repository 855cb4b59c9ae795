package import ChangeRecords
internal import Pipelines

/// How soon the log may drop a record that a lane still needs, as a value.
///
/// The next record that a lane applies has at least the time through which its rows hold, so the log keeps it at least until that time and the
/// log's retention.
package enum RetentionNotice: Sendable, Equatable, Comparable {
  /// Nothing is in danger: the lane has applied everything, or records are kept forever, or long enough.
  case none
  /// Less than a quarter of the retention is left.
  case soon(until: LogTime)
  /// The record may be gone already.
  case passed(since: LogTime)

  /// Until when the log keeps what the lane has yet to apply (`LaneStatus.neededUntil`), for how many milliseconds it keeps records, the time now.
  package init(neededUntil end: LogTime?, retention: Int64?, now: LogTime) {
    guard let end, let retention, now.rawValue >= end.rawValue - retention / 4 else {
      self = .none
      return
    }
    self = now < end ? .soon(until: end) : .passed(since: end)
  }

  /// A sentence for an operator; nil where there is nothing to say.
  package func sentence(_ lane: String) -> String? {
    switch self {
    case .none: nil
    case .soon(let until):
      "\(lane) needs records that the log may drop from \(text(until)) on: let it continue before then, or keep records longer"
    case .passed(let since):
      "\(lane) needs records that the log may have dropped since \(text(since))"
    }
  }

  private func text(_ time: LogTime) -> String { Timestamp.text(Instant(time)) }
}
