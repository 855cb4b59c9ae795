internal import DynamoModel
internal import Foundation

/// The times of a column: how they are written is recognised from the first one, or named. Answers milliseconds since 1970.
///
/// Numbers alone do not say whether they are seconds or milliseconds. Ten digits are taken for seconds (the years 2001 to 2286) and thirteen or more for
/// milliseconds (from 2001 on); any other number must have its form named, and a column that was recognised as one of them may not hold the
/// other. A date and time with a T must name its zone; with a blank, as SQL writes it, it is UTC if it names none.
struct ImportTimes {
  enum Form: String, CaseIterable { case milliseconds, seconds, iso, sql }

  /// The end of the year 9999.
  static let millisecondsMax: Int64 = 253_402_300_799_999

  private var form: Form?
  private let isNamed: Bool
  /// Minutes east of UTC, of texts that name no zone.
  private let zone: Int?

  /// `form`: nil recognises it. `zone`: of dates and times without one, in minutes east of UTC.
  init(form: Form? = nil, zone: Int? = nil) {
    self.form = form
    isNamed = form != nil
    self.zone = zone
  }

  mutating func milliseconds(_ text: String) throws(ImportError) -> Int64 {
    let text = text.trimmingCharacters(in: CharacterSet(charactersIn: " "))
    guard !text.isEmpty else { throw ImportError("the time is missing") }
    let time: Int64
    if let number = DecimalText(text) {
      time = try milliseconds(text, number)
    } else if let date = DateTimeText(text) {
      time = try milliseconds(text, date)
    } else {
      throw ImportError(
        "`\(text)` is not a time: milliseconds or seconds since 1970, 2026-01-01T10:00:00Z, or 2026-01-01 10:00:00")
    }
    guard (0...ImportTimes.millisecondsMax).contains(time) else {
      throw ImportError("`\(text)` lies \(time < 0 ? "before 1970" : "after the year 9999")")
    }
    return time
  }

  // MARK: Numbers

  private mutating func milliseconds(_ text: String, _ number: DecimalText) throws(ImportError) -> Int64 {
    let plain: Form? =
      switch number.whole {
      case 1_000_000_000..<10_000_000_000: .seconds
      case 1_000_000_000_000...: .milliseconds
      default: nil
      }
    switch form {
    case .iso, .sql: throw other(text)
    case .seconds, .milliseconds:
      if !isNamed, let plain, plain != form { throw other(text) }
    case nil:
      guard let plain else {
        throw ImportError("`\(text)` may be seconds or milliseconds: say which with --time seconds or --time milliseconds")
      }
      form = plain
    }
    if form == .milliseconds { return number.whole }
    // More seconds than any year has are refused with the range.
    return number.whole > ImportTimes.millisecondsMax ? .max : number.whole * 1000 + number.thousandths
  }

  // MARK: Dates

  private mutating func milliseconds(_ text: String, _ date: DateTimeText) throws(ImportError) -> Int64 {
    let own: Form = date.form == .iso ? .iso : .sql
    switch form {
    case .seconds, .milliseconds: throw other(text)
    case .iso, .sql: if isNamed, form != own { throw other(text) }
    case nil: form = own
    }
    if own == .iso, date.zone == nil, zone == nil {
      throw ImportError("`\(text)` names no zone: say which it is with --zone, as --zone UTC or --zone +02:00")
    }
    return date.instant(zone: zone ?? 0)
  }

  private func other(_ text: String) -> ImportError {
    let form =
      switch form {
      case .milliseconds: "milliseconds since 1970"
      case .seconds: "seconds since 1970"
      case .iso where isNamed: "of the form 2026-01-01T10:00:00Z"
      case .sql where isNamed: "of the form 2026-01-01 10:00:00"
      default: "dates with times of day"
      }
    return ImportError("`\(text)` is not as \(isNamed ? "--time says" : "the times before it"): \(form)")
  }
}

/// Digits, perhaps with a point and more digits; nothing else.
private struct DecimalText {
  let whole: Int64
  /// The first three digits after the point.
  let thousandths: Int64

  init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0 &- 48 < 10 } }) else { return nil }
    // What is too long for a number is later than any time.
    whole = Int64(String(parts[0]) ?? "") ?? .max
    var digits = parts.count > 1 ? Array(parts[1].prefix(3)) : []
    while digits.count < 3 { digits.append(48) }
    thousandths = digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
  }
}
