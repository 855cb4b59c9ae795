package import Pipelines

// Tests write times as numbers, and count on from them.

extension Instant: ExpressibleByIntegerLiteral {
  package init(integerLiteral microseconds: Int64) { self.init(rawValue: microseconds) }

  package static func + (instant: Instant, microseconds: Int64) -> Instant { instant.advanced(by: microseconds) }
  package static func - (instant: Instant, microseconds: Int64) -> Instant { instant.advanced(by: -microseconds) }
  package static func -= (instant: inout Instant, microseconds: Int64) { instant = instant - microseconds }
  package static func - (left: Instant, right: Instant) -> Int64 { right.distance(to: left) }
}
