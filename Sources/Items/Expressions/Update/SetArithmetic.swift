internal import DynamoModel

/// ADD and DELETE of update expressions. Sets stay sorted, as the data model keeps them.
enum SetArithmetic {
  /// The sum, or the union; of nothing and the operand: the operand.
  static func add(_ operand: AttributeValue, to current: AttributeValue?) throws(DynamoError) -> AttributeValue {
    switch (current, operand) {
    case (nil, _): return operand
    case (.number(let a)?, .number(let b)): return try UpdateValue.number { () throws(NumberError) in try a.adding(b) }
    case (.stringSet(let a)?, .stringSet(let b)): return .stringSet(union(a, b, Text.less))
    case (.numberSet(let a)?, .numberSet(let b)): return .numberSet(union(a, b, <))
    case (.binarySet(let a)?, .binarySet(let b)): return .binarySet(union(a, b, Bytes.less))
    default: throw UpdateExpression.wrongType
    }
  }

  /// What is left of the set; nil when nothing is, as a set may not be empty.
  static func delete(_ operand: AttributeValue, from current: AttributeValue) throws(DynamoError) -> AttributeValue? {
    switch (current, operand) {
    case (.stringSet(let a), .stringSet(let b)):
      let left = a.filter { text in !b.contains { Text.equal($0, text) } }
      return left.isEmpty ? nil : .stringSet(left)
    case (.numberSet(let a), .numberSet(let b)):
      let left = a.filter { !b.contains($0) }
      return left.isEmpty ? nil : .numberSet(left)
    case (.binarySet(let a), .binarySet(let b)):
      let left = a.filter { !b.contains($0) }
      return left.isEmpty ? nil : .binarySet(left)
    default: throw UpdateExpression.wrongType
    }
  }

  /// Two sorted lists merged, equal elements once.
  private static func union<Element>(
    _ left: [Element], _ right: [Element], _ less: (Element, Element) -> Bool
  ) -> [Element] {
    var merged: [Element] = []
    merged.reserveCapacity(left.count + right.count)
    var i = 0
    var j = 0
    while i < left.count, j < right.count {
      if less(left[i], right[j]) {
        merged.append(left[i])
        i += 1
      } else {
        if !less(right[j], left[i]) { i += 1 }
        merged.append(right[j])
        j += 1
      }
    }
    return merged + left[i...] + right[j...]
  }
}
