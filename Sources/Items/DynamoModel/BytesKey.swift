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
  /// The entries of a dictionary in the order of their keys. What is sorted is places, by keys that lie one after the other in memory: entries may be
  /// large, and to compare arrays takes hold of each.
  package static func sorted<Value>(_ entries: [BytesKey: Value]) -> [(key: BytesKey, value: Value)] {
    let unsorted = Array(entries)
    if unsorted.count < 2 { return unsorted }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(unsorted.count * 32)
    var places: [KeyPlace] = []
    places.reserveCapacity(unsorted.count)
    for (index, entry) in unsorted.enumerated() {
      places.append(KeyPlace(start: bytes.count, count: entry.key.bytes.count, index: index))
      bytes.append(contentsOf: entry.key.bytes)
    }
    bytes.withUnsafeBytes { all in
      places.sort { left, right in
        compare(
          UnsafeRawBufferPointer(rebasing: all[left.start..<left.start + left.count]),
          UnsafeRawBufferPointer(rebasing: all[right.start..<right.start + right.count])) < 0
      }
    }
    return places.map { unsorted[$0.index] }
  }

  private struct KeyPlace: BitwiseCopyable {
    let start: Int
    let count: Int
    let index: Int
  }
}
