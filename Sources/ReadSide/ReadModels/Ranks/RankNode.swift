internal import Glibc

/// A node of a `RankTree` in its block: a leaf holds records, an inner node children. The block's first 12 bytes are the same
/// for both.
///
/// No more than a pointer into the tree's blocks: not to be kept once a block was made or removed.
struct RankNode {
  static let headerBytes = 12

  let base: UnsafeMutableRawPointer

  /// -1 of the root.
  var parent: Int32 {
    get { base.load(as: Int32.self) }
    nonmutating set { base.storeBytes(of: newValue, as: Int32.self) }
  }

  /// How many records or children there are.
  var used: Int {
    get { Int(base.load(fromByteOffset: 4, as: UInt16.self)) }
    nonmutating set { base.storeBytes(of: UInt16(truncatingIfNeeded: newValue), toByteOffset: 4, as: UInt16.self) }
  }

  /// 0 for a leaf.
  var level: Int {
    get { Int(base.load(fromByteOffset: 6, as: UInt16.self)) }
    nonmutating set { base.storeBytes(of: UInt16(truncatingIfNeeded: newValue), toByteOffset: 6, as: UInt16.self) }
  }

  /// Makes an empty node of the block.
  func clear(level: Int) {
    parent = -1
    used = 0
    self.level = level
    start = Blocks.size
  }
}

/// A place in the order: that of a record, or before or after all records of a score.
struct RankBound {
  /// The first 16 bytes, as a number.
  let head: UInt128
  let bytes: UnsafeRawBufferPointer
  /// After all records that begin with the bytes.
  let isBehind: Bool

  /// The bytes must outlive the bound.
  init(_ bytes: UnsafeRawBufferPointer, isBehind: Bool = false) {
    head = RankBound.head(bytes, fill: isBehind ? .max : 0)
    self.bytes = bytes
    self.isBehind = isBehind
  }

  static func head(_ bytes: UnsafeRawBufferPointer, fill: UInt128 = 0) -> UInt128 {
    if bytes.count >= 16 { return UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self)) }
    var head: UInt128 = 0
    for byte in bytes { head = head << 8 | UInt128(byte) }
    let rest = UInt128(128 - 8 * bytes.count)
    return (rest == 128 ? 0 : head << rest) | (bytes.count == 0 ? fill : fill >> UInt128(8 * bytes.count))
  }

  /// Whether a record stands before this place.
  @inline(__always)
  func isAfter(_ record: UnsafeRawBufferPointer) -> Bool {
    if record.count >= 8 {
      let first = UInt64(bigEndian: record.loadUnaligned(as: UInt64.self))
      let own = UInt64(truncatingIfNeeded: head >> 64)
      if first != own, bytes.count >= 8 { return first < own }
    }
    let common = min(record.count, bytes.count)
    let order = common == 0 ? 0 : memcmp(record.baseAddress!, bytes.baseAddress!, common)
    if order != 0 { return order < 0 }
    return isBehind || record.count < bytes.count
  }
}
