/// A hash that is the same on every machine and in every version: what is kept on a disk or a wire may depend on it.
package enum StableHash {
  /// FNV-1a, 64 bits (Fowler, Noll, Vo). For names and places of few bytes; it protects from nobody.
  package static func fnv1a(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }
}
