import DynamoModel
import Pipelines
import RandomTestKit
import Testing

/// How two lists are aligned.
@Suite struct ListChangeTests {
  private static func change(_ old: String, _ new: String, areSets: Bool = false) -> String {
    func values(_ text: String) -> [AttributeValue] { text.map { .string(String($0)) } }
    let change = ListChange(old: values(old), new: values(new), areSets: areSets)
    if change.isRewritten { return "rewritten" }
    func text(_ elements: [ListChange.Element]) -> String {
      elements.map { element in
        if case .string(let text) = element.value { "\(text)\(element.ordinal)" } else { "?" }
      }.joined(separator: " ")
    }
    return "+\(text(change.added)) -\(text(change.removed))"
  }

  @Test(arguments: [
    ("", "ab", "+a0 b1 -"), ("ab", "", "+ -a0 b1"), ("", "", "+ -"), ("ab", "ab", "+ -"),
    // Appended, trimmed, and both.
    ("ab", "abc", "+c2 -"), ("abc", "bc", "+ -a0"), ("abc", "cde", "+d1 e2 -a0 b1"), ("abcd", "bcde", "+e3 -a0"),
    // The longest part counts: what repeats is not taken for what moved.
    ("aa", "aaa", "+a2 -"), ("aaa", "aa", "+ -a0"), ("abab", "ababab", "+a4 b5 -"), ("xabab", "ababc", "+c4 -x0"),
    ("ok", "okok", "+o2 k3 -"),
    // What does not go on where it ended.
    ("ab", "ac", "rewritten"), ("ab", "ba", "+a1 -a0"), ("ab", "a", "rewritten"), ("a", "b", "rewritten"),
    ("ab", "xab", "rewritten"),
  ])
  func `a list is aligned by the longest end that the new one begins with`(old: String, new: String, expected: String) {
    #expect(Self.change(old, new) == expected)
  }

  @Test func `sets are compared by their elements`() {
    #expect(Self.change("ab", "bc", areSets: true) == "+c1 -a0")
    #expect(Self.change("ab", "cd", areSets: true) == "+c0 d1 -a0 b1")
    #expect(Self.change("", "", areSets: true) == "+ -")
    let numbers = ListChange(
      old: [.number(Number(1)), .binary([1])], new: [.number(Number(2)), .binary([1])], areSets: true)
    #expect(numbers.added == [.init(ordinal: 0, value: .number(Number(2)))])
    #expect(numbers.removed == [.init(ordinal: 0, value: .number(Number(1)))])
  }

  @Test func `the alignment is that of a search through all lengths`() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      func list() -> String {
        String((0..<Int.random(in: 0...9, using: &random)).map { _ in "ab".randomElement(using: &random) ?? "a" })
      }
      let (old, new) = (list(), list())
      let kept = (0...min(old.count, new.count)).last { old.suffix($0) == new.prefix($0) } ?? 0
      let added = new.enumerated().dropFirst(kept).map { "\($0.element)\($0.offset)" }.joined(separator: " ")
      let removed = old.enumerated().dropLast(kept).map { "\($0.element)\($0.offset)" }.joined(separator: " ")
      let isRewritten = kept == 0 && !old.isEmpty && !new.isEmpty
      #expect(Self.change(old, new) == (isRewritten ? "rewritten" : "+\(added) -\(removed)"), "\(old) \(new)")
    }
  }

  @Test func `long lists are aligned in one pass`() {
    let old = [AttributeValue](repeating: .string("a"), count: 60_000)
    let change = ListChange(old: old, new: old.dropLast() + [.string("b")], areSets: false)
    #expect(change.added == [.init(ordinal: 59_999, value: .string("b"))] && change.removed.map(\.ordinal) == [0])
    let numbers = (0..<60_000).map { AttributeValue.number(Number(Int64($0))) }
    let sets = ListChange(old: numbers, new: numbers.dropFirst() + [.number(Number(70_000))], areSets: true)
    #expect(sets.added.count == 1 && sets.removed.count == 1)
  }
}
