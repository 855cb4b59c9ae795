internal import Pipelines
internal import Projections

/// How soon the log may drop a record that a lane still needs, as a value.
///
/// The next record that a lane applies has at least the time through which its rows hold, so the log keeps it at least until that time and the
/// log's retention.
package enum RetentionNotice: Sendable, Equatable, Comparable {
  /// Nothing is in danger: the lane has applied everything, or records are kept for ever, or long enough.
  case none
  /// Less than a quarter of the retention is left. Milliseconds.
  case soon(until: Int64)
  /// The record may be gone already. Milliseconds.
  case passed(since: Int64)

  /// In milliseconds: until when the log keeps what the lane has yet to apply (`LaneStatus.neededUntil`), how long it keeps records, the time now.
  package init(neededUntil end: Int64?, retention: Int64?, now: Int64) {
    guard let end, let retention, now >= end - retention / 4 else {
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
      "\(lane) needs records that the log may drop from \(text(until)) on: let it go on before then, or keep records longer"
    case .passed(let since):
      "\(lane) needs records that the log may have dropped since \(text(since))"
    }
  }

  private func text(_ milliseconds: Int64) -> String { Timestamp.text(LaneEngine.microseconds(milliseconds)) }
}
