import Testing

@testable import afterimage

/// The times of a column: what is recognised, what must be named, and what is refused.
@Suite struct ImportTimesTests {
  func times(_ texts: [String], form: ImportTimes.Form? = nil, zone: Int? = nil) throws -> [Int64] {
    var times = ImportTimes(form: form, zone: zone)
    return try texts.map { try times.milliseconds($0) }
  }

  func error(_ texts: String..., form: ImportTimes.Form? = nil, zone: Int? = nil) -> String {
    do {
      return "\(try times(texts, form: form, zone: zone))"
    } catch {
      return "\(error)"
    }
  }

  @Test func `seconds, milliseconds, ISO 8601 and SQL are recognised`() throws {
    #expect(try times(["1100520000"]) == [1_100_520_000_000])
    #expect(
      try times(["1100520000.5", "1100520000.2509", "1100520001"]) == [1_100_520_000_500, 1_100_520_000_250, 1_100_520_001_000])
    #expect(try times(["1100520000000", "1100520000001.9"]) == [1_100_520_000_000, 1_100_520_000_001])
    #expect(try times(["2004-11-15T12:00:00Z", "2004-11-15T13:00:00.25+01:00"]) == [1_100_520_000_000, 1_100_520_000_250])
    #expect(
      try times([
        "2004-11-15 12:00:00", "2004-11-15 12:00:00.001", "2004-11-15 13:00:00+01", " 2004-11-15 14:00:00 +0200 ",
        "2004-11-15 12:00:00 UTC",
      ])
        == [1_100_520_000_000, 1_100_520_000_001, 1_100_520_000_000, 1_100_520_000_000, 1_100_520_000_000])
    // Both forms of a date say what they are.
    #expect(try times(["2004-11-15 12:00:00", "2004-11-15T12:00:00Z"]) == [1_100_520_000_000, 1_100_520_000_000])
    #expect(try times(["2000-02-29T00:00:00Z", "9999-12-31T23:59:59.999Z"]) == [951_782_400_000, ImportTimes.millisecondsMax])
  }

  @Test func `the bounds of what a number says by itself`() throws {
    #expect(try times(["9999999999"]) == [9_999_999_999_000])
    #expect(try times(["1000000000"]) == [1_000_000_000_000])
    #expect(try times(["1000000000000"]) == [1_000_000_000_000])
    for number in ["999999999", "10000000000", "999999999999", "0", "5"] {
      #expect(error(number) == "`\(number)` may be seconds or milliseconds: say which with --time seconds or --time milliseconds")
    }
    #expect(try times(["5", "0"], form: .seconds) == [5_000, 0])
    #expect(try times(["5", "0", "1100520000"], form: .milliseconds) == [5, 0, 1_100_520_000])
    #expect(try times(["253402300799"], form: .seconds) == [253_402_300_799_000])
    #expect(error("253402300800", form: .seconds) == "`253402300800` lies after the year 9999")
    #expect(error("1100520000000000") == "`1100520000000000` lies after the year 9999", "microseconds")
    #expect(error("99999999999999999999999", form: .seconds).hasSuffix("lies after the year 9999"))
    // What a number may be, it is if those before it say so.
    #expect(try times(["1000000000000", "999999999999"]) == [1_000_000_000_000, 999_999_999_999])
  }

  @Test func `a column is of one form`() {
    #expect(error("1100520000", "1100520000000") == "`1100520000000` is not as the times before it: seconds since 1970")
    #expect(error("1100520000000", "1100520001") == "`1100520001` is not as the times before it: milliseconds since 1970")
    #expect(
      error("1100520000", "2004-11-15T12:00:00Z") == "`2004-11-15T12:00:00Z` is not as the times before it: seconds since 1970")
    #expect(error("2004-11-15T12:00:00Z", "1100520000") == "`1100520000` is not as the times before it: dates with times of day")
    #expect(
      error("2004-11-15 12:00:00", form: .iso) == "`2004-11-15 12:00:00` is not as --time says: of the form 2026-01-01T10:00:00Z")
    #expect(
      error("2004-11-15T12:00:00Z", form: .sql) == "`2004-11-15T12:00:00Z` is not as --time says: of the form 2026-01-01 10:00:00"
    )
    #expect(error("1100520000", form: .sql).contains("is not as --time says"))
  }

  @Test func `a zone that is not named is UTC for SQL, and asked for else`() throws {
    #expect(
      error("2004-11-15T12:00:00")
        == "`2004-11-15T12:00:00` names no zone: say which it is with --zone, as --zone UTC or --zone +02:00")
    #expect(try times(["2004-11-15T12:00:00", "2004-11-15T12:00:00Z"], zone: 0) == [1_100_520_000_000, 1_100_520_000_000])
    #expect(try times(["2004-11-15 14:00:00", "2004-11-15 12:00:00Z"], zone: 120) == [1_100_520_000_000, 1_100_520_000_000])
    #expect(try times(["2004-11-15T06:30:00"], zone: -330) == [1_100_520_000_000])
  }

  @Test func `what is not a time is refused`() {
    #expect(error("") == "the time is missing" && error("  ") == "the time is missing")
    #expect(error("1969-12-31T23:59:59Z") == "`1969-12-31T23:59:59Z` lies before 1970")
    for text in [
      "yesterday", "2004-11-15", "2004-13-15T12:00:00Z", "2004-02-30T12:00:00Z", "2004-11-15T24:00:00Z", "2004-11-15T12:60:00Z",
      "2004-11-15T12:00:60Z", "2004-11-15T12:00:00.Z", "2004-11-15T12:00:00+1", "2004-11-15T12:00:00+01:",
      "2004-11-15T12:00:00Zx", "1.1e9", "-5",
      "+5", "1,100,520,000", "1100520000.", ".5", "2004-11-15T12:00Z", "2003-02-29T12:00:00Z",
    ] {
      #expect(error(text).hasPrefix("`\(text)` is not a time: "), "\(error(text))")
    }
  }
}
