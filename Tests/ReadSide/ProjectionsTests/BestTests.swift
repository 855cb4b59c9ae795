import LiteralTestKit
import Pipelines
import Projections
import RandomTestKit
import Testing

/// Which of several changes is the extreme that counts.
@Suite struct BestTests {
  static let functions: [GroupPlan.Function] = [.min, .max, .first, .last]

  private func winner(_ all: [Best], _ function: GroupPlan.Function) -> Best? {
    var best: Best?
    for candidate in all where candidate.beats(best, function) { best = candidate }
    return best
  }

  @Test(arguments: functions) func `the same one wins in any order`(_ function: GroupPlan.Function) {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let all = (0..<5).map { order in
        Best(
          rank: .integer(Int64.random(in: 0..<2, using: &random)), itemKey: [UInt8.random(in: 0..<2, using: &random)],
          value: .integer(Int64(order)),
          stamp: stamp([0, 1].randomElement(using: &random) ?? 0, UInt64(order)))
      }
      let expected = winner(all, function)
      for other in permutations(all) { #expect(winner(other, function) == expected, "seed \(seed): \(other)") }
    }
  }

  @Test func `of equal ranks the item key decides, and of one item the change`() {
    func best(_ rank: Int64, _ key: UInt8, _ order: UInt64) -> Best {
      Best(rank: .integer(rank), itemKey: [key], value: .integer(Int64(order)), stamp: stamp(1, order))
    }
    let all = [
      best(1, 1, 1), best(1, 2, 2), best(1, 2, 3), best(2, 1, 4), best(2, 1, 5), best(2, 2, 6), best(2, 2, 7), best(1, 1, 8),
    ]
    #expect(winner(all, .min) == best(1, 1, 1))
    #expect(winner(all, .first) == best(1, 1, 1))
    #expect(winner(all, .max) == best(2, 2, 6))
    #expect(winner(all, .last) == best(2, 2, 7))
  }

  @Test(arguments: functions) func `anything beats nothing, and of one change's elements the later is last`(
    _ function: GroupPlan.Function
  ) {
    let best = Best(rank: .null, value: .string("a"), stamp: stamp(5, 7))
    #expect(best.beats(nil, function))
    #expect(best.beats(best, function) == (function == .last))
  }
}
