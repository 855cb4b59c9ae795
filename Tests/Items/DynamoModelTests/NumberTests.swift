import DynamoModel
import RandomTestKit
import Testing

@Suite struct NumberTests {
  @Test(arguments: [
    ("1", "1"), ("1.0", "1"), ("1e0", "1"), ("-0", "0"), ("100", "100"), ("1E+2", "100"), ("0.001", "0.001"), (".5", "0.5"),
    ("12345678901234567890.000000000000000001", "12345678901234567890.000000000000000001"), ("-1.50", "-1.5"),
  ])
  func `text is canonical`(given: String, canonical: String) throws {
    #expect(try Number(given).description == canonical)
  }

  @Test func `38 digits are taken and 39 refused`() throws {
    let digits = String(repeating: "9", count: 38)
    #expect(try Number(digits).description == digits)
    #expect(throws: NumberError.tooManyDigits) { try Number(digits + "9") }
    #expect(try Number(digits + "0").description == digits + "0")
  }

  @Test func `the range ends are taken and one past refused`() throws {
    #expect(throws: NumberError.overflow) { try Number("1E126") }
    #expect(throws: NumberError.underflow) { try Number("1E-131") }
    #expect(try Number("9.9999999999999999999999999999999999999E+125").digitCount == 38)
    #expect(try Number("1E-130").exponent == -130)
  }

  @Test func `a zero has the magnitude that it is written with`() throws {
    for text in ["0e125", "0e-130", "0.0e126", "-0e125"] { #expect(try Number(text) == .zero) }
    for text in ["0e126", "000e200", "0e9223372036854775807"] { #expect(throws: NumberError.overflow) { try Number(text) } }
    for text in ["0e-131", "0.0e-130", "1e-9223372036854775808"] { #expect(throws: NumberError.underflow) { try Number(text) } }
    for text in ["1e9223372036854775808", "0e-9223372036854775809", "1e99999999999999999999999"] {
      #expect(throws: NumberError.notNumeric(text)) { try Number(text) }
    }
  }

  @Test(arguments: ["", "abc", "1e", "--1", "1.2.3", " 1", "1 ", "0x10", "NaN", "Infinity"])
  func `what is not a number is refused`(text: String) {
    #expect(throws: NumberError.notNumeric(text)) { try Number(text) }
  }

  @Test func `sums are exact or refused`() throws {
    #expect(try Number("0.1").adding(Number("0.2")).description == "0.3")
    #expect(try Number("1e38").adding(Number("-1")).description == String(repeating: "9", count: 38))
    #expect(throws: NumberError.tooManyDigits) { try Number("1e100").adding(Number("1")) }
    #expect(try Number("5").subtracting(Number("5")) == .zero)
    let most = try Number("9.9999999999999999999999999999999999999E+125")
    #expect(throws: NumberError.overflow) { try most.adding(Number("1E+125")) }
    // More than 38 digits, but past the range first.
    let less = try Number("9.9999999999999999999999999999999999999E+124")
    #expect(throws: NumberError.overflow) { try most.adding(less) }
    #expect(throws: NumberError.overflow) { try less.negated.subtracting(most) }
    #expect(throws: NumberError.tooManyDigits) { try most.adding(Number("1E+87")) }
    #expect(throws: NumberError.tooManyDigits) { try most.subtracting(less) }
  }

  @Test(arguments: [
    ("0", 1), ("1", 2), ("12", 2), ("1.2", 3), ("100", 2), ("12.3", 3), ("1.23", 3), ("0.12", 2), ("0.012", 3), ("-7", 3),
  ])
  func `a pair of digits is a byte, from the decimal point on`(text: String, size: Int) throws {
    #expect(try Number(text).size == size)
  }

  @Test func `the ordered form sorts as the values do and reads back`() throws {
    var generator = SeededGenerator(seed: 20_261_121)
    var numbers: [Number] = [.zero]
    for _ in 0..<2_000 {
      let digits =
        UInt128(generator.next()) * UInt128(UInt64.max >> UInt64.random(in: 0..<64, using: &generator)) % Number.digitsLimit
      let exponent = Int.random(in: -120...80, using: &generator)
      if let number = try? Number(coefficient: digits, exponent: exponent, isNegative: Bool.random(using: &generator)) {
        numbers.append(number)
      }
    }
    for (left, right) in zip(numbers, numbers.dropFirst()) {
      var a: [UInt8] = []
      var b: [UInt8] = []
      left.appendOrdered(to: &a)
      right.appendOrdered(to: &b)
      #expect((left < right) == Bytes.less(a, b), "\(left) \(right)")
      var index = 0
      #expect(a.withUnsafeBytes { Number(ordered: $0, at: &index) } == left)
      #expect(index == a.count)
      #expect(try Number(left.description) == left)
    }
  }
}

extension Number {
  static let digitsLimit: UInt128 = 99_999_999_999_999_999_999_999_999_999_999_999_999
}
