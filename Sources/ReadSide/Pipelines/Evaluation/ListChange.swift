internal import DynamoModel
internal import Expressions

/// What became of a list, set or map of an item by one change.
///
/// Lists are aligned by the longest end of the old one that the new one begins with, so that a list that is trimmed at its front while it grows shows what
/// was appended. Two lists without such a part, neither of them empty, are not aligned: the list was rewritten, and what came and left are the elements that
/// the new one has more often, or less often, than the old one. Sets are compared by their elements, maps by their members: a member
/// whose value changed left and came.
package struct ListChange: Equatable {
  /// With their places in the new list.
  package private(set) var added: [ListElement] = []
  /// With their places in the old list.
  package private(set) var removed: [ListElement] = []
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
    func isUnordered(_ elements: [ListElement], _ image: Image?) -> Bool {
      elements.first.map { $0.key != nil } ?? true || (list.form == .attribute && isSet(image))
    }
    self.init(old: before, new: now, areSets: isUnordered(before, old) && isUnordered(now, new))
  }

  /// By the elements alone, of the images of a change as above.
  init(membersOf list: ListExpression, old: Image?, new: Image?) throws(EvaluationFailure) {
    let now = try new.map { (image) throws(EvaluationFailure) in try list.elements(of: image) } ?? []
    self.init(membersOf: old.flatMap { try? list.elements(of: $0) } ?? [], now)
  }

  /// O(old + new).
  package init(old: [ListElement], new: [ListElement], areSets: Bool) {
    if areSets {
      let (before, now) = (Set(old.map(ListChange.key)), Set(new.map(ListChange.key)))
      added = new.filter { !before.contains(ListChange.key($0)) }
      removed = old.filter { !now.contains(ListChange.key($0)) }
      return
    }
    let kept = ListChange.overlap(old, new)
    guard kept > 0 || old.isEmpty || new.isEmpty else {
      isRewritten = true
      added = ListChange.surplus(of: new, over: old)
      removed = ListChange.surplus(of: old, over: new)
      return
    }
    removed = Array(old[..<(old.count - kept)])
    added = Array(new[kept...])
  }

  /// By the elements alone, wherever they stand: an element came when the new list holds it more often than the old one, and left when less often; of equal
  /// ones the last. Never rewritten. O(old + new).
  package init(membersOf old: [ListElement], _ new: [ListElement]) {
    added = ListChange.surplus(of: new, over: old)
    removed = ListChange.surplus(of: old, over: new)
  }

  /// The elements that one list has more often than another: of equal ones the last.
  private static func surplus(of all: [ListElement], over others: [ListElement]) -> [ListElement] {
    var left: [[UInt8]: Int] = [:]
    for element in others { left[key(element), default: 0] += 1 }
    return all.filter { element in
      let count = left[key(element)] ?? 0
      left[key(element)] = count - 1
      return count <= 0
    }
  }

  /// Equal for equal elements of lists and sets and for equal members of maps.
  private static func key(_ element: ListElement) -> [UInt8] {
    switch (element.key, element.value) {
    case (nil, .string(let text)): return Value.ordered([.string(text)])
    case (nil, .number(let number)): return Value.ordered([.decimal(number)])
    case (nil, .binary(let bytes)): return Value.ordered([.bytes(bytes)])
    case (let key, let value):
      var writer = JSONWriter()
      writer.attribute(value)
      return Value.ordered([key.map { .string($0) } ?? .null, .bytes(Array(writer.bytes))])
    }
  }

  /// How long the longest end of the old list is that the new one begins with: by the borders of the new list's beginnings (Knuth, Morris, Pratt).
  private static func overlap(_ old: [ListElement], _ new: [ListElement]) -> Int {
    if new.isEmpty { return 0 }
    var borders = [0]
    borders.reserveCapacity(new.count)
    var length = 0
    /// The longest beginning of the new list that ends with an element, after one of `length`.
    func extend(_ length: Int, _ element: ListElement) -> Int {
      var length = length
      while length > 0, length == new.count || !new[length].isSame(as: element) { length = borders[length - 1] }
      return new[length].isSame(as: element) ? length + 1 : 0
    }
    for place in new.indices.dropFirst() {
      length = extend(length, new[place])
      borders.append(length)
    }
    length = 0
    for element in old { length = extend(length, element) }
    return length
  }
}
