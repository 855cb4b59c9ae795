internal import Expressions
internal import Pipelines

/// The functions of expressions.
extension ExpressionCompiler {
  static let functions =
    ["lower", "upper", "length", "concat", "coalesce", "json", "explode"] + PeriodsSyntax.words

  /// A call as it is written.
  struct Call {
    let function: String
    let arguments: [ExpressionSyntax]
    let offset: Int

    func check(_ count: ClosedRange<Int>, _ usage: String) throws(SyntaxFailure) {
      if !count.contains(arguments.count) { throw SyntaxFailure(offset: offset, message: "write `\(usage)`") }
    }
  }

  private static let string = TypeSyntax(type: .string, form: .iso(zone: nil))

  func call(_ call: Call, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    if let periods = PeriodsSyntax(call.function) { return try calendar(periods, call) }
    switch call.function {
    case "lower", "upper", "length": return try ofText(call)
    case "concat", "coalesce": return try ofMany(call, expected)
    case "json": return try json(call, expected)
    case "explode": return try explode(call, expected)
    default:
      let known = Suggestion.text(for: call.function, among: ExpressionCompiler.functions)
      throw SyntaxFailure(offset: call.offset, message: "there is no function `\(call.function)`\(known)")
    }
  }

  private func calendar(_ syntax: PeriodsSyntax, _ call: Call) throws(SyntaxFailure) -> Compiled {
    let name = call.function
    try call.check(
      1...(syntax.takesZone ? 2 : 1), syntax.takesZone ? "\(name)(time)` or `\(name)(time, 'Europe/Paris')" : "\(name) of time")
    let inner = try compile(call.arguments[0], TypeSyntax(type: .timestamp, form: .iso(zone: nil)))
    let zone = call.arguments.count == 2 ? try self.zone(call.arguments[1]) : scope.calendar.zone
    var isOptional = inner.isOptional
    let periods: Periods
    switch syntax {
    case .calendar(let unit): periods = .calendar(unit, zone, scope.calendar.starts)
    case .minutes(let minutes): periods = .minutes(minutes, zone)
    case .season:
      guard let seasons = scope.calendar.seasons else {
        throw SyntaxFailure(
          offset: call.offset,
          message: "the file lists no seasons: write `seasons: { spring: 2026-03-01T00:00:00Z }` at its top level")
      }
      periods = .seasons(seasons)
      isOptional = true
    }
    return Compiled(
      expression: .calendar(periods, inner.expression), type: .string, isOptional: isOptional, explosion: inner.explosion,
      path: inner.path)
  }

  private func ofText(_ call: Call) throws(SyntaxFailure) -> Compiled {
    try call.check(1...1, "\(call.function)(text)")
    let inner = try compile(call.arguments[0], ExpressionCompiler.string)
    let expression: ValueExpression =
      switch call.function {
      case "lower": .lower(inner.expression)
      case "upper": .upper(inner.expression)
      default: .length(inner.expression)
      }
    return Compiled(
      expression: expression, type: call.function == "length" ? .integer : .string, isOptional: inner.isOptional,
      explosion: inner.explosion, path: inner.path)
  }

  private func ofMany(_ call: Call, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    try call.check(2...16, "\(call.function)(first, second)")
    let joins = call.function == "concat"
    var parts: [Compiled] = []
    for argument in call.arguments {
      // The choices of coalesce are of one type: the one that is needed, else that of the first.
      let type = joins ? nil : expected ?? parts.first.map { TypeSyntax(type: $0.type, form: .iso(zone: nil)) }
      parts.append(try compile(argument, type))
    }
    let explosion = try list(of: parts, offset: call.offset)
    return Compiled(
      expression: joins ? .concat(parts.map(\.expression)) : .coalesce(parts.map(\.expression)),
      type: joins ? .string : parts[0].type,
      isOptional: joins ? parts.contains(where: \.isOptional) : parts.allSatisfy(\.isOptional), explosion: explosion,
      path: parts.map(\.path).joined(separator: ", "))
  }

  /// A member is a string unless the type says another; the whole of a text is JSON.
  private func json(_ call: Call, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    try call.check(1...2, "json(text)` or `json(text, 'path.to[0].member')")
    let inner = try compile(call.arguments[0], ExpressionCompiler.string)
    let path = try call.arguments.count == 2 ? self.path(call.arguments[1]) : nil
    let type = expected ?? (path == nil ? TypeSyntax(type: .json, form: .iso(zone: nil)) : ExpressionCompiler.string)
    return Compiled(
      expression: .json(inner.expression, path, type.type, type.form), type: type.type, isOptional: true,
      explosion: inner.explosion, path: path.map { "\(inner.path) \($0.text)" } ?? inner.path)
  }

  private func explode(_ call: Call, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    try call.check(1...2, "explode(list)`, `explode(list, 'member')` or `explode(list, key)")
    let list = try self.list(call)
    let part = try call.arguments.count == 2 ? elementPart(call.arguments[1]) : .value
    var type = expected ?? ExpressionCompiler.string
    if case .ordinal = part { type = TypeSyntax(type: .integer, form: .iso(zone: nil)) }
    return Compiled(
      expression: .element(part, type.type, type.form), type: type.type, isOptional: false, explosion: list,
      path: "\(list.text)[]")
  }

  /// What `explode` takes apart: an attribute, or the JSON in one.
  private func list(_ call: Call) throws(SyntaxFailure) -> ListExpression {
    var argument = call.arguments[0]
    var form = ListExpression.Form.attribute
    if case .call("json", let arguments, let offset) = argument {
      let json = Call(function: "json", arguments: arguments, offset: offset)
      try json.check(1...2, "json(text)` or `json(text, 'path.to[0].list')")
      form = .json(try arguments.count == 2 ? path(arguments[1]) : nil)
      argument = arguments[0]
    }
    guard scope.allowsAttributes, case .path(let list, let place) = argument else {
      throw SyntaxFailure(
        offset: call.offset,
        message: "`explode` takes an attribute that is a list, set or map, or `json(attribute, 'path')`, in `fields`")
    }
    if let problem = problem(reading: list.root) { throw SyntaxFailure(offset: place, message: problem) }
    return ListExpression(path: list, form: form)
  }

  /// `'member.path'`, `key`, `value`, `ordinal`
  private func elementPart(_ syntax: ExpressionSyntax) throws(SyntaxFailure) -> ElementPart {
    guard let word = syntax.simpleName else { return .member(try path(syntax)) }
    switch word {
    case "key": return .key
    case "value": return .value
    case "ordinal": return .ordinal
    default:
      let known = Suggestion.text(for: word, among: ["key", "value", "ordinal"])
      throw SyntaxFailure(
        offset: syntax.offset, message: "a member of an element is written in quotes, and `\(word)` is not a part of one\(known)")
    }
  }

  private func zone(_ syntax: ExpressionSyntax) throws(SyntaxFailure) -> Zone {
    guard case .text(let name, let offset) = syntax else {
      throw SyntaxFailure(offset: syntax.offset, message: "a time zone is written in quotes: 'Europe/Paris'")
    }
    guard let zone = Zone.named(name) else { throw SyntaxFailure(offset: offset, message: "`\(name)` is not an IANA time zone") }
    return zone
  }

  private func path(_ syntax: ExpressionSyntax) throws(SyntaxFailure) -> DocumentPath {
    guard case .text(let text, let offset) = syntax else {
      throw SyntaxFailure(offset: syntax.offset, message: "a path is written in quotes: 'stats.total'")
    }
    var parser = try ExpressionParser(text)
    do throws(SyntaxFailure) {
      let path = try parser.path()
      try parser.expectEnd()
      return path
    } catch {
      throw SyntaxFailure(offset: offset + 1 + error.offset, message: error.message)
    }
  }
}
