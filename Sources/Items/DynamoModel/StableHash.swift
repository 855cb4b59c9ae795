/// Hashes that are the same on every machine and in every version: what is kept on a disk or a wire may depend on them. They find faults, not
/// attacks: who chooses the bytes can make two pieces equal.
package enum StableHash {
  /// FNV-1a, 64 bits (Fowler, Noll, Vo). For names and places of few bytes.
  package static func fnv1a(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }

  private static let first: UInt64 = 0x87c3_7b91_1142_53d5
  private static let second: UInt64 = 0x4cf5_ad43_2745_937f

  /// 128 bits for content of any length: MurmurHash3 for 64-bit machines with the seed 0 (Austin Appleby, public domain), the 64 bits that it
  /// gives first in front. 16 bytes a step, every bit of the input in every bit of the result, about 5 GB/s.
  package static func bits(of bytes: UnsafeRawBufferPointer) -> UInt128 {
    var high: UInt64 = 0
    var low: UInt64 = 0
    let whole = bytes.count & ~15
    for place in stride(from: 0, to: whole, by: 16) {
      high ^= mixedFirst(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
      high = (rotated(high, 27) &+ low) &* 5 &+ 0x52dc_e729
      low ^= mixedSecond(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self)))
      low = (rotated(low, 31) &+ high) &* 5 &+ 0x3849_5ab5
    }
    high ^= mixedFirst(rest(bytes, from: whole, to: min(whole + 8, bytes.count)))
    low ^= mixedSecond(rest(bytes, from: whole + 8, to: bytes.count))
    high ^= UInt64(bytes.count)
    low ^= UInt64(bytes.count)
    high = high &+ low
    low = low &+ high
    high = finished(high)
    low = finished(low)
    high = high &+ low
    return UInt128(high) << 64 | UInt128(low &+ high)
  }

  package static func bits(of bytes: [UInt8]) -> UInt128 { bytes.withUnsafeBytes { bits(of: $0) } }

  /// The last bytes as a number, the first of them its lowest; 0 without any.
  private static func rest(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> UInt64 {
    var number: UInt64 = 0
    for place in stride(from: end - 1, through: start, by: -1) { number = number << 8 | UInt64(bytes[place]) }
    return number
  }

  private static func mixedFirst(_ number: UInt64) -> UInt64 { rotated(number &* first, 31) &* second }
  private static func mixedSecond(_ number: UInt64) -> UInt64 { rotated(number &* second, 33) &* first }
  private static func rotated(_ number: UInt64, _ places: UInt64) -> UInt64 { number &<< places | number &>> (64 &- places) }

  private static func finished(_ number: UInt64) -> UInt64 {
    var number = (number ^ number >> 33) &* 0xff51_afd7_ed55_8ccd
    number = (number ^ number >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return number ^ number >> 33
  }
}
