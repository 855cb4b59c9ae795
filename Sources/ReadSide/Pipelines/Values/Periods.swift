internal import DynamoModel

/// How time is cut into periods that boards and groups go by. Each period has a name, and its first instant and the first one after it.
package enum Periods: Sendable {
  case calendar(CalendarUnit, Zone, CalendarStarts)
  /// As long as so many minutes, of which an hour holds a whole number; from the full hours of the zone's clocks on.
  case minutes(Int, Zone)
  case seasons(Seasons)

  /// The numbers of minutes that divide an hour.
  package static let minutes = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]

  /// The name of the period that holds the instant. Nil when the local date is outside the years 1 to 9999, or no season is on.
  package func name(of instant: Instant) -> String? {
    switch self {
    case .calendar(let unit, let zone, let starts): unit.name(of: instant, in: zone, starts)
    case .minutes(let minutes, let zone): CalendarUnit.hour.name(of: instant, in: zone, .midnight, minutes: minutes)
    case .seasons(let seasons): seasons.name(of: instant)
    }
  }

  /// The period of a name: the inverse of `name(of:)`. Nil when the text is the name of none.
  package func interval(named name: String) -> Range<Instant>? {
    switch self {
    case .calendar(let unit, let zone, let starts): unit.interval(named: name, in: zone, starts)
    case .minutes(let minutes, let zone): CalendarUnit.hour.interval(named: name, in: zone, .midnight, minutes: minutes)
    case .seasons(let seasons): seasons.interval(named: name)
    }
  }

  /// "day", "15 minutes", "season".
  package var text: String {
    switch self {
    case .calendar(let unit, _, let starts):
      unit.rawValue + (starts == .midnight ? "" : " (\(starts.text(of: unit)))")
    case .minutes(let minutes, _): minutes == 1 ? "minute" : "\(minutes) minutes"
    case .seasons: "season"
    }
  }

  /// Whose clocks cut; nil for seasons, which are instants.
  package var zone: Zone? {
    switch self {
    case .calendar(_, let zone, _), .minutes(_, let zone): zone
    case .seasons: nil
    }
  }
}

/// When the days and weeks of a calendar begin.
package struct CalendarStarts: Sendable, Equatable {
  /// Of the clock's day, below 86,400: what is earlier belongs to the day before, and so to its week, month, quarter and year.
  package let second: Int64
  /// Days after a Monday, 0 to 6.
  package let weekday: Int64

  /// ISO 8601's: at midnight, and on Monday.
  package static let midnight = CalendarStarts(second: 0, weekday: 0)
  package static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

  /// Each property by its name.
  package init(second: Int64, weekday: Int64) {
    self.second = second
    self.weekday = weekday
  }

  /// The first day of the week that holds a day, both counted from 1970-01-01, which was a Thursday.
  func firstOfWeek(_ day: Int64) -> Int64 { Timestamp.floorDivide(day + 3 - weekday, 7) * 7 - 3 + weekday }

  fileprivate func text(of unit: CalendarUnit) -> String {
    let clock = "\((second / 3_600).twoDigits):\((second / 60 % 60).twoDigits)"
    let parts =
      (unit == .week && weekday != 0 ? ["from \(CalendarStarts.weekdays[Int(weekday)])"] : [])
      + (second == 0 ? [] : ["days from \(clock)"])
    return parts.joined(separator: ", ")
  }
}

extension Int64 {
  fileprivate var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}

/// Seasons by name: periods that a file lists, in their order, none of which overlap.
package struct Seasons: Sendable {
  package struct Season: Sendable {
    package let name: String
    package let period: Range<Instant>

    /// Each property by its name.
    package init(name: String, period: Range<Instant>) {
      self.name = name
      self.period = period
    }
  }

  /// The most that a file may list.
  package static let countMax = 1_000
  /// The most bytes of a season's name.
  package static let nameBytesMax = 255

  package let all: [Season]

  /// In the order of their periods.
  package init(_ all: [Season]) { self.all = all }

  func name(of instant: Instant) -> String? {
    var low = 0
    var high = all.count
    while low < high {
      let middle = (low + high) / 2
      if all[middle].period.upperBound <= instant { low = middle + 1 } else { high = middle }
    }
    return low < all.count && all[low].period.contains(instant) ? all[low].name : nil
  }

  func interval(named name: String) -> Range<Instant>? { all.first { Text.equal($0.name, name) }?.period }
}
