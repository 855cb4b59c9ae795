package import DynamoModel

/// Where a value stands in an item: an attribute's name, then names of map members and indexes of list elements.
package struct DocumentPath: Sendable {
  package enum Element: Sendable {
    case name(String)
    case index(Int)
  }

  /// Never empty, and the first element is a name.
  package let elements: [Element]

  /// Elements that a path may have, by the DynamoDB guide: as many as the levels of a document.
  package static let elementsMax = 32

  package init(_ elements: [Element]) { self.elements = elements }

  /// The path of a top-level attribute.
  package init(attribute name: String) { elements = [.name(name)] }

  /// The top-level attribute that the path begins with.
  package var root: String {
    if case .name(let name)? = elements.first { return name }
    return ""
  }

  /// The value at the path; nil when there is none. O(elements * log of each map's size).
  package func value(in item: Item) -> AttributeValue? {
    guard var value = item[root] else { return nil }
    var index = 1
    while index < elements.count {
      defer { index += 1 }
      guard let inner = elements[index].value(in: value) else { return nil }
      value = inner
    }
    return value
  }

  /// The path without its first element, into the value that stands there; nil when nothing is left.
  package var rest: DocumentPath? { elements.count > 1 ? DocumentPath(Array(elements.dropFirst())) : nil }
}

extension DocumentPath.Element: Equatable {
  func value(in value: AttributeValue) -> AttributeValue? {
    switch (self, value) {
    case (.name(let name), .map(let map)): map[name]
    case (.index(let index), .list(let values)): index < values.count ? values[index] : nil
    default: nil
    }
  }

  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.name(let a), .name(let b)): Text.equal(a, b)
    case (.index(let a), .index(let b)): a == b
    default: false
    }
  }
}

extension DocumentPath: Equatable, CustomStringConvertible {
  /// As DynamoDB's errors write it: `[a, b, [1]]`.
  package var description: String {
    let parts = elements.map { element in
      switch element {
      case .name(let name): name
      case .index(let index): "[\(index)]"
      }
    }
    return "[\(parts.joined(separator: ", "))]"
  }
}
