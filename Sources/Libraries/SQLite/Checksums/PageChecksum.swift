/// The checksum in the last 8 bytes of a database page, in the form of SQLite's own extension `cksumvfs`: two sums over the other bytes as
/// little-endian words of 32 bits, each taking the other in. Every single flipped bit changes it, in the page or in the checksum.
///
/// 0 is not a checksum: such a page was moved into the file by another program, as any SQLite does that opens the log of a killed process. It is
/// taken as it is, and has a checksum again when it is next written.
enum PageChecksum {
  static let bytesCount = 8

  /// Whether this many bytes can be a page.
  static func isPage(_ count: Int) -> Bool { count >= 512 && count <= 65_536 && count & (count - 1) == 0 }

  /// Of a page's bytes without the last 8; they come in multiples of 8. O(bytes).
  static func of(_ page: UnsafeRawBufferPointer) -> UInt64 {
    var first: UInt32 = 0
    var second: UInt32 = 0
    for place in stride(from: 0, to: page.count - bytesCount, by: 8) {
      let words = UInt64(littleEndian: page.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      first &+= UInt32(truncatingIfNeeded: words) &+ second
      second &+= UInt32(truncatingIfNeeded: words >> 32) &+ first
    }
    return max(1, UInt64(first) | UInt64(second) << 32)
  }

  /// Whether a page equals its checksum, or has none.
  static func holds(_ page: UnsafeRawBufferPointer) -> Bool {
    let stored = UInt64(littleEndian: page.loadUnaligned(fromByteOffset: page.count - bytesCount, as: UInt64.self))
    return stored == 0 || of(page) == stored
  }

  static func write(into page: UnsafeMutableRawBufferPointer) { put(of(UnsafeRawBufferPointer(page)), page) }
  static func clear(_ page: UnsafeMutableRawBufferPointer) { put(0, page) }

  private static func put(_ sum: UInt64, _ page: UnsafeMutableRawBufferPointer) {
    page.storeBytes(of: sum.littleEndian, toByteOffset: page.count - bytesCount, as: UInt64.self)
  }
}
