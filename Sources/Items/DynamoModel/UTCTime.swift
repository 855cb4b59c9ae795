internal import Glibc

/// An instant's date and time of day in UTC, as protocols write them.
package struct UTCTime: Sendable, Equatable {
  package let year: Int
  package let month: Int
  package let day: Int
  package let hour: Int
  package let minute: Int
  package let second: Int
  package let millisecond: Int

  /// Of milliseconds since 1970.
  package init(milliseconds: Int64) {
    let rest = milliseconds % 1000 < 0 ? milliseconds % 1000 + 1000 : milliseconds % 1000
    var seconds = time_t((milliseconds - rest) / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    year = Int(parts.tm_year) + 1900
    month = Int(parts.tm_mon) + 1
    day = Int(parts.tm_mday)
    hour = Int(parts.tm_hour)
    minute = Int(parts.tm_min)
    second = Int(parts.tm_sec)
    millisecond = Int(rest)
  }

  /// `20260102T030405Z`, as signatures have it.
  package var compact: String {
    "\(padded(year, 4))\(padded(month))\(padded(day))T\(padded(hour))\(padded(minute))\(padded(second))Z"
  }

  /// `2026-01-02T03:04:05.006`, as labels of streams have it.
  package var label: String {
    "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second)).\(padded(millisecond, 3))"
  }

  private func padded(_ number: Int, _ digits: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
