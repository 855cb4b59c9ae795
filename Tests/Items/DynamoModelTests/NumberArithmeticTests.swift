import DynamoModel
import RandomTestKit
import Testing

/// Products and quotients.
@Suite struct NumberArithmeticTests {
  private static func of(_ text: String) throws -> Number { try Number(text) }

  @Test(arguments: [
    ("2", "3", "6"), ("0.1", "0.2", "0.02"), ("-4", "2.5", "-10"), ("0", "-7", "0"), ("1e100", "1e25", "1e125"),
    ("1e-100", "1e-30", "1e-130"),
    ("12345678901234567890", "1000000000", "12345678901234567890000000000"),
    // 76 digits, of which the last half are zeros.
    (
      "99999999999999999999999999999999999999", "1e38",
      "9999999999999999999999999999999999999900000000000000000000000000000000000000"
    ),
    ("62500000000000000000000000000000000000", "16", "1e39"),
    ("3e37", "33333333333333333333333333333333333333", "99999999999999999999999999999999999999e37"),
    ("500000000000000000000000000000000000005", "2", "1000000000000000000000000000000000000010"),
  ])
  func `a product is exact`(one: String, other: String, product: String) throws {
    guard let left = try? Self.of(one) else { return }
    #expect(try left.multiplied(by: Self.of(other)) == Self.of(product))
    #expect(try Self.of(other).multiplied(by: left) == Self.of(product))
  }

  @Test func `a product that does not fit is refused`() throws {
    let long = try Self.of("12345678901234567891")
    #expect(throws: NumberError.tooManyDigits) { try long.multiplied(by: long) }
    #expect(throws: NumberError.tooManyDigits) {
      try Self.of("99999999999999999999999999999999999999").multiplied(by: Self.of("11"))
    }
    #expect(throws: NumberError.overflow) { try Self.of("1e100").multiplied(by: Self.of("1e26")) }
    #expect(throws: NumberError.underflow) { try Self.of("1e-100").multiplied(by: Self.of("1e-31")) }
    let most = try Self.of("99999999999999999999999999999999999999")
    #expect(throws: NumberError.tooManyDigits) { try most.multiplied(by: most) }
  }

  @Test(arguments: [
    ("6", "3", "2"), ("1", "4", "0.25"), ("-1", "8", "-0.125"), ("0", "7", "0"),
    ("1", "3", "0.33333333333333333333333333333333333333"),
    ("2", "3", "0.66666666666666666666666666666666666667"), ("1", "7", "0.14285714285714285714285714285714285714"),
    ("100", "3", "33.333333333333333333333333333333333333"),
    (
      "99999999999999999999999999999999999999", "99999999999999999999999999999999999998",
      "1.0000000000000000000000000000000000000"
    ),
    // A half goes to the even digit: 38 digits and a 5.
    ("100000000000000000000000000000000000005", "10", "10000000000000000000000000000000000000"),
    ("1e125", "1e-5", "overflow"), ("1e-130", "2", "underflow"),
  ])
  func `a quotient has 38 digits`(one: String, other: String, quotient: String) throws {
    guard let left = try? Self.of(one) else { return }
    switch quotient {
    case "overflow": #expect(throws: NumberError.overflow) { try left.divided(by: Self.of(other)) }
    case "underflow": #expect(throws: NumberError.underflow) { try left.divided(by: Self.of(other)) }
    default: #expect(try left.divided(by: Self.of(other)) == Self.of(quotient))
    }
  }

  @Test func `a half of the last digit rounds to the even one`() throws {
    // 10000000000000000000000000000000000001 / 2 and ...3 / 2 have 38 digits and end with 5: exact. One digit more has to be rounded.
    let odd = try Self.of("99999999999999999999999999999999999995")
    #expect(try odd.divided(by: Self.of("2")).description == "49999999999999999999999999999999999998")
    #expect(
      try Self.of("99999999999999999999999999999999999993").divided(by: Self.of("2")).description
        == "49999999999999999999999999999999999996")
    #expect(
      try Self.of("19999999999999999999999999999999999999").divided(by: Self.of("2")).description
        == "9999999999999999999999999999999999999.5")
  }

  @Test func `quotients and products are those of a search with whole numbers`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let bits = Int.random(in: 1...40, using: &random)
      let left = Int64.random(in: -(1 << bits)...(1 << bits), using: &random)
      let right = Int64.random(in: 1...(1 << Int.random(in: 1...20, using: &random)), using: &random)
      #expect(try Number(left).multiplied(by: Number(right)) == Number(left * right), "seed \(seed): \(left) * \(right)")
      let quotient = try Number(left).divided(by: Number(right))
      // What is left of the dividend is less than one unit of the last digit times the divisor.
      #expect(quotient.digitCount <= 38)
      if left % right == 0 { #expect(quotient == Number(left / right), "seed \(seed): \(left) / \(right)") }
      if let back = try? quotient.multiplied(by: Number(right)), quotient.digitCount < 30 {
        #expect(back == Number(left), "seed \(seed): \(left) / \(right)")
      }
    }
  }
}
