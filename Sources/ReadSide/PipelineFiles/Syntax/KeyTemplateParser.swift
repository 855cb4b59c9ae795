internal import Pipelines

/// Reads key templates: see `KeyTemplate`.
enum KeyTemplateParser {
  private enum Part {
    case literal([UInt8])
    case capture(Int)
    case optional([Part])
  }

  static func parse(_ text: String) throws(SyntaxFailure) -> KeyTemplate {
    let bytes = Array(text.utf8)
    var captures: [KeyTemplate.Capture] = []
    var optional: Set<Int> = []
    var at = 0
    let parts = try parts(bytes, &at, &captures, optional: &optional, isOptional: false)
    guard !parts.isEmpty else { throw SyntaxFailure(offset: 0, message: "the template is empty, and a key never is") }
    let optionalParts = parts.count { if case .optional = $0 { true } else { false } }
    guard optionalParts <= KeyTemplate.optionalPartsMax else {
      throw SyntaxFailure(offset: 0, message: "more than \(KeyTemplate.optionalPartsMax) optional parts")
    }
    var alternatives: [[KeyTemplate.Segment]] = [[]]
    for part in parts {
      switch part {
      case .literal(let bytes): alternatives = alternatives.map { append(.literal(bytes), to: $0) }
      case .capture(let index): alternatives = alternatives.map { append(.capture(index), to: $0) }
      case .optional(let inner):
        let with = alternatives.map { segments in
          inner.reduce(segments) { segments, part in
            switch part {
            case .literal(let bytes): append(.literal(bytes), to: segments)
            case .capture(let index): append(.capture(index), to: segments)
            case .optional: segments
            }
          }
        }
        alternatives = with + alternatives
      }
    }
    for segments in alternatives {
      for (left, right) in zip(segments, segments.dropFirst()) {
        if case .capture(let first) = left, case .capture(let second) = right {
          throw SyntaxFailure(
            offset: 0,
            message: "`{\(captures[first].name)}` and `{\(captures[second].name)}` touch: there has to be text between them")
        }
      }
    }
    return KeyTemplate(captures: captures, alternatives: alternatives, optionalCaptures: optional)
  }

  /// Neighbouring texts become one.
  private static func append(_ segment: KeyTemplate.Segment, to segments: [KeyTemplate.Segment]) -> [KeyTemplate.Segment] {
    guard case .literal(let bytes) = segment, case .literal(let before)? = segments.last else { return segments + [segment] }
    return segments.dropLast() + [.literal(before + bytes)]
  }

  private static func parts(
    _ bytes: [UInt8], _ at: inout Int, _ captures: inout [KeyTemplate.Capture], optional: inout Set<Int>, isOptional: Bool
  ) throws(SyntaxFailure) -> [Part] {
    var parts: [Part] = []
    var literal: [UInt8] = []
    func flush() {
      if !literal.isEmpty { parts.append(.literal(literal)) }
      literal = []
    }
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\\"):
        guard at + 1 < bytes.count, "{}[]\\".utf8.contains(bytes[at + 1]) else {
          throw SyntaxFailure(offset: at, message: "`\\` can only come before one of `{}[]\\`")
        }
        literal.append(bytes[at + 1])
        at += 2
      case UInt8(ascii: "{"):
        flush()
        let capture = try capture(bytes, &at)
        if captures.contains(where: { $0.name == capture.name }) {
          throw SyntaxFailure(offset: at - 1, message: "`{\(capture.name)}` is here twice")
        }
        if isOptional { optional.insert(captures.count) }
        parts.append(.capture(captures.count))
        captures.append(capture)
      case UInt8(ascii: "["):
        guard !isOptional else { throw SyntaxFailure(offset: at, message: "an optional part cannot contain another") }
        flush()
        let start = at
        at += 1
        let inner = try self.parts(bytes, &at, &captures, optional: &optional, isOptional: true)
        guard at < bytes.count else {
          throw SyntaxFailure(offset: start, message: "the optional part that begins here has no `]`")
        }
        at += 1
        guard !inner.isEmpty else { throw SyntaxFailure(offset: start, message: "the optional part is empty") }
        parts.append(.optional(inner))
      case UInt8(ascii: "]"):
        guard isOptional else { throw SyntaxFailure(offset: at, message: "`]` without `[`: write `\\]` for the sign itself") }
        flush()
        return parts
      case UInt8(ascii: "}"): throw SyntaxFailure(offset: at, message: "`}` without `{`: write `\\}` for the sign itself")
      default:
        literal.append(bytes[at])
        at += 1
      }
    }
    flush()
    return parts
  }

  private static func capture(_ bytes: [UInt8], _ at: inout Int) throws(SyntaxFailure) -> KeyTemplate.Capture {
    let start = at
    guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "}")) else {
      throw SyntaxFailure(offset: start, message: "the capture that begins here has no `}`")
    }
    let text = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
    at = end + 1
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = halves.first.map(String.init) ?? ""
    if let problem = Names.problem(name) { throw SyntaxFailure(offset: start + 1, message: problem) }
    guard halves.count == 2 else { return KeyTemplate.Capture(name: name, type: .string, form: .iso(zone: nil)) }
    do throws(SyntaxFailure) {
      var parser = try ExpressionParser(String(halves[1]))
      guard let type = try parser.type() else { throw parser.unexpected("a type") }
      try parser.expectEnd()
      return KeyTemplate.Capture(name: name, type: type.type, form: type.form)
    } catch {
      throw SyntaxFailure(offset: start + 2 + name.utf8.count + error.offset, message: error.message)
    }
  }
}
