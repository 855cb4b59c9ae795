/// The order-preserving form of a number, at most 22 bytes, self-delimiting: comparing two of them byte by byte compares
/// the values. Key columns of the write store are made of it.
///
/// Zero is `80`. A positive number is `81`, its magnitude's exponent biased by 129 (value = 0.d1d2... * 10^E), then two
/// digits a byte as 1 + 10*d1 + d2, then `00`. A negative one is `7f` and the same bytes complemented.
extension Number {
  package func appendOrdered(to out: inout [UInt8]) {
    guard !isZero else {
      out.append(0x80)
      return
    }
    let flip: UInt8 = isNegative ? 0xff : 0
    let digits = digitCount
    out.append(isNegative ? 0x7f : 0x81)
    out.append(UInt8(Int(exponent) + digits + 129) ^ flip)
    // An odd number of digits is filled up with one zero at its end.
    var rest = digits % 2 == 0 ? coefficient : coefficient * 10
    let pairs = (digits + 1) / 2
    let start = out.count
    out.append(contentsOf: repeatElement(0, count: pairs + 1))
    var index = start + pairs - 1
    while index >= start {
      if rest <= UInt128(UInt64.max) {
        var small = UInt64(truncatingIfNeeded: rest)
        while index >= start {
          out[index] = (UInt8(truncatingIfNeeded: small % 100) + 1) ^ flip
          small /= 100
          index -= 1
        }
      } else {
        out[index] = (UInt8(truncatingIfNeeded: rest % 100) + 1) ^ flip
        rest /= 100
        index -= 1
      }
    }
    out[start + pairs] = flip
  }

  /// Reads one ordered number at `index` and moves past it; nil when the bytes are not one.
  package init?(ordered bytes: UnsafeRawBufferPointer, at index: inout Int) {
    guard index < bytes.count else { return nil }
    let mark = bytes[index]
    index += 1
    if mark == 0x80 {
      self = .zero
      return
    }
    guard mark == 0x81 || mark == 0x7f, index < bytes.count else { return nil }
    let flip: UInt8 = mark == 0x7f ? 0xff : 0
    let top = Int(bytes[index] ^ flip) - 129
    index += 1
    var small: UInt64 = 0
    var wide: UInt128 = 0
    var pairs = 0
    while true {
      guard index < bytes.count else { return nil }
      let byte = bytes[index] ^ flip
      index += 1
      if byte == 0 { break }
      guard byte <= 100, pairs < 19 else { return nil }
      pairs += 1
      if pairs <= 9 {
        small = small * 100 + UInt64(byte - 1)
        wide = UInt128(small)
      } else {
        wide = wide * 100 + UInt128(byte - 1)
      }
    }
    guard let value = try? Number(coefficient: wide, exponent: top - 2 * pairs, isNegative: flip != 0) else { return nil }
    self = value
  }
}
