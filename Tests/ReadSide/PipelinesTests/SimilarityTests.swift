import Pipelines
import Testing

@Suite struct SimilarityTests {
  private static let cases: [(one: String, other: String, both: Double, all: Double)] = [
    ("meeting", "meeting", 1, 1), ("meeting", "Meeting", 1, 1), ("meet", "meeting", 4, 9), ("meat", "meet", 2, 8),
    ("xyz", "meet", 0, 1),
    ("", "", 0, 1), ("", "a", 0, 1), ("a b", "b  a", 1, 1), ("a-b", "a b", 1, 1), ("\u{c9}t", "\u{e9}t", 0, 1),
    ("Stra\u{df}e", "stra\u{df}e", 1, 1),
    ("\u{1d11e}x", "\u{1d11e}X", 1, 1), ("word", "two words", 4, 11),
  ]

  @Test func `the groups of three that both have, over all`() {
    for (one, other, both, all) in Self.cases {
      #expect(Similarity.of(one, other) == both / all, "`\(one)`, `\(other)`")
      #expect(Similarity.of(other, one) == both / all)
    }
  }
}
