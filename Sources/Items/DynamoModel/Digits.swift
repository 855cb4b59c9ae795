/// Whole numbers as text, without making strings: digits are put into memory of their own and appended at once.
package enum Digits {
  /// Appends the digits of a number.
  package static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    append(number, least: 1, to: &bytes)
  }

  /// Appends at least so many digits of a number, at most 20, zeros in front.
  package static func append(_ number: UInt64, digits: Int, to bytes: inout [UInt8]) {
    append(number, least: digits, to: &bytes)
  }

  private static func append(_ number: UInt64, least: Int, to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { memory in
      var place = 20
      var rest = number
      while rest > 0 || 20 - place < least {
        place -= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        memory[place] = 48 + UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: memory[place...]))
    }
  }

  /// Appends 16 hexadecimal digits.
  package static func append(hexadecimal number: UInt64, to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { memory in
      for place in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 15
        memory[place] = digit < 10 ? 48 + digit : 87 + digit
      }
      bytes.append(contentsOf: UnsafeBufferPointer(memory))
    }
  }
}
