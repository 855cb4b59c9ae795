extension Number: Comparable {
  /// Order by value. O(digits).
  package static func < (left: Number, right: Number) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    let magnitude = compareMagnitude(left, right)
    return left.isNegative ? magnitude > 0 : magnitude < 0
  }

  /// Negative, zero or positive as |left| is less than, equal to or greater than |right|.
  private static func compareMagnitude(_ left: Number, _ right: Number) -> Int {
    if left.isZero || right.isZero { return (left.isZero ? 0 : 1) - (right.isZero ? 0 : 1) }
    let leftDigits = left.digitCount
    let rightDigits = right.digitCount
    let leftTop = Int(left.exponent) + leftDigits
    let rightTop = Int(right.exponent) + rightDigits
    if leftTop != rightTop { return leftTop - rightTop }
    // The same magnitude: bring both to the same number of digits, at most 38, and compare the coefficients.
    let digits = max(leftDigits, rightDigits)
    let leftScaled = left.coefficient * powersOfTen[digits - leftDigits]
    let rightScaled = right.coefficient * powersOfTen[digits - rightDigits]
    return leftScaled == rightScaled ? 0 : (leftScaled < rightScaled ? -1 : 1)
  }

  package var negated: Number {
    isZero ? self : Number(canonical: coefficient, exponent: exponent, isNegative: !isNegative)
  }

  /// The exact sum. Throws `tooManyDigits` when it needs more than 38 digits, `overflow` past the range: never rounds.
  package func adding(_ other: Number) throws(NumberError) -> Number {
    if other.isZero { return self }
    if isZero { return other }
    if isNegative == other.isNegative, Number.isOutOfRange(self, plus: other) { throw .overflow }
    let common = min(exponent, other.exponent)
    let left = try Number.scaled(self, to: common)
    let right = try Number.scaled(other, to: common)
    if isNegative == other.isNegative {
      let (sum, overflow) = left.addingReportingOverflow(right)
      guard !overflow else { throw .tooManyDigits }
      return try Number(coefficient: sum, exponent: Int(common), isNegative: isNegative)
    }
    return left >= right
      ? try Number(coefficient: left - right, exponent: Int(common), isNegative: isNegative)
      : try Number(coefficient: right - left, exponent: Int(common), isNegative: other.isNegative)
  }

  /// The exact difference; errors as `adding`.
  package func subtracting(_ other: Number) throws(NumberError) -> Number {
    try adding(other.negated)
  }

  /// The exact product. Throws `tooManyDigits` when it needs more than 38 digits, `overflow` and `underflow` past the range: never rounds.
  package func multiplied(by other: Number) throws(NumberError) -> Number {
    let isNegative = isNegative != other.isNegative
    var exponent = Int(exponent) + Int(other.exponent)
    var (high, low) = coefficient.multipliedFullWidth(by: other.coefficient)
    // Both have at most 38 digits, so the product has at most 76: what is left of it without its last zeros may still fit.
    while high != 0 {
      let quotient = high / 10
      let (rest, digit) = UInt128(10).dividingFullWidth((high % 10, low))
      guard digit == 0 else { throw .tooManyDigits }
      (high, low) = (quotient, rest)
      exponent += 1
    }
    return try Number(coefficient: low, exponent: exponent, isNegative: isNegative)
  }

  /// The quotient, to 38 digits; what lies behind them rounds to the nearest, and a half to the even digit. Throws `overflow` and `underflow` past the
  /// range. The divisor must not be zero.
  package func divided(by other: Number) throws(NumberError) -> Number {
    precondition(!other.isZero, "the divisor must not be zero")
    let divisor = other.coefficient
    var (quotient, rest) = coefficient.quotientAndRemainder(dividingBy: divisor)
    var exponent = Int(exponent) - Int(other.exponent)
    while rest != 0, quotient < Number.powersOfTen[Number.digitsMax - 1] {
      let (digit, left) = divisor.dividingFullWidth(rest.multipliedFullWidth(by: 10))
      quotient = quotient * 10 + digit
      rest = left
      exponent -= 1
    }
    let isMore = rest > divisor - rest
    if isMore || (rest == divisor - rest && quotient % 2 == 1) { quotient += 1 }
    return try Number(coefficient: quotient, exponent: exponent, isNegative: isNegative != other.isNegative)
  }

  /// Whether the sum of two magnitudes is past the range, however many digits it has. One of them is then as large as a number can
  /// be and so a whole multiple of the least digit that it can have: only the whole multiples in the other one count.
  private static func isOutOfRange(_ left: Number, plus right: Number) -> Bool {
    let least = magnitudeExponentMax + 1 - digitsMax
    guard max(left.exponent, right.exponent) >= least else { return false }
    let multiples = { (number: Number) -> UInt128 in
      let shift = Int(number.exponent) - least
      if shift >= 0 { return number.coefficient * powersOfTen[shift] }
      return -shift < powersOfTen.count ? number.coefficient / powersOfTen[-shift] : 0
    }
    return multiples(left) + multiples(right) >= powersOfTen[digitsMax]
  }

  private static func scaled(_ number: Number, to exponent: Int16) throws(NumberError) -> UInt128 {
    let shift = Int(number.exponent) - Int(exponent)
    guard shift < powersOfTen.count else { throw .tooManyDigits }
    let (scaled, overflow) = number.coefficient.multipliedReportingOverflow(by: powersOfTen[shift])
    guard !overflow else { throw .tooManyDigits }
    return scaled
  }
}
