/// A date and a time of day as text: `2026-01-01T10:00:00.250+02:00` (ISO 8601), or with a blank in place of the T as SQL writes it, perhaps with a blank
/// before the zone. Digits of a fraction past milliseconds are dropped.
package struct DateTimeText: Sendable, Equatable {
  package enum Form: Sendable { case iso, sql }

  package let form: Form
  /// Milliseconds since 1970, as if the zone were UTC.
  package let milliseconds: Int64
  /// Minutes east of UTC; nil when the text names no zone.
  package let zone: Int?

  /// Nil for what is not one, or names a day or time of day that there is not.
  package init?(_ text: String) {
    var text = text
    let read = text.withUTF8 { DateTimeText(UnsafeRawBufferPointer($0)) }
    guard let read else { return nil }
    self = read
  }

  private init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = DigitReader(bytes)
    guard let year = reader.number(4), reader.take("-") != nil, let month = reader.number(2), reader.take("-") != nil,
      let day = reader.number(2), let separator = reader.take("Tt "), let hour = reader.number(2), reader.take(":") != nil,
      let minute = reader.number(2), reader.take(":") != nil, let second = reader.number(2),
      (1...12).contains(month), (1...DateTimeText.daysIn(month, of: year)).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction = 0
    if reader.take(".") != nil {
      guard let read = reader.fraction() else { return nil }
      fraction = read
    }
    form = separator == UInt8(ascii: " ") ? .sql : .iso
    let seconds = DateTimeText.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    milliseconds = Int64(seconds * 1000 + fraction)
    if reader.isAtEnd {
      zone = nil
    } else {
      if form == .sql { _ = reader.take(" ") }
      guard let minutes = reader.zone(), reader.isAtEnd else { return nil }
      zone = minutes
    }
  }

  /// Milliseconds since 1970; `zone` is that of a text which names none.
  package func instant(zone default: Int) -> Int64 { milliseconds - Int64(zone ?? `default`) * 60_000 }

  /// The minutes east of UTC that `Z`, `UTC`, `+02`, `+0200` or `+02:00` names; nil for anything else.
  package static func zone(_ text: String) -> Int? {
    var text = text
    return text.withUTF8 { bytes in
      var reader = DigitReader(UnsafeRawBufferPointer(bytes))
      return reader.zone().flatMap { reader.isAtEnd ? $0 : nil }
    }
  }

  private static func daysIn(_ month: Int, of year: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Days since 1970-01-01 of the Gregorian calendar: years begin in March, so that the leap day comes last.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// Reads digits and marks one after the other.
private struct DigitReader {
  let bytes: UnsafeRawBufferPointer
  var index = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { index == bytes.count }

  /// Exactly so many digits.
  mutating func number(_ digits: Int) -> Int? {
    guard index + digits <= bytes.count else { return nil }
    var value = 0
    for place in index..<(index + digits) {
      guard bytes[place] &- 48 < 10 else { return nil }
      value = value * 10 + Int(bytes[place] - 48)
    }
    index += digits
    return value
  }

  /// Moves past the next byte if it is one of these.
  mutating func take(_ marks: StaticString) -> UInt8? {
    guard index < bytes.count, UnsafeBufferPointer(start: marks.utf8Start, count: marks.utf8CodeUnitCount).contains(bytes[index])
    else { return nil }
    defer { index += 1 }
    return bytes[index]
  }

  /// The digits after the point, as milliseconds; nil when there are none.
  mutating func fraction() -> Int? {
    var (value, scale, count) = (0, 100, 0)
    while index < bytes.count, bytes[index] &- 48 < 10 {
      value += Int(bytes[index] - 48) * scale
      scale /= 10
      index += 1
      count += 1
    }
    return count > 0 ? value : nil
  }

  mutating func zone() -> Int? {
    if take("Zz") != nil { return 0 }
    if bytes[index...].elementsEqual("UTC".utf8) {
      index += 3
      return 0
    }
    guard let sign = take("+-"), let hours = number(2), hours < 24 else { return nil }
    let colon = take(":") != nil
    let minutes = number(2)
    guard minutes ?? 0 < 60, !colon || minutes != nil else { return nil }
    return (hours * 60 + (minutes ?? 0)) * (sign == UInt8(ascii: "-") ? -1 : 1)
  }
}
