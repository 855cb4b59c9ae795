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
  /// The keys in the order of their bytes.
  package static func sorted(_ keys: Set<BytesKey>) -> [[UInt8]] { keys.map(\.bytes).sorted(by: less) }
}
