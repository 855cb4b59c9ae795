package import DynamoModel

/// One typed value on the SQL side: what fields, keys, columns and parameters hold.
///
/// Equality and order are those of the bytes: text by UTF-8 (never Unicode equivalence), numbers by value, timestamps
/// by instant. Values of different types are ordered by type, null first; a column holds one type and null only.
package enum Value: Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case decimal(Number)
  case timestamp(Instant)
  case string(String)
  case bytes([UInt8])
  /// Compact JSON text.
  case json(String)

  package var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  /// Nil for null.
  package var type: ValueType? {
    switch self {
    case .null: nil
    case .boolean: .boolean
    case .integer: .integer
    case .decimal: .decimal
    case .timestamp: .timestamp
    case .string: .string
    case .bytes: .bytes
    case .json: .json
    }
  }

  private var rank: Int {
    switch self {
    case .null: 0
    case .boolean: 1
    case .integer: 2
    case .decimal: 3
    case .timestamp: 4
    case .string: 5
    case .bytes: 6
    case .json: 7
    }
  }
}

extension Value: Hashable, Comparable {
  package static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.boolean(let a), .boolean(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.decimal(let a), .decimal(let b)): a == b
    case (.timestamp(let a), .timestamp(let b)): a == b
    case (.string(let a), .string(let b)), (.json(let a), .json(let b)): Text.equal(a, b)
    case (.bytes(let a), .bytes(let b)): a == b
    default: false
    }
  }

  package static func < (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.boolean(let a), .boolean(let b)): !a && b
    case (.integer(let a), .integer(let b)): a < b
    case (.decimal(let a), .decimal(let b)): a < b
    case (.timestamp(let a), .timestamp(let b)): a < b
    case (.string(let a), .string(let b)), (.json(let a), .json(let b)): Text.less(a, b)
    case (.bytes(let a), .bytes(let b)): Bytes.less(a, b)
    default: left.rank < right.rank
    }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    switch self {
    case .null: break
    case .boolean(let flag): hasher.combine(flag)
    case .integer(let number): hasher.combine(number)
    case .decimal(let number): hasher.combine(number)
    case .timestamp(let instant): hasher.combine(instant)
    case .string(var text), .json(var text): text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    case .bytes(let bytes): hasher.combine(bytes)
    }
  }
}

extension Value: CustomStringConvertible {
  /// The value for a message or a JSON answer: what a reader of the SQL table sees.
  package var description: String {
    switch self {
    case .null: "null"
    case .boolean(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .decimal(let number): number.description
    case .timestamp(let instant): Timestamp.text(instant)
    case .string(let text), .json(let text): text
    case .bytes(let bytes): Base64.encode(bytes)
    }
  }
}
