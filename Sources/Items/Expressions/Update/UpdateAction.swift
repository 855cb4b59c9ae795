internal import DynamoModel

/// One action of an update, ready to be carried out.
struct UpdateAction: Sendable {
  enum Change: Sendable {
    case set(UpdateValue)
    case remove
    case add(AttributeValue)
    case delete(AttributeValue)
  }

  let path: DocumentPath
  let change: Change

  /// Types that are wrong whatever the item holds.
  func checkOperands() throws(ExpressionError) {
    switch change {
    case .set(let value): try value.checkOperands()
    case .remove: break
    case .add(let operand):
      if case .number = operand { return }
      try UpdateAction.checkSet("ADD", operand)
    case .delete(let operand): try UpdateAction.checkSet("DELETE", operand)
    }
  }

  private static func checkSet(_ name: String, _ operand: AttributeValue) throws(ExpressionError) {
    let type: String
    switch operand {
    case .stringSet, .numberSet, .binarySet: return
    case .string: type = "STRING"
    case .number: type = "NUMBER"
    case .binary: type = "BINARY"
    case .bool: type = "BOOLEAN"
    case .null: type = "NULL"
    case .list: type = "LIST"
    case .map: type = "MAP"
    }
    throw ExpressionError(
      "Incorrect operand type for operator or function; operator: \(name), operand type: \(type), "
        + "typeSet: ALLOWED_FOR_\(name)_OPERAND", offset: 0)
  }
}

/// The right side of SET. All of an expression's values are computed from the item as it was before.
indirect enum UpdateValue: Sendable {
  case value(AttributeValue)
  case path(DocumentPath)
  case ifNotExists(DocumentPath, UpdateValue)
  case append(UpdateValue, UpdateValue)
  case sum(UpdateValue, UpdateValue)
  case difference(UpdateValue, UpdateValue)

  func evaluate(_ item: Item) throws(DynamoError) -> AttributeValue {
    switch self {
    case .value(let value): return value
    case .path(let path):
      guard let value = path.value(in: item) else {
        throw .validation("The provided expression refers to an attribute that does not exist in the item")
      }
      return value
    case .ifNotExists(let path, let other):
      if let value = path.value(in: item) { return value }
      return try other.evaluate(item)
    case .append(let left, let right):
      guard case .list(let head) = try left.evaluate(item), case .list(let tail) = try right.evaluate(item) else {
        throw UpdateExpression.wrongType
      }
      return .list(head + tail)
    case .sum(let left, let right):
      let (left, right) = try UpdateValue.numbers(left, right, item)
      return try UpdateValue.number { () throws(NumberError) in try left.adding(right) }
    case .difference(let left, let right):
      let (left, right) = try UpdateValue.numbers(left, right, item)
      return try UpdateValue.number { () throws(NumberError) in try left.subtracting(right) }
    }
  }

  /// The paths that it is computed from.
  var paths: [DocumentPath] {
    switch self {
    case .value: []
    case .path(let path): [path]
    case .ifNotExists(let path, let other): [path] + other.paths
    case .append(let left, let right), .sum(let left, let right), .difference(let left, let right): left.paths + right.paths
    }
  }

  static func number(_ compute: () throws(NumberError) -> Number) throws(DynamoError) -> AttributeValue {
    do throws(NumberError) {
      return .number(try compute())
    } catch {
      throw .validation(error.message)
    }
  }

  private static func numbers(
    _ left: UpdateValue, _ right: UpdateValue, _ item: Item
  ) throws(DynamoError) -> (Number, Number) {
    guard case .number(let a) = try left.evaluate(item), case .number(let b) = try right.evaluate(item) else {
      throw UpdateExpression.wrongType
    }
    return (a, b)
  }

  func checkOperands() throws(ExpressionError) {
    switch self {
    case .value, .path: break
    case .ifNotExists(_, let other): try other.checkOperands()
    case .append(let left, let right): try UpdateValue.check("list_append", "L", [left, right])
    case .sum(let left, let right): try UpdateValue.check("+", "N", [left, right])
    case .difference(let left, let right): try UpdateValue.check("-", "N", [left, right])
    }
  }

  private static func check(_ name: String, _ wanted: String, _ operands: [UpdateValue]) throws(ExpressionError) {
    for operand in operands {
      if case .value(let value) = operand, value.typeName != wanted { throw Resolver.wrongType(name, value.typeName, 0) }
      try operand.checkOperands()
    }
  }
}
