internal import DynamoModel
internal import Expressions
internal import Pipelines

/// An expression of a pipeline file as it is written, with byte offsets.
indirect enum ExpressionSyntax {
  case path(DocumentPath, offset: Int)
  case call(String, [ExpressionSyntax], offset: Int)
  case text(String, offset: Int)
  case number(Number, offset: Int)
  case flag(Bool, offset: Int)
  /// A length of time in microseconds, and how it is written: `30m`, `$idle`.
  case span(Int64, String, offset: Int)
  case arithmetic(Arithmetic, ExpressionSyntax, ExpressionSyntax, offset: Int)

  var offset: Int {
    switch self {
    case .path(_, let offset), .call(_, _, let offset), .text(_, let offset), .number(_, let offset), .flag(_, let offset),
      .span(_, _, let offset), .arithmetic(_, _, _, let offset):
      offset
    }
  }

  /// The same text for the same expression, wherever it stands.
  var canonical: String {
    switch self {
    case .path(let path, _): path.text
    case .call(let function, let arguments, _): "\(function)(\(arguments.map(\.canonical).joined(separator: ", ")))"
    case .text(let text, _): "'\(text)'"
    case .number(let number, _): number.description
    case .flag(let flag, _): flag ? "true" : "false"
    case .span(let span, _, _): SpanText.text(span)
    case .arithmetic(let operation, let left, let right, _): "(\(left.canonical) \(operation.rawValue) \(right.canonical))"
    }
  }

  /// The name when the expression is nothing else.
  var simpleName: String? {
    guard case .path(let path, _) = self, path.elements.count == 1 else { return nil }
    return path.root
  }
}

/// A word, a text or a sign of an expression.
struct ExpressionToken: Equatable {
  /// `parameter` is the name after a `$`; `span` a parameter that is a length of time.
  enum Kind: Equatable { case word, quotedName, text, number, parameter, span(Int64), sign, end }

  let kind: Kind
  let text: String
  let offset: Int
  /// Whether it stands in the source as it is; false of a parameter's value.
  var isWritten = true
}

/// Why an expression cannot be read.
struct SyntaxFailure: Error {
  let offset: Int
  let message: String
}

/// Takes `lower(Nick)`, `day of commit`, `1..100` apart into words and signs.
///
/// Names are letters, digits, `_` and `-`; any other attribute name is written in backticks.
enum ExpressionLexer {
  static func tokens(_ source: String) throws(SyntaxFailure) -> [ExpressionToken] {
    let bytes = Array(source.utf8)
    var tokens: [ExpressionToken] = []
    var at = 0
    func add(_ kind: ExpressionToken.Kind, _ start: Int) {
      tokens.append(ExpressionToken(kind: kind, text: String(decoding: bytes[start..<at], as: UTF8.self), offset: start))
    }
    while at < bytes.count {
      let byte = bytes[at]
      let start = at
      if byte <= 32 {
        at += 1
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") {
        let content = try quoted(bytes, &at)
        let kind: ExpressionToken.Kind = byte == UInt8(ascii: "`") ? .quotedName : .text
        tokens.append(ExpressionToken(kind: kind, text: content, offset: start))
      } else if byte == UInt8(ascii: "$"), at + 1 < bytes.count, FileParameters.isOfName(bytes[at + 1]) {
        at += 1
        while at < bytes.count, FileParameters.isOfName(bytes[at]) { at += 1 }
        tokens.append(
          ExpressionToken(kind: .parameter, text: String(decoding: bytes[(start + 1)..<at], as: UTF8.self), offset: start))
      } else if isLetter(byte) {
        while at < bytes.count, isLetter(bytes[at]) || isDigit(bytes[at]) || bytes[at] == UInt8(ascii: "-") { at += 1 }
        add(.word, start)
      } else if isDigit(byte) || (byte == UInt8(ascii: "-") && at + 1 < bytes.count && isDigit(bytes[at + 1])) {
        at += 1
        while at < bytes.count, isDigit(bytes[at]) || bytes[at] == UInt8(ascii: ".") || bytes[at] | 32 == UInt8(ascii: "e") {
          // `1..100` is two numbers.
          if bytes[at] == UInt8(ascii: "."), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: ".") { break }
          let isExponent = bytes[at] | 32 == UInt8(ascii: "e")
          at += 1
          if isExponent, at + 1 < bytes.count, isDigit(bytes[at + 1]) {
            if bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
          }
        }
        add(.number, start)
      } else {
        at += 1
        if byte == UInt8(ascii: "."), at < bytes.count, bytes[at] == byte { at += 1 }
        if byte >= 0x80 { while at < bytes.count, bytes[at] >= 0x80 { at += 1 } }
        add(.sign, start)
      }
    }
    tokens.append(ExpressionToken(kind: .end, text: "", offset: bytes.count))
    return tokens
  }

  /// A text in quotes, a quote in it written twice.
  private static func quoted(_ bytes: [UInt8], _ at: inout Int) throws(SyntaxFailure) -> String {
    let start = at
    let quote = bytes[at]
    var content: [UInt8] = []
    at += 1
    while true {
      guard at < bytes.count else { throw SyntaxFailure(offset: start, message: "the text that begins here has no end") }
      if bytes[at] == quote {
        guard at + 1 < bytes.count, bytes[at + 1] == quote else { break }
        at += 1
      }
      content.append(bytes[at])
      at += 1
    }
    at += 1
    return String(decoding: content, as: UTF8.self)
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 32 >= 97 && byte | 32 <= 122) || byte == 95 }
  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
}
