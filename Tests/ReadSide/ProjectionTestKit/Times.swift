package import ChangeRecords

// Tests write times as numbers.

extension LogTime: ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int64) { self.init(rawValue: value) }

  package static func + (time: LogTime, milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue + milliseconds) }
  package static func - (time: LogTime, milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue - milliseconds) }
  package static func += (time: inout LogTime, milliseconds: Int64) { time = time + milliseconds }
  package static func -= (time: inout LogTime, milliseconds: Int64) { time = time - milliseconds }
}
