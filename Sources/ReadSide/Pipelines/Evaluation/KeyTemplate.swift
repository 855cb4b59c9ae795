internal import DynamoModel
internal import Glibc

/// The form of a key attribute: `User:{person}`, `{written:timestamp}[#{n}]`.
///
/// Text stands for itself, `{name}` or `{name:type}` captures at least one byte, `[...]` may be missing (its captures are null then).
/// `\` before one of `{}[]\` takes its meaning away. A capture ends where the text after it first occurs such that the rest still
/// fits and its own text is of its type; of optional parts the longest choice is tried first.
///
/// Matching runs for each record: it compares bytes in place and allocates nothing but the captured texts. A class, so that
/// to walk over templates costs one reference count and not one for each of their arrays.
package final class KeyTemplate: Sendable {
  /// A named part of the key and its type.
  package struct Capture: Sendable {
    package let name: String
    package let type: ValueType
    package let form: ValueForm

    /// Each property by its name.
    package init(name: String, type: ValueType, form: ValueForm) {
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
    /// From this step on every capture takes any text: the first place where the text after it stands is then the only one to try.
    let plainFrom: Int

    init(steps: [Step], texts: [UInt8], captures: [Capture]) {
      self.steps = steps
      self.texts = texts
      plainFrom = (steps.lastIndex { $0.capture >= 0 && captures[$0.capture].type != .string } ?? -1) + 1
    }
  }

  package static let optionalPartsMax = 4

  /// `alternatives` speak of captures by index; each starts and ends as the key does.
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
      return Program(steps: steps, texts: texts, captures: captures)
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
          var attempt = Attempt(
            template: self, steps: steps, plainFrom: program.plainFrom, texts: texts, bytes: bytes, offset: offset)
          return attempt.fits(step: 0, at: 0, &values)
        }
      }
      if fits {
        // What an alternative tried before may have left.
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

  /// One choice of the template compared with one key.
  private struct Attempt {
    let template: KeyTemplate
    let steps: UnsafeBufferPointer<Program.Step>
    let plainFrom: Int
    let texts: UnsafeRawBufferPointer
    let bytes: UnsafeRawBufferPointer
    let offset: Int
    private var misses = 0
    /// Steps and places that were tried in vain, once there are many: with typed captures a key made of the texts between them could
    /// otherwise be cut in more ways than can be tried. So each place is tried once for each step.
    private var refuted: Set<Int> = []

    /// Up to this many misses are quicker to repeat than to remember.
    private static let forgottenMissesMax = 64

    init(
      template: KeyTemplate, steps: UnsafeBufferPointer<Program.Step>, plainFrom: Int, texts: UnsafeRawBufferPointer,
      bytes: UnsafeRawBufferPointer, offset: Int
    ) {
      self.template = template
      self.steps = steps
      self.plainFrom = plainFrom
      self.texts = texts
      self.bytes = bytes
      self.offset = offset
    }

    mutating func fits(step: Int, at start: Int, _ values: inout [Value]) -> Bool {
      guard step < steps.count else { return start == bytes.count }
      let current = steps[step]
      if current.capture < 0 {
        guard start + current.count <= bytes.count,
          memcmp(bytes.baseAddress! + start, texts.baseAddress! + current.start, current.count) == 0
        else { return false }
        return fits(step: step + 1, at: start + current.count, &values)
      }
      guard start < bytes.count else { return false }
      let place = step * (bytes.count + 1) + start
      if misses > Attempt.forgottenMissesMax, refuted.contains(place) { return false }
      if step + 1 == steps.count {
        return take(current.capture, start..<bytes.count, &values) || miss(place)
      }
      let isPlain = step >= plainFrom
      let next = steps[step + 1]
      // The last text stands at the key's end.
      var search = isPlain && step + 2 == steps.count ? max(start + 1, bytes.count - next.count) : start + 1
      let text = texts.baseAddress! + next.start
      while search + next.count <= bytes.count,
        let found = memchr(bytes.baseAddress! + search, Int32(texts[next.start]), bytes.count - next.count - search + 1)
      {
        let end = UnsafeRawPointer(found) - bytes.baseAddress!
        search = end + 1
        guard memcmp(found, text, next.count) == 0 else { continue }
        // A text that is of no type costs nothing until all fits.
        guard isText(current.capture) || take(current.capture, start..<end, &values) else { continue }
        if fits(step: step + 2, at: end + next.count, &values) {
          return !isText(current.capture) || take(current.capture, start..<end, &values)
        }
        if isPlain { break }
      }
      return miss(place)
    }

    private mutating func miss(_ place: Int) -> Bool {
      misses += 1
      if misses > Attempt.forgottenMissesMax { refuted.insert(place) }
      return false
    }

    private func isText(_ capture: Int) -> Bool { template.captures[capture].type == .string }

    /// Notes the value of a capture; false when its bytes are not of its type.
    private func take(_ index: Int, _ range: Range<Int>, _ values: inout [Value]) -> Bool {
      let capture = template.captures[index]
      let part = UnsafeRawBufferPointer(rebasing: bytes[range])
      switch capture.type {
      case .string:
        // A cut inside a character cannot be: the texts around it are whole characters of UTF-8.
        values[offset + index] = .string(String(decoding: part, as: UTF8.self))
        return true
      case .timestamp:
        guard case .iso(let zone) = capture.form else { break }
        guard let instant = try? Timestamp.parse(part, zone: zone) else { return false }
        values[offset + index] = .timestamp(instant)
        return true
      default: break
      }
      let text = String(decoding: part, as: UTF8.self)
      guard let value = try? Value(text: text, as: capture.type, form: capture.form) else { return false }
      values[offset + index] = value
      return true
    }
  }
}
