package import ChangeRecords
package import Pipelines

// Tests write times as numbers, and count on from them.

extension LogTime: ExpressibleByIntegerLiteral {
  package init(integerLiteral milliseconds: Int64) { self.init(rawValue: milliseconds) }

  package static func + (time: LogTime, milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue + milliseconds) }
  package static func - (time: LogTime, milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue - milliseconds) }
  package static func += (time: inout LogTime, milliseconds: Int64) { time = time + milliseconds }
  package static func -= (time: inout LogTime, milliseconds: Int64) { time = time - milliseconds }
}

extension Instant: ExpressibleByIntegerLiteral {
  package init(integerLiteral microseconds: Int64) { self.init(rawValue: microseconds) }

  package static func + (instant: Instant, microseconds: Int64) -> Instant { instant.advanced(by: microseconds) }
  package static func - (instant: Instant, microseconds: Int64) -> Instant { instant.advanced(by: -microseconds) }
  package static func -= (instant: inout Instant, microseconds: Int64) { instant = instant - microseconds }
  package static func - (left: Instant, right: Instant) -> Int64 { right.distance(to: left) }
}
