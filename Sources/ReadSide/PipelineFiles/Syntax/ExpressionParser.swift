internal import DynamoModel
internal import Expressions
internal import Pipelines

/// Reads expressions, and gives what follows them word by word.
struct ExpressionParser {
  private var tokens: [ExpressionToken]
  private var index = 0
  static let depthMax = 16
  /// Of one expression: each makes its tree one deeper, however few parentheses there are.
  static let operationsMax = 64
  private var operations = 0

  /// Without parameters: `$` has no meaning.
  init(_ source: String) throws(SyntaxFailure) { tokens = try ExpressionLexer.tokens(source) }

  /// Of a text in which `$name` stands for a parameter of the file.
  init(_ source: String, _ findings: Findings) throws(SyntaxFailure) {
    tokens = try ExpressionLexer.tokens(source).map { (token) throws(SyntaxFailure) in
      guard token.kind == .parameter else { return token }
      let parameter = try findings.parameters.use(token.text, offset: token.offset)
      let kind: ExpressionToken.Kind
      switch parameter.kind {
      case .number: kind = .number
      case .flag: kind = .word
      case .text: kind = .text
      case .span:
        guard let span = SpanText.parse(parameter.value) else { return token }
        return ExpressionToken(kind: .span(span), text: "$" + token.text, offset: token.offset, isWritten: false)
      }
      return ExpressionToken(kind: kind, text: parameter.value, offset: token.offset, isWritten: false)
    }
  }

  var current: ExpressionToken { tokens[index] }
  var following: ExpressionToken { tokens[min(index + 1, tokens.count - 1)] }
  var isAtEnd: Bool { current.kind == .end }

  mutating func advance() { if index < tokens.count - 1 { index += 1 } }

  mutating func take(sign: String) -> Bool {
    guard current.kind == .sign, current.text == sign else { return false }
    advance()
    return true
  }

  mutating func take(word: String) -> Bool {
    guard current.kind == .word, current.text == word else { return false }
    advance()
    return true
  }

  mutating func expect(sign: String) throws(SyntaxFailure) {
    if !take(sign: sign) { throw unexpected("`\(sign)`") }
  }

  func expectEnd() throws(SyntaxFailure) {
    if !isAtEnd { throw SyntaxFailure(offset: current.offset, message: "`\(current.text)` is not expected here") }
  }

  func unexpected(_ wanted: String) -> SyntaxFailure {
    SyntaxFailure(
      offset: current.offset,
      message: isAtEnd ? "\(wanted) is missing at the end" : "\(wanted) is expected here, not `\(current.text)`")
  }

  /// A word: neither a sign nor a number.
  mutating func name(_ wanted: String) throws(SyntaxFailure) -> ExpressionToken {
    guard current.kind == .word else { throw unexpected(wanted) }
    let token = current
    advance()
    return token
  }

  /// Products before sums, each from left to right.
  mutating func expression(depth: Int = 0) throws(SyntaxFailure) -> ExpressionSyntax {
    var left = try product(depth: depth)
    while let (operation, offset) = try takeOperation([.plus, .minus]) {
      left = .arithmetic(operation, left, try product(depth: depth + 1), offset: offset)
    }
    return left
  }

  private mutating func product(depth: Int) throws(SyntaxFailure) -> ExpressionSyntax {
    var left = try operand(depth: depth)
    while let (operation, offset) = try takeOperation([.times, .by]) {
      left = .arithmetic(operation, left, try operand(depth: depth + 1), offset: offset)
    }
    return left
  }

  private mutating func takeOperation(_ operations: [Arithmetic]) throws(SyntaxFailure) -> (Arithmetic, offset: Int)? {
    let token = current
    // After a value `-1` takes away 1.
    if token.kind == .number, token.isWritten, token.text.first == "-", operations.contains(.minus) {
      try count(token.offset)
      tokens[index] = ExpressionToken(kind: .number, text: String(token.text.dropFirst()), offset: token.offset + 1)
      return (.minus, token.offset)
    }
    guard token.kind == .sign, let operation = Arithmetic(rawValue: token.text), operations.contains(operation) else {
      return nil
    }
    try count(token.offset)
    advance()
    return (operation, token.offset)
  }

  private mutating func count(_ offset: Int) throws(SyntaxFailure) {
    operations += 1
    if operations > ExpressionParser.operationsMax {
      throw SyntaxFailure(offset: offset, message: "an expression has at most \(ExpressionParser.operationsMax) operations")
    }
  }

  private mutating func operand(depth: Int) throws(SyntaxFailure) -> ExpressionSyntax {
    guard depth < ExpressionParser.depthMax else { throw SyntaxFailure(offset: current.offset, message: "nested too deep") }
    let token = current
    switch token.kind {
    case .text:
      advance()
      return .text(token.text, offset: token.offset)
    case .span(let span):
      advance()
      return try spanOrPeriods(span, token.text, token.offset, depth: depth)
    case .number
    where token.isWritten && following.kind == .word && following.offset == token.offset + token.text.utf8.count:
      let text = token.text + following.text
      guard let span = SpanText.parse(text) else {
        throw SyntaxFailure(offset: token.offset, message: "`\(text)` is neither a number nor a length of time, as `30m`")
      }
      advance()
      advance()
      return try spanOrPeriods(span, text, token.offset, depth: depth)
    case .sign where token.text == "(":
      advance()
      let inner = try expression(depth: depth + 1)
      try expect(sign: ")")
      return inner
    case .number:
      advance()
      guard let number = try? Number(token.text) else {
        throw SyntaxFailure(offset: token.offset, message: "`\(token.text)` is not a number")
      }
      return .number(number, offset: token.offset)
    case .word where token.text == "true" || token.text == "false":
      advance()
      return .flag(token.text == "true", offset: token.offset)
    case .word where following.kind == .word && following.text == "of":
      guard PeriodsSyntax(token.text) != nil else {
        let known = Suggestion.text(for: token.text, among: PeriodsSyntax.words)
        throw SyntaxFailure(offset: token.offset, message: "`\(token.text)` is not a calendar period\(known)")
      }
      advance()
      advance()
      return .call(token.text, [try expression(depth: depth + 1)], offset: token.offset)
    case .word where following.kind == .sign && following.text == "(":
      advance()
      advance()
      var arguments: [ExpressionSyntax] = []
      if !take(sign: ")") {
        repeat { arguments.append(try expression(depth: depth + 1)) } while take(sign: ",")
        try expect(sign: ")")
      }
      return .call(token.text, arguments, offset: token.offset)
    case .word, .quotedName: return .path(try path(), offset: token.offset)
    default: throw unexpected("a name, a text or a function")
    }
  }

  /// `30m`, or `15m of sent`.
  private mutating func spanOrPeriods(
    _ span: Int64, _ text: String, _ offset: Int, depth: Int
  ) throws(SyntaxFailure) -> ExpressionSyntax {
    guard current.kind == .word, current.text == "of" else { return .span(span, text, offset: offset) }
    let written = SpanText.text(span)
    guard PeriodsSyntax(written) != nil else {
      let spans = Periods.minutes.map { "\($0)m" }.joined(separator: ", ")
      throw SyntaxFailure(
        offset: offset, message: "`\(text)` does not divide an hour: periods are \(spans), and `hour of` and longer ones")
    }
    advance()
    return .call(written, [try expression(depth: depth + 1)], offset: offset)
  }

  mutating func path() throws(SyntaxFailure) -> DocumentPath {
    var elements: [DocumentPath.Element] = [.name(try pathName())]
    while true {
      if take(sign: ".") {
        elements.append(.name(try pathName()))
      } else if take(sign: "[") {
        guard current.kind == .number, let place = Int(current.text), place >= 0 else { throw unexpected("an index") }
        elements.append(.index(place))
        advance()
        try expect(sign: "]")
      } else {
        return DocumentPath(elements)
      }
      guard elements.count <= DocumentPath.elementsMax else {
        throw SyntaxFailure(offset: current.offset, message: "the path is too long")
      }
    }
  }

  private mutating func pathName() throws(SyntaxFailure) -> String {
    guard current.kind == .word || current.kind == .quotedName else { throw unexpected("a name") }
    let name = current.text
    advance()
    return name
  }
}

/// A declared type as it is written: `timestamp(Europe/Paris)`, `integer`.
struct TypeSyntax {
  let type: ValueType
  let form: ValueForm

  static func form(_ argument: String, offset: Int) throws(SyntaxFailure) -> ValueForm {
    switch argument {
    case "seconds": return .seconds
    case "milliseconds": return .milliseconds
    default:
      guard let zone = Zone.named(argument) else {
        throw SyntaxFailure(
          offset: offset,
          message: "`\(argument)` is neither an IANA time zone (as `Europe/Paris` or `UTC`) nor `seconds` or `milliseconds`")
      }
      return .iso(zone: zone)
    }
  }
}

extension ExpressionParser {
  /// A type if one stands here; nil at the end and before `optional`. `takesAny` says that it may be `any`, which is a string made of a text or number.
  mutating func type(takesAny: Bool = false) throws(SyntaxFailure) -> TypeSyntax? {
    guard current.kind == .word, current.text != "optional" else { return nil }
    let word = current
    if takesAny, take(word: "any") { return TypeSyntax(type: .string, form: .any) }
    guard let type = ValueType(rawValue: word.text) else {
      let known = Suggestion.text(for: word.text, among: ValueType.allCases.map(\.rawValue) + (takesAny ? ["any"] : []))
      throw SyntaxFailure(offset: word.offset, message: "`\(word.text)` is not a type\(known)")
    }
    advance()
    guard take(sign: "(") else { return TypeSyntax(type: type, form: .iso(zone: nil)) }
    let start = current.offset
    var argument = ""
    while !isAtEnd, !(current.kind == .sign && current.text == ")") {
      argument += current.text
      advance()
    }
    try expect(sign: ")")
    guard type == .timestamp else {
      throw SyntaxFailure(offset: start, message: "only `timestamp` takes something in parentheses")
    }
    return TypeSyntax(type: type, form: try TypeSyntax.form(argument, offset: start))
  }
}
