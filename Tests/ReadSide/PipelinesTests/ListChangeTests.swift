import DynamoModel
import Pipelines
import RandomTestKit
import Testing

/// How two lists are aligned.
@Suite struct ListChangeTests {
  private static func change(_ old: String, _ new: String, areSets: Bool = false) -> String {
    func values(_ text: String) -> [ListElement] { ListElement.numbered(text.map { .string(String($0)) }) }
    let change = ListChange(old: values(old), new: values(new), areSets: areSets)
    func text(_ elements: [ListElement]) -> String {
      elements.map { element in
        if case .string(let text) = element.value { "\(text)\(element.ordinal)" } else { "?" }
      }.joined(separator: " ")
    }
    return "\(change.isRewritten ? "rewritten " : "")+\(text(change.added)) -\(text(change.removed))"
  }

  @Test(arguments: [
    ("", "ab", "+a0 b1 -"), ("ab", "", "+ -a0 b1"), ("", "", "+ -"), ("ab", "ab", "+ -"),
    // Appended, trimmed, and both.
    ("ab", "abc", "+c2 -"), ("abc", "bc", "+ -a0"), ("abc", "cde", "+d1 e2 -a0 b1"), ("abcd", "bcde", "+e3 -a0"),
    // The longest part counts: what repeats is not taken for what moved.
    ("aa", "aaa", "+a2 -"), ("aaa", "aa", "+ -a0"), ("abab", "ababab", "+a4 b5 -"), ("xabab", "ababc", "+c4 -x0"),
    ("ok", "okok", "+o2 k3 -"),
    // What does not go on where it ended.
    ("ab", "ac", "rewritten +c1 -b1"), ("ab", "ba", "+a1 -a0"), ("ab", "a", "rewritten + -b1"), ("a", "b", "rewritten +b0 -a0"),
    ("ab", "xab", "rewritten +x0 -"),
  ])
  func `a list is aligned by the longest end that the new one begins with`(old: String, new: String, expected: String) {
    #expect(Self.change(old, new) == expected)
  }

  @Test func `sets are compared by their elements`() {
    #expect(Self.change("ab", "bc", areSets: true) == "+c1 -a0")
    #expect(Self.change("ab", "cd", areSets: true) == "+c0 d1 -a0 b1")
    #expect(Self.change("", "", areSets: true) == "+ -")
    let numbers = ListChange(
      old: ListElement.numbered([.number(Number(1)), .binary([1])]),
      new: ListElement.numbered([.number(Number(2)), .binary([1])]), areSets: true)
    #expect(numbers.added == [.init(ordinal: 0, value: .number(Number(2)))])
    #expect(numbers.removed == [.init(ordinal: 0, value: .number(Number(1)))])
  }

  @Test func `maps are compared by their members, whatever their places`() {
    func map(_ members: [(String, AttributeValue)]) -> [ListElement] {
      members.enumerated().map { ListElement(ordinal: $0, key: $1.0, value: $1.1) }
    }
    let change = ListChange(
      old: map([("a", .string("1")), ("b", .string("1")), ("c", .number(Number(1)))]),
      new: map([("b", .string("1")), ("c", .string("1")), ("d", .list([.bool(true)]))]), areSets: true)
    #expect(change.added.map(\.key) == ["c", "d"] && change.removed.map(\.key) == ["a", "c"] && !change.isRewritten)
  }

  @Test func `the alignment is that of a search through all lengths`() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      func list() -> String {
        String((0..<Int.random(in: 0...9, using: &random)).map { _ in "ab".randomElement(using: &random) ?? "a" })
      }
      let (old, new) = (list(), list())
      let kept = (0...min(old.count, new.count)).last { old.suffix($0) == new.prefix($0) } ?? 0
      func text(_ elements: some Sequence<(offset: Int, element: Character)>) -> String {
        elements.map { "\($0.element)\($0.offset)" }.joined(separator: " ")
      }
      func surplus(_ all: String, _ other: String) -> [(offset: Int, element: Character)] {
        Array(all).enumerated().filter { place, one in
          all.prefix(place + 1).count { $0 == one } > other.count { $0 == one }
        }
      }
      let isRewritten = kept == 0 && !old.isEmpty && !new.isEmpty
      let expected =
        isRewritten
        ? "rewritten +\(text(surplus(new, old))) -\(text(surplus(old, new)))"
        : "+\(text(new.enumerated().dropFirst(kept))) -\(text(old.enumerated().dropLast(kept)))"
      #expect(Self.change(old, new) == expected, "\(old) \(new)")
    }
  }

  @Test func `long lists are aligned in one pass`() {
    let old = [AttributeValue](repeating: .string("a"), count: 60_000)
    let grown = ListElement.numbered(old.dropLast() + [.string("b")])
    let change = ListChange(old: ListElement.numbered(old), new: grown, areSets: false)
    #expect(change.added == [.init(ordinal: 59_999, value: .string("b"))] && change.removed.map(\.ordinal) == [0])
    let numbers = (0..<60_000).map { AttributeValue.number(Number(Int64($0))) }
    let sets = ListChange(
      old: ListElement.numbered(numbers), new: ListElement.numbered(numbers.dropFirst() + [.number(Number(70_000))]),
      areSets: true)
    #expect(sets.added.count == 1 && sets.removed.count == 1)
  }

  private static func members(_ old: String, _ new: String) -> String {
    func values(_ text: String) -> [ListElement] { ListElement.numbered(text.map { .string(String($0)) }) }
    let change = ListChange(membersOf: values(old), values(new))
    func text(_ elements: [ListElement]) -> String {
      elements.map { element in
        if case .string(let text) = element.value { "\(text)\(element.ordinal)" } else { "?" }
      }.joined(separator: " ")
    }
    return change.isRewritten ? "rewritten" : "+\(text(change.added)) -\(text(change.removed))"
  }

  @Test(arguments: [
    ("", "ab", "+a0 b1 -"), ("ab", "", "+ -a0 b1"), ("ab", "bc", "+c1 -a0"), ("ab", "ba", "+ -"), ("abc", "adc", "+d1 -b1"),
    ("a", "aa", "+a1 -"), ("aab", "ab", "+ -a1"), ("ab", "xay", "+x0 y2 -b1"), ("aba", "bb", "+b1 -a0 a2"), ("", "", "+ -"),
  ])
  func `by its members a list changes by what it holds, wherever that stands`(old: String, new: String, expected: String) {
    #expect(Self.members(old, new) == expected)
  }

  @Test func `members are what a count of each says`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      func list() -> [AttributeValue] {
        (0..<Int.random(in: 0..<7, using: &random)).map { _ in
          [AttributeValue.string("a"), .string("1"), .number(Number(1)), .binary([1]), .null, .list([.string("a")])]
            .randomElement(using: &random)
            ?? .null
        }
      }
      let (old, new) = (list(), list())
      let change = ListChange(membersOf: ListElement.numbered(old), ListElement.numbered(new))
      func count(_ value: AttributeValue, _ all: [AttributeValue]) -> Int { all.count { $0 == value } }
      for value in old + new {
        let (came, went) = (count(value, change.added.map(\.value)), count(value, change.removed.map(\.value)))
        #expect(came == max(0, count(value, new) - count(value, old)), "seed \(seed): \(old) \(new)")
        #expect(went == max(0, count(value, old) - count(value, new)), "seed \(seed): \(old) \(new)")
      }
      #expect(
        change.added.allSatisfy { new[$0.ordinal] == $0.value } && change.removed.allSatisfy { old[$0.ordinal] == $0.value })
      #expect(change.added.map(\.ordinal) == change.added.map(\.ordinal).sorted())
    }
  }
}
