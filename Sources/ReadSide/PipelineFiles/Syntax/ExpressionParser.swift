internal import DynamoModel
internal import Expressions
internal import Pipelines

/// Reads expressions, and gives what follows them word by word.
struct ExpressionParser {
  private let tokens: [ExpressionToken]
  private var index = 0
  static let depthMax = 16

  /// Without parameters: `$` has no meaning.
  init(_ source: String) throws(SyntaxFailure) { tokens = try ExpressionLexer.tokens(source) }

  /// Of a text in which `$name` stands for a parameter of the file.
  init(_ source: String, _ findings: Findings) throws(SyntaxFailure) {
    tokens = try ExpressionLexer.tokens(source).map { (token) throws(SyntaxFailure) in
      guard token.kind == .parameter else { return token }
      let parameter = try findings.parameters.use(token.text, offset: token.offset)
      let kind: ExpressionToken.Kind =
        switch parameter.kind {
        case .number: .number
        case .flag: .word
        case .text: .text
        case .span:
          throw SyntaxFailure(
            offset: token.offset, message: "`$\(token.text)` is \(parameter.kind.description), and a value is wanted here")
        }
      return ExpressionToken(kind: kind, text: parameter.value, offset: token.offset)
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

  mutating func expression(depth: Int = 0) throws(SyntaxFailure) -> ExpressionSyntax {
    guard depth < ExpressionParser.depthMax else { throw SyntaxFailure(offset: current.offset, message: "nested too deep") }
    let token = current
    switch token.kind {
    case .text:
      advance()
      return .text(token.text, offset: token.offset)
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
      guard CalendarUnit(rawValue: token.text) != nil else {
        let known = Suggestion.text(for: token.text, among: CalendarUnit.allCases.map(\.rawValue))
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
