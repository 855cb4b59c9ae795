import LiteralTestKit
import Pipelines
import RandomTestKit
import Testing

/// Names of calendar periods and the periods of names, each against the other.
@Suite struct CalendarUnitTests {
  static let zones = [
    "UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "America/Sao_Paulo",
    "America/Havana", "Asia/Kathmandu", "Pacific/Apia",
  ]

  @Test(arguments: zones) func `the period of a name holds what has the name, and nothing else beside it`(name: String) throws {
    let zone = try #require(Zone.named(name))
    var random = SeededGenerator(seed: 7)
    // Half of the instants lie where clocks change: 1987 to 2030.
    let instants = (0..<600).map { index in
      Instant(
        rawValue: index % 2 == 0
          ? Int64.random(in: Timestamp.least.rawValue...Timestamp.greatest.rawValue, using: &random)
          : Int64.random(in: 536_457_600_000_000...1_893_456_000_000_000, using: &random))
    }
    for instant in instants {
      let starts = CalendarStarts(
        second: Int64.random(in: 0..<1_440, using: &random) * 60, weekday: Int64.random(in: 0..<7, using: &random))
      let all =
        CalendarUnit.allCases.flatMap { [Periods.calendar($0, zone, .midnight), .calendar($0, zone, starts)] }
        + Periods.minutes.map { .minutes($0, zone) }
      for periods in all {
        guard let label = periods.name(of: instant) else { continue }
        let period = try #require(periods.interval(named: label), "\(periods) \(label)")
        #expect(period.contains(instant), "\(periods) \(label) \(instant)")
        #expect(periods.name(of: period.lowerBound) == label, "\(periods) \(instant)")
        #expect(periods.name(of: period.upperBound - 1) == label, "\(periods) \(instant)")
        #expect(periods.name(of: period.upperBound) != label, "\(periods) \(instant)")
        #expect(periods.name(of: period.lowerBound - 1) != label, "\(periods) \(instant)")
      }
      for unit in CalendarUnit.allCases {
        #expect(
          unit.name(of: instant, in: zone).flatMap { unit.interval(named: $0, in: zone) } ?? unit.interval(of: instant, in: zone)
            == unit.interval(of: instant, in: zone))
      }
    }
  }

  @Test func `days start at another hour, weeks on another day, and hours have parts`() throws {
    let paris = try #require(Zone.named("Europe/Paris"))
    let early = try Timestamp.parse("2026-01-01T04:59:59Z", zone: nil)
    let starts = CalendarStarts(second: 6 * 3_600, weekday: 6)
    #expect(CalendarUnit.day.name(of: early, in: paris, starts) == "2025-12-31")
    #expect(CalendarUnit.day.name(of: early + 1_000_000, in: paris, starts) == "2026-01-01")
    #expect(CalendarUnit.year.name(of: early, in: paris, starts) == "2025")
    #expect(CalendarUnit.hour.name(of: early, in: paris, starts) == "2026-01-01T05+01:00")
    // 2025-12-28 was a Sunday.
    #expect(CalendarUnit.week.name(of: early, in: paris, starts) == "2025-12-28")
    let week = try #require(CalendarUnit.week.interval(named: "2025-12-28", in: paris, starts))
    #expect(Timestamp.text(week.lowerBound) == "2025-12-28T05:00:00.000000Z")
    #expect(Timestamp.text(week.upperBound) == "2026-01-04T05:00:00.000000Z")
    #expect(CalendarUnit.week.interval(named: "2025-12-29", in: paris, starts) == nil)
    // On the day on which clocks go forward it is an hour shorter, and the next one is whole.
    let short = try #require(CalendarUnit.day.interval(named: "2026-03-28", in: paris, starts))
    #expect(short.upperBound - short.lowerBound == 23 * 3_600_000_000)
    #expect(Periods.minutes(15, .utc).name(of: early) == "2026-01-01T04:45")
    #expect(Periods.minutes(20, paris).name(of: early) == "2026-01-01T05:40+01:00")
    let kathmandu = try #require(Zone.named("Asia/Kathmandu"))
    #expect(Periods.minutes(30, kathmandu).name(of: early) == "2026-01-01T10:30+05:45")
    #expect(Periods.minutes(15, .utc).interval(named: "2026-01-01T04:44") == nil)
    #expect(Periods.minutes(15, .utc).interval(named: "2026-01-01T04") == nil)
  }

  @Test func `seasons are what a file lists, and between them there is none`() throws {
    func instant(_ text: String) throws -> Instant { try Timestamp.parse(text, zone: nil) }
    let (first, second) = (try instant("2026-03-01T00:00:00Z"), try instant("2026-06-01T00:00:00Z"))
    let seasons = Periods.seasons(
      Seasons([
        .init(name: "spring", period: first..<second - 1_000_000), .init(name: "later", period: second..<Instant.distantFuture),
      ]))
    let named = [first - 1, first, second - 1_000_001, second - 1_000_000, second, Timestamp.greatest].map {
      seasons.name(of: $0)
    }
    #expect(named == [nil, "spring", "spring", nil, "later", "later"])
    #expect(seasons.interval(named: "spring") == first..<second - 1_000_000)
    #expect(seasons.interval(named: "autumn") == nil)
  }

  @Test func `where clocks change each hour is as long as its offset holds`() throws {
    let howe = try #require(Zone.named("Australia/Lord_Howe"))
    // At 02:00 of 2026-04-05 clocks go back by half an hour.
    let before = try #require(CalendarUnit.hour.interval(named: "2026-04-05T01+11:00", in: howe))
    let after = try #require(CalendarUnit.hour.interval(named: "2026-04-05T01+10:30", in: howe))
    #expect(before.upperBound == after.lowerBound)
    #expect(before.upperBound - before.lowerBound == 3_600_000_000)
    #expect(after.upperBound - after.lowerBound == 1_800_000_000)
    let paris = try #require(Zone.named("Europe/Paris"))
    #expect(CalendarUnit.hour.interval(named: "2026-03-29T02+01:00", in: paris) == nil)
    let long = try #require(CalendarUnit.day.interval(named: "2026-10-25", in: paris))
    #expect(long.upperBound - long.lowerBound == 25 * 3_600_000_000)
  }

  @Test func `clocks that go back over midnight make two days overlap, and each holds its own`() throws {
    // Until 2011 clocks in Newfoundland changed one minute after midnight.
    let zone = try #require(Zone.named("America/St_Johns"))
    let saturday = try #require(CalendarUnit.day.interval(named: "2010-11-06", in: zone))
    let sunday = try #require(CalendarUnit.day.interval(named: "2010-11-07", in: zone))
    #expect(saturday.upperBound - sunday.lowerBound == 3_600_000_000)
    #expect(saturday.contains(sunday.lowerBound + 1_800_000_000))
    #expect(CalendarUnit.day.name(of: sunday.lowerBound + 1_800_000_000, in: zone) == "2010-11-06")
  }

  @Test func `a day that a zone skipped has no period`() throws {
    let apia = try #require(Zone.named("Pacific/Apia"))
    #expect(CalendarUnit.day.interval(named: "2011-12-30", in: apia) == nil)
    #expect(CalendarUnit.day.interval(named: "2011-12-31", in: apia) != nil)
  }

  @Test(arguments: [
    (CalendarUnit.day, "2026-02-29"), (.day, "2026-1-1"), (.day, "2026-01-01 "), (.day, "0000-01-01"), (.day, ""),
    (.week, "2026-W54"), (.week, "2025-W53"), (.week, "2026-W00"), (.month, "2026-13"), (.quarter, "2026-Q5"), (.year, "0000"),
    (.year, "10000"), (.hour, "2026-01-01T24"), (.hour, "2026-01-01T10+01:00"), (.month, "2026-01-01"), (.year, "é026"),
  ])
  func `a text that names no period has none`(unit: CalendarUnit, name: String) {
    #expect(unit.interval(named: name, in: .utc) == nil)
  }

  @Test func `a local date outside the years 1 to 9999 has no name`() throws {
    let tokyo = try #require(Zone.named("Asia/Tokyo"))
    let york = try #require(Zone.named("America/New_York"))
    for unit in CalendarUnit.allCases {
      #expect(unit.name(of: Timestamp.greatest, in: tokyo) == nil)
      #expect(unit.name(of: Timestamp.greatest, in: york) != nil)
      #expect(unit.name(of: Timestamp.least, in: york) == nil)
      #expect(unit.name(of: Timestamp.least, in: tokyo) != nil)
    }
  }
}
