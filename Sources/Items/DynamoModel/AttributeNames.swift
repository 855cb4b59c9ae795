internal import Glibc

/// A set of attribute names, made once, that says whether raw bytes are one of them. For decoding only the
/// attributes that somebody reads.
package struct AttributeNames: Sendable {
  private struct Place {
    let start: Int
    let count: Int
  }

  private let names: [String]
  /// All names' bytes in one piece, and where each stands: looking one up touches two arrays and no reference of a single name.
  private let texts: [UInt8]
  private let places: [Place]

  package init(_ names: some Sequence<String>) {
    var kept: [String] = []
    var texts: [UInt8] = []
    var places: [Place] = []
    for name in names where !kept.contains(where: { Text.equal($0, name) }) {
      kept.append(name)
      places.append(Place(start: texts.count, count: name.utf8.count))
      texts.append(contentsOf: name.utf8)
    }
    self.names = kept
    self.texts = texts
    self.places = places
  }

  package var count: Int { names.count }

  /// The name if it is one of the set. A handful of length comparisons, then one comparison of bytes.
  package func name(_ bytes: UnsafeRawBufferPointer) -> String? {
    for index in places.indices where places[index].count == bytes.count {
      let isSame = texts.withUnsafeBytes { texts in
        bytes.count == 0 || memcmp(texts.baseAddress! + places[index].start, bytes.baseAddress!, bytes.count) == 0
      }
      if isSame { return names[index] }
    }
    return nil
  }

  package func name(utf8 bytes: [UInt8]) -> String? { bytes.withUnsafeBytes { name($0) } }
}
