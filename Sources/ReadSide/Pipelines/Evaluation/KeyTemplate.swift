internal import DynamoModel
internal import Glibc

/// The form of a key attribute: `User:{person}`, `{written:timestamp}[#{n}]`.
///
/// Text stands for itself, `{name}` or `{name:type}` captures at least one byte, `[...]` may be missing (its captures are null then).
/// `\` before one of `{}[]\` takes its meaning away. A capture ends where the text behind it first occurs such that the rest still
/// fits and its own text is of its type; of optional parts the longest choice is tried first.
///
/// Matching runs for each record: it compares bytes in place and allocates nothing but the captured texts. A class, so that
/// to walk over templates costs one reference count and not one for each of their arrays.
package final class KeyTemplate: Sendable {
  /// A named part of the key and its type.
  package struct Capture: Sendable {
    package let name: String
    package let type: ValueType
    package let form: TimestampForm

    package init(name: String, type: ValueType, form: TimestampForm) {
      self.name = name
      self.type = type
      self.form = form
    }
  }

  /// A part of a choice of the template: bytes that stand for themselves, or a capture by its index.
  package enum Segment: Sendable, Equatable {
    case literal([UInt8])
    case capture(Int)
  }

  package let captures: [Capture]
  /// The template with each choice of its optional parts, those with more first.
  package let alternatives: [[Segment]]
  /// Captures that stand in an optional part.
  package let optionalCaptures: Set<Int>

  private let programs: [Program]
  /// The whole key is one capture of bytes.
  private let isWholeBytes: Bool

  /// An alternative as it runs: steps over one array of all its texts.
  private final class Program: Sendable {
    struct Step: Sendable {
      /// The capture; -1 for a text.
      let capture: Int
      let start: Int
      let count: Int
    }

    let steps: [Step]
    let texts: [UInt8]

    init(steps: [Step], texts: [UInt8]) {
      self.steps = steps
      self.texts = texts
    }
  }

  package static let optionalPartsMax = 4

  package init(captures: [Capture], alternatives: [[Segment]], optionalCaptures: Set<Int>) {
    self.captures = captures
    self.alternatives = alternatives
    self.optionalCaptures = optionalCaptures
    isWholeBytes = alternatives == [[.capture(0)]] && captures[0].type == .bytes
    programs = alternatives.map { segments in
      var texts: [UInt8] = []
      let steps = segments.map { segment -> Program.Step in
        switch segment {
        case .capture(let index): return Program.Step(capture: index, start: 0, count: 0)
        case .literal(let text):
          texts += text
          return Program.Step(capture: -1, start: texts.count - text.count, count: text.count)
        }
      }
      return Program(steps: steps, texts: texts)
    }
  }

  /// Whether the value has this form. The captures' values are written from `offset`, null for those of missing parts.
  func match(_ value: AttributeValue, into values: inout [Value], at offset: Int) -> Bool {
    switch value {
    case .string(var text): return text.withUTF8 { match(UnsafeRawBufferPointer($0), &values, offset) }
    case .number(let number):
      var text: [UInt8] = []
      number.appendText(to: &text)
      return text.withUnsafeBytes { match($0, &values, offset) }
    case .binary(let bytes):
      if isWholeBytes { values[offset] = .bytes(bytes) }
      return isWholeBytes
    default: return false
    }
  }

  private func match(_ bytes: UnsafeRawBufferPointer, _ values: inout [Value], _ offset: Int) -> Bool {
    for number in programs.indices {
      let program = programs[number]
      let fits = program.steps.withUnsafeBufferPointer { steps in
        program.texts.withUnsafeBytes { texts in
          self.fits(steps, 0, texts, bytes, 0, &values, offset)
        }
      }
      if fits {
        // What an alternative tried before may have left behind.
        if number > 0 { clear(program, &values, offset) }
        return true
      }
    }
    return false
  }

  private func clear(_ program: Program, _ values: inout [Value], _ offset: Int) {
    for index in captures.indices
    where optionalCaptures.contains(index) && !program.steps.contains(where: { $0.capture == index }) {
      values[offset + index] = .null
    }
  }

  private func fits(
    _ steps: UnsafeBufferPointer<Program.Step>, _ step: Int, _ texts: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer,
    _ start: Int, _ values: inout [Value], _ offset: Int
  ) -> Bool {
    guard step < steps.count else { return start == bytes.count }
    let current = steps[step]
    if current.capture < 0 {
      guard start + current.count <= bytes.count,
        memcmp(bytes.baseAddress! + start, texts.baseAddress! + current.start, current.count) == 0
      else { return false }
      return fits(steps, step + 1, texts, bytes, start + current.count, &values, offset)
    }
    guard start < bytes.count else { return false }
    guard step + 1 < steps.count else { return take(current.capture, bytes, start..<bytes.count, &values, offset) }
    let next = steps[step + 1]
    var search = start + 1
    let text = texts.baseAddress! + next.start
    while search + next.count <= bytes.count,
      let found = memchr(bytes.baseAddress! + search, Int32(texts[next.start]), bytes.count - next.count - search + 1)
    {
      let end = UnsafeRawPointer(found) - bytes.baseAddress!
      search = end + 1
      guard memcmp(found, text, next.count) == 0 else { continue }
      if take(current.capture, bytes, start..<end, &values, offset),
        fits(steps, step + 2, texts, bytes, end + next.count, &values, offset)
      {
        return true
      }
    }
    return false
  }

  private func take(_ index: Int, _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ values: inout [Value], _ offset: Int)
    -> Bool
  {
    let part = UnsafeRawBufferPointer(rebasing: bytes[range])
    switch captures[index].type {
    case .string:
      // A cut inside a character cannot be: the texts around it are whole characters of UTF-8.
      values[offset + index] = .string(String(decoding: part, as: UTF8.self))
      return true
    case .timestamp:
      guard case .iso(let zone) = captures[index].form else { break }
      guard let instant = try? Timestamp.parse(part, zone: zone) else { return false }
      values[offset + index] = .timestamp(instant)
      return true
    default: break
    }
    let text = String(decoding: part, as: UTF8.self)
    guard let value = try? Value(text: text, as: captures[index].type, form: captures[index].form) else { return false }
    values[offset + index] = value
    return true
  }
}
