import DynamoModel
import RandomTestKit
import Testing

@Suite struct ExactSumTests {
  private func sum(_ texts: [String]) throws -> ExactSum {
    var sum = ExactSum()
    for text in texts { sum.add(try Number(text)) }
    return sum
  }

  @Test(
    arguments: [
      (["5e18", "5e18"], nil, "10000000000000000000"), (["9223372036854775807", "1"], nil, "9223372036854775808"),
      (["9223372036854775807", "1", "-1"], 9_223_372_036_854_775_807, "9223372036854775807"), (["0.5", "0.5"], 1, "1"),
      (["0.1", "0.2"], nil, "0.3"), (["1e125", "1", "-1e125"], 1, "1"), (["-9223372036854775808"], .min, "-9223372036854775808"),
      (["1e-130", "-1e-130"], 0, "0"), (["0.5", "-1.5", "1"], 0, "0"), ([], 0, "0"),
    ] as [([String], Int64?, String)])
  func `a sum is exact`(_ texts: [String], _ whole: Int64?, _ shown: String) throws {
    let sum = try sum(texts)
    #expect(sum.int64 == whole)
    #expect(sum.number?.description == shown)
    #expect(sum.isZero == (shown == "0"))
    #expect(ExactSum(stored: sum.stored) == sum)
  }

  @Test func `a sum that needs more than 38 digits, or leaves the range, fits no number until it comes back`() throws {
    let greatest = "9.9999999999999999999999999999999999999E+125"
    for texts in [["1e30", "1e-20"], [greatest, greatest], ["1e125", "1e-130"]] {
      var sum = try sum(texts)
      #expect(sum.number == nil && sum.int64 == nil && !sum.isZero)
      sum.add(try Number(texts[1]), isNegated: true)
      #expect(sum.number == (try Number(texts[0])))
    }
  }

  @Test(arguments: 0..<8)
  func `the order of numbers, and how they are grouped, does not matter`(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<100 {
      let numbers = (0..<Int.random(in: 1...20, using: &random)).map { _ in Self.number(&random) }
      var forward = ExactSum()
      for number in numbers { forward.add(number) }
      var grouped = ExactSum()
      let mixed = numbers.shuffled(using: &random)
      let cut = Int.random(in: 0...mixed.count, using: &random)
      for half in [mixed[..<cut], mixed[cut...]] {
        var part = ExactSum()
        for number in half { part.add(number) }
        grouped.add(part)
      }
      #expect(forward == grouped, "\(numbers)")
      for number in numbers.shuffled(using: &random) { forward.add(number, isNegated: true) }
      #expect(forward == ExactSum(), "\(numbers)")
    }
  }

  private static func number(_ random: inout SeededGenerator) -> Number {
    let digits = (0..<Int.random(in: 1...38, using: &random)).map { _ in String(Int.random(in: 0...9, using: &random)) }
    let exponent = Int.random(in: -130...80, using: &random)
    let text = (Bool.random(using: &random) ? "-" : "") + digits.joined() + "e\(exponent)"
    return (try? Number(text)) ?? .zero
  }
}
