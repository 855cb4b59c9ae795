internal import DynamoModel
internal import Expressions

/// What an expression may speak of.
struct Scope {
  /// The kind of item, for messages.
  let item: String
  /// Index in `Pipeline.tables`.
  let table: Int
  let fields: [Field]
  /// The lists that fields take apart, by field.
  let explosions: [String: ListExpression]
  /// Whether a name that is no field is an attribute; otherwise it is an error.
  let allowsAttributes: Bool
  let allowsCommit: Bool
  /// The zone of `day of ...`.
  let zone: Zone
}

/// An expression with what is known of it.
struct Compiled {
  let expression: ValueExpression
  let type: ValueType
  let isOptional: Bool
  let explosion: ListExpression?
  /// What a failure says it was reading.
  let path: String
}

/// Turns written expressions into evaluable ones, checking names and types.
struct ExpressionCompiler {
  let scope: Scope
  /// Told of each attribute that is read; answers what is wrong with it.
  let useAttribute: (Int, String) -> String?

  static let functions =
    ["lower", "upper", "length", "concat", "coalesce", "json", "explode"] + CalendarUnit.allCases.map(\.rawValue)

  /// `expected` is the type that is needed; nil takes the expression's own, and that of an attribute is string.
  func compile(_ syntax: ExpressionSyntax, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    let compiled: Compiled
    switch syntax {
    case .path(let path, let offset): compiled = try name(path, offset, expected)
    case .text(let text, let offset): compiled = try literal(text, offset, expected)
    case .number(let number, _): compiled = number_(number, expected)
    case .flag(let flag, _): compiled = constant(.boolean(flag), .boolean, flag ? "true" : "false")
    case .call(let function, let arguments, let offset): compiled = try call(function, arguments, offset, expected)
    }
    if let expected, compiled.type != expected.type {
      throw SyntaxFailure(
        offset: syntax.offset, message: "this is of type \(compiled.type.rawValue), not \(expected.type.rawValue)")
    }
    return compiled
  }

  private func constant(_ value: Value, _ type: ValueType, _ path: String) -> Compiled {
    Compiled(expression: .literal(value), type: type, isOptional: false, explosion: nil, path: path)
  }

  private func literal(_ text: String, _ offset: Int, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    let type = expected?.type ?? .string
    do throws(TypeMismatch) {
      return constant(try Value(text: text, as: type, form: expected?.form ?? .iso(zone: nil)), type, "'\(text)'")
    } catch {
      throw SyntaxFailure(offset: offset, message: error.reason)
    }
  }

  private func number_(_ number: Number, _ expected: TypeSyntax?) -> Compiled {
    if expected?.type != .decimal, let whole = number.int64 { return constant(.integer(whole), .integer, "\(number)") }
    return constant(.decimal(number), .decimal, "\(number)")
  }

  private func name(_ path: DocumentPath, _ offset: Int, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    if path.elements.count == 1 {
      if let field = scope.fields.first(where: { Text.equal($0.name, path.root) }) {
        return Compiled(
          expression: field.expression, type: field.type, isOptional: field.isOptional, explosion: scope.explosions[field.name],
          path: field.path)
      }
      if path.root == "commit" {
        guard scope.allowsCommit else {
          throw SyntaxFailure(
            offset: offset,
            message: "the commit time is not in an item: only rules over changes (`each:`, `sessions:`) know `commit`")
        }
        return Compiled(expression: .commit, type: .timestamp, isOptional: false, explosion: nil, path: "commit")
      }
    }
    guard scope.allowsAttributes else {
      let known = Suggestion.text(for: path.root, among: scope.fields.map(\.name))
      throw SyntaxFailure(offset: offset, message: "\(scope.item) has no field `\(path.text)`\(known)")
    }
    if let problem = useAttribute(scope.table, path.root) { throw SyntaxFailure(offset: offset, message: problem) }
    let type = expected ?? TypeSyntax(type: .string, form: .iso(zone: nil))
    return Compiled(
      expression: .attribute(path, type.type, type.form), type: type.type, isOptional: true, explosion: nil, path: path.text)
  }

  private func call(
    _ function: String, _ arguments: [ExpressionSyntax], _ offset: Int, _ expected: TypeSyntax?
  ) throws(SyntaxFailure) -> Compiled {
    func count(_ range: ClosedRange<Int>, _ usage: String) throws(SyntaxFailure) {
      if !range.contains(arguments.count) { throw SyntaxFailure(offset: offset, message: "write `\(usage)`") }
    }
    let string = TypeSyntax(type: .string, form: .iso(zone: nil))
    if let unit = CalendarUnit(rawValue: function) {
      try count(1...2, "\(function)(time)` or `\(function)(time, 'Europe/Paris')")
      let inner = try compile(arguments[0], TypeSyntax(type: .timestamp, form: .iso(zone: nil)))
      let zone = arguments.count == 2 ? try self.zone(arguments[1]) : scope.zone
      return Compiled(
        expression: .calendar(unit, inner.expression, zone), type: .string, isOptional: inner.isOptional,
        explosion: inner.explosion,
        path: inner.path)
    }
    switch function {
    case "lower", "upper", "length":
      try count(1...1, "\(function)(text)")
      let inner = try compile(arguments[0], string)
      let expression: ValueExpression =
        function == "lower"
        ? .lower(inner.expression) : function == "upper" ? .upper(inner.expression) : .length(inner.expression)
      return Compiled(
        expression: expression, type: function == "length" ? .integer : .string, isOptional: inner.isOptional,
        explosion: inner.explosion,
        path: inner.path)
    case "concat", "coalesce":
      try count(2...16, "\(function)(first, second)")
      let joins = function == "concat"
      var parts: [Compiled] = []
      for argument in arguments {
        parts.append(
          try compile(argument, joins ? nil : expected ?? parts.first.map { TypeSyntax(type: $0.type, form: .iso(zone: nil)) }))
      }
      let explosions = parts.compactMap(\.explosion)
      if Set(explosions.map(\.path.text)).count > 1 {
        throw SyntaxFailure(offset: offset, message: "this takes two lists apart: only one can be")
      }
      return Compiled(
        expression: joins ? .concat(parts.map(\.expression)) : .coalesce(parts.map(\.expression)),
        type: joins ? .string : parts[0].type,
        isOptional: joins ? parts.contains(where: \.isOptional) : parts.allSatisfy(\.isOptional),
        explosion: explosions.first, path: parts.map(\.path).joined(separator: ", "))
    case "json":
      try count(2...2, "json(text, 'path.to[0].member')")
      let inner = try compile(arguments[0], string)
      let path = try self.path(arguments[1])
      let type = expected ?? string
      return Compiled(
        expression: .json(inner.expression, path, type.type, type.form), type: type.type, isOptional: true,
        explosion: inner.explosion,
        path: "\(inner.path) \(path.text)")
    case "explode":
      try count(1...2, "explode(list)` or `explode(list, 'member')")
      guard scope.allowsAttributes, case .path(let list, let place) = arguments[0] else {
        throw SyntaxFailure(offset: offset, message: "`explode` takes an attribute that is a list or set, in `fields`")
      }
      if let problem = useAttribute(scope.table, list.root) { throw SyntaxFailure(offset: place, message: problem) }
      let member = arguments.count == 2 ? try path(arguments[1]) : nil
      let type = expected ?? string
      return Compiled(
        expression: .element(member, type.type, type.form), type: type.type, isOptional: false,
        explosion: ListExpression(path: list),
        path: "\(list.text)[]")
    default:
      let known = Suggestion.text(for: function, among: ExpressionCompiler.functions)
      throw SyntaxFailure(offset: offset, message: "there is no function `\(function)`\(known)")
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
