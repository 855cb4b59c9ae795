internal import DynamoModel
internal import Expressions
internal import Pipelines

/// What an expression may speak of.
struct Scope {
  /// The kind of item, for messages.
  let item: String
  let table: TableIndex
  let fields: [Field]
  /// The lists that fields take apart, by field.
  let explosions: [String: ListExpression]
  /// Whether a name that is not a field is an attribute; otherwise it is an error.
  let allowsAttributes: Bool
  /// What happens, in rules over changes: they know the commit time, and both images. Nil in rules over items.
  let event: Source.Event?
  var allowsCommit: Bool { event != nil }
  let calendar: CalendarSettings
}

/// What calendar periods go by that have nothing of their own.
struct CalendarSettings {
  var zone = Zone.utc
  var starts = CalendarStarts.midnight
  /// Nil where the file lists none.
  var seasons: Seasons?
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
  let tables: [TableDraft]

  /// `expected` is the type that is needed; nil takes the expression's own, and that of an attribute is string.
  func compile(_ syntax: ExpressionSyntax, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    if let expected, expected.form.isAny, !takesAny(syntax) {
      throw SyntaxFailure(
        offset: syntax.offset,
        message: "`any` is the type of an attribute, of an element, or of a member of JSON; this is a string")
    }
    let compiled: Compiled
    switch syntax {
    case .path(let path, let offset): compiled = try name(path, offset, expected)
    case .text(let text, let offset): compiled = try literal(text, offset, expected)
    case .number(let number, _): compiled = number_(number, expected)
    case .flag(let flag, _): compiled = constant(.boolean(flag), .boolean, flag ? "true" : "false")
    case .call(let function, let arguments, let offset):
      compiled = try call(Call(function: function, arguments: arguments, offset: offset), expected)
    case .arithmetic(let operation, let left, let right, _):
      compiled = try arithmetic(operation, left: left, right: right, expected)
    case .span(_, let text, let offset):
      throw SyntaxFailure(
        offset: offset,
        message: "`\(text)` is a length of time, as `30m`, and a value is wanted here: it can be added to a time or taken away")
    }
    if let expected, compiled.type != expected.type {
      throw SyntaxFailure(
        offset: syntax.offset, message: "this is of type \(compiled.type.rawValue), not \(expected.type.rawValue)")
    }
    return compiled
  }

  /// Whether an expression can give a number where a text is as good.
  private func takesAny(_ syntax: ExpressionSyntax) -> Bool {
    switch syntax {
    case .path(let path, _): !(path.elements.count == 1 && scope.fields.contains { Text.equal($0.name, path.root) })
    case .call(let function, let arguments, _):
      function == "json" || function == "explode"
        || (function == "coalesce" && arguments.allSatisfy(takesAny))
    case .text: true
    case .number, .flag, .span, .arithmetic: false
    }
  }

  /// What is wrong with reading an attribute of the scope's table.
  func problem(reading attribute: String) -> String? {
    tables[scope.table].problem(reading: attribute)
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
    if let image = ChangeImage(rawValue: path.root) { return try field(of: image, path, offset) }
    guard scope.allowsAttributes else {
      let known = Suggestion.text(for: path.root, among: scope.fields.map(\.name))
      throw SyntaxFailure(offset: offset, message: "\(scope.item) has no field `\(path.text)`\(known)")
    }
    if let problem = problem(reading: path.root) { throw SyntaxFailure(offset: offset, message: problem) }
    let type = expected ?? TypeSyntax(type: .string, form: .iso(zone: nil))
    return Compiled(
      expression: .attribute(path, type.type, type.form), type: type.type, isOptional: true, explosion: nil, path: path.text)
  }

  /// `old.state`, `new.state`
  private func field(of image: ChangeImage, _ path: DocumentPath, _ offset: Int) throws(SyntaxFailure) -> Compiled {
    guard let event = scope.event else {
      throw SyntaxFailure(
        offset: offset,
        message: "an item has one image: only rules over changes (`each:`, `sessions:`) know `\(image.rawValue).`")
    }
    guard let rest = path.rest, rest.elements.count == 1 else {
      throw SyntaxFailure(offset: offset, message: "say which field of `\(image.rawValue)` is meant: `\(image.rawValue).name`")
    }
    guard let field = scope.fields.first(where: { Text.equal($0.name, rest.root) }) else {
      let known = Suggestion.text(for: rest.root, among: scope.fields.map(\.name))
      throw SyntaxFailure(offset: offset, message: "\(scope.item) has no field `\(rest.text)`\(known)")
    }
    if let list = scope.explosions[field.name] {
      throw SyntaxFailure(
        offset: offset,
        message: "`\(field.name)` is one element of `\(list.text)`, and `\(image.rawValue).` is about the whole item")
    }
    let isThere =
      switch event {
      case .changed: true
      case .inserted, .added: image == .new
      case .removed, .expired, .taken: image == .old
      }
    return Compiled(
      expression: .image(image, field.expression), type: field.type, isOptional: field.isOptional || !isThere, explosion: nil,
      path: "\(image.rawValue).\(field.path)")
  }
}
