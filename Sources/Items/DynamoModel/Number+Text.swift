extension Number: CustomStringConvertible {
  /// Reads `-12.5`, `1e10`, `.5`, `5.`: what DynamoDB takes as the text of a number.
  package init(_ text: String) throws(NumberError) {
    var text = text
    let parsed: Result<Number, NumberError> = text.withUTF8 { bytes in
      do throws(NumberError) {
        return .success(try Number(utf8: UnsafeRawBufferPointer(bytes)))
      } catch {
        return .failure(error)
      }
    }
    self = try parsed.get()
  }

  /// The same from UTF-8 bytes, without making a string. Blanks are not skipped.
  package init(utf8 bytes: UnsafeRawBufferPointer) throws(NumberError) {
    var index = 0
    let end = bytes.count
    var isNegative = false
    if index < end, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
      isNegative = bytes[index] == UInt8(ascii: "-")
      index += 1
    }
    var coefficient: UInt128 = 0
    var small: UInt64 = 0  // the first 18 digits, while they fit: 64-bit arithmetic is several times faster
    var significant = 0
    var pendingZeros = 0
    var exponent = 0
    var sawDigit = false
    var sawPoint = false
    var tooMany = false
    while index < end {
      let byte = bytes[index]
      if byte &- 48 < 10 {
        sawDigit = true
        if sawPoint { exponent -= 1 }
        if byte == 48 {
          if significant > 0 { pendingZeros += 1 }
        } else {
          let run = pendingZeros + 1
          significant += run
          pendingZeros = 0
          if significant > Number.digitsMax {
            tooMany = true
          } else if significant <= 18 {
            small = small * UInt64(truncatingIfNeeded: Number.powersOfTen[run]) + UInt64(byte &- 48)
            coefficient = UInt128(small)
          } else {
            coefficient = coefficient * Number.powersOfTen[run] + UInt128(byte &- 48)
          }
        }
      } else if byte == UInt8(ascii: "."), !sawPoint {
        sawPoint = true
      } else {
        break
      }
      index += 1
    }
    exponent += pendingZeros
    guard sawDigit else { throw Number.notNumeric(bytes) }
    if index < end {
      guard bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E") else { throw Number.notNumeric(bytes) }
      index += 1
      var negativeExponent = false
      if index < end, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
        negativeExponent = bytes[index] == UInt8(ascii: "-")
        index += 1
      }
      guard index < end else { throw Number.notNumeric(bytes) }
      var magnitude: UInt64 = 0
      while index < end {
        let digit = bytes[index] &- 48
        let (tens, isOver) = magnitude.multipliedReportingOverflow(by: 10)
        let (next, isOverToo) = tens.addingReportingOverflow(UInt64(digit))
        // An exponent is a 64-bit integer.
        guard digit < 10, !isOver, !isOverToo, next <= UInt64(Int64.max) + (negativeExponent ? 1 : 0) else {
          throw Number.notNumeric(bytes)
        }
        magnitude = next
        index += 1
      }
      let value = Int(min(magnitude, 1_000_000))
      exponent += negativeExponent ? -value : value
    }
    if tooMany { throw .tooManyDigits }
    if coefficient == 0 {
      // A zero has the magnitude that it is written with.
      if exponent > Number.magnitudeExponentMax { throw .overflow }
      if exponent < Number.magnitudeExponentMin { throw .underflow }
    }
    try self.init(coefficient: coefficient, exponent: exponent, isNegative: isNegative)
  }

  private static func notNumeric(_ bytes: UnsafeRawBufferPointer) -> NumberError {
    .notNumeric(String(decoding: bytes, as: UTF8.self))
  }

  /// The canonical text, in plain notation without an exponent, as DynamoDB returns it.
  package var description: String {
    var out: [UInt8] = []
    appendText(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the canonical text as UTF-8.
  package func appendText(to out: inout [UInt8]) {
    if isNegative { out.append(UInt8(ascii: "-")) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { digits in
      var count = 0
      if coefficient <= UInt128(UInt64.max) {
        var rest = UInt64(truncatingIfNeeded: coefficient)
        repeat {
          digits[count] = UInt8(truncatingIfNeeded: rest % 10) + 48
          rest /= 10
          count += 1
        } while rest != 0
      } else {
        var rest = coefficient
        repeat {
          digits[count] = UInt8(truncatingIfNeeded: rest % 10) + 48
          rest /= 10
          count += 1
        } while rest != 0
      }
      let point = count + Int(exponent)  // digits before the decimal point
      if point <= 0 {
        out.append(UInt8(ascii: "0"))
        out.append(UInt8(ascii: "."))
        out.append(contentsOf: repeatElement(48, count: -point))
        for index in stride(from: count - 1, through: 0, by: -1) { out.append(digits[index]) }
      } else {
        for place in 0..<count {
          if place == point { out.append(UInt8(ascii: ".")) }
          out.append(digits[count - 1 - place])
        }
        if exponent > 0, !isZero { out.append(contentsOf: repeatElement(48, count: Int(exponent))) }
      }
    }
  }
}
