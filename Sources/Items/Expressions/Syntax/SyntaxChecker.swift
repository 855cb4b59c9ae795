internal import DynamoModel

/// The checks that need no placeholder, in DynamoDB's order: unknown functions, functions where none may stand, reserved
/// words. The order spans the whole expression: a reserved word at its start is reported after an unknown function at its end.
struct SyntaxChecker {
  private enum Rank: Int { case unknownFunction, misusedFunction, reservedWord }

  static let conditionFunctions = [
    "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size",
  ]

  static let updateFunctions = ["if_not_exists", "list_append"]

  /// The greatest index that a list of a path may have.
  static let indexMax = Int(UInt32.max) - 1

  private let checksReserved: Bool
  private var first: (rank: Rank, error: ExpressionError)?

  init(checksReserved: Bool) { self.checksReserved = checksReserved }

  private mutating func note(_ rank: Rank, _ reason: String, _ offset: Int) {
    if let first, first.rank.rawValue <= rank.rawValue { return }
    first = (rank, ExpressionError(reason, offset: offset))
  }

  func finish() throws(ExpressionError) {
    if let first { throw first.error }
  }

  mutating func check(_ condition: ConditionSyntax) throws(ExpressionError) {
    visit(condition)
    try finish()
  }

  private mutating func visit(_ condition: ConditionSyntax) {
    switch condition {
    case .or(let parts), .and(let parts): for part in parts { visit(part) }
    case .not(let part): visit(part)
    case .comparison(_, let left, let right, _): for operand in [left, right] { visitValue(operand) }
    case .between(let value, let low, let high, _): for operand in [value, low, high] { visitValue(operand) }
    case .isIn(let value, let list, _): for operand in [value] + list { visitValue(operand) }
    case .function(let function):
      if Text.equal(function.name, "size") { note(.misusedFunction, misuse(function.name), function.offset) }
      visit(function)
    }
  }

  private func misuse(_ name: String) -> String {
    "The function is not allowed to be used this way in an expression; function: \(name)"
  }

  private mutating func visit(_ function: FunctionSyntax) {
    checkKnown(function, SyntaxChecker.conditionFunctions, others: SyntaxChecker.updateFunctions, in: "a condition expression")
    for argument in function.arguments { visitValue(argument) }
  }

  /// Notes a function that is none of `functions`: by its name if it is one of the other kind of expression.
  private mutating func checkKnown(
    _ function: FunctionSyntax, _ functions: [String], others: [String], in expression: StaticString
  ) {
    let isOne = { (names: [String]) in names.contains { Text.equal($0, function.name) } }
    if isOne(functions) { return }
    note(
      .unknownFunction,
      isOne(others)
        ? "The function is not allowed in \(expression); function: \(function.name)"
        : "Invalid function name; function: \(function.name)", function.offset)
  }

  /// Where a value is wanted, `size` is the only function that gives one.
  private mutating func visitValue(_ operand: OperandSyntax) {
    switch operand {
    case .path(let path): visit(path)
    case .function(let function):
      if !Text.equal(function.name, "size") { note(.misusedFunction, misuse(function.name), function.offset) }
      visit(function)
    case .placeholder, .literal, .arithmetic: break
    }
  }

  mutating func visit(_ path: PathSyntax) {
    guard checksReserved else { return }
    for case .index(let index) in path.elements where index > SyntaxChecker.indexMax {
      note(.misusedFunction, "List index is not within the allowable range; index: [\(index)]", path.offset)
    }
    for case .name(let name) in path.elements where ReservedWords.contains(name) {
      note(.reservedWord, "Attribute name is a reserved keyword; reserved keyword: \(name)", path.offset)
    }
  }

  /// The right side of SET. Of its functions only `if_not_exists` may stand within another one.
  mutating func visitUpdateValue(_ operand: OperandSyntax, isArgument: Bool = false) {
    switch operand {
    case .path(let path): visit(path)
    case .arithmetic(_, let left, let right, _):
      visitUpdateValue(left)
      visitUpdateValue(right)
    case .function(let function):
      checkKnown(
        function, SyntaxChecker.updateFunctions, others: SyntaxChecker.conditionFunctions, in: "an update expression")
      if isArgument, Text.equal(function.name, "list_append") {
        note(.misusedFunction, misuse(function.name), function.offset)
      }
      for argument in function.arguments { visitUpdateValue(argument, isArgument: true) }
    case .placeholder, .literal: break
    }
  }
}
