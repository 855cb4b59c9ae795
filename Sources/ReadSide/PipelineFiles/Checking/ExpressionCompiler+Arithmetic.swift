internal import DynamoModel
internal import Expressions
internal import Pipelines

/// Arithmetic on numbers, and times that are moved.
extension ExpressionCompiler {
  func arithmetic(
    _ operation: Arithmetic, left: ExpressionSyntax, right: ExpressionSyntax, _ expected: TypeSyntax?
  ) throws(SyntaxFailure) -> Compiled {
    if case .span(let span, _, _) = right { return try moved(left, by: span, operation, at: right.offset, expected) }
    if case .span(let span, _, let offset) = left {
      guard operation == .plus else { throw ExpressionCompiler.onlyMoved(offset) }
      return try moved(right, by: span, operation, at: offset, expected)
    }
    let parts = [try operand(left, expected), try operand(right, expected)]
    let isDecimal = operation == .by || expected?.type == .decimal || parts.contains { $0.type == .decimal }
    let type: ValueType = isDecimal ? .decimal : .integer
    return Compiled(
      expression: .arithmetic(operation, parts[0].expression, parts[1].expression, type), type: type,
      isOptional: parts.contains(where: \.isOptional), explosion: try list(of: parts, offset: left.offset),
      path: parts.filter { part in if case .literal = part.expression { false } else { true } }.map(\.path)
        .joined(separator: ", "))
  }

  private func moved(
    _ time: ExpressionSyntax, by span: Int64, _ operation: Arithmetic, at offset: Int, _ expected: TypeSyntax?
  ) throws(SyntaxFailure) -> Compiled {
    guard !operation.isProduct else { throw ExpressionCompiler.onlyMoved(offset) }
    if case .span(_, _, let offset) = time { throw ExpressionCompiler.onlyMoved(offset) }
    let form = expected?.type == .timestamp ? expected?.form : nil
    let inner = try compile(time, TypeSyntax(type: .timestamp, form: form ?? .iso(zone: nil)))
    return Compiled(
      expression: .moved(inner.expression, by: operation == .plus ? span : -span), type: .timestamp, isOptional: inner.isOptional,
      explosion: inner.explosion, path: inner.path)
  }

  private static func onlyMoved(_ offset: Int) -> SyntaxFailure {
    SyntaxFailure(offset: offset, message: "a length of time is added to a time or taken away from one: write `time + 30m`")
  }

  /// A number: an attribute, an element or a member of JSON has the type that is wanted, decimal where none is.
  private func operand(_ syntax: ExpressionSyntax, _ expected: TypeSyntax?) throws(SyntaxFailure) -> Compiled {
    let numeric = expected.flatMap { $0.type.isNumeric ? $0 : nil }
    let number = numeric ?? TypeSyntax(type: .decimal, form: .iso(zone: nil))
    let wanted: TypeSyntax? =
      switch syntax {
      case .path(let path, _):
        path.elements.count == 1 && (scope.fields.contains { Text.equal($0.name, path.root) } || path.root == "commit")
          || ChangeImage(rawValue: path.root) != nil
          ? nil : number
      case .call("json", _, _), .call("explode", _, _), .call("coalesce", _, _):
        number
      case .arithmetic: numeric?.type == .decimal ? nil : numeric
      default: nil
      }
    let compiled = try compile(syntax, wanted)
    guard compiled.type.isNumeric else {
      let hint = compiled.type == .timestamp ? ": of a time only a length of time is taken away, as `30m`" : ""
      throw SyntaxFailure(
        offset: syntax.offset, message: "this is \(compiled.type.rawValue), and arithmetic takes numbers\(hint)")
    }
    return compiled
  }

  /// The list that parts of an expression are elements of: one at most.
  func list(of parts: [Compiled], offset: Int) throws(SyntaxFailure) -> ListExpression? {
    let lists = parts.compactMap(\.explosion)
    if let first = lists.first, lists.contains(where: { $0 != first }) {
      throw SyntaxFailure(offset: offset, message: "this takes two lists apart: only one can be")
    }
    return lists.first
  }
}
