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

/// A query's key condition, before it meets the key of a table or index: conditions, each on an attribute of its own.
package struct KeyConditionExpression: Sendable {
  struct Part: Sendable {
    let attribute: String
    let condition: SortCondition
  }

  let parts: [Part]

  /// A key condition as it means a key.
  package struct Resolved: Sendable {
    /// A value for each partition attribute.
    package let partition: [AttributeValue]
    /// Values that the first sort attributes must equal, before the one that `sort` is about.
    package let leading: [AttributeValue]
    package let sort: SortCondition?

    /// Whether an item's or start key's attributes satisfy it.
    package func holds(_ key: Item, _ schema: KeySchema) -> Bool {
      for (attribute, value) in zip(schema.partitions + schema.sorts, partition + leading) where key[attribute.name] != value {
        return false
      }
      guard let sort, leading.count < schema.sorts.count, let value = key[schema.sorts[leading.count].name] else { return true }
      return sort.holds(value)
    }
  }

  /// The values of the partition attributes, all of them, and what is asked of the sort attributes: of the first ones, each
  /// equality but the last.
  package func resolved(for schema: KeySchema) throws(DynamoError) -> Resolved {
    guard parts.count <= schema.attributes.count else {
      throw .validation(
        "The number of query conditions (\(parts.count)) exceeds the number of key attributes defined in the schema "
          + "(\(schema.attributes.count))")
    }
    var partitions: [Part] = []
    for attribute in schema.partitions {
      guard let part = parts.first(where: { Text.equal($0.attribute, attribute.name) }) else {
        throw .validation("Query condition missed key schema element: \(attribute.name)")
      }
      partitions.append(part)
    }
    let others = parts.filter { part in !schema.partitions.contains { Text.equal($0.name, part.attribute) } }
    try KeyConditionExpression.checkFromTheLeft(others, schema.sorts)
    var sorts: [SortCondition] = []
    for attribute in schema.sorts.prefix(others.count) {
      guard let part = others.first(where: { Text.equal($0.attribute, attribute.name) }) else {
        throw .validation("Query condition missed key schema element: \(attribute.name)")
      }
      for value in part.condition.operands { try KeyConditionExpression.check(value, attribute) }
      sorts.append(part.condition)
    }
    let partition = try zip(partitions, schema.partitions).map { (part, attribute) throws(DynamoError) in
      guard case .equal(let value) = part.condition else { throw KeyConditionExpression.notSupported }
      try KeyConditionExpression.check(value, attribute)
      return value
    }
    let leading = sorts.dropLast().flatMap(\.operands)
    if case .beginsWith(.number)? = sorts.last { throw KeyConditionExpression.notSupported }
    return Resolved(partition: partition, leading: leading, sort: sorts.last)
  }

  /// Throws unless each sort attribute before the last one that is asked of has an equality.
  private static func checkFromTheLeft(_ parts: [Part], _ sorts: [KeyAttribute]) throws(DynamoError) {
    let asked = sorts.map { attribute in parts.first { Text.equal($0.attribute, attribute.name) }?.condition }
    guard let last = asked.lastIndex(where: { $0 != nil }) else { return }
    let without = sorts[..<last].indices.filter { place in
      if case .equal? = asked[place] { false } else { true }
    }
    guard !without.isEmpty else { return }
    throw .validation(
      "RANGE key attributes \(without.map { sorts[$0].name }.joined(separator: ", ")) must have equality conditions specified in the "
        + "query because a condition is present on key attribute \(sorts[last].name)")
  }

  static let wrongCount = DynamoError.validation("Conditions can be of length 1 or 2 only")

  private static let notSupported = DynamoError.validation("Query key condition not supported")

  private static func check(_ value: AttributeValue, _ attribute: KeyAttribute) throws(DynamoError) {
    guard attribute.type.accepts(value) else {
      throw .invalidParameter("Condition parameter type does not match schema type")
    }
    if value.isEmptyScalar { throw .emptyKey(attribute) }
  }
}
