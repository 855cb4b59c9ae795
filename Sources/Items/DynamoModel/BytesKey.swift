/// Bytes as a dictionary's key: hashed in one piece, where an array of bytes is hashed byte by byte.
package struct BytesKey: Hashable, Sendable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package static func == (left: BytesKey, right: BytesKey) -> Bool {
    left.bytes.count == right.bytes.count && Bytes.compare(left.bytes, right.bytes) == 0
  }

  package func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension Bytes {
  /// The entries of a dictionary in the order of their keys. Places are sorted, not entries, which may be large.
  package static func sorted<Value>(_ entries: [BytesKey: Value]) -> [(key: BytesKey, value: Value)] {
    let unsorted = Array(entries)
    if unsorted.count < 2 { return unsorted }
    let keys = unsorted.map(\.key.bytes)
    var places = Array(unsorted.indices)
    keys.withUnsafeBufferPointer { keys in places.sort { less(keys[$0], keys[$1]) } }
    return places.map { unsorted[$0] }
  }
}
