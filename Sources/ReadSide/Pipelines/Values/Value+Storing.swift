internal import DynamoModel
internal import Glibc

/// What both stores take, so that the same image gives the same row in each.
extension Value {
  /// The bytes, of UTF-8 or raw, that a value has at most where it stands in a key or is kept one by one.
  package static let keyedValueBytesMax = 1_024

  /// Why no store takes the value; nil when both do. Text, in JSON too, cannot hold U+0000, and a keyed value is bounded.
  package func unstorable(isKeyed: Bool) -> String? {
    let count: Int
    switch self {
    case .null, .boolean, .integer, .timestamp, .decimal: return nil
    case .string(var text):
      let (bytes, hasZero) = text.withUTF8 { ($0.count, Value.holdsZero(UnsafeRawBufferPointer($0))) }
      if hasZero { return "holds the character U+0000, which SQL text cannot" }
      count = bytes
    case .json(var text):
      let (bytes, hasZero) = text.withUTF8 { ($0.count, Value.holdsEscapedZero($0)) }
      if hasZero { return "holds the character U+0000, which SQL text cannot" }
      count = bytes
    case .bytes(let bytes): count = bytes.count
    }
    guard isKeyed, count > Value.keyedValueBytesMax else { return nil }
    return "has \(count) bytes: a key, a group or a value that is counted has at most \(Value.keyedValueBytesMax)"
  }

  private static func holdsZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress else { return false }
    return memchr(start, 0, bytes.count) != nil
  }

  /// `\u0000` as JSON writes it: after a backslash that is not itself escaped.
  private static func holdsEscapedZero(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if holdsZero(UnsafeRawBufferPointer(bytes)) { return true }
    var index = 0
    while index + 5 < bytes.count {
      guard bytes[index] == UInt8(ascii: "\\") else {
        index += 1
        continue
      }
      if bytes[index + 1] == UInt8(ascii: "u"), bytes[(index + 2)..<(index + 6)].allSatisfy({ $0 == UInt8(ascii: "0") }) {
        return true
      }
      index += 2
    }
    return false
  }
}
