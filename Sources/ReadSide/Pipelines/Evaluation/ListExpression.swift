package import DynamoModel
package import Expressions

/// What is taken apart: a list, set or map attribute, or a list or object in the JSON that an attribute holds as text.
package struct ListExpression: Sendable, Equatable {
  /// The attribute.
  package let path: DocumentPath
  package let form: Form

  package enum Form: Sendable, Equatable {
    case attribute
    /// The JSON in the attribute's text, or what stands at a path in it.
    case json(DocumentPath?)
  }

  package init(path: DocumentPath, form: Form = .attribute) {
    self.path = path
    self.form = form
  }

  /// As a pipeline file writes it: `tags`, `json(stats, 'djs')`.
  package var text: String {
    switch form {
    case .attribute: path.text
    case .json(nil): "json(\(path.text))"
    case .json(let inner?): "json(\(path.text), '\(inner.text)')"
    }
  }

  /// The elements in their order: those of a set and the members of a map by their bytes, those of a JSON object as it is written. What is missing or
  /// null has none; of two members of an object with one name the later holds.
  package func elements(of image: Image) throws(EvaluationFailure) -> [ListElement] {
    let attribute = path.value(in: image.item)
    guard case .json(let inner) = form else {
      if let elements = ListExpression.elements(of: attribute) { return elements }
      throw EvaluationFailure(path: path.text, reason: "is of type \(attribute?.typeName ?? ""), not a list, set or map")
    }
    switch attribute {
    case nil, .null: return []
    case .string(let text):
      let tape = try ValueExpression.tape(text, path: path.text)
      guard let node = inner.map({ tape.node(at: $0) }) ?? tape.root else { return [] }
      return try elements(tape, node)
    case let other?:
      throw EvaluationFailure(path: path.text, reason: "is of type \(other.typeName), and JSON is text")
    }
  }

  /// Nil when it is none of these.
  private static func elements(of attribute: AttributeValue?) -> [ListElement]? {
    switch attribute {
    case nil, .null: []
    case .list(let values): ListElement.numbered(values)
    case .stringSet(let texts): ListElement.numbered(texts.map { .string($0) })
    case .numberSet(let numbers): ListElement.numbered(numbers.map { .number($0) })
    case .binarySet(let blobs): ListElement.numbered(blobs.map { .binary($0) })
    case .map(let map): map.entries.enumerated().map { ListElement(ordinal: $0, key: $1.name, value: $1.value) }
    default: nil
    }
  }

  private func elements(_ tape: JSONTape, _ node: Int) throws(EvaluationFailure) -> [ListElement] {
    var elements: [ListElement] = []
    switch tape.kind(node) {
    case .null: break
    case .array:
      try tape.forEachElement(node) { (child) throws(EvaluationFailure) in
        elements.append(ListElement(ordinal: elements.count, key: nil, value: try value(tape, child)))
      }
    case .object:
      var places: [TextKey: Int] = [:]
      try tape.forEachMember(node) { (name, child) throws(EvaluationFailure) in
        let (name, value) = (tape.string(name), try value(tape, child))
        let place = places[TextKey(name)] ?? elements.count
        places[TextKey(name)] = place
        let element = ListElement(ordinal: place, key: name, value: value)
        if place < elements.count { elements[place] = element } else { elements.append(element) }
      }
    default: throw EvaluationFailure(path: text, reason: "is neither a list nor an object")
    }
    return elements
  }

  private func value(_ tape: JSONTape, _ node: Int) throws(EvaluationFailure) -> AttributeValue {
    do throws(NumberError) {
      return try AttributeValue(tape, node)
    } catch {
      throw EvaluationFailure(path: text, reason: "holds a number of more than 38 digits")
    }
  }
}

/// One element of what is taken apart.
package struct ListElement: Sendable, Equatable {
  /// Its place, from 0.
  package let ordinal: Int
  /// Of a map or an object, its name.
  package let key: String?
  package let value: AttributeValue

  /// Each property by its name.
  package init(ordinal: Int, key: String? = nil, value: AttributeValue) {
    self.ordinal = ordinal
    self.key = key
    self.value = value
  }

  package static func numbered(_ values: [AttributeValue]) -> [ListElement] {
    values.enumerated().map { ListElement(ordinal: $0, value: $1) }
  }

  /// Whether both are the same but for their places.
  package func isSame(as other: ListElement) -> Bool {
    key.map { TextKey($0) } == other.key.map { TextKey($0) } && value == other.value
  }
}

/// What of an element is meant.
package enum ElementPart: Sendable {
  case value
  /// A member of an element that is a map.
  case member(DocumentPath)
  /// Of a map or an object, the element's name; null in a list.
  case key
  case ordinal
}

extension JSONTape {
  /// What stands at a path; nil when nothing does.
  func node(at path: DocumentPath) -> Int? {
    var node = root
    for element in path.elements {
      switch element {
      case .name(let name):
        guard kind(node) == .object, let member = member(node, name) else { return nil }
        node = member
      case .index(let index):
        guard kind(node) == .array, index < count(node) else { return nil }
        var place = 0
        var found = node
        forEachElement(node) { (child) throws(Never) in
          if place == index { found = child }
          place += 1
        }
        node = found
      }
    }
    return node
  }
}

extension AttributeValue {
  /// Ordinary JSON as an attribute: objects are maps, arrays lists. Throws for a number that DynamoDB cannot hold.
  init(_ tape: JSONTape, _ node: Int) throws(NumberError) {
    switch tape.kind(node) {
    case .null: self = .null
    case .string, .escapedString: self = .string(tape.string(node))
    case .number: self = .number(try Number(tape.text(node)))
    case .bool: self = .bool(tape.bool(node) ?? false)
    case .array:
      var values: [AttributeValue] = []
      try tape.forEachElement(node) { (child) throws(NumberError) in values.append(try AttributeValue(tape, child)) }
      self = .list(values)
    case .object:
      var entries: [AttributeMap.Entry] = []
      try tape.forEachMember(node) { (name, child) throws(NumberError) in
        entries.append(AttributeMap.Entry(name: tape.string(name), value: try AttributeValue(tape, child)))
      }
      self = .map(AttributeMap(entries))
    }
  }
}
