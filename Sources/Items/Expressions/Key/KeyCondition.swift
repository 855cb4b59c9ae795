package import DynamoModel

/// What a query asks of a sort key.
package enum SortCondition: Sendable, Equatable {
  case equal(AttributeValue)
  case less(AttributeValue)
  case lessOrEqual(AttributeValue)
  case greater(AttributeValue)
  case greaterOrEqual(AttributeValue)
  case between(AttributeValue, AttributeValue)
  case beginsWith(AttributeValue)

  /// Whether a sort key satisfies it.
  package func holds(_ key: AttributeValue) -> Bool {
    switch self {
    case .equal(let value): Comparison.holds(.equal, key, value)
    case .less(let value): Comparison.holds(.less, key, value)
    case .lessOrEqual(let value): Comparison.holds(.lessOrEqual, key, value)
    case .greater(let value): Comparison.holds(.greater, key, value)
    case .greaterOrEqual(let value): Comparison.holds(.greaterOrEqual, key, value)
    case .between(let low, let high): Comparison.holds(.greaterOrEqual, key, low) && Comparison.holds(.lessOrEqual, key, high)
    case .beginsWith(let prefix): Comparison.begins(key, with: prefix)
    }
  }

  var operands: [AttributeValue] {
    switch self {
    case .equal(let value), .less(let value), .lessOrEqual(let value), .greater(let value), .greaterOrEqual(let value),
      .beginsWith(let value):
      [value]
    case .between(let low, let high): [low, high]
    }
  }
}

/// A query's key condition, before it meets the key of a table or index: one or two conditions, each on one attribute.
package struct KeyConditionExpression: Sendable {
  struct Part: Sendable {
    let attribute: String
    let condition: SortCondition
  }

  let parts: [Part]

  /// The partition key's value and what is asked of the sort key, if something is.
  package func resolved(for schema: KeySchema) throws(DynamoError) -> (partition: AttributeValue, sort: SortCondition?) {
    guard let partition = parts.first(where: { Text.equal($0.attribute, schema.partition.name) }) else {
      throw .validation("Query condition missed key schema element: \(schema.partition.name)")
    }
    let other = parts.first { !Text.equal($0.attribute, schema.partition.name) }
    if let other {
      guard let sort = schema.sort else { throw KeyConditionExpression.notSupported }
      guard Text.equal(other.attribute, sort.name) else {
        throw .validation("Query condition missed key schema element: \(sort.name)")
      }
      for value in other.condition.operands { try KeyConditionExpression.check(value, sort) }
    }
    guard case .equal(let value) = partition.condition else { throw KeyConditionExpression.notSupported }
    try KeyConditionExpression.check(value, schema.partition)
    if case .beginsWith(.number)? = other?.condition { throw KeyConditionExpression.notSupported }
    return (value, other?.condition)
  }

  private static let notSupported = DynamoError.validation("Query key condition not supported")

  private static func check(_ value: AttributeValue, _ attribute: KeyAttribute) throws(DynamoError) {
    guard attribute.type.accepts(value) else {
      throw .invalidParameter("Condition parameter type does not match schema type")
    }
    switch value {
    case .string(let text) where text.isEmpty: throw emptyKey("string", attribute)
    case .binary(let bytes) where bytes.isEmpty: throw emptyKey("binary", attribute)
    default: break
    }
  }

  private static func emptyKey(_ type: String, _ attribute: KeyAttribute) -> DynamoError {
    .validation(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \(type) "
        + "value. Key: \(attribute.name)")
  }
}
