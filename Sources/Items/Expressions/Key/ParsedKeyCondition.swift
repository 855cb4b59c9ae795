package import DynamoModel

/// A key condition expression whose text has been read. Its grammar is that of conditions; what a key cannot be asked is
/// refused when the placeholders are put in.
package struct ParsedKeyCondition: Sendable {
  private let parsed: ParsedCondition

  package init(_ text: String) throws(DynamoError) { parsed = try ParsedCondition(text, kind: .keyCondition) }

  package func resolved(_ placeholders: inout Placeholders) throws(DynamoError) -> KeyConditionExpression {
    let condition = try parsed.resolved(&placeholders).condition
    var parts: [KeyConditionExpression.Part] = []
    try ParsedKeyCondition.collect(condition, into: &parts)
    for (place, part) in parts.enumerated() where parts[..<place].contains(where: { Text.equal($0.attribute, part.attribute) }) {
      throw ParsedKeyCondition.invalid("KeyConditionExpressions must only contain one condition per key")
    }
    guard parts.count <= 2 * KeySchema.attributesMax else { throw KeyConditionExpression.wrongCount }
    return KeyConditionExpression(parts: parts)
  }

  private static func collect(_ condition: Condition, into parts: inout [KeyConditionExpression.Part]) throws(DynamoError) {
    switch condition {
    case .all(let conditions): for condition in conditions { try collect(condition, into: &parts) }
    case .any: throw wrongOperator("OR")
    case .not: throw wrongOperator("NOT")
    case .isIn: throw wrongOperator("IN")
    case .exists: throw wrongOperator("attribute_exists")
    case .notExists: throw wrongOperator("attribute_not_exists")
    case .hasType: throw wrongOperator("attribute_type")
    case .contains: throw wrongOperator("contains")
    case .comparison(.notEqual, _, _): throw wrongOperator("<>")
    case .comparison(let comparator, let left, let right):
      let (attribute, values) = try sides([left, right])
      var comparator = comparator
      if case .value = left { comparator = comparator.flipped }
      parts.append(.init(attribute: attribute, condition: comparison(comparator, values[0])))
    case .between(let value, let low, let high):
      let (attribute, values) = try sides([value, low, high])
      guard case .path = value else { throw noAttribute }
      parts.append(.init(attribute: attribute, condition: .between(values[0], values[1])))
    case .beginsWith(let value, let prefix):
      let (attribute, values) = try sides([value, prefix])
      guard case .path = value else { throw noAttribute }
      parts.append(.init(attribute: attribute, condition: .beginsWith(values[0])))
    }
  }

  private static func comparison(_ comparator: Comparator, _ value: AttributeValue) -> SortCondition {
    switch comparator {
    case .less: .less(value)
    case .lessOrEqual: .lessOrEqual(value)
    case .greater: .greater(value)
    case .greaterOrEqual: .greaterOrEqual(value)
    case .equal, .notEqual: .equal(value)
    }
  }

  /// The one top-level attribute and the values beside it.
  private static func sides(_ operands: [Operand]) throws(DynamoError) -> (String, [AttributeValue]) {
    var paths: [DocumentPath] = []
    var values: [AttributeValue] = []
    for operand in operands {
      switch operand {
      case .path(let path): paths.append(path)
      case .value(let value): values.append(value)
      case .size: throw invalid("KeyConditionExpressions cannot contain nested operations")
      }
    }
    if paths.contains(where: { $0.elements.count > 1 }) {
      throw invalid("KeyConditionExpressions cannot have conditions on nested attributes")
    }
    guard paths.count <= 1 else {
      throw invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
    }
    guard let path = paths.first else { throw noAttribute }
    return (path.root, values)
  }

  private static let noAttribute = invalid("Invalid condition in KeyConditionExpression: No key attribute specified")

  private static func wrongOperator(_ name: String) -> DynamoError {
    invalid("Invalid operator used in KeyConditionExpression: \(name)")
  }

  private static func invalid(_ reason: String) -> DynamoError {
    ExpressionError(reason, offset: 0).dynamo(.keyCondition)
  }
}
