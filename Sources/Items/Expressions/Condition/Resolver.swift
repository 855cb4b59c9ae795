internal import DynamoModel

/// Puts names and values into a syntax tree and checks operands, in DynamoDB's order for each comparison or function:
/// undefined placeholders, number of operands, operands that must differ, types.
struct Resolver {
  var placeholders: Placeholders

  init(_ placeholders: Placeholders) { self.placeholders = placeholders }

  mutating func condition(_ syntax: ConditionSyntax) throws(ExpressionError) -> Condition {
    switch syntax {
    case .or(let parts): return .any(try conditions(parts))
    case .and(let parts): return .all(try conditions(parts))
    case .not(let part): return .not(try condition(part))
    case .comparison(let comparator, let leftSyntax, let rightSyntax, let offset):
      let left = try operand(leftSyntax)
      let right = try operand(rightSyntax)
      try checkDistinct(comparator.rawValue, [left, right], offset)
      if comparator != .equal, comparator != .notEqual { try Resolver.checkOrdered(comparator.rawValue, [left, right], offset) }
      return .comparison(comparator, left, right)
    case .between(let valueSyntax, let lowSyntax, let highSyntax, let offset):
      let value = try operand(valueSyntax)
      let low = try operand(lowSyntax)
      let high = try operand(highSyntax)
      try Resolver.checkOrdered("BETWEEN", [value, low, high], offset)
      try checkBounds(low, high, offset)
      return .between(value, low, high)
    case .isIn(let valueSyntax, let listSyntax, _):
      let value = try operand(valueSyntax)
      var list: [Operand] = []
      for item in listSyntax { list.append(try operand(item)) }
      return .isIn(value, list)
    case .function(let syntax):
      return try function(syntax)
    }
  }

  private mutating func conditions(_ parts: [ConditionSyntax]) throws(ExpressionError) -> [Condition] {
    var conditions: [Condition] = []
    for part in parts { conditions.append(try condition(part)) }
    return conditions
  }

  // MARK: Operands

  mutating func path(_ syntax: PathSyntax) throws(ExpressionError) -> DocumentPath {
    var elements: [DocumentPath.Element] = []
    elements.reserveCapacity(syntax.elements.count)
    for element in syntax.elements {
      switch element {
      case .name(let name): elements.append(.name(name))
      case .index(let index): elements.append(.index(index))
      case .placeholder(let placeholder):
        guard let name = placeholders.name(placeholder) else {
          throw ExpressionError(
            "An expression attribute name used in the document path is not defined; attribute name: \(placeholder)",
            offset: syntax.offset)
        }
        elements.append(.name(name))
      }
    }
    return DocumentPath(elements)
  }

  mutating func value(_ placeholder: String, _ offset: Int) throws(ExpressionError) -> AttributeValue {
    guard let value = placeholders.value(placeholder) else {
      throw ExpressionError(
        "An expression attribute value used in expression is not defined; attribute value: \(placeholder)", offset: offset)
    }
    return value
  }

  mutating func operand(_ syntax: OperandSyntax) throws(ExpressionError) -> Operand {
    switch syntax {
    case .path(let path): return .path(try self.path(path))
    case .placeholder(let placeholder, let offset): return .value(try value(placeholder, offset))
    case .literal(let value, _): return .value(value)
    case .function(let function):
      let arguments = try arguments(function, count: 1)
      if let type = arguments[0].knownType, ["N", "BOOL", "NULL"].contains(type) {
        throw Resolver.wrongType(function.name, type, function.offset)
      }
      return .size(arguments[0])
    case .arithmetic(_, _, _, let offset):
      throw ExpressionError("Arithmetic is not allowed here;", offset: offset)
    }
  }

  private mutating func arguments(_ function: FunctionSyntax, count: Int) throws(ExpressionError) -> [Operand] {
    var arguments: [Operand] = []
    for argument in function.arguments { arguments.append(try operand(argument)) }
    guard arguments.count == count else { throw Resolver.wrongCount(function.name, arguments.count, function.offset) }
    return arguments
  }

  // MARK: Functions

  private mutating func function(_ function: FunctionSyntax) throws(ExpressionError) -> Condition {
    switch function.name {
    case "attribute_exists": return .exists(try documentPath(of: function))
    case "attribute_not_exists": return .notExists(try documentPath(of: function))
    default: break
    }
    let operands = try arguments(function, count: 2)
    try checkDistinct(function.name, operands, function.offset)
    switch function.name {
    case "begins_with":
      for operand in operands {
        if let type = operand.knownType, type != "S", type != "B" {
          throw Resolver.wrongType(function.name, type, function.offset)
        }
      }
      return .beginsWith(operands[0], operands[1])
    case "attribute_type":
      guard case .value(.string(let type)) = operands[1] else {
        let given = operands[1].knownType ?? "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
        throw Resolver.wrongType(function.name, given, function.offset)
      }
      guard ["S", "N", "B", "NULL", "SS", "BOOL", "L", "BS", "NS", "M"].contains(where: { Text.equal($0, type) }) else {
        throw ExpressionError(
          "Invalid attribute type name found; type: \(type), valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", offset: function.offset
        )
      }
      return .hasType(operands[0], type)
    default:
      return .contains(operands[0], operands[1])
    }
  }

  private mutating func documentPath(of function: FunctionSyntax) throws(ExpressionError) -> DocumentPath {
    guard case .path(let path) = try arguments(function, count: 1)[0] else {
      throw ExpressionError(
        "Operator or function requires a document path; operator or function: \(function.name)", offset: function.offset)
    }
    return path
  }

  // MARK: Checks

  static func wrongCount(_ name: String, _ count: Int, _ offset: Int) -> ExpressionError {
    ExpressionError(
      "Incorrect number of operands for operator or function; operator or function: \(name), number of operands: \(count)",
      offset: offset)
  }

  static func wrongType(_ name: String, _ type: String, _ offset: Int) -> ExpressionError {
    ExpressionError(
      "Incorrect operand type for operator or function; operator or function: \(name), operand type: \(type)", offset: offset)
  }

  private func checkDistinct(_ name: String, _ operands: [Operand], _ offset: Int) throws(ExpressionError) {
    guard operands.count == 2, case .path(let left) = operands[0], case .path(let right) = operands[1], left == right else {
      return
    }
    throw ExpressionError(
      "The first operand must be distinct from the remaining operands for this operator or function; operator: \(name), "
        + "first operand: \(left)", offset: offset)
  }

  /// Only strings, numbers and bytes have an order.
  static func checkOrdered(_ name: String, _ operands: [Operand], _ offset: Int) throws(ExpressionError) {
    for operand in operands {
      if let type = operand.knownType, type != "S", type != "N", type != "B" { throw Resolver.wrongType(name, type, offset) }
    }
  }

  private func checkBounds(_ low: Operand, _ high: Operand, _ offset: Int) throws(ExpressionError) {
    guard case .value(let lower) = low, case .value(let upper) = high else { return }
    let bounds =
      "lower bound operand: AttributeValue: \(Resolver.shown(lower)), upper bound operand: AttributeValue: \(Resolver.shown(upper))"
    guard let order = Comparison.order(lower, upper) else {
      throw ExpressionError(
        "The BETWEEN operator requires same data type for lower and upper bounds; \(bounds)", offset: offset)
    }
    if order > 0 {
      throw ExpressionError(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; \(bounds)", offset: offset)
    }
  }

  /// A scalar as DynamoDB's errors write it.
  private static func shown(_ value: AttributeValue) -> String {
    switch value {
    case .string(let text): "{S:\(text)}"
    case .number(let number): "{N:\(number)}"
    case .binary(let bytes): "{B:\(Base64.encode(bytes))}"
    default: "{\(value.typeName)}"
    }
  }
}
