extension CalendarUnit {
  /// The period that holds the instant: its first instant and the first one after it. Where clocks go back over midnight two days
  /// overlap: each runs from its first instant to its last.
  package func interval(of instant: Instant, in zone: Zone, _ starts: CalendarStarts = .midnight) -> Range<Instant> {
    let second = Timestamp.floorDivide(instant.rawValue, Timestamp.microsecondsPerSecond)
    let offset = zone.offset(at: second)
    let local = second + offset
    if self == .hour {
      let start = Timestamp.floorDivide(local, 3_600) * 3_600 - offset
      return CalendarUnit.instants(zone.span(start..<start + 3_600, offset: offset, holding: second))
    }
    let (first, next) = bounds(ofDay: Timestamp.floorDivide(local - starts.second, Timestamp.secondsPerDay), starts)
    return CalendarUnit.instants(zone.interval(localDays: first..<next, from: starts.second))
  }

  /// The period of a name: its first instant and the first one after it. The inverse of `name(of:in:)`; nil
  /// when the text is not the name of a period that the zone has (a day that it skipped has none).
  ///
  /// `minutes` is the part of an hour that an hour is cut into.
  package func interval(
    named name: String, in zone: Zone, _ starts: CalendarStarts = .midnight, minutes: Int = 60
  ) -> Range<Instant>? {
    var reader = PeriodNameReader(name)
    if self == .hour {
      guard let days = reader.day(), reader.take("T"), let hour = reader.number(2), hour < 24 else { return nil }
      var minute = 0
      if minutes < 60 {
        guard reader.take(":"), let given = reader.number(2), given < 60 else { return nil }
        minute = given
      }
      var offset: Int64 = 0
      if zone !== Zone.utc {
        guard let given = reader.offset(), given.magnitude < 86_400 else { return nil }
        offset = given
      }
      guard reader.isAtEnd else { return nil }
      let start = days * Timestamp.secondsPerDay + Int64(hour * 60 + minute) * 60 - offset
      let span = start..<start + Int64(minutes) * 60
      guard let inside = zone.second(in: span, offset: offset) else { return nil }
      let interval = CalendarUnit.instants(zone.span(span, offset: offset, holding: inside))
      return self.name(of: interval.lowerBound, in: zone, starts, minutes: minutes) == name ? interval : nil
    }
    guard let day = firstDay(&reader, starts), reader.isAtEnd, self.name(ofDay: day, starts) == name else { return nil }
    let (first, next) = bounds(ofDay: day, starts)
    let interval = zone.interval(localDays: first..<next, from: starts.second)
    return interval.isEmpty ? nil : CalendarUnit.instants(interval)
  }

  /// A local day of the period that the text names.
  private func firstDay(_ reader: inout PeriodNameReader, _ starts: CalendarStarts) -> Int64? {
    if self == .day || (self == .week && starts.weekday != 0) { return reader.day() }
    guard let year = reader.number(4), year >= 1 else { return nil }
    switch self {
    case .quarter:
      guard reader.take("-"), reader.take("Q"), let quarter = reader.number(1), (1...4).contains(quarter) else { return nil }
      return CivilDate(year: year, month: quarter * 3 - 2, day: 1).days
    case .month:
      guard reader.take("-"), let month = reader.number(2), (1...12).contains(month) else { return nil }
      return CivilDate(year: year, month: month, day: 1).days
    case .week:
      guard reader.take("-"), reader.take("W"), let week = reader.number(2), (1...53).contains(week) else { return nil }
      // The fourth of January is in week 1.
      return starts.firstOfWeek(CivilDate(year: year, month: 1, day: 4).days) + Int64(week - 1) * 7
    case .year, .day, .hour: return CivilDate(year: year, month: 1, day: 1).days
    }
  }

  /// The first local day of the period that holds a local day, and the first one after it.
  private func bounds(ofDay days: Int64, _ starts: CalendarStarts) -> (first: Int64, next: Int64) {
    let date = CivilDate(days: days)
    switch self {
    case .hour, .day: return (days, days + 1)
    case .week: return (starts.firstOfWeek(days), starts.firstOfWeek(days) + 7)
    case .month: return CalendarUnit.months(date.year, date.month, 1)
    case .quarter: return CalendarUnit.months(date.year, (date.month - 1) / 3 * 3 + 1, 3)
    case .year: return CalendarUnit.months(date.year, 1, 12)
    }
  }

  private static func months(_ year: Int, _ month: Int, _ count: Int) -> (first: Int64, next: Int64) {
    let next = month + count
    let end = next > 12 ? CivilDate(year: year + 1, month: next - 12, day: 1) : CivilDate(year: year, month: next, day: 1)
    return (CivilDate(year: year, month: month, day: 1).days, end.days)
  }

  private static func instants(_ seconds: Range<Int64>) -> Range<Instant> {
    func instant(_ second: Int64) -> Instant { Instant(rawValue: second * Timestamp.microsecondsPerSecond) }
    return instant(seconds.lowerBound)..<instant(seconds.upperBound)
  }
}

/// Reads the name of a period from its start.
private struct PeriodNameReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ sign: Unicode.Scalar) -> Bool {
    guard let byte = rest.first, UInt32(byte) == sign.value else { return false }
    rest.removeFirst()
    return true
  }

  /// A number of exactly this many digits.
  mutating func number(_ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = rest.first.map({ $0 &- 48 }), digit < 10 else { return nil }
      value = value * 10 + Int(digit)
      rest.removeFirst()
    }
    return value
  }

  /// `2026-01-01` as days since 1970-01-01.
  mutating func day() -> Int64? {
    guard let year = number(4), year >= 1, take("-"), let month = number(2), (1...12).contains(month), take("-"),
      let day = number(2), day >= 1, day <= CivilDate.daysInMonth(year, month)
    else { return nil }
    return CivilDate(year: year, month: month, day: day).days
  }

  /// `+01:00` or `-00:09:21` in seconds.
  mutating func offset() -> Int64? {
    let isNegative = take("-")
    guard isNegative || take("+"), let hours = number(2), take(":"), let minutes = number(2), minutes < 60 else { return nil }
    var seconds = hours * 3_600 + minutes * 60
    if take(":") {
      guard let given = number(2), given < 60 else { return nil }
      seconds += given
    }
    return Int64(isNegative ? -seconds : seconds)
  }
}
