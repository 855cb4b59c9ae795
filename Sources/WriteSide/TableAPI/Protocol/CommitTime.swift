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
    guard let time = DateTimeText(text), time.zone != nil else {
      throw .validation(
        "The header x-afterimage-time is neither milliseconds since 1970 nor ISO 8601 with a zone: \(text)")
    }
    return time.instant(zone: 0)
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
