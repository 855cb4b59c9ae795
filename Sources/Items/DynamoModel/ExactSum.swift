/// A sum of numbers that never fails, rounds or clamps, however many there are and whatever they are.
///
/// Whole numbers of 64 bits add up in 128 bits, which 2^64 of them cannot leave. Every other number is added to digits of base 10^18 from
/// 10^-180 on, kept between -10^18 / 2 and 10^18 / 2, a form that each value has once. So adding and merging commute, and equal multisets of
/// numbers give equal sums. Whether a sum fits a type is asked of the value that is shown.
package struct ExactSum: Sendable, Equatable {
  private static let base: Int64 = 1_000_000_000_000_000_000
  private static let baseDigits = 18
  /// The exponent of ten of digit 0: below the least digit of any number, which is 10^-167.
  private static let leastExponent = -180
  /// Digits up to 10^144: above 2^64 of the greatest numbers.
  private static let digitsMax = 19

  private var whole: Int128 = 0
  /// The first digit that `digits` holds.
  private var start = 0
  /// Without zeros at either end.
  private var digits: [Int64] = []

  package init() {}

  /// Adds a whole number once for each of `count`; a negative count takes it away. O(1).
  package mutating func add(_ value: Int64, times count: Int64 = 1) { whole += Int128(value) * Int128(count) }

  /// Adds a number, or takes it away. O(1).
  package mutating func add(_ number: Number, isNegated: Bool = false) {
    if let value = number.int64 {
      whole += isNegated ? -Int128(value) : Int128(value)
      return
    }
    addDigits(number.coefficient, exponent: Int(number.exponent), isNegative: number.isNegative != isNegated)
  }

  /// Adds another sum.
  package mutating func add(_ other: ExactSum) {
    whole += other.whole
    for (index, digit) in other.digits.enumerated() where digit != 0 { addDigit(digit, at: other.start + index) }
    trim()
  }

  package var isZero: Bool {
    if digits.isEmpty { return whole == 0 }
    return whole != 0 && joined.digits.isEmpty
  }

  /// The sum as a whole number of 64 bits; nil when it has a fraction or does not fit.
  package var int64: Int64? { digits.isEmpty ? Int64(exactly: whole) : number?.int64 }

  /// The sum as a number of 38 digits; nil when it needs more or lies outside the range.
  package var number: Number? {
    if digits.isEmpty, let small = Int64(exactly: whole) { return Number(small) }
    guard let (significant, exponent, isNegative) = significand else { return .zero }
    guard significant.count <= Number.digitsMax else { return nil }
    let coefficient = significant.reduce(UInt128(0)) { $0 * 10 + UInt128($1) }
    return try? Number(coefficient: coefficient, exponent: exponent, isNegative: isNegative)
  }

  /// The sum divided by a whole number above 0, to 38 digits; what lies behind them rounds to the nearest, and a half to the even digit. The sum
  /// itself may need more. Nil when the quotient lies outside the range.
  package func divided(by count: Int64) -> Number? {
    precondition(count > 0, "a sum is divided by how many it is of")
    guard let (digits, last, isNegative) = significand else { return .zero }
    let divisor = UInt128(count)
    var (quotient, rest) = (UInt128(0), UInt128(0))
    var (place, wanted) = (0, Number.digitsMax)
    /// Brings the next digit of the sum down, a zero past its end; answers the quotient's.
    func next() -> UInt128 {
      rest = rest * 10 + (place < digits.count ? UInt128(digits[place]) : 0)
      place += 1
      defer { rest %= divisor }
      return rest / divisor
    }
    while wanted > 0, place < digits.count || rest != 0 {
      quotient = quotient * 10 + next()
      if quotient != 0 { wanted -= 1 }
    }
    let exponent = last + digits.count - place
    let digit = next()
    let isMore = rest != 0 || (place < digits.count && digits[place...].contains { $0 != 0 })
    if digit > 5 || (digit == 5 && (isMore || quotient % 2 == 1)) { quotient += 1 }
    return try? Number(coefficient: quotient, exponent: exponent, isNegative: isNegative)
  }

  /// The digits from the first to the last that is not zero, and the exponent of the last one; nil for zero.
  private var significand: (digits: [UInt8], exponent: Int, isNegative: Bool)? {
    let joined = joined
    guard let last = joined.digits.last else { return nil }
    let isNegative = last < 0
    var magnitudes = isNegative ? joined.digits.map { -$0 } : joined.digits
    for index in magnitudes.indices where magnitudes[index] < 0 {
      magnitudes[index] += ExactSum.base
      magnitudes[index + 1] -= 1
    }
    var text: [UInt8] = []
    for digit in magnitudes.reversed() {
      let part = Array(String(digit).utf8)
      text += [UInt8](repeating: 48, count: ExactSum.baseDigits - part.count) + part
    }
    let leading = text.firstIndex { $0 != 48 } ?? text.count
    let trailing = text.count - 1 - (text.lastIndex { $0 != 48 } ?? -1)
    let significant = text[leading..<max(leading, text.count - trailing)].map { $0 - 48 }
    return (significant, ExactSum.leastExponent + joined.start * ExactSum.baseDigits + trailing, isNegative)
  }

  /// All of it in digits.
  private var joined: ExactSum {
    var sum = self
    sum.whole = 0
    sum.addDigits(whole.magnitude, exponent: 0, isNegative: whole < 0)
    return sum
  }

  private mutating func addDigits(_ coefficient: UInt128, exponent: Int, isNegative: Bool) {
    let place = exponent - ExactSum.leastExponent
    var index = place / ExactSum.baseDigits
    // The lowest digit is filled up with zeros, so the first part is shorter.
    let shift = place % ExactSum.baseDigits
    var rest = coefficient
    var scale = Number.powersOfTen[ExactSum.baseDigits - shift]
    var factor = Int64(truncatingIfNeeded: Number.powersOfTen[shift])
    while rest != 0 {
      let part = Int64(truncatingIfNeeded: rest % scale) * factor
      rest /= scale
      if part != 0 { addDigit(isNegative ? -part : part, at: index) }
      index += 1
      scale = UInt128(ExactSum.base)
      factor = 1
    }
    trim()
  }

  /// `digit` lies between -10^18 and 10^18.
  private mutating func addDigit(_ digit: Int64, at place: Int) {
    if digits.isEmpty {
      start = place
    } else if place < start {
      digits.insert(contentsOf: repeatElement(0, count: start - place), at: 0)
      start = place
    }
    var carry = digit
    var index = place - start
    while carry != 0 {
      while index >= digits.count { digits.append(0) }
      var sum = digits[index] + carry
      carry = 0
      while sum > ExactSum.base / 2 {
        sum -= ExactSum.base
        carry += 1
      }
      while sum <= -ExactSum.base / 2 {
        sum += ExactSum.base
        carry -= 1
      }
      digits[index] = sum
      index += 1
    }
  }

  private mutating func trim() {
    while digits.last == 0 { digits.removeLast() }
    let zeros = digits.prefix { $0 == 0 }.count
    if zeros > 0 {
      digits.removeFirst(zeros)
      start += zeros
    }
    if digits.isEmpty { start = 0 }
  }
}

extension ExactSum {
  /// The sum's parts, for a state that is stored: `init(stored:)` gives it back.
  package var stored: [Int64] {
    let low = UInt64(truncatingIfNeeded: whole)
    return [Int64(bitPattern: low), Int64(truncatingIfNeeded: whole >> 64), Int64(start)] + digits
  }

  /// Nil for parts that no sum has.
  package init?(stored: [Int64]) {
    guard stored.count >= 3, stored.count - 3 <= ExactSum.digitsMax, (0..<ExactSum.digitsMax).contains(Int(stored[2])) else {
      return nil
    }
    let half = ExactSum.base / 2
    guard stored[3...].allSatisfy({ $0 > -half && $0 <= half }) else { return nil }
    whole = Int128(stored[1]) << 64 | Int128(UInt64(bitPattern: stored[0]))
    start = Int(stored[2])
    digits = Array(stored[3...])
  }
}
