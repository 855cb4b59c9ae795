import Testing

@testable import Spelling

@Suite struct SpellingTests {
  @Test(arguments: [
    ("", "", 0), ("room", "room", 0), ("rooms", "room", 1), ("romo", "room", 1), ("rxom", "room", 1), ("ab", "ba", 1),
    ("kitten", "sitting", 3), ("abc", "", 3),
  ])
  func `edits are insertions, deletions, replacements and swaps of neighbours`(_ left: String, _ right: String, _ edits: Int) {
    #expect(Spelling.distance(Array(left.utf8), Array(right.utf8), limit: 9) == edits)
    #expect(Spelling.distance(Array(right.utf8), Array(left.utf8), limit: 9) == edits)
  }

  @Test func `a word is meant within a third of its length, and within one edit always`() {
    let known = ["partition", "position", "to"]
    #expect(Spelling.nearest(to: "partishun", among: known) == "partition")
    #expect(Spelling.nearest(to: "PARTITION", among: known) == "partition")
    #expect(Spelling.nearest(to: "pirates", among: known) == nil)
    #expect(Spelling.nearest(to: "tp", among: known) == "to")
    #expect(Spelling.nearest(to: "xy", among: known) == nil)
    #expect(Spelling.nearest(to: "anything", among: []) == nil)
  }
}
