package import DynamoModel

/// An update expression whose text has been read and checked as far as it can be without its placeholders' values.
package struct ParsedUpdate: Sendable {
  private let syntax: [UpdateActionSyntax]

  package init(_ text: String) throws(DynamoError) {
    do throws(ExpressionError) {
      var parser = try Parser(text, .dynamo)
      let (actions, repeated) = try parser.wholeUpdate()
      syntax = actions
      var checker = SyntaxChecker(checksReserved: true)
      for action in actions {
        checker.visit(action.path)
        if let value = action.value { checker.visitUpdateValue(value) }
      }
      try checker.finish()
      if let repeated {
        throw ExpressionError(
          "The \"\(repeated.0)\" section can only be used once in an update expression;", offset: repeated.offset)
      }
    } catch {
      throw error.dynamo(.update)
    }
  }

  package func resolved(_ placeholders: inout Placeholders) throws(DynamoError) -> UpdateExpression {
    do throws(ExpressionError) {
      var resolver = Resolver(placeholders)
      defer { placeholders = resolver.placeholders }
      var actions: [UpdateAction] = []
      for action in syntax { actions.append(try resolver.action(action)) }
      try PathOverlap.check(actions.map(\.path))
      for action in actions { try action.checkOperands() }
      return UpdateExpression(actions)
    } catch {
      throw error.dynamo(.update)
    }
  }
}

extension Resolver {
  mutating func action(_ syntax: UpdateActionSyntax) throws(ExpressionError) -> UpdateAction {
    let path = try path(syntax.path)
    guard let valueSyntax = syntax.value else { return UpdateAction(path: path, change: .remove) }
    let value = try updateValue(valueSyntax)
    switch (syntax.section, value) {
    case (.add, .value(let operand)): return UpdateAction(path: path, change: .add(operand))
    case (.delete, .value(let operand)): return UpdateAction(path: path, change: .delete(operand))
    default: return UpdateAction(path: path, change: .set(value))
    }
  }

  private mutating func updateValue(_ syntax: OperandSyntax) throws(ExpressionError) -> UpdateValue {
    switch syntax {
    case .path(let path): return .path(try self.path(path))
    case .placeholder(let placeholder, let offset): return .value(try value(placeholder, offset))
    case .literal(let value, _): return .value(value)
    case .arithmetic(let sign, let left, let right, _):
      let left = try updateValue(left)
      let right = try updateValue(right)
      return sign == "+" ? .sum(left, right) : .difference(left, right)
    case .function(let function):
      var arguments: [UpdateValue] = []
      for argument in function.arguments { arguments.append(try updateValue(argument)) }
      guard arguments.count == 2 else { throw Resolver.wrongCount(function.name, arguments.count, function.offset) }
      if function.name == "list_append" { return .append(arguments[0], arguments[1]) }
      guard case .path(let path) = arguments[0] else {
        throw ExpressionError(
          "Operator or function requires a document path; operator or function: if_not_exists", offset: function.offset)
      }
      return .ifNotExists(path, arguments[1])
    }
  }
}
