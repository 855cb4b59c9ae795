/// A set of attribute names, made once, that tells for raw bytes whether they are one of them. For decoding only the
/// attributes that somebody reads.
package struct AttributeNames: Sendable {
  private let names: [(utf8: [UInt8], name: String)]

  package init(_ names: some Sequence<String>) {
    var kept: [(utf8: [UInt8], name: String)] = []
    for name in names where !kept.contains(where: { Text.equal($0.name, name) }) { kept.append((Array(name.utf8), name)) }
    self.names = kept
  }

  package var count: Int { names.count }

  /// The name if it is one of the set. A handful of length comparisons, then one comparison of bytes.
  package func name(_ bytes: UnsafeRawBufferPointer) -> String? {
    for candidate in names where candidate.utf8.count == bytes.count {
      let same = candidate.utf8.withUnsafeBytes { Bytes.compare($0, bytes) == 0 }
      if same { return candidate.name }
    }
    return nil
  }

  package func name(utf8 bytes: [UInt8]) -> String? { bytes.withUnsafeBytes { name($0) } }
}
