/// A DynamoDB number: an exact decimal of at most 38 significant digits.
///
/// The value is `coefficient * 10^exponent`, negated when `isNegative`. The form is canonical: the coefficient has no
/// trailing zero, and zero is `(0, 0, false)`; so `1`, `1.0` and `1e0` are the same bits, and equality and hashing are
/// those of the value. The magnitude lies in 1E-130 ... 9.9999999999999999999999999999999999999E+125, as the
/// DynamoDB guide gives it; everything outside is an error, never rounded.
package struct Number: Hashable, Sendable {
  package let coefficient: UInt128
  package let exponent: Int16
  package let isNegative: Bool

  package static let digitsMax = 38
  package static let magnitudeExponentMax = 125
  package static let magnitudeExponentMin = -130

  package static let zero = Number(canonical: 0, exponent: 0, isNegative: false)

  init(canonical coefficient: UInt128, exponent: Int16, isNegative: Bool) {
    self.coefficient = coefficient
    self.exponent = exponent
    self.isNegative = isNegative
  }

  /// Brings any coefficient and exponent into canonical form. Throws what makes the value not a DynamoDB number.
  package init(coefficient: UInt128, exponent: Int, isNegative: Bool) throws(NumberError) {
    var coefficient = coefficient
    var exponent = exponent
    guard coefficient != 0 else {
      self = .zero
      return
    }
    if coefficient <= UInt128(UInt64.max) {
      var small = UInt64(truncatingIfNeeded: coefficient)
      while small % 10 == 0 {
        small /= 10
        exponent += 1
      }
      coefficient = UInt128(small)
    } else {
      while coefficient % 10 == 0 {
        coefficient /= 10
        exponent += 1
      }
    }
    let digits = Number.digitCount(coefficient)
    let magnitude = exponent + digits - 1
    guard magnitude <= Number.magnitudeExponentMax else { throw .overflow }
    guard magnitude >= Number.magnitudeExponentMin else { throw .underflow }
    guard digits <= Number.digitsMax else { throw .tooManyDigits }
    self.init(canonical: coefficient, exponent: Int16(exponent), isNegative: isNegative)
  }

  package init(_ value: Int64) {
    // An Int64 has at most 19 digits: the checks above cannot fail.
    var magnitude = value.magnitude
    var exponent: Int16 = 0
    while magnitude != 0, magnitude % 10 == 0 {
      magnitude /= 10
      exponent += 1
    }
    self.init(canonical: UInt128(magnitude), exponent: exponent, isNegative: value < 0)
  }

  package var isZero: Bool { coefficient == 0 }

  /// The number of decimal digits of the coefficient; 1 for zero.
  package var digitCount: Int { Number.digitCount(coefficient) }

  static func digitCount(_ value: UInt128) -> Int {
    if value <= UInt128(UInt64.max) {
      var small = UInt64(truncatingIfNeeded: value)
      var count = 1
      while small >= 10 {
        small /= 10
        count += 1
      }
      return count
    }
    var count = 19
    while count < powersOfTen.count, value >= powersOfTen[count] { count += 1 }
    return count
  }

  /// 10^0 ... 10^38; 10^38 is the largest power that a `UInt128` holds.
  static let powersOfTen: [UInt128] = {
    var powers: [UInt128] = [1]
    for _ in 0..<38 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// The value as a 64-bit integer; nil when it has a fraction or does not fit.
  package var int64: Int64? {
    guard exponent >= 0, exponent <= 18, coefficient <= UInt128(UInt64.max) else { return nil }
    let (magnitude, overflow) = UInt64(truncatingIfNeeded: coefficient)
      .multipliedReportingOverflow(by: UInt64(truncatingIfNeeded: Number.powersOfTen[Int(exponent)]))
    guard !overflow else { return nil }
    if isNegative {
      return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }
    return Int64(exactly: magnitude)
  }

  /// The nearest integer towards zero as 64 bits, the range's end when it lies outside. For times given with a fraction.
  package var int64Truncated: Int64 {
    if let exact = int64 { return exact }
    let magnitude = exponent + Int16(digitCount)
    if magnitude <= 0 { return 0 }
    if magnitude > 19 { return isNegative ? .min : .max }
    let divisor = exponent < 0 ? Number.powersOfTen[Int(-exponent)] : 1
    let factor = exponent > 0 ? Number.powersOfTen[Int(exponent)] : 1
    let whole = coefficient / divisor * factor
    guard whole <= UInt128(Int64.max) else { return isNegative ? .min : .max }
    return isNegative ? -Int64(whole) : Int64(whole)
  }
}

/// Why a text or a result is not a DynamoDB number.
package enum NumberError: Error, Equatable {
  case notNumeric(String)
  case tooManyDigits
  case overflow
  case underflow

  /// The text that DynamoDB answers with.
  package var message: String {
    switch self {
    case .notNumeric(""): "The parameter cannot be converted to a numeric value"
    case .notNumeric(let text): "The parameter cannot be converted to a numeric value: \(text)"
    case .tooManyDigits: "Attempting to store more than 38 significant digits in a Number"
    case .overflow: "Number overflow. Attempting to store a number with magnitude larger than supported range"
    case .underflow: "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    }
  }
}
