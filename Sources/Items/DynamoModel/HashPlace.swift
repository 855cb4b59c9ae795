/// A place of a table with open addressing and linear probing: the slot that stands in it, and the hash by which it came there.
///
/// The places are a power of two in number, and never all taken.
package struct HashPlace: BitwiseCopyable, Sendable {
  package var hash: UInt32
  /// -1 is free.
  package var slot: Int32

  package static let free = HashPlace(hash: 0, slot: -1)
}

extension UnsafeMutableBufferPointer<HashPlace> {
  /// Puts a slot that stands nowhere into the first free place from its hash's own on.
  package func put(_ slot: Int32, _ hash: UInt32) {
    let mask = count - 1
    var index = Int(hash) & mask
    while self[index].slot >= 0 { index = (index + 1) & mask }
    self[index] = HashPlace(hash: hash, slot: slot)
  }

  /// Takes a slot out of its place.
  package func remove(_ slot: Int32, _ hash: UInt32) {
    let mask = count - 1
    var hole = Int(hash) & mask
    while self[hole].slot != slot { hole = (hole + 1) & mask }
    // What comes after it moves up as far as its own place allows, so that no search stops short.
    var index = (hole + 1) & mask
    while self[index].slot >= 0 {
      let home = Int(self[index].hash) & mask
      if (index - home) & mask >= (index - hole) & mask {
        self[hole] = self[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    self[hole].slot = -1
  }
}
