package import ChangeRecords

/// A point in time as the read side counts it: `_at`, deadlines, the watermarks of lanes, and the timestamps of items. Microseconds since
/// 1970-01-01T00:00:00Z.
package struct Instant: Hashable, Comparable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: Int64

  @inlinable
  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// The instant of a time on a log. The ends stay the ends, and what lies too far out for microseconds goes to them.
  package init(_ time: LogTime) {
    let (instant, overflow) = time.rawValue.multipliedReportingOverflow(by: 1_000)
    rawValue = overflow ? (time.rawValue < 0 ? .min : .max) : instant
  }

  /// Whole milliseconds since 1970, as clocks count.
  package var milliseconds: Int64 { rawValue / 1_000 }

  /// Before everything.
  @inlinable
  package static var distantPast: Instant { Instant(rawValue: .min) }

  /// After everything.
  @inlinable
  package static var distantFuture: Instant { Instant(rawValue: .max) }

  /// This many microseconds later.
  @inlinable
  package func advanced(by microseconds: Int64) -> Instant { Instant(rawValue: rawValue + microseconds) }

  /// The microseconds from this instant to another; negative when that is earlier.
  @inlinable
  package func distance(to other: Instant) -> Int64 { other.rawValue - rawValue }

  @inlinable
  package static func == (left: Instant, right: Instant) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  package static func < (left: Instant, right: Instant) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
