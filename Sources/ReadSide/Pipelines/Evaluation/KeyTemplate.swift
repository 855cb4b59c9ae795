internal import DynamoModel

/// The form of a key attribute: `User:{person}`, `{written:timestamp}[#{n}]`.
///
/// Text stands for itself, `{name}` or `{name:type}` captures at least one byte, `[...]` may be missing (its captures are null then).
/// `\` before one of `{}[]\` takes its meaning away. A capture ends where the text behind it first occurs such that the rest still
/// fits and its own text is of its type; of optional parts the longest choice is tried first.
struct KeyTemplate: Sendable {
  struct Capture: Sendable {
    let name: String
    let type: ValueType
    let form: TimestampForm
  }

  enum Segment: Sendable, Equatable {
    case literal([UInt8])
    case capture(Int)
  }

  let captures: [Capture]
  /// The template with each choice of its optional parts, those with more first.
  let alternatives: [[Segment]]
  /// Captures that stand in an optional part.
  let optionalCaptures: Set<Int>

  static let optionalPartsMax = 4

  /// The values of the captures, null for those of missing parts; nil when the value has not this form.
  func match(_ value: AttributeValue) -> [Value]? {
    switch value {
    case .string(var text): return text.withUTF8 { match(UnsafeRawBufferPointer($0)) }
    case .number(let number):
      var text: [UInt8] = []
      number.appendText(to: &text)
      return text.withUnsafeBytes { match($0) }
    case .binary(let bytes):
      guard alternatives.count == 1, alternatives[0].count == 1, case .capture = alternatives[0][0], captures[0].type == .bytes
      else { return nil }
      return [.bytes(bytes)]
    default: return nil
    }
  }

  func match(_ bytes: UnsafeRawBufferPointer) -> [Value]? {
    var values = [Value](repeating: .null, count: captures.count)
    for segments in alternatives {
      if fits(segments[...], bytes, 0, &values) { return values }
      for index in values.indices { values[index] = .null }
    }
    return nil
  }

  private func fits(_ segments: ArraySlice<Segment>, _ bytes: UnsafeRawBufferPointer, _ start: Int, _ values: inout [Value]) -> Bool {
    guard let first = segments.first else { return start == bytes.count }
    let rest = segments.dropFirst()
    switch first {
    case .literal(let text):
      guard KeyTemplate.has(text, bytes, start) else { return false }
      return fits(rest, bytes, start + text.count, &values)
    case .capture(let index):
      guard case .literal(let next)? = rest.first else {
        return start < bytes.count && take(index, bytes, start..<bytes.count, &values)
      }
      var end = start + 1
      while end + next.count <= bytes.count {
        if KeyTemplate.has(next, bytes, end), take(index, bytes, start..<end, &values),
          fits(rest.dropFirst(), bytes, end + next.count, &values)
        {
          return true
        }
        end += 1
      }
      return false
    }
  }

  private static func has(_ text: [UInt8], _ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
    guard start + text.count <= bytes.count else { return false }
    var index = 0
    while index < text.count {
      if bytes[start + index] != text[index] { return false }
      index += 1
    }
    return true
  }

  private func take(_ index: Int, _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ values: inout [Value]) -> Bool {
    let capture = captures[index]
    let part = UnsafeRawBufferPointer(rebasing: bytes[range])
    switch capture.type {
    case .string:
      // A cut inside a character cannot be: templates are UTF-8 and cut at whole characters of their text.
      values[index] = .string(String(decoding: part, as: UTF8.self))
    case .timestamp:
      if case .iso(let zone) = capture.form {
        guard let instant = try? Timestamp.parse(part, zone: zone) else { return false }
        values[index] = .timestamp(instant)
        return true
      }
      fallthrough
    default:
      let text = String(decoding: part, as: UTF8.self)
      guard let value = try? Value(text: text, as: capture.type, form: capture.form) else { return false }
      values[index] = value
    }
    return true
  }
}
