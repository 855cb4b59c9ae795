/// Names and values, sorted by the names' UTF-8 bytes, each name once: an item, or a value of type M.
///
/// Sorted so that equal maps have equal bytes in every encoding. Lookup is a binary search. Insertion is O(n): items are
/// small (most have under 30 attributes).
package struct AttributeMap: Sendable {
  package struct Entry: Sendable {
    package let name: String
    package var value: AttributeValue

    package init(name: String, value: AttributeValue) {
      self.name = name
      self.value = value
    }
  }

  package private(set) var entries: [Entry]

  /// UTF-8 bytes of an attribute's name, by the service model.
  package static let nameBytesMax = 65_535

  /// Throws for a name that no attribute may have: an empty one, or a longer one than `nameBytesMax`.
  package static func check(name: String) throws(DynamoError) {
    if name.isEmpty { throw .validation("Empty attribute name") }
    guard name.utf8.count <= nameBytesMax else {
      throw .validation("Attribute name is too large, must be less than \(nameBytesMax + 1) bytes")
    }
  }

  package init() { entries = [] }

  /// Entries in any order; of two with one name the later holds.
  package init(_ unsorted: [Entry]) {
    entries = unsorted
    if !AttributeMap.isSorted(unsorted) {
      entries = []
      entries.reserveCapacity(unsorted.count)
      for entry in unsorted { self[entry.name] = entry.value }
    }
  }

  /// Entries whose names the caller has seen to be in order, each once.
  init(sorted entries: [Entry]) { self.entries = entries }

  private static func isSorted(_ entries: [Entry]) -> Bool {
    var index = 1
    while index < entries.count {
      if !Text.less(entries[index - 1].name, entries[index].name) { return false }
      index += 1
    }
    return true
  }

  package var count: Int { entries.count }
  package var isEmpty: Bool { entries.isEmpty }
  package var names: [String] { entries.map(\.name) }

  package subscript(name: String) -> AttributeValue? {
    get {
      // Of a few names the one asked for is mostly the same string to the bit: short ones always are.
      if entries.count <= 8 {
        for index in entries.indices where Text.isSame(entries[index].name, name) { return entries[index].value }
      }
      let (index, found) = position(of: name)
      return found ? entries[index].value : nil
    }
    set {
      let (index, found) = position(of: name)
      switch (newValue, found) {
      case (let value?, true): entries[index].value = value
      case (let value?, false): entries.insert(Entry(name: name, value: value), at: index)
      case (nil, true): entries.remove(at: index)
      case (nil, false): break
      }
    }
  }

  private func position(of name: String) -> (index: Int, found: Bool) {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      let order = Text.compare(entries[middle].name, name)
      if order == 0 { return (middle, true) }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return (low, false)
  }
}

extension AttributeMap: Equatable {
  package static func == (left: AttributeMap, right: AttributeMap) -> Bool {
    left.entries.count == right.entries.count
      && zip(left.entries, right.entries).allSatisfy { Text.equal($0.name, $1.name) && $0.value == $1.value }
  }
}

extension AttributeMap: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, AttributeValue)...) {
    self.init(elements.map { Entry(name: $0.0, value: $0.1) })
  }
}

/// An item of a table: its attributes by name.
package typealias Item = AttributeMap
