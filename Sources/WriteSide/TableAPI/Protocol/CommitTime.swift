internal import ChangeRecords
internal import DynamoModel

/// The header `x-afterimage-time`: milliseconds since 1970, or ISO 8601 with a zone (`2026-01-01T10:00:00.250Z`,
/// `2026-01-01T12:00:00+02:00`).
///
/// A BatchWriteItem may bring one for each of its writes, in their order, joined by commas.
enum CommitTime {
  /// The end of the year 9999.
  static let millisecondsMax: Int64 = 253_402_300_799_999

  static func all(_ header: String?) throws(DynamoError) -> [LogTime] {
    var times: [LogTime] = []
    for part in (header ?? "").split(separator: ",") {
      times.append(LogTime(rawValue: try milliseconds(String(part).trimmingBlanks)))
    }
    return times
  }

  static func milliseconds(_ text: String) throws(DynamoError) -> Int64 {
    if let number = Int64(text), (0...millisecondsMax).contains(number) { return number }
    guard let time = iso8601(Array(text.utf8)) else {
      throw .validation(
        "The header x-afterimage-time is neither milliseconds since 1970 nor ISO 8601 with a zone: \(text)")
    }
    return time
  }

  private static func iso8601(_ text: [UInt8]) -> Int64? {
    var index = 0
    func number(_ digits: Int) -> Int? {
      guard index + digits <= text.count else { return nil }
      var value = 0
      for _ in 0..<digits {
        guard text[index] &- 48 < 10 else { return nil }
        value = value * 10 + Int(text[index] - 48)
        index += 1
      }
      return value
    }
    func mark(_ marks: StaticString) -> UInt8? {
      guard index < text.count, UnsafeBufferPointer(start: marks.utf8Start, count: marks.utf8CodeUnitCount).contains(text[index])
      else { return nil }
      defer { index += 1 }
      return text[index]
    }
    guard let year = number(4), mark("-") != nil, let month = number(2), mark("-") != nil, let day = number(2),
      mark("Tt ") != nil,
      let hour = number(2), mark(":") != nil, let minute = number(2), mark(":") != nil, let second = number(2),
      (1...12).contains(month), (1...daysIn(month, of: year)).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction = 0
    if mark(".") != nil {
      var scale = 100
      guard index < text.count, text[index] &- 48 < 10 else { return nil }
      while index < text.count, text[index] &- 48 < 10 {
        fraction += Int(text[index] - 48) * scale
        scale /= 10
        index += 1
      }
    }
    guard let zone = mark("Zz+-") else { return nil }
    var offset = 0
    if zone == UInt8(ascii: "+") || zone == UInt8(ascii: "-") {
      guard let hours = number(2) else { return nil }
      _ = mark(":")
      guard let minutes = number(2), hours < 24, minutes < 60 else { return nil }
      offset = (hours * 60 + minutes) * (zone == UInt8(ascii: "-") ? -60 : 60)
    }
    guard index == text.count else { return nil }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return Int64(seconds * 1000 + fraction)
  }

  private static func daysIn(_ month: Int, of year: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Days since 1970-01-01 of the Gregorian calendar: years begin in March, so that the leap day comes last.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    var text = Substring(self)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
