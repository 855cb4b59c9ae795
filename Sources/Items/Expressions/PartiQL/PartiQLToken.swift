internal import DynamoModel

/// A token of a PartiQL statement, and where it begins.
struct PartiQLToken {
  enum Kind: Equatable {
    /// A word without quotes: a keyword or a name.
    case word(String)
    /// A name in double quotes.
    case quoted(String)
    case text(String)
    case number(String)
    /// A `?` that a value of Parameters stands for.
    case parameter
    case mark(String)
    case end
  }

  let kind: Kind
  let offset: Int

  /// What it says, without quotes; empty at the end.
  var text: String {
    switch kind {
    case .word(let text), .quoted(let text), .text(let text), .number(let text), .mark(let text): text
    case .parameter: "?"
    case .end: ""
    }
  }
}

/// Cuts a statement into tokens. Quotes are doubled within quotes; `--` begins a comment that ends with the line, `/*` one that ends
/// with `*/`.
enum PartiQLLexer {
  static let marks = [
    "<<", ">>", "<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", ":", "*", "+", "-", ";",
  ]

  static func tokens(_ text: String) throws(ExpressionError) -> [PartiQLToken] {
    let bytes = Array(text.utf8)
    var tokens: [PartiQLToken] = []
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x20 || (0x09...0x0d).contains(byte) {
        index += 1
        continue
      }
      if byte == UInt8(ascii: "-"), index + 1 < bytes.count, bytes[index + 1] == byte {
        while index < bytes.count, bytes[index] != 0x0a { index += 1 }
        continue
      }
      if bytes[index...].starts(with: "/*".utf8) {
        try skipComment(bytes, &index)
        continue
      }
      let start = index
      let kind = try token(bytes, &index)
      tokens.append(PartiQLToken(kind: kind, offset: start))
    }
    tokens.append(PartiQLToken(kind: .end, offset: bytes.count))
    return tokens
  }

  private static func skipComment(_ bytes: [UInt8], _ index: inout Int) throws(ExpressionError) {
    let start = index
    index += 2
    while index < bytes.count {
      if bytes[index...].starts(with: "*/".utf8) {
        index += 2
        return
      }
      index += 1
    }
    throw ExpressionError("A comment is not closed", offset: start)
  }

  private static func token(_ bytes: [UInt8], _ index: inout Int) throws(ExpressionError) -> PartiQLToken.Kind {
    switch bytes[index] {
    case UInt8(ascii: "'"): return .text(try quoted(bytes, &index))
    case UInt8(ascii: "\""): return .quoted(try quoted(bytes, &index))
    case UInt8(ascii: "?"):
      index += 1
      return .parameter
    case let byte where isDigit(byte) || (byte == UInt8(ascii: ".") && beginsFraction(bytes, index)):
      return .number(number(bytes, &index))
    case let byte where isLetter(byte):
      let start = index
      while index < bytes.count, isLetter(bytes[index]) || isDigit(bytes[index]) { index += 1 }
      return .word(String(decoding: bytes[start..<index], as: UTF8.self))
    default:
      for mark in marks where bytes[index...].starts(with: mark.utf8) {
        index += mark.utf8.count
        return .mark(mark)
      }
      throw ExpressionError("Unexpected character", offset: index)
    }
  }

  private static func quoted(_ bytes: [UInt8], _ index: inout Int) throws(ExpressionError) -> String {
    let start = index
    let quote = bytes[index]
    var content: [UInt8] = []
    index += 1
    while index < bytes.count {
      if bytes[index] != quote {
        content.append(bytes[index])
      } else if index + 1 < bytes.count, bytes[index + 1] == quote {
        content.append(quote)
        index += 1
      } else {
        index += 1
        return String(decoding: content, as: UTF8.self)
      }
      index += 1
    }
    throw ExpressionError("A quote is not closed", offset: start)
  }

  private static func number(_ bytes: [UInt8], _ index: inout Int) -> String {
    let start = index
    func digits() { while index < bytes.count, isDigit(bytes[index]) { index += 1 } }
    digits()
    if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "."), isDigit(bytes[index + 1]) {
      index += 1
      digits()
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      var next = index + 1
      if next < bytes.count, bytes[next] == UInt8(ascii: "+") || bytes[next] == UInt8(ascii: "-") { next += 1 }
      if next < bytes.count, isDigit(bytes[next]) {
        index = next
        digits()
      }
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  /// Whether the point here begins a number, as in `.5`, rather than the next element of a path.
  private static func beginsFraction(_ bytes: [UInt8], _ index: Int) -> Bool {
    guard index + 1 < bytes.count, isDigit(bytes[index + 1]) else { return false }
    guard index > 0 else { return true }
    let before = bytes[index - 1]
    return !isLetter(before) && !isDigit(before) && before != UInt8(ascii: "\"") && before != UInt8(ascii: "]")
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 || byte == UInt8(ascii: "_") || byte >= 0x80 }
}
