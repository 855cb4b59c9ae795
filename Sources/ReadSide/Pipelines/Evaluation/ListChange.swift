package import DynamoModel
internal import Expressions

/// What became of a list or set of an item by one change.
///
/// Lists are aligned by the longest end of the old one that the new one begins with, so that a list that is trimmed at its front while it grows shows what
/// was appended. Two lists without such a part, neither of them empty, are not aligned. Sets are compared by their elements.
package struct ListChange: Equatable {
  /// An element with its place in the list that it is in, from 0.
  package struct Element: Equatable {
    package let ordinal: Int
    package let value: AttributeValue

    package init(ordinal: Int, value: AttributeValue) {
      self.ordinal = ordinal
      self.value = value
    }
  }

  package private(set) var added: [Element] = []
  package private(set) var removed: [Element] = []
  /// Whether the new list does not go on where the old one ended.
  package private(set) var isRewritten = false

  /// The change of a list from one image to the other. An image that is not there, and an old one of which the value is not a list, has no elements; a
  /// new value that is not a list throws.
  init(_ list: ListExpression, old: Image?, new: Image?) throws(EvaluationFailure) {
    let now = try new.map { (image) throws(EvaluationFailure) in try list.elements(of: image) } ?? []
    let before = old.flatMap { try? list.elements(of: $0) } ?? []
    func isSet(_ image: Image?) -> Bool {
      switch image.flatMap({ list.path.value(in: $0.item) }) {
      case .stringSet, .numberSet, .binarySet: true
      default: false
      }
    }
    self.init(old: before, new: now, areSets: (before.isEmpty || isSet(old)) && (now.isEmpty || isSet(new)))
  }

  /// O(old + new).
  package init(old: [AttributeValue], new: [AttributeValue], areSets: Bool) {
    func elements(_ values: [AttributeValue], _ places: some Sequence<Int>) -> [Element] {
      places.map { Element(ordinal: $0, value: values[$0]) }
    }
    if areSets {
      let (before, now) = (Set(old.map(ListChange.key)), Set(new.map(ListChange.key)))
      added = elements(new, new.indices.filter { !before.contains(ListChange.key(new[$0])) })
      removed = elements(old, old.indices.filter { !now.contains(ListChange.key(old[$0])) })
      return
    }
    let kept = ListChange.overlap(old, new)
    guard kept > 0 || old.isEmpty || new.isEmpty else {
      isRewritten = true
      return
    }
    removed = elements(old, 0..<(old.count - kept))
    added = elements(new, kept..<new.count)
  }

  /// Equal for equal elements of sets.
  private static func key(_ element: AttributeValue) -> [UInt8] {
    switch element {
    case .string(let text): Value.ordered([.string(text)])
    case .number(let number): Value.ordered([.decimal(number)])
    case .binary(let bytes): Value.ordered([.bytes(bytes)])
    default: []
    }
  }

  /// How long the longest end of the old list is that the new one begins with: by the borders of the new list's beginnings (Knuth, Morris, Pratt).
  private static func overlap(_ old: [AttributeValue], _ new: [AttributeValue]) -> Int {
    if new.isEmpty { return 0 }
    var borders = [0]
    borders.reserveCapacity(new.count)
    var length = 0
    /// The longest beginning of the new list that ends with `value`, after one of `length`.
    func extend(_ length: Int, _ value: AttributeValue) -> Int {
      var length = length
      while length > 0, length == new.count || new[length] != value { length = borders[length - 1] }
      return new[length] == value ? length + 1 : 0
    }
    for place in new.indices.dropFirst() {
      length = extend(length, new[place])
      borders.append(length)
    }
    length = 0
    for value in old { length = extend(length, value) }
    return length
  }
}
