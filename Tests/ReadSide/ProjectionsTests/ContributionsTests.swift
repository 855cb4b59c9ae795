import Pipelines
import RandomTestKit
import Testing

@testable import Projections

/// What an old and a new image give a projection, after what both give has cancelled out.
@Suite struct ContributionsTests {
  private func net(_ all: [(inputs: [Value], sign: Int64)]) -> [[Value]: Int64] {
    var net: [[Value]: Int64] = [:]
    for (inputs, sign) in all { net[inputs, default: 0] += sign }
    return net.filter { $0.value != 0 }
  }

  @Test func `what both images give is neither taken nor given`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<3_000 {
      func some() -> [[Value]] {
        (0..<Int.random(in: 0..<5, using: &random)).map { _ in
          [.integer(Int64.random(in: 0..<3, using: &random)), .string(["a", "b"].randomElement(using: &random) ?? "")]
        }
      }
      let (taken, given) = (some(), some())
      let all = Contributions(taken: taken, given: given).all
      let expected = net(taken.map { ($0, -1) } + given.map { ($0, 1) })
      #expect(net(all) == expected, "seed \(seed): \(taken) \(given)")
      // As few as can be: nothing is taken and given at once.
      #expect(all.count == Int(expected.values.reduce(0) { $0 + abs($1) }), "seed \(seed): \(all)")
      #expect(all.map(\.sign) == all.map(\.sign).sorted(), "seed \(seed): what is taken does not come first")
    }
  }

  @Test func `an image that stays gives nothing`() {
    #expect(Contributions(taken: [], given: []).all.isEmpty)
    #expect(Contributions(taken: [[.integer(1)]], given: [[.integer(1)]]).all.isEmpty)
    #expect(Contributions(taken: [[.null]], given: [[.null]]).all.isEmpty)
    // Equal by bytes, not as Unicode has it.
    #expect(Contributions(taken: [[.string("\u{e9}")]], given: [[.string("e\u{301}")]]).all.count == 2)
  }
}
