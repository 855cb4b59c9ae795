/// Cuts an expression into tokens. Never fails: what begins no token becomes one of kind `unknown`, and the parser
/// names it in its error, as DynamoDB does.
struct Lexer {
  /// DynamoDB's own grammar, or that of conditions in pipeline files: literals in place of placeholders.
  enum Dialect: Sendable { case dynamo, pipeline }

  let bytes: [UInt8]
  let dialect: Dialect
  /// Whether `:name` stands for a value.
  private let takesValues: Bool
  private var index = 0

  init(_ text: String, _ dialect: Dialect, takesValues: Bool) {
    bytes = Array(text.utf8)
    self.dialect = dialect
    self.takesValues = takesValues
  }

  /// All tokens, and one of kind `end` after them.
  mutating func tokens() -> [Token] {
    var tokens: [Token] = []
    while true {
      while index < bytes.count, Lexer.isBlank(bytes[index]) { index += 1 }
      let start = index
      guard index < bytes.count else {
        tokens.append(Token(kind: .end, range: start..<start))
        return tokens
      }
      let kind = next()
      tokens.append(Token(kind: kind, range: start..<index))
    }
  }

  private mutating func next() -> Token.Kind {
    let byte = bytes[index]
    if Lexer.isLetter(byte) || (dialect == .pipeline && byte == UInt8(ascii: "_")) {
      skipWord()
      return .word
    }
    if Lexer.isDigit(byte) { return number() }
    index += 1
    switch byte {
    case UInt8(ascii: "#") where dialect == .dynamo && index < bytes.count && Lexer.isWordPart(bytes[index]):
      skipWord()
      return .namePlaceholder
    case UInt8(ascii: ":") where takesValues && index < bytes.count && Lexer.isWordPart(bytes[index]):
      skipWord()
      return .valuePlaceholder
    case UInt8(ascii: "<"):
      if index < bytes.count, bytes[index] == UInt8(ascii: ">") || bytes[index] == UInt8(ascii: "=") { index += 1 }
      return .symbol
    case UInt8(ascii: ">"):
      if index < bytes.count, bytes[index] == UInt8(ascii: "=") { index += 1 }
      return .symbol
    case UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "."),
      UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "-"):
      return .symbol
    case UInt8(ascii: "'"), UInt8(ascii: "\""):
      guard dialect == .pipeline else { return .unknown }
      return quoted(by: byte)
    default:
      // A whole character, so that the error quotes no half of one.
      while index < bytes.count, bytes[index] & 0xc0 == 0x80 { index += 1 }
      return .unknown
    }
  }

  private mutating func number() -> Token.Kind {
    skipDigits()
    guard dialect == .pipeline else { return .number }
    if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "."), Lexer.isDigit(bytes[index + 1]) {
      index += 1
      skipDigits()
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      var digit = index + 1
      if digit < bytes.count, bytes[digit] == UInt8(ascii: "+") || bytes[digit] == UInt8(ascii: "-") { digit += 1 }
      if digit < bytes.count, Lexer.isDigit(bytes[digit]) {
        index = digit
        skipDigits()
      }
    }
    return .number
  }

  /// A quote inside is written twice. Without its end the rest of the text is one unknown token.
  private mutating func quoted(by quote: UInt8) -> Token.Kind {
    while index < bytes.count {
      if bytes[index] == quote {
        index += 1
        guard index < bytes.count, bytes[index] == quote else { return .quoted }
      }
      index += 1
    }
    return .unknown
  }

  private mutating func skipWord() {
    while index < bytes.count, Lexer.isWordPart(bytes[index]) { index += 1 }
  }

  private mutating func skipDigits() {
    while index < bytes.count, Lexer.isDigit(bytes[index]) { index += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }
  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }
  private static func isWordPart(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }
}
