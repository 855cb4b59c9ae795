import RandomTestKit

/// Random choices that a seed decides.
struct Draw {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed &* 0x9e37_79b9_7f4a_7c15 ^ 0x5bf0_3635) }

  /// A number from 0 up to, and not including, `bound`.
  mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

  /// True once in `one` times.
  mutating func chance(_ one: Int) -> Bool { below(one) == 0 }

  mutating func pick<Element>(_ all: [Element]) -> Element { all[below(all.count)] }

  /// `count` different elements, or all when there are fewer, in random order.
  mutating func some<Element>(_ all: [Element], _ count: Int) -> [Element] {
    var left = all
    var chosen: [Element] = []
    while chosen.count < count, !left.isEmpty { chosen.append(left.remove(at: below(left.count))) }
    return chosen
  }
}
