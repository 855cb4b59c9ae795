internal import ChangeRecords
internal import DynamoModel

/// The order-preserving bytes of keys in RocksDB. Part of the format on disk: never change their meaning.
///
/// An item is `table(4) hash(2) partition-key sort-key`; an index entry is `table(4) index(2) hash(2) partition-key
/// sort-key` and after it the item's own key without the table. A TTL entry is an index entry of index 0 whose key is the due
/// millisecond. Strings and bytes are escaped (`00` as `00 ff`) and end with `00 00`, numbers are in their ordered form; so
/// a Query is one range, and no key is the beginning of another. The hash spreads a scan's segments.
enum KeyBytes {
  static let timeToLiveIndex: UInt16 = 0
  /// What stands before the item's key in a TTL entry: table, index, due millisecond.
  static let timeToLivePrefixBytes = 14

  /// When the item of a TTL entry is due.
  static func timeToLive(_ entry: [UInt8]) -> LogTime {
    guard entry.count >= timeToLivePrefixBytes else { return .distantFuture }
    return LogTime(rawValue: entry.withUnsafeBytes { Int64(clamping: read64($0, at: 6)) })
  }

  static func append(_ value: AttributeValue, to out: inout [UInt8]) {
    switch value {
    case .string(var text): text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), to: &out) }
    case .binary(let bytes): bytes.withUnsafeBytes { appendEscaped($0, to: &out) }
    case .number(let number): return number.appendOrdered(to: &out)
    default: preconditionFailure("a key of type \(value.typeName) passed the checks")
    }
    out.append(0)
    out.append(0)
  }

  /// The bytes that every string or binary beginning with `value` begins with.
  static func appendPrefix(_ value: AttributeValue, to out: inout [UInt8]) {
    switch value {
    case .string(var text): text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), to: &out) }
    case .binary(let bytes): bytes.withUnsafeBytes { appendEscaped($0, to: &out) }
    default: append(value, to: &out)
    }
  }

  private static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    out.reserveCapacity(out.count + bytes.count + 2)
    for byte in bytes {
      out.append(byte)
      if byte == 0 { out.append(0xff) }
    }
  }

  /// FNV-1a with a final mix, 64 bits. Decides a key's log partition: fixed forever.
  static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash = StableHash.fnv1a(bytes)
    hash ^= hash >> 32
    hash = hash &* 0x9e37_79b9_7f4a_7c15
    return hash ^ (hash >> 29)
  }

  static func table(_ id: TableNumber) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(64)
    append32(id.rawValue, to: &out)
    return out
  }

  static func index(_ table: TableNumber, _ index: UInt16) -> [UInt8] {
    var out = KeyBytes.table(table)
    append16(index, to: &out)
    return out
  }

  /// `prefix` (a table or an index), then hash and the values of the partition key. Returns the key's hash beside it.
  static func partition(_ prefix: [UInt8], _ values: some Sequence<AttributeValue>) -> (bytes: [UInt8], hash: UInt64) {
    var out = prefix
    let start = out.count + 2
    append16(0, to: &out)
    for value in values { append(value, to: &out) }
    let hash = hash(out[start...])
    out[start - 2] = UInt8(truncatingIfNeeded: hash >> 56)
    out[start - 1] = UInt8(truncatingIfNeeded: hash >> 48)
    return (out, hash)
  }

  static func logPartition(_ hash: UInt64, of partitions: Int) -> Int { Int((hash & 0xffff_ffff) % UInt64(partitions)) }

  static func log(_ table: TableNumber, _ partition: Int, _ sequence: SequenceNumber) -> [UInt8] {
    var out = KeyBytes.table(table)
    append16(UInt16(partition), to: &out)
    append64(sequence.rawValue, to: &out)
    return out
  }

  /// The number of the record that stands under a key of `log`.
  static func sequence(ofLog key: UnsafeRawBufferPointer) -> SequenceNumber { SequenceNumber(rawValue: read64(key, at: 6)) }

  /// The first key after all that begin with `prefix`; empty when there is none.
  static func successor(_ prefix: [UInt8]) -> [UInt8] {
    var out = prefix
    while let last = out.popLast() {
      if last < 0xff {
        out.append(last + 1)
        return out
      }
    }
    return out
  }

  static func append16(_ value: UInt16, to out: inout [UInt8]) {
    out.append(UInt8(value >> 8))
    out.append(UInt8(truncatingIfNeeded: value))
  }

  static func append32(_ value: UInt32, to out: inout [UInt8]) {
    append16(UInt16(value >> 16), to: &out)
    append16(UInt16(truncatingIfNeeded: value), to: &out)
  }

  static func append64(_ value: UInt64, to out: inout [UInt8]) {
    append32(UInt32(value >> 32), to: &out)
    append32(UInt32(truncatingIfNeeded: value), to: &out)
  }

  static func read64(_ bytes: UnsafeRawBufferPointer, at start: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in start..<(start + 8) { value = value << 8 | UInt64(bytes[index]) }
    return value
  }
}
