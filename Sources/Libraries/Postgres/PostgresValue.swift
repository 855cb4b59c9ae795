/// A parameter of a statement, in PostgreSQL's binary form with its type.
package struct PostgresValue: Sendable, Equatable {
  /// The types that parameters have, by their numbers in `pg_type`, which never change.
  package enum Kind: UInt32, Sendable {
    case boolean = 16
    case bytes = 17
    case bigint = 20
    case text = 25
    case timestamp = 1184

    /// The type's name in SQL.
    package var name: String {
      switch self {
      case .boolean: "boolean"
      case .bytes: "bytea"
      case .bigint: "bigint"
      case .text: "text"
      case .timestamp: "timestamptz"
      }
    }

    /// The type of an array of it.
    package var array: UInt32 {
      switch self {
      case .boolean: 1000
      case .bytes: 1001
      case .bigint: 1016
      case .text: 1009
      case .timestamp: 1185
      }
    }
  }

  /// The type's number in `pg_type`.
  package let type: UInt32
  /// Nil for null.
  package let bytes: [UInt8]?

  /// Null, of a type.
  package static func null(_ kind: Kind) -> PostgresValue { PostgresValue(type: kind.rawValue, bytes: nil) }

  package static func bigint(_ value: Int64) -> PostgresValue {
    PostgresValue(type: Kind.bigint.rawValue, bytes: withUnsafeBytes(of: value.bigEndian) { Array($0) })
  }

  package static func bigint(_ value: Int) -> PostgresValue { bigint(Int64(value)) }
  package static func text(_ value: String) -> PostgresValue {
    PostgresValue(type: Kind.text.rawValue, bytes: Array(value.utf8))
  }

  package static func bytes(_ value: [UInt8]) -> PostgresValue { PostgresValue(type: Kind.bytes.rawValue, bytes: value) }
  package static func boolean(_ value: Bool) -> PostgresValue {
    PostgresValue(type: Kind.boolean.rawValue, bytes: [value ? 1 : 0])
  }

  /// Microseconds since 1970. Those that PostgreSQL cannot hold go to its ends, which are infinite.
  package static func timestamp(_ value: Int64) -> PostgresValue {
    PostgresValue(
      type: Kind.timestamp.rawValue, bytes: withUnsafeBytes(of: PostgresEpoch.stored(value).bigEndian) { Array($0) })
  }

  /// Without a copy where nobody else has the array.
  package static func array(_ array: consuming PostgresArray) -> PostgresValue {
    let type = array.kind.array
    return PostgresValue(type: type, bytes: array.finish())
  }

  package static func bigints(_ values: some Sequence<Int64>) -> PostgresValue {
    var array = PostgresArray(.bigint)
    for value in values { array.append(value) }
    return .array(array)
  }

  package static func texts(_ values: some Sequence<String>) -> PostgresValue {
    var array = PostgresArray(.text)
    for value in values { array.append(value) }
    return .array(array)
  }

  package static func blobs(_ values: some Sequence<[UInt8]>) -> PostgresValue {
    var array = PostgresArray(.bytes)
    for value in values { array.append(value) }
    return .array(array)
  }
}

/// An array parameter that grows value by value: one array for each column of many rows, taken apart by `unnest`.
package struct PostgresArray: Sendable {
  package let kind: PostgresValue.Kind
  package private(set) var count = 0
  private var hasNull = false
  /// The binary form: dimensions, whether there are nulls, the element's type, the count, where counting begins; then the elements.
  private var content: [UInt8] = []
  private static let headBytes = 20

  package init(_ kind: PostgresValue.Kind) { self.kind = kind }

  package mutating func appendNull() {
    hasNull = true
    beginElement()
    for _ in 0..<4 { content.append(0xff) }
  }

  package mutating func append(_ value: Int64) { append(fixed: value.bigEndian) }
  package mutating func append(_ value: Bool) { append(fixed: UInt8(value ? 1 : 0)) }
  /// Microseconds since 1970.
  package mutating func append(timestamp value: Int64) { append(fixed: PostgresEpoch.stored(value).bigEndian) }
  /// A value of 16 bytes.
  package mutating func append(number value: UInt128) { append(fixed: value.bigEndian) }

  package mutating func append(_ value: String) {
    var value = value
    value.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  package mutating func append(_ value: [UInt8]) { value.withUnsafeBytes { append($0) } }

  package mutating func append(optional value: Int64?) {
    if let value { append(value) } else { appendNull() }
  }

  package mutating func append(optional value: [UInt8]?) {
    if let value { append(value) } else { appendNull() }
  }

  /// What it takes so far.
  package var contentBytes: Int { content.count }

  /// The elements of these numbers, in this order. O(all elements).
  package func elements(_ numbers: ArraySlice<Int>) -> PostgresArray {
    var starts: [Int] = []
    starts.reserveCapacity(count + 1)
    var start = PostgresArray.headBytes
    content.withUnsafeBytes { bytes in
      for _ in 0..<count {
        starts.append(start)
        start += 4 + max(0, Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: Int32.self))))
      }
    }
    starts.append(start)
    var some = PostgresArray(kind)
    some.hasNull = hasNull
    for number in numbers {
      some.beginElement()
      some.content.append(contentsOf: content[starts[number]..<starts[number + 1]])
    }
    return some
  }

  private mutating func beginElement() {
    // The head is written at the end.
    if count == 0 { content.append(contentsOf: repeatElement(0, count: PostgresArray.headBytes)) }
    count += 1
  }

  private mutating func append(fixed value: some FixedWidthInteger & BitwiseCopyable) {
    beginElement()
    appendLength(MemoryLayout.size(ofValue: value))
    withUnsafeBytes(of: value) { content.append(contentsOf: $0) }
  }

  package mutating func append(bytes value: ArraySlice<UInt8>) { value.withUnsafeBytes { append($0) } }

  /// The bytes of a value whose binary form they are.
  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    beginElement()
    appendLength(bytes.count)
    content.append(contentsOf: bytes)
  }

  private mutating func appendLength(_ length: Int) {
    withUnsafeBytes(of: Int32(clamping: length).bigEndian) { content.append(contentsOf: $0) }
  }

  /// The whole in binary form.
  fileprivate consuming func finish() -> [UInt8] {
    // An array without elements has no dimensions.
    let head: [UInt32] = [count == 0 ? 0 : 1, hasNull ? 1 : 0, kind.rawValue] + (count == 0 ? [] : [UInt32(clamping: count), 1])
    if count == 0 { return head.flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } } }
    content.withUnsafeMutableBytes { bytes in
      for (place, number) in head.enumerated() {
        bytes.storeBytes(of: number.bigEndian, toByteOffset: place * 4, as: UInt32.self)
      }
    }
    return content
  }
}

/// PostgreSQL counts microseconds from the year 2000.
enum PostgresEpoch {
  private static let offset: Int64 = 946_684_800_000_000

  static func stored(_ value: Int64) -> Int64 {
    let (result, overflow) = value.subtractingReportingOverflow(offset)
    return overflow ? .min : result
  }

  static func read(_ value: Int64) -> Int64 {
    let (result, overflow) = value.addingReportingOverflow(offset)
    return overflow ? .max : result
  }
}
