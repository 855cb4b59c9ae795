package import ChangeRecords

// Tests write times as numbers, and count on from them.

extension LogTime: ExpressibleByIntegerLiteral {
  package init(integerLiteral milliseconds: Int64) { self.init(rawValue: milliseconds) }

  package static func + (time: LogTime, milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue + milliseconds) }
  package static func - (time: LogTime, milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue - milliseconds) }
  package static func += (time: inout LogTime, milliseconds: Int64) { time = time + milliseconds }
  package static func -= (time: inout LogTime, milliseconds: Int64) { time = time - milliseconds }
}
