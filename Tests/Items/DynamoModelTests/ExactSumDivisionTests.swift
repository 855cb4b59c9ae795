import DynamoModel
import RandomTestKit
import Testing

/// A sum divided by how many it is of.
@Suite struct ExactSumDivisionTests {
  private func quotient(_ numbers: [String], by count: Int64) throws -> String? {
    var sum = ExactSum()
    for number in numbers { sum.add(try Number(number)) }
    return sum.divided(by: count)?.description
  }

  @Test func `a quotient has 38 digits, and what is behind them rounds to the nearest`() throws {
    #expect(try quotient(["0"], by: 3) == "0")
    #expect(try quotient(["1", "-1"], by: 2) == "0")
    #expect(try quotient(["10"], by: 4) == "2.5")
    #expect(try quotient(["1"], by: 3) == "0.\(String(repeating: "3", count: 38))")
    #expect(try quotient(["-2"], by: 3) == "-0.\(String(repeating: "6", count: 37))7")
    #expect(try quotient(["1e30"], by: 1) == "1\(String(repeating: "0", count: 30))")
  }

  @Test func `a half goes to the even digit, more than a half up`() throws {
    let nines = String(repeating: "9", count: 37)
    // 38 digits and a half: the sum needs 39.
    #expect(try quotient(["1e38", "3"], by: 2) == "5\(String(repeating: "0", count: 36))2")
    #expect(try quotient(["1e38", "1"], by: 2) == "5\(String(repeating: "0", count: 37))")
    #expect(try quotient(["1e38", "1", "1e-100"], by: 2) == "5\(String(repeating: "0", count: 36))1")
    #expect(try quotient(["9\(nines)", "9\(nines)", "1"], by: 2) == "1\(String(repeating: "0", count: 38))")
  }

  @Test func `a sum that does not fit has a mean that does`() throws {
    let great = "9e125"
    #expect(try quotient([great, great, great], by: 3) == (try Number(great)).description)
    #expect(try quotient(["1e-130", "0"], by: 2) == nil)
  }

  @Test func `it is the quotient of numbers where the sum is one`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      let number = try Number(
        "\(Int64.random(in: .min ... .max, using: &random))e\(Int.random(in: -40...40, using: &random))")
      let count = Int64.random(in: 1...(1 << Int64.random(in: 1...62, using: &random)), using: &random)
      var sum = ExactSum()
      sum.add(number)
      let expected = try number.divided(by: Number(count))
      #expect(sum.divided(by: count) == expected, "seed \(seed): \(number) by \(count)")
    }
  }
}
