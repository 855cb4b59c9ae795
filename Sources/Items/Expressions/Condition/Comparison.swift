internal import DynamoModel

/// What DynamoDB's comparators and functions mean on two values.
enum Comparison {
  /// Negative, zero or positive; nil when the types differ or have no order. Strings and bytes by their bytes.
  static func order(_ left: AttributeValue, _ right: AttributeValue) -> Int? {
    switch (left, right) {
    case (.string(let a), .string(let b)): Text.compare(a, b)
    case (.number(let a), .number(let b)): a == b ? 0 : (a < b ? -1 : 1)
    case (.binary(let a), .binary(let b)): Bytes.compare(a, b)
    default: nil
    }
  }

  static func holds(_ comparator: Comparator, _ left: AttributeValue?, _ right: AttributeValue?) -> Bool {
    guard let left, let right else { return comparator == .notEqual }
    switch comparator {
    case .equal: return left == right
    case .notEqual: return left != right
    default: break
    }
    guard let order = order(left, right) else { return false }
    switch comparator {
    case .less: return order < 0
    case .lessOrEqual: return order <= 0
    case .greater: return order > 0
    default: return order >= 0
    }
  }

  static func begins(_ value: AttributeValue, with prefix: AttributeValue) -> Bool {
    switch (value, prefix) {
    case (.string(let a), .string(let b)): a.utf8.starts(with: b.utf8)
    case (.binary(let a), .binary(let b)): a.starts(with: b)
    default: false
    }
  }

  /// A text within a text, a member of a set, an element of a list.
  static func contains(_ value: AttributeValue, _ part: AttributeValue) -> Bool {
    switch (value, part) {
    case (.string(let a), .string(let b)): holds(Array(a.utf8), Array(b.utf8))
    case (.binary(let a), .binary(let b)): holds(a, b)
    case (.stringSet(let texts), .string(let text)): texts.contains { Text.equal($0, text) }
    case (.numberSet(let numbers), .number(let number)): numbers.contains(number)
    case (.binarySet(let blobs), .binary(let blob)): blobs.contains(blob)
    case (.list(let values), _): values.contains(part)
    default: false
    }
  }

  private static func holds(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
    guard !part.isEmpty else { return true }
    guard part.count <= whole.count else { return false }
    for start in 0...(whole.count - part.count)
    where whole[start] == part[0] && whole[start..<(start + part.count)].elementsEqual(part) {
      return true
    }
    return false
  }

  /// UTF-16 code units of a text, bytes of a blob, members of a collection; nil for what has no size.
  static func size(_ value: AttributeValue) -> AttributeValue? {
    let size: Int
    switch value {
    case .string(let text): size = text.utf16.count
    case .binary(let bytes): size = bytes.count
    case .list(let values): size = values.count
    case .map(let map): size = map.count
    case .stringSet(let texts): size = texts.count
    case .numberSet(let numbers): size = numbers.count
    case .binarySet(let blobs): size = blobs.count
    case .number, .bool, .null: return nil
    }
    return .number(Number(Int64(size)))
  }
}
