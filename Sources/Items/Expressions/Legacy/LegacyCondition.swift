package import DynamoModel

/// One condition of the parameters from before expressions: `Expected`, `KeyConditions`, `QueryFilter`, `ScanFilter`. Attribute
/// names are names, never paths.
package struct LegacyCondition: Sendable {
  package enum Comparator: String, Sendable, CaseIterable {
    case equal = "EQ"
    case notEqual = "NE"
    case isIn = "IN"
    case lessOrEqual = "LE"
    case less = "LT"
    case greaterOrEqual = "GE"
    case greater = "GT"
    case between = "BETWEEN"
    case notNull = "NOT_NULL"
    case null = "NULL"
    case contains = "CONTAINS"
    case notContains = "NOT_CONTAINS"
    case beginsWith = "BEGINS_WITH"
  }

  package let attribute: String
  package let comparator: Comparator
  package let values: [AttributeValue]

  package init(attribute: String, comparator: Comparator, values: [AttributeValue]) {
    self.attribute = attribute
    self.comparator = comparator
    self.values = values
  }

  /// Throws for a wrong number of values, types that the comparator does not take, and a range upside down.
  package func check() throws(DynamoError) {
    guard comparator.takes(count: values.count) else {
      throw .invalidParameter("Invalid number of argument(s) for the \(comparator.rawValue) ComparisonOperator")
    }
    for value in values where !comparator.takes(value) {
      throw .invalidParameter(
        "ComparisonOperator \(comparator.rawValue) is not valid for \(value.typeName) AttributeValue type")
    }
    if let first = values.first, values.contains(where: { $0.typeName != first.typeName }) {
      throw .invalidParameter("AttributeValues inside AttributeValueList must be of same type")
    }
    if comparator == .between, let order = Comparison.order(values[0], values[1]), order > 0 {
      throw .validation("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound")
    }
  }

  var condition: Condition {
    let path = DocumentPath(attribute: attribute)
    let operand = Operand.path(path)
    let operands = values.map { Operand.value($0) }
    return switch comparator {
    case .equal: .comparison(.equal, operand, operands[0])
    case .notEqual: .comparison(.notEqual, operand, operands[0])
    case .less: .comparison(.less, operand, operands[0])
    case .lessOrEqual: .comparison(.lessOrEqual, operand, operands[0])
    case .greater: .comparison(.greater, operand, operands[0])
    case .greaterOrEqual: .comparison(.greaterOrEqual, operand, operands[0])
    case .isIn: .isIn(operand, operands)
    case .between: .between(operand, operands[0], operands[1])
    case .notNull: .exists(path)
    case .null: .notExists(path)
    case .contains: .contains(operand, operands[0])
    // Unlike NOT contains(...) it does not hold for an attribute that is not there.
    case .notContains: .all([.exists(path), .not(.contains(operand, operands[0]))])
    case .beginsWith: .beginsWith(operand, operands[0])
    }
  }

  /// As a condition on a key; nil for a comparator that no index answers.
  var sortCondition: SortCondition? {
    switch comparator {
    case .equal: .equal(values[0])
    case .less: .less(values[0])
    case .lessOrEqual: .lessOrEqual(values[0])
    case .greater: .greater(values[0])
    case .greaterOrEqual: .greaterOrEqual(values[0])
    case .between: .between(values[0], values[1])
    case .beginsWith: .beginsWith(values[0])
    case .notEqual, .isIn, .notNull, .null, .contains, .notContains: nil
    }
  }
}

extension LegacyCondition.Comparator {
  fileprivate func takes(count: Int) -> Bool {
    switch self {
    case .notNull, .null: count == 0
    case .isIn: count >= 1
    case .between: count == 2
    default: count == 1
    }
  }

  fileprivate func takes(_ value: AttributeValue) -> Bool {
    switch self {
    case .equal, .notEqual, .notNull, .null: true
    case .isIn, .less, .lessOrEqual, .greater, .greaterOrEqual, .between: ["S", "N", "B"].contains(value.typeName)
    case .contains, .notContains: ["S", "N", "B", "BOOL"].contains(value.typeName)
    case .beginsWith: ["S", "B"].contains(value.typeName)
    }
  }
}

extension ConditionExpression {
  /// Conditions that passed their checks: all must hold, or any of them.
  package init(legacy conditions: [LegacyCondition], any: Bool) {
    self.init(any ? .any(conditions.map(\.condition)) : .all(conditions.map(\.condition)))
  }
}

extension KeyConditionExpression {
  /// Conditions that passed their checks.
  package init(legacy conditions: [LegacyCondition]) throws(DynamoError) {
    guard (1...(2 * KeySchema.attributesMax)).contains(conditions.count) else { throw KeyConditionExpression.wrongCount }
    var parts: [Part] = []
    for condition in conditions {
      guard let sort = condition.sortCondition else {
        throw .validation("Attempted conditional constraint is not an indexable operation")
      }
      parts.append(Part(attribute: condition.attribute, condition: sort))
    }
    self.init(parts: parts)
  }
}
