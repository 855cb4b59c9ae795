/// A calendar period that boards and groups are cut by, and the text that names it.
///
/// The texts sort in time order: `2026-01-01T10` (followed by the offset in a zone other than UTC; of a part of an hour
/// `2026-01-01T10:15`), `2026-01-01`, `2026-W01` (ISO 8601: weeks begin on Monday, week 1 holds the year's first Thursday), `2026-01`,
/// `2026-Q1`, `2026`. A week that begins on another day has the name of its first day.
package enum CalendarUnit: String, Sendable, CaseIterable {
  case hour, day, week, month, quarter, year

  /// The name of the period that holds the instant; nil when the local date is outside the years 1 to 9999.
  ///
  /// `minutes` is the part of an hour that an hour is cut into.
  package func name(
    of instant: Instant, in zone: Zone, _ starts: CalendarStarts = .midnight, minutes: Int = 60
  ) -> String? {
    let second = Timestamp.floorDivide(instant.rawValue, Timestamp.microsecondsPerSecond)
    let offset = zone.offset(at: second)
    let local = second + offset - (self == .hour ? 0 : starts.second)
    guard local >= Timestamp.leastSecond, local <= Timestamp.greatestSecond else { return nil }
    let days = Timestamp.floorDivide(local, Timestamp.secondsPerDay)
    if self == .hour {
      let minute = Int(local - days * Timestamp.secondsPerDay) / 60
      var base = "\(CalendarUnit.dayName(CivilDate(days: days)))T\((minute / 60).padded(2))"
      if minutes < 60 { base += ":\((minute % 60 / minutes * minutes).padded(2))" }
      return zone === Zone.utc ? base : base + CalendarUnit.offsetText(offset)
    }
    return name(ofDay: days, starts)
  }

  /// The name of the period, longer than an hour, that holds a local day (counted from 1970-01-01).
  func name(ofDay days: Int64, _ starts: CalendarStarts) -> String {
    let date = CivilDate(days: days)
    switch self {
    case .year: return date.year.padded(4)
    case .quarter: return "\(date.year.padded(4))-Q\((date.month + 2) / 3)"
    case .month: return "\(date.year.padded(4))-\(date.month.padded(2))"
    case .day, .hour: return CalendarUnit.dayName(date)
    case .week where starts.weekday != 0: return CalendarUnit.dayName(CivilDate(days: starts.firstOfWeek(days)))
    case .week:
      // The week belongs to the year of its Thursday.
      let thursday = starts.firstOfWeek(days) + 3
      let weekYear = CivilDate(days: thursday).year
      let week = (thursday - CivilDate(year: weekYear, month: 1, day: 1).days) / 7 + 1
      return "\(weekYear.padded(4))-W\(Int(week).padded(2))"
    }
  }

  /// `+01:00`, and `+00:09:21` where a zone had local mean time.
  static func offsetText(_ offset: Int64) -> String {
    let seconds = Int(abs(offset))
    let text = "\(offset < 0 ? "-" : "+")\((seconds / 3_600).padded(2)):\((seconds / 60 % 60).padded(2))"
    return seconds % 60 == 0 ? text : "\(text):\((seconds % 60).padded(2))"
  }

  private static func dayName(_ date: CivilDate) -> String {
    // Ten bytes fit into a string without an allocation: this runs for each record.
    String(unsafeUninitializedCapacity: 10) { buffer in
      Timestamp.digits(date.year, 4, buffer, at: 0)
      buffer[4] = UInt8(ascii: "-")
      Timestamp.digits(date.month, 2, buffer, at: 5)
      buffer[7] = UInt8(ascii: "-")
      Timestamp.digits(date.day, 2, buffer, at: 8)
      return 10
    }
  }
}

extension Int {
  /// In decimal, with zeros in front up to a width.
  fileprivate func padded(_ width: Int) -> String {
    let text = String(self)
    return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
  }
}
