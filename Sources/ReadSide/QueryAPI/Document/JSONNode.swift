package import DynamoModel

/// JSON that is made before it is written: the parts of the document. Members keep their order.
package indirect enum JSONNode: Sendable, Equatable {
  /// A member of an object.
  package struct Member: Sendable, Equatable {
    package let name: String
    package let value: JSONNode

    /// Each property by its name.
    package init(name: String, value: JSONNode) {
      self.name = name
      self.value = value
    }
  }

  case null
  case bool(Bool)
  case integer(Int64)
  case text(String)
  case list([JSONNode])
  case object([Member])

  static func texts(_ texts: some Sequence<String>) -> JSONNode { .list(texts.map { .text($0) }) }

  /// Nil when this is not an object, or has no such member.
  package subscript(name: String) -> JSONNode? {
    if case .object(let members) = self { members.last { $0.name == name }?.value } else { nil }
  }

  /// The object with more members at its end.
  func adding(_ members: [Member]) -> JSONNode {
    if case .object(let own) = self { .object(own + members) } else { .object(members) }
  }

  /// Writes it where a value is due.
  package func append(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.null()
    case .bool(let flag): writer.bool(flag)
    case .integer(let number): writer.integer(number)
    case .text(let text): writer.string(text)
    case .list(let nodes):
      writer.beginArray()
      for node in nodes { node.append(to: &writer) }
      writer.endArray()
    case .object(let members):
      writer.beginObject()
      for member in members {
        writer.name(text: member.name)
        member.value.append(to: &writer)
      }
      writer.endObject()
    }
  }
}

extension JSONNode: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral text: String) { self = .text(text) }
  package init(integerLiteral number: Int64) { self = .integer(number) }
  package init(booleanLiteral flag: Bool) { self = .bool(flag) }
  package init(arrayLiteral nodes: JSONNode...) { self = .list(nodes) }

  /// In the order in which the members are written.
  package init(dictionaryLiteral members: (String, JSONNode)...) {
    self = .object(members.map { Member(name: $0, value: $1) })
  }
}
