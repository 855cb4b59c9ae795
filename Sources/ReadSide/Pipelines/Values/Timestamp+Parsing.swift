extension Timestamp {
  /// Why a text is not an instant.
  package enum ParseError: Error, Equatable {
    case notATimestamp
    /// The text has no zone and none was given.
    case zoneMissing
  }

  /// Reads any ISO 8601 form: `2026-01-01`, `2026-01-01T10:00`, `20260101T100000Z`, with `T` or a blank, no to nine
  /// fractional digits after the seconds (`.` or `,`), `Z`, `+02`, `+0200`, `+02:00` or no zone. A text without a zone is local time in
  /// `zone`; an hour that the zone skips is read with the offset before it, one that comes twice is the first. Digits
  /// past the sixth are dropped. A leap second reads as the second after it.
  package static func parse(_ bytes: UnsafeRawBufferPointer, zone: Zone?) throws(ParseError) -> Instant {
    var reader = TimestampReader(bytes: bytes)
    guard let local = reader.dateTime() else { throw .notATimestamp }
    let offset = reader.offset()
    guard reader.isAtEnd else { throw .notATimestamp }
    let seconds: Int64
    switch offset {
    case .invalid: throw .notATimestamp
    case .seconds(let shift): seconds = local.seconds - shift
    case .none:
      guard let zone else { throw .zoneMissing }
      seconds = zone.instant(local: local.seconds)
    }
    let instant = Instant(rawValue: seconds * microsecondsPerSecond + local.microseconds)
    guard instant >= least, instant <= greatest else { throw .notATimestamp }
    return instant
  }

  /// The same of a text.
  package static func parse(_ text: String, zone: Zone?) throws(ParseError) -> Instant {
    var text = text
    let result: Result<Instant, ParseError> = text.withUTF8 { bytes in
      do throws(ParseError) {
        return .success(try parse(UnsafeRawBufferPointer(bytes), zone: zone))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

/// One pass over a timestamp's bytes.
private struct TimestampReader {
  let bytes: UnsafeRawBufferPointer
  var index = 0

  enum Offset {
    case none, invalid
    case seconds(Int64)
  }

  var isAtEnd: Bool { index == bytes.count }

  private mutating func number(_ count: Int) -> Int? {
    guard index + count <= bytes.count else { return nil }
    var value = 0
    for place in index..<(index + count) {
      let digit = bytes[place] &- 48
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    index += count
    return value
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  /// Local seconds since 1970 and the microseconds past them.
  mutating func dateTime() -> (seconds: Int64, microseconds: Int64)? {
    guard let year = number(4) else { return nil }
    let dashes = take(UInt8(ascii: "-"))
    guard let month = number(2), (1...12).contains(month) else { return nil }
    if dashes, !take(UInt8(ascii: "-")) { return nil }
    guard let day = number(2), day >= 1, day <= CivilDate.daysInMonth(year, month) else { return nil }
    var seconds = CivilDate(year: year, month: month, day: day).days * Timestamp.secondsPerDay
    guard take(UInt8(ascii: "T")) || take(UInt8(ascii: "t")) || take(UInt8(ascii: " ")) else { return (seconds, 0) }
    guard let hour = number(2), hour <= 24 else { return nil }
    let colons = take(UInt8(ascii: ":"))
    guard let minute = number(2), minute < 60 else { return nil }
    seconds += Int64(hour * 3_600 + minute * 60)
    var microseconds: Int64 = 0
    if colons ? take(UInt8(ascii: ":")) : (index < bytes.count && bytes[index] &- 48 < 10) {
      guard let second = number(2), second <= 60 else { return nil }
      seconds += Int64(second)
      if take(UInt8(ascii: ".")) || take(UInt8(ascii: ",")) {
        var digits = 0
        while index < bytes.count, bytes[index] &- 48 < 10 {
          digits += 1
          guard digits <= 9 else { return nil }
          if digits <= 6 { microseconds = microseconds * 10 + Int64(bytes[index] &- 48) }
          index += 1
        }
        guard digits > 0 else { return nil }
        for _ in 0..<max(0, 6 - digits) { microseconds *= 10 }
      }
    }
    if hour == 24, seconds % Timestamp.secondsPerDay != 0 || microseconds != 0 { return nil }
    return (seconds, microseconds)
  }

  mutating func offset() -> Offset {
    if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) { return .seconds(0) }
    let sign: Int64
    if take(UInt8(ascii: "+")) { sign = 1 } else if take(UInt8(ascii: "-")) { sign = -1 } else { return .none }
    guard let hours = number(2), hours <= 23 else { return .invalid }
    var minutes = 0
    if take(UInt8(ascii: ":")) || !isAtEnd {
      guard let given = number(2), given < 60 else { return .invalid }
      minutes = given
    }
    return .seconds(sign * Int64(hours * 3_600 + minutes * 60))
  }
}
