/// A time on a log: when a change was committed, and how far a partition's clock has come. Milliseconds since 1970-01-01T00:00:00Z.
package struct LogTime: Hashable, Comparable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: Int64

  @inlinable
  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// Before every record.
  @inlinable
  package static var distantPast: LogTime { LogTime(rawValue: .min) }

  /// After every record: the watermark of a partition whose table was deleted.
  @inlinable
  package static var distantFuture: LogTime { LogTime(rawValue: .max) }

  /// What a log says of a partition of which it knows no time yet.
  @inlinable
  package static var zero: LogTime { LogTime(rawValue: 0) }

  /// This many milliseconds later.
  @inlinable
  package func advanced(by milliseconds: Int64) -> LogTime { LogTime(rawValue: rawValue + milliseconds) }

  @inlinable
  package static func == (left: LogTime, right: LogTime) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  package static func < (left: LogTime, right: LogTime) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
