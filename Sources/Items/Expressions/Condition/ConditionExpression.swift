package import DynamoModel

/// A condition or filter ready to be evaluated, on any thread, any number of times.
///
/// DynamoDB's meaning: a comparison of values of different types, or with a missing one, is false, and `<>` is true. An
/// attribute that a function cannot take makes it false. Evaluation never fails.
package struct ConditionExpression: Sendable {
  let condition: Condition

  init(_ condition: Condition) { self.condition = condition }

  /// On an item; nil is an item without attributes, as before the first write.
  package func evaluate(on item: Item?) -> Bool {
    guard let item else { return evaluate { _ in nil } }
    return evaluate { $0.value(in: item) }
  }

  /// On whatever the closure finds at a path.
  package func evaluate(_ resolve: (DocumentPath) -> AttributeValue?) -> Bool {
    condition.holds(resolve)
  }

  /// Every path that the condition reads, each once, in the order of the text.
  package var paths: [DocumentPath] {
    var paths: [DocumentPath] = []
    condition.forEachPath { path in
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }
}

extension Operand {
  func value(_ resolve: (DocumentPath) -> AttributeValue?) -> AttributeValue? {
    switch self {
    case .path(let path): resolve(path)
    case .value(let value): value
    case .size(let inner): inner.value(resolve).flatMap(Comparison.size)
    }
  }
}

extension Condition {
  func holds(_ resolve: (DocumentPath) -> AttributeValue?) -> Bool {
    switch self {
    case .any(let parts): return parts.contains { $0.holds(resolve) }
    case .all(let parts): return parts.allSatisfy { $0.holds(resolve) }
    case .not(let part): return !part.holds(resolve)
    case .comparison(let comparator, let left, let right):
      return Comparison.holds(comparator, left.value(resolve), right.value(resolve))
    case .between(let operand, let low, let high):
      guard let value = operand.value(resolve) else { return false }
      return Comparison.holds(.greaterOrEqual, value, low.value(resolve))
        && Comparison.holds(.lessOrEqual, value, high.value(resolve))
    case .isIn(let operand, let list):
      guard let value = operand.value(resolve) else { return false }
      return list.contains { Comparison.holds(.equal, value, $0.value(resolve)) }
    case .exists(let path): return resolve(path) != nil
    case .notExists(let path): return resolve(path) == nil
    case .hasType(let operand, let type): return operand.value(resolve)?.typeName == type
    case .beginsWith(let operand, let prefix):
      guard let value = operand.value(resolve), let prefix = prefix.value(resolve) else { return false }
      return Comparison.begins(value, with: prefix)
    case .contains(let operand, let part):
      guard let value = operand.value(resolve), let part = part.value(resolve) else { return false }
      return Comparison.contains(value, part)
    }
  }
}

extension Condition {
  func forEachPath(_ body: (DocumentPath) -> Void) {
    switch self {
    case .any(let parts), .all(let parts): for part in parts { part.forEachPath(body) }
    case .not(let part): part.forEachPath(body)
    case .comparison(_, let left, let right), .beginsWith(let left, let right), .contains(let left, let right):
      left.forEachPath(body)
      right.forEachPath(body)
    case .between(let value, let low, let high): for operand in [value, low, high] { operand.forEachPath(body) }
    case .isIn(let value, let list): for operand in [value] + list { operand.forEachPath(body) }
    case .exists(let path), .notExists(let path): body(path)
    case .hasType(let operand, _): operand.forEachPath(body)
    }
  }
}

extension Operand {
  func forEachPath(_ body: (DocumentPath) -> Void) {
    switch self {
    case .path(let path): body(path)
    case .size(let inner): inner.forEachPath(body)
    case .value: break
    }
  }
}
