package import DynamoModel

/// How a value is written, beyond its type: a timestamp, or a text that may be a number too.
package enum ValueForm: Sendable {
  /// ISO 8601 text; `zone` is the zone of a text without one, nil when there must be one.
  case iso(zone: Zone?)
  /// A number of seconds since 1970, perhaps with a fraction.
  case seconds
  case milliseconds
  /// Of strings: text as it is, or a number as its text (the type `any`).
  case any

  package var isAny: Bool { if case .any = self { true } else { false } }
}

/// Why something is not a value of a type.
package struct TypeMismatch: Error, Sendable, Equatable {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }
}

extension Value {
  /// The value of an attribute under a declared type. DynamoDB's NULL is null. Nothing is guessed: a number written as a string is
  /// not a number, and a fraction is not an integer.
  package init(_ attribute: AttributeValue, as type: ValueType, form: ValueForm) throws(TypeMismatch) {
    switch (type, attribute) {
    case (.json, _): self = .json(Value.plainJSON(attribute))
    case (_, .null): self = .null
    case (.string, .string(let text)): self = .string(text)
    case (.string, .number(let number)) where form.isAny: self = .string(number.description)
    case (.integer, .number(let number)):
      guard let whole = number.int64 else { throw TypeMismatch("\(number) is not a whole number of 64 bits") }
      self = .integer(whole)
    case (.decimal, .number(let number)): self = .decimal(number)
    case (.boolean, .bool(let flag)): self = .boolean(flag)
    case (.bytes, .binary(let bytes)): self = .bytes(bytes)
    case (.timestamp, .string(let text)):
      guard case .iso(let zone) = form else { throw TypeMismatch("is text where a number is declared") }
      self = .timestamp(try Value.instant(text, zone))
    case (.timestamp, .number(let number)):
      switch form {
      case .iso, .any: throw TypeMismatch("is a number: declare `timestamp(seconds)` or `timestamp(milliseconds)`")
      case .seconds: self = .timestamp(try Value.instant(number, unit: Timestamp.microsecondsPerSecond))
      case .milliseconds: self = .timestamp(try Value.instant(number, unit: 1_000))
      }
    default: throw TypeMismatch("is of type \(attribute.typeName), not \(type.rawValue)")
    }
  }

  /// The value that a text means: of a key's capture, a request's parameter, a scenario's row.
  package init(text: String, as type: ValueType, form: ValueForm) throws(TypeMismatch) {
    switch type {
    case .string: self = .string(text)
    case .integer, .decimal:
      guard let number = try? Number(text) else { throw TypeMismatch("`\(text)` is not a number") }
      self = try Value(.number(number), as: type, form: form)
    case .boolean:
      guard text == "true" || text == "false" else { throw TypeMismatch("`\(text)` is neither true nor false") }
      self = .boolean(text == "true")
    case .bytes:
      guard let bytes = Base64.decode(Array(text.utf8)) else { throw TypeMismatch("`\(text)` is not base64") }
      self = .bytes(bytes)
    case .json:
      guard (try? JSONTape(Array(text.utf8))) != nil else { throw TypeMismatch("is not JSON") }
      self = .json(text)
    case .timestamp:
      if case .iso(let zone) = form {
        self = .timestamp(try Value.instant(text, zone))
      } else {
        guard let number = try? Number(text) else { throw TypeMismatch("`\(text)` is not a number") }
        self = try Value(.number(number), as: type, form: form)
      }
    }
  }

  private static func instant(_ text: String, _ zone: Zone?) throws(TypeMismatch) -> Instant {
    do throws(Timestamp.ParseError) {
      return try Timestamp.parse(text, zone: zone)
    } catch {
      switch error {
      case .notATimestamp: throw TypeMismatch("`\(text)` is not a timestamp")
      case .zoneMissing: throw TypeMismatch("`\(text)` has no zone: declare one, as in `timestamp(Europe/Paris)`")
      }
    }
  }

  private static func instant(_ number: Number, unit: Int64) throws(TypeMismatch) -> Instant {
    let exponent = unit == 1_000 ? 3 : 6
    guard
      let scaled = try? Number(
        coefficient: number.coefficient, exponent: Int(number.exponent) + exponent, isNegative: number.isNegative)
    else { throw TypeMismatch("\(number) is not a time") }
    let instant = Instant(rawValue: scaled.int64Truncated)
    guard instant >= Timestamp.least, instant <= Timestamp.greatest else { throw TypeMismatch("\(number) is not a time") }
    return instant
  }

  /// The value as an attribute, for conditions: timestamps as their SQL text. Nil for null.
  package var attribute: AttributeValue? {
    switch self {
    case .null: nil
    case .boolean(let flag): .bool(flag)
    case .integer(let number): .number(Number(number))
    case .decimal(let number): .number(number)
    case .timestamp(let instant): .string(Timestamp.text(instant))
    case .string(let text), .json(let text): .string(text)
    case .bytes(let bytes): .binary(bytes)
    }
  }

  /// An attribute as ordinary JSON: numbers as numbers with all their digits, sets as arrays, bytes as base64.
  static func plainJSON(_ attribute: AttributeValue) -> String {
    var writer = JSONWriter()
    write(attribute, to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func write(_ attribute: AttributeValue, to writer: inout JSONWriter) {
    switch attribute {
    case .string(let text): writer.string(text)
    case .number(let number): writer.raw(number.description.utf8)
    case .binary(let bytes): writer.string(Base64.encode(bytes))
    case .bool(let flag): writer.bool(flag)
    case .null: writer.null()
    case .list(let values): writeArray(values, to: &writer)
    case .stringSet(let texts): writeArray(texts.map { .string($0) }, to: &writer)
    case .numberSet(let numbers): writeArray(numbers.map { .number($0) }, to: &writer)
    case .binarySet(let blobs): writeArray(blobs.map { .binary($0) }, to: &writer)
    case .map(let map):
      writer.beginObject()
      for entry in map.entries {
        writer.name(text: entry.name)
        write(entry.value, to: &writer)
      }
      writer.endObject()
    }
  }

  private static func writeArray(_ values: [AttributeValue], to writer: inout JSONWriter) {
    writer.beginArray()
    for value in values { write(value, to: &writer) }
    writer.endArray()
  }
}
