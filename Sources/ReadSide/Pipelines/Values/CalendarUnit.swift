/// A stretch of the calendar that boards and groups are cut by, and the text that names it.
///
/// The texts sort in time order: `2026-01-01T10` (with the offset behind it in a zone other than UTC), `2026-01-01`,
/// `2026-W01` (ISO 8601: weeks begin on Monday, week 1 holds the year's first Thursday), `2026-01`, `2026-Q1`, `2026`.
package enum CalendarUnit: String, Sendable, CaseIterable {
  case hour, day, week, month, quarter, year

  /// The name of the stretch that holds the instant (microseconds).
  package func name(of instant: Int64, in zone: Zone) -> String {
    let second = Timestamp.floorDivide(instant, Timestamp.microsecondsPerSecond)
    let offset = zone.offset(at: second)
    let local = second + offset
    let days = Timestamp.floorDivide(local, Timestamp.secondsPerDay)
    let date = CivilDate(days: days)
    let year = CalendarUnit.padded(date.year, 4)
    switch self {
    case .year: return year
    case .quarter: return "\(year)-Q\((date.month + 2) / 3)"
    case .month: return "\(year)-\(CalendarUnit.padded(date.month, 2))"
    case .day: return CalendarUnit.dayName(date)
    case .week:
      // The week's Thursday tells the year that the week belongs to.
      let thursday = CalendarUnit.monday(days) + 3
      let weekYear = CivilDate(days: thursday).year
      let week = (thursday - CivilDate(year: weekYear, month: 1, day: 1).days) / 7 + 1
      return "\(CalendarUnit.padded(weekYear, 4))-W\(CalendarUnit.padded(Int(week), 2))"
    case .hour:
      let hour = Int((local - days * Timestamp.secondsPerDay) / 3_600)
      let base = "\(CalendarUnit.dayName(date))T\(CalendarUnit.padded(hour, 2))"
      if zone === Zone.utc { return base }
      let minutes = Int(abs(offset) / 60)
      let sign = offset < 0 ? "-" : "+"
      return "\(base)\(sign)\(CalendarUnit.padded(minutes / 60, 2)):\(CalendarUnit.padded(minutes % 60, 2))"
    }
  }

  /// The stretch that holds the instant: its first instant and the first one after it, in microseconds.
  package func interval(of instant: Int64, in zone: Zone) -> Range<Int64> {
    let second = Timestamp.floorDivide(instant, Timestamp.microsecondsPerSecond)
    if self == .hour {
      let local = second + zone.offset(at: second)
      let start = second - (local - Timestamp.floorDivide(local, 3_600) * 3_600)
      return start * Timestamp.microsecondsPerSecond..<(start + 3_600) * Timestamp.microsecondsPerSecond
    }
    let days = Timestamp.floorDivide(second + zone.offset(at: second), Timestamp.secondsPerDay)
    let date = CivilDate(days: days)
    let (first, next): (Int64, Int64) =
      switch self {
      case .hour, .day: (days, days + 1)
      case .week: (CalendarUnit.monday(days), CalendarUnit.monday(days) + 7)
      case .month: CalendarUnit.months(date.year, date.month, 1)
      case .quarter: CalendarUnit.months(date.year, (date.month - 1) / 3 * 3 + 1, 3)
      case .year: CalendarUnit.months(date.year, 1, 12)
      }
    let start = zone.instant(local: first * Timestamp.secondsPerDay)
    let end = zone.instant(local: next * Timestamp.secondsPerDay)
    return start * Timestamp.microsecondsPerSecond..<end * Timestamp.microsecondsPerSecond
  }

  private static func months(_ year: Int, _ month: Int, _ count: Int) -> (Int64, Int64) {
    let next = month + count
    let end = next > 12 ? CivilDate(year: year + 1, month: next - 12, day: 1) : CivilDate(year: year, month: next, day: 1)
    return (CivilDate(year: year, month: month, day: 1).days, end.days)
  }

  /// 1970-01-01 was a Thursday, three days after a Monday.
  private static func monday(_ days: Int64) -> Int64 { Timestamp.floorDivide(days + 3, 7) * 7 - 3 }

  private static func dayName(_ date: CivilDate) -> String {
    // Ten bytes fit into a string without an allocation: this runs for each record.
    String(unsafeUninitializedCapacity: 10) { buffer in
      Timestamp.digits(date.year, 4, buffer, 0)
      buffer[4] = UInt8(ascii: "-")
      Timestamp.digits(date.month, 2, buffer, 5)
      buffer[7] = UInt8(ascii: "-")
      Timestamp.digits(date.day, 2, buffer, 8)
      return 10
    }
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}
