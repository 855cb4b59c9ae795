internal import Glibc

/// One attribute value of the DynamoDB data model.
///
/// Equality is DynamoDB's: strings by their UTF-8 bytes (never by Unicode equivalence, as `String ==` would have it),
/// numbers by value, sets without order (they are kept sorted), maps without order (kept sorted by name).
package enum AttributeValue: Sendable {
  case string(String)
  case number(Number)
  case binary([UInt8])
  case bool(Bool)
  case null
  case list([AttributeValue])
  case map(AttributeMap)
  case stringSet([String])
  case numberSet([Number])
  case binarySet([[UInt8]])

  /// Levels that a value may have, by the DynamoDB guide: 31 lists and maps and what stands in the innermost.
  package static let depthMax = 32
  /// Where the levels of a record's values begin to count: tables of before took one more.
  package static let recordDepth = -1

  /// The type's name in DynamoDB JSON: `S`, `N`, `B`, `BOOL`, `NULL`, `L`, `M`, `SS`, `NS`, `BS`.
  package var typeName: String {
    switch self {
    case .string: "S"
    case .number: "N"
    case .binary: "B"
    case .bool: "BOOL"
    case .null: "NULL"
    case .list: "L"
    case .map: "M"
    case .stringSet: "SS"
    case .numberSet: "NS"
    case .binarySet: "BS"
    }
  }
}

extension AttributeValue {
  /// Whether it is a text or a blob without a byte: no key may be so.
  package var isEmptyScalar: Bool {
    switch self {
    case .string(let text): text.isEmpty
    case .binary(let bytes): bytes.isEmpty
    default: false
    }
  }
}

extension AttributeValue: Equatable {
  package static func == (left: AttributeValue, right: AttributeValue) -> Bool {
    switch (left, right) {
    case (.string(let a), .string(let b)): Text.equal(a, b)
    case (.number(let a), .number(let b)): a == b
    case (.binary(let a), .binary(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.null, .null): true
    case (.list(let a), .list(let b)): a == b
    case (.map(let a), .map(let b)): a == b
    case (.stringSet(let a), .stringSet(let b)): a.elementsEqual(b, by: Text.equal)
    case (.numberSet(let a), .numberSet(let b)): a == b
    case (.binarySet(let a), .binarySet(let b)): a == b
    default: false
    }
  }
}

/// Comparison of strings by their UTF-8 bytes. Swift's own `==` and `<` compare by canonical equivalence, under which two
/// keys that DynamoDB holds apart would be one.
package enum Text {
  /// Whether both have the same bytes.
  package static func equal(_ left: String, _ right: String) -> Bool {
    compare(left, right) == 0
  }

  /// Whether `left` comes before `right` in the order of `compare`; for sorting.
  package static func less(_ left: String, _ right: String) -> Bool {
    compare(left, right) < 0
  }

  /// The first of the texts that stands before it too; nil when each stands once. O(count).
  package static func firstRepeated(_ texts: [String]) -> String? {
    // Of a few a set costs more than comparing each with each.
    if texts.count <= 8 {
      return texts.indices.first { place in texts[..<place].contains { equal($0, texts[place]) } }.map { texts[$0] }
    }
    var seen = Set<[UInt8]>(minimumCapacity: texts.count)
    return texts.first { !seen.insert(Array($0.utf8)).inserted }
  }

  /// Whether both are one string in memory, or short and equal. False says nothing.
  @inline(__always) static func isSame(_ left: String, _ right: String) -> Bool {
    unsafeBitCast(left, to: SIMD2<UInt64>.self) == unsafeBitCast(right, to: SIMD2<UInt64>.self)
  }

  /// Negative, zero or positive, by the unsigned bytes. O(shorter length).
  package static func compare(_ left: String, _ right: String) -> Int {
    let fast = left.utf8.withContiguousStorageIfAvailable { a in
      right.utf8.withContiguousStorageIfAvailable { b in
        Bytes.compare(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
      }
    }
    if let fast, let result = fast { return result }
    return Bytes.compare(Array(left.utf8), Array(right.utf8))
  }
}

/// Comparison of byte strings, unsigned, a prefix before what it begins.
package enum Bytes {
  /// Negative when `left` comes first, 0 when the bytes are equal, positive when `right` comes first.
  package static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
    left.withUnsafeBytes { a in right.withUnsafeBytes { b in compare(a, b) } }
  }

  /// The same for bytes in place.
  package static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let common = min(left.count, right.count)
    if common > 0 {
      let order = memcmp(left.baseAddress!, right.baseAddress!, common)
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }

  /// Whether `left` comes before `right` in the order of `compare`; for sorting.
  package static func less(_ left: [UInt8], _ right: [UInt8]) -> Bool { compare(left, right) < 0 }
}
