/// The texts of instants.
///
/// The one text that goes into SQL is `2026-01-01T10:00:00.000000Z`: UTC, always six digits, 27 bytes, so that texts sort
/// as the instants do. Instants lie in the years 1 to 9999.
package enum Timestamp {
  package static let microsecondsPerSecond: Int64 = 1_000_000
  static let secondsPerDay: Int64 = 86_400

  /// 0001-01-01T00:00:00Z and the last microsecond of the year 9999.
  package static let least = Instant(rawValue: -62_135_596_800_000_000)
  package static let greatest = Instant(rawValue: 253_402_300_799_999_999)

  static let leastSecond = least.rawValue / microsecondsPerSecond
  static let greatestSecond = greatest.rawValue / microsecondsPerSecond

  /// The SQL text. Instants outside the years 1 to 9999 are brought to the end of the range.
  package static func text(_ instant: Instant) -> String {
    String(unsafeUninitializedCapacity: 27) { buffer in
      write(instant, to: buffer)
      return 27
    }
  }

  /// The SQL text's bytes after those of `out`.
  package static func appendText(_ instant: Instant, to out: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 27) { buffer in
      write(instant, to: buffer)
      out.append(contentsOf: buffer)
    }
  }

  /// Adds the SQL text's bytes.
  package static func append(_ instant: Instant, to out: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 27) { buffer in
      write(instant, to: buffer)
      out.append(contentsOf: buffer)
    }
  }

  /// The SQL text's bytes in place; they must not leave `body`.
  package static func withText<E: Error>(_ instant: Instant, _ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
    let failure: E? = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 27) { buffer in
      write(instant, to: buffer)
      do throws(E) {
        try body(UnsafeRawBufferPointer(buffer))
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  private static func write(_ instant: Instant, to buffer: UnsafeMutableBufferPointer<UInt8>) {
    let instant = min(max(instant, least), greatest).rawValue
    let seconds = floorDivide(instant, microsecondsPerSecond)
    let fraction = instant - seconds * microsecondsPerSecond
    let days = floorDivide(seconds, secondsPerDay)
    let rest = seconds - days * secondsPerDay
    let date = CivilDate(days: days)
    digits(date.year, 4, buffer, at: 0)
    buffer[4] = UInt8(ascii: "-")
    digits(date.month, 2, buffer, at: 5)
    buffer[7] = UInt8(ascii: "-")
    digits(date.day, 2, buffer, at: 8)
    buffer[10] = UInt8(ascii: "T")
    digits(Int(rest / 3_600), 2, buffer, at: 11)
    buffer[13] = UInt8(ascii: ":")
    digits(Int(rest / 60 % 60), 2, buffer, at: 14)
    buffer[16] = UInt8(ascii: ":")
    digits(Int(rest % 60), 2, buffer, at: 17)
    buffer[19] = UInt8(ascii: ".")
    digits(Int(fraction), 6, buffer, at: 20)
    buffer[26] = UInt8(ascii: "Z")
  }

  static func digits(_ value: Int, _ count: Int, _ buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
    var value = value
    for place in stride(from: start + count - 1, through: start, by: -1) {
      buffer[place] = UInt8(48 + value % 10)
      value /= 10
    }
  }

  static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }
}

/// A date of the proleptic Gregorian calendar.
struct CivilDate: Equatable {
  let year: Int
  let month: Int
  let day: Int

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// From days since 1970-01-01. Counts in eras of 400 years that begin on the first of March, so that the leap day is a
  /// year's last.
  init(days: Int64) {
    let shifted = days + 719_468
    let era = Timestamp.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
  }

  /// Days since 1970-01-01.
  var days: Int64 {
    let shiftedYear = Int64(month <= 2 ? year - 1 : year)
    let era = Timestamp.floorDivide(shiftedYear, 400)
    let yearOfEra = shiftedYear - era * 400
    let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func daysInMonth(_ year: Int, _ month: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
