internal import DynamoModel

/// Recursive descent over the tokens of one expression. This file holds what all expressions share: words, paths and
/// operands; `Parser+Condition` and `Parser+Update` hold the rest.
struct Parser {
  let bytes: [UInt8]
  let tokens: [Token]
  let dialect: Lexer.Dialect
  var index = 0
  /// Where a pair of parentheses stands directly inside another one; reported after the syntax has been found good.
  var redundantParentheses: Int?
  var depth = 0
  var operators = 0

  /// Bytes of an expression, by the DynamoDB guide.
  static let expressionBytesMax = 4096
  /// Parentheses and functions inside each other: bounds the recursion.
  static let depthMax = 200
  /// Operators and functions of an expression, by the DynamoDB guide.
  static let operatorsMax = 300
  static let keywords: [String] = ["AND", "OR", "NOT", "BETWEEN", "IN"]

  /// `takesValues`: whether a condition of a pipeline file may have `:name` in it, as DynamoDB's own always may.
  init(_ text: String, _ dialect: Lexer.Dialect, takesValues: Bool = false) throws(ExpressionError) {
    var lexer = Lexer(text, dialect, takesValues: takesValues || dialect == .dynamo)
    guard lexer.bytes.count <= Parser.expressionBytesMax else {
      throw ExpressionError(
        "Expression size has exceeded the maximum allowed size; expression size: \(lexer.bytes.count)", offset: 0)
    }
    bytes = lexer.bytes
    self.dialect = dialect
    tokens = lexer.tokens()
    guard tokens.count > 1 else { throw ExpressionError("The expression can not be empty;", offset: 0) }
  }

  var token: Token { tokens[index] }
  var offset: Int { tokens[index].range.lowerBound }

  func text(_ token: Token) -> String { String(decoding: bytes[token.range], as: UTF8.self) }

  /// The error at the current token: the token, and the text from the token before it to the one after it.
  func syntaxError() -> ExpressionError {
    let shown = token.kind == .end ? "<EOF>" : text(token)
    let from = index > 0 ? tokens[index - 1].range.lowerBound : token.range.lowerBound
    let to = index + 1 < tokens.count ? tokens[index + 1].range.upperBound : token.range.upperBound
    let near = String(decoding: bytes[from..<max(from, min(to, bytes.count))], as: UTF8.self)
    var end = near.utf8.count
    // The blanks before the end of the text belong to no token.
    while end > 0, Array(near.utf8)[end - 1] == 0x20 { end -= 1 }
    return ExpressionError(
      "Syntax error; token: \"\(shown)\", near: \"\(String(decoding: near.utf8.prefix(end), as: UTF8.self))\"", offset: offset)
  }

  func isSymbol(_ symbol: StaticString, at place: Int? = nil) -> Bool {
    let token = tokens[place ?? index]
    guard token.kind == .symbol, token.range.count == symbol.utf8CodeUnitCount else { return false }
    for place in 0..<token.range.count where bytes[token.range.lowerBound + place] != symbol.utf8Start[place] { return false }
    return true
  }

  mutating func accept(_ symbol: StaticString) -> Bool {
    guard isSymbol(symbol) else { return false }
    index += 1
    return true
  }

  mutating func expect(_ symbol: StaticString) throws(ExpressionError) {
    guard accept(symbol) else { throw syntaxError() }
  }

  /// Keywords are taken in upper and lower case.
  func isKeyword(_ keyword: String, at place: Int? = nil) -> Bool {
    let token = tokens[place ?? index]
    return token.kind == .word && token.range.count == keyword.utf8.count && text(token).uppercased() == keyword
  }

  mutating func acceptKeyword(_ keyword: String) -> Bool {
    guard isKeyword(keyword) else { return false }
    index += 1
    return true
  }

  func isAnyKeyword() -> Bool { Parser.keywords.contains { isKeyword($0) } }

  mutating func enter() throws(ExpressionError) {
    depth += 1
    guard depth <= Parser.depthMax else {
      throw ExpressionError("The expression is nested deeper than \(Parser.depthMax) levels;", offset: offset)
    }
  }

  func checkEnd() throws(ExpressionError) {
    guard token.kind == .end else { throw syntaxError() }
    if let redundantParentheses {
      throw ExpressionError("The expression has redundant parentheses;", offset: redundantParentheses)
    }
  }

  // MARK: Paths

  mutating func path() throws(ExpressionError) -> PathSyntax {
    let start = offset
    var elements = [try pathName()]
    while true {
      if accept(".") {
        elements.append(try pathName())
      } else if accept("[") {
        if dialect == .pipeline, token.kind == .quoted {
          elements.append(.name(unquoted(token)))
        } else {
          guard token.kind == .number, let position = Int(text(token)) else { throw syntaxError() }
          elements.append(.index(position))
        }
        index += 1
        try expect("]")
      } else {
        break
      }
    }
    guard elements.count <= DocumentPath.elementsMax else {
      throw ExpressionError(
        "The document path has too many nesting elements; nesting levels: \(elements.count)", offset: start)
    }
    return PathSyntax(elements: elements, offset: start)
  }

  private mutating func pathName() throws(ExpressionError) -> PathSyntax.Element {
    switch token.kind {
    case .word where !isAnyKeyword():
      defer { index += 1 }
      return .name(text(token))
    case .namePlaceholder:
      defer { index += 1 }
      return .placeholder(text(token))
    default: throw syntaxError()
    }
  }

  // MARK: Operands

  /// An operand, perhaps in parentheses.
  mutating func operand() throws(ExpressionError) -> OperandSyntax {
    try enter()
    defer { depth -= 1 }
    if isSymbol("(") {
      let start = offset
      index += 1
      let opensTwice = isSymbol("(")
      let inner = try operand()
      let closesTwice = opensTwice && isSymbol(")", at: index - 1)
      try expect(")")
      if opensTwice, closesTwice { redundantParentheses = redundantParentheses ?? start }
      return inner
    }
    switch token.kind {
    case .valuePlaceholder:
      defer { index += 1 }
      return .placeholder(text(token), offset: offset)
    case .word where isSymbol("(", at: index + 1) && !isAnyKeyword():
      return .function(try function())
    case .word where dialect == .pipeline:
      if let literal = wordLiteral() { return literal }
      return .path(try path())
    case .number where dialect == .pipeline, .symbol where dialect == .pipeline:
      return try numberLiteral()
    case .quoted:
      defer { index += 1 }
      return .literal(.string(unquoted(token)), offset: offset)
    default:
      return .path(try path())
    }
  }

  func checkOperators() throws(ExpressionError) {
    guard operators <= Parser.operatorsMax else {
      // DynamoDB counts no further.
      throw ExpressionError("The expression contains too many operators; operator count: \(Parser.operatorsMax + 1)", offset: 0)
    }
  }

  mutating func function() throws(ExpressionError) -> FunctionSyntax {
    let start = offset
    let name = text(token)
    index += 2
    operators += 1
    var arguments: [OperandSyntax] = []
    repeat { arguments.append(try operand()) } while accept(",")
    try expect(")")
    return FunctionSyntax(name: name, arguments: arguments, offset: start)
  }

  private mutating func wordLiteral() -> OperandSyntax? {
    let value: AttributeValue
    switch text(token) {
    case "true": value = .bool(true)
    case "false": value = .bool(false)
    case "null": value = .null
    default: return nil
    }
    if isSymbol(".", at: index + 1) || isSymbol("[", at: index + 1) { return nil }
    defer { index += 1 }
    return .literal(value, offset: offset)
  }

  private mutating func numberLiteral() throws(ExpressionError) -> OperandSyntax {
    let start = offset
    let isNegative = accept("-")
    if !isNegative { _ = accept("+") }
    guard token.kind == .number else { throw syntaxError() }
    do throws(NumberError) {
      let number = try Number(text(token))
      index += 1
      return .literal(.number(isNegative ? number.negated : number), offset: start)
    } catch {
      throw ExpressionError(error.message, offset: start)
    }
  }

  private func unquoted(_ token: Token) -> String {
    let quote = bytes[token.range.lowerBound]
    var out: [UInt8] = []
    var place = token.range.lowerBound + 1
    while place < token.range.upperBound - 1 {
      out.append(bytes[place])
      place += bytes[place] == quote ? 2 : 1
    }
    return String(decoding: out, as: UTF8.self)
  }
}
