/// Whole numbers as text, without making strings.
package enum Digits {
  /// Appends the digits of a number.
  package static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    var divisor: UInt64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    append(number, from: divisor, to: &bytes)
  }

  /// Appends the last so many digits of a number, zeros in front.
  package static func append(_ number: UInt64, digits: Int, to bytes: inout [UInt8]) {
    var divisor: UInt64 = 1
    for _ in 1..<digits { divisor *= 10 }
    append(number, from: divisor, to: &bytes)
  }

  private static func append(_ number: UInt64, from largest: UInt64, to bytes: inout [UInt8]) {
    var divisor = largest
    while divisor > 0 {
      bytes.append(UInt8(48 + number / divisor % 10))
      divisor /= 10
    }
  }

  /// Appends 16 hexadecimal digits.
  package static func append(hexadecimal number: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15
      bytes.append(digit < 10 ? 48 + digit : 87 + digit)
    }
  }
}
