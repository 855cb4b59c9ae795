internal import Crypto
internal import Postgres

/// Keys in indexes. An index takes rows of some 2,700 bytes, and a key may be longer: past 255 bytes its SHA-256 stands in its place, and the key itself in
/// a column of its own, which is null where it is not needed.
enum BoundedKey {
  static let bytesMax = 255

  /// What stands in the index: ordered values begin with a small tag, so no key begins as a hash does.
  static func id(_ key: [UInt8]) -> [UInt8] { key.count <= bytesMax ? key : [0xff] + Hashing.sha256(key) }

  /// What stands beside it.
  static func rest(_ key: [UInt8]) -> [UInt8]? { key.count <= bytesMax ? nil : key }

  static func id(_ text: String) -> [UInt8] { id(Array(text.utf8)) }
}

extension PostgresArray {
  /// Takes what stands in an index for a key.
  mutating func append(bounded key: ArraySlice<UInt8>) {
    if key.count <= BoundedKey.bytesMax { append(bytes: key) } else { append(BoundedKey.id(Array(key))) }
  }
}

/// Counted values in their index: in the order of their keys as far as the index goes, then by a hash of those that are longer. Whoever asks for an order asks
/// for both, the indexed part and the whole, and the few that begin alike are sorted.
enum ValueKey {
  private static let indexedBytes = 1_000

  /// The part of a column that is in the index.
  static func indexed(_ column: String) -> String { "substr(\(column), 1, \(indexedBytes))" }

  /// Distinguishes keys that begin alike; empty of those that are in the index as they are.
  static func id(_ key: [UInt8]) -> [UInt8] { key.count <= indexedBytes ? [] : Hashing.sha256(key) }
}
