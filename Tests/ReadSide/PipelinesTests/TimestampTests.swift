import LiteralTestKit
import Pipelines
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"), ("2026-01-01", "2026-01-01T00:00:00.000000Z"),
    ("2026-01-01T10:00", "2026-01-01T10:00:00.000000Z"), ("20260101T100000Z", "2026-01-01T10:00:00.000000Z"),
    ("2026-01-01 10:00:00.5Z", "2026-01-01T10:00:00.500000Z"), ("2026-01-01T10:00:00,123456789Z", "2026-01-01T10:00:00.123456Z"),
    ("2023-11-05T09:30:00.000001-05:00", "2023-11-05T14:30:00.000001Z"),
    ("2026-01-01T00:30:00+02", "2025-12-31T22:30:00.000000Z"),
    ("2026-01-01T00:30:00+0530", "2025-12-31T19:00:00.000000Z"), ("2024-02-29T24:00:00Z", "2024-03-01T00:00:00.000000Z"),
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
  ])
  func `every ISO form reads as one instant`(text: String, canonical: String) throws {
    let instant = try Timestamp.parse(text, zone: .utc)
    #expect(Timestamp.text(instant) == canonical)
    #expect(try Timestamp.parse(canonical, zone: nil) == instant)
  }

  @Test(arguments: [
    "", "2026", "2026-13-01", "2026-02-29", "2026-01-01T25:00:00Z", "2026-01-01T10:61:00Z", "2026-01-01T10:00:00.Z",
    "2026-01-01T",
    "2026-01-01T10:00:00Zx", "2026-01-01T10:00:00.1234567890Z", "2026-1-1", "hello", "2026-01-01T24:00:01Z",
    "0000-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z",
  ])
  func `what is not a timestamp is refused`(text: String) {
    #expect(throws: Timestamp.ParseError.notATimestamp) { try Timestamp.parse(text, zone: .utc) }
  }

  @Test func `a text without a zone needs one`() throws {
    #expect(throws: Timestamp.ParseError.zoneMissing) { try Timestamp.parse("2026-07-01T12:00:00", zone: nil) }
    let paris = try #require(Zone.named("Europe/Paris"))
    #expect(Timestamp.text(try Timestamp.parse("2026-07-01T12:00:00", zone: paris)) == "2026-07-01T10:00:00.000000Z")
    #expect(Timestamp.text(try Timestamp.parse("2026-01-01T12:00:00", zone: paris)) == "2026-01-01T11:00:00.000000Z")
    #expect(Zone.named("Europe/Nowhere") == nil)
    #expect(Zone.named("CET+1") == nil)
  }

  @Test func `a local time that is skipped or comes twice is read in one way`() throws {
    let paris = try #require(Zone.named("Europe/Paris"))
    // 02:30 does not exist on 2026-03-29: read with the offset before the change. On 2026-10-25 it comes twice: the first.
    #expect(Timestamp.text(try Timestamp.parse("2026-03-29T02:30:00", zone: paris)) == "2026-03-29T01:30:00.000000Z")
    #expect(Timestamp.text(try Timestamp.parse("2026-10-25T02:30:00", zone: paris)) == "2026-10-25T00:30:00.000000Z")
  }

  @Test func `calendar periods are named and bounded in their zone`() throws {
    let paris = try #require(Zone.named("Europe/Paris"))
    let instant = try Timestamp.parse("2026-12-31T23:30:00Z", zone: nil)
    #expect(CalendarUnit.day.name(of: instant, in: .utc) == "2026-12-31")
    #expect(CalendarUnit.day.name(of: instant, in: paris) == "2027-01-01")
    #expect(CalendarUnit.week.name(of: instant, in: .utc) == "2026-W53")
    #expect(CalendarUnit.month.name(of: instant, in: paris) == "2027-01")
    #expect(CalendarUnit.quarter.name(of: instant, in: .utc) == "2026-Q4")
    #expect(CalendarUnit.year.name(of: instant, in: paris) == "2027")
    #expect(CalendarUnit.hour.name(of: instant, in: paris) == "2027-01-01T00+01:00")
    #expect(CalendarUnit.hour.name(of: instant, in: .utc) == "2026-12-31T23")
    // The day on which clocks go back has 25 hours.
    let long = CalendarUnit.day.interval(of: try Timestamp.parse("2026-10-25T12:00:00Z", zone: nil), in: paris)
    #expect(long.upperBound - long.lowerBound == 25 * 3_600_000_000)
    for unit in CalendarUnit.allCases {
      let interval = unit.interval(of: instant, in: paris)
      #expect(interval.contains(instant))
      #expect(unit.name(of: interval.lowerBound, in: paris) == unit.name(of: instant, in: paris))
      #expect(unit.name(of: interval.upperBound - 1, in: paris) == unit.name(of: instant, in: paris))
      #expect(unit.name(of: interval.upperBound, in: paris) != unit.name(of: instant, in: paris))
    }
  }

  @Test func `texts sort as instants do`() {
    var generator = SystemRandomNumberGenerator()
    let instants = (0..<2_000).map { _ in
      Instant(rawValue: Int64.random(in: Timestamp.least.rawValue...Timestamp.greatest.rawValue, using: &generator))
    }
    for (left, right) in zip(instants, instants.dropFirst()) {
      #expect((left < right) == (Timestamp.text(left) < Timestamp.text(right)), "\(left) \(right)")
    }
  }
}
