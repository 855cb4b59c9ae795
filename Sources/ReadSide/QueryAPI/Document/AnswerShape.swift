package import DynamoModel

/// The members of an object in an answer: one value that writes them and from which the document is made, so that neither can say what the other does not.
package struct AnswerShape<Source: Sendable>: Sendable {
  /// One member: its name, what its value may be, and what writes the value.
  package struct Member: Sendable {
    let schema: JSONSchema.Member
    /// The name as JSON.
    private let label: [UInt8]
    /// Whether a source has the member at all.
    let isThere: @Sendable (Source) -> Bool
    let write: @Sendable (Source, inout JSONWriter) -> Void

    init(
      schema: JSONSchema.Member, isThere: @escaping @Sendable (Source) -> Bool,
      write: @escaping @Sendable (Source, inout JSONWriter) -> Void
    ) {
      self.schema = schema
      self.isThere = isThere
      self.write = write
      var writer = JSONWriter()
      writer.string(schema.name)
      label = writer.bytes
    }

    func append(_ source: Source, to writer: inout JSONWriter) {
      writer.name(json: label)
      write(source, &writer)
    }
  }

  let members: [Member]

  package init(_ members: [Member]) { self.members = members }

  /// The members, in their order.
  package var schemas: [JSONSchema.Member] { members.map(\.schema) }
  package var schema: JSONSchema { .object(schemas) }

  /// Writes the members into an object that is open.
  package func append(_ source: Source, to writer: inout JSONWriter) {
    for member in members where member.isThere(source) { member.append(source, to: &writer) }
  }

  /// Writes the values as a row: an array in the order of the members, all of which must be there.
  func row(_ source: Source, to writer: inout JSONWriter) {
    writer.beginArray()
    for member in members { member.write(source, &writer) }
    writer.endArray()
  }

  /// Writes an object with the members.
  package func object(_ source: Source, to writer: inout JSONWriter) {
    writer.beginObject()
    append(source, to: &writer)
    writer.endObject()
  }
}

extension AnswerShape.Member {
  /// A member of any kind: `write` writes a value of the schema.
  package static func value(
    _ name: String, _ schema: JSONSchema, write: @escaping @Sendable (Source, inout JSONWriter) -> Void
  ) -> Self {
    Self(schema: .init(name, schema), isThere: { _ in true }, write: write)
  }

  /// A text; `about` explains it, if it needs that.
  package static func text(_ name: String, _ about: String = "", _ value: @escaping @Sendable (Source) -> String) -> Self {
    .value(name, .text.about(about)) { $1.string(value($0)) }
  }

  /// A whole number that is never below 0.
  package static func count<Number: BinaryInteger & Sendable>(
    _ name: String, _ about: String = "", _ value: @escaping @Sendable (Source) -> Number
  ) -> Self {
    .value(name, .count.about(about)) { $1.integer(Int64(clamping: value($0))) }
  }

  /// An array of texts.
  package static func texts(_ name: String, _ about: String = "", _ value: @escaping @Sendable (Source) -> [String]) -> Self {
    .value(name, .list(of: .text).about(about)) { $1.array(value($0)) { $0.string($1) } }
  }

  /// A text that is left out where there is none.
  package static func optionalText(
    _ name: String, _ about: String = "", _ value: @escaping @Sendable (Source) -> String?
  ) -> Self {
    Self(schema: .init(name, .text.about(about), isRequired: false), isThere: { value($0) != nil }) { $1.string(value($0) ?? "") }
  }

  /// A number that is left out where there is none.
  package static func optionalInteger(
    _ name: String, _ about: String = "", _ value: @escaping @Sendable (Source) -> Int64?
  ) -> Self {
    Self(schema: .init(name, .integer.about(about), isRequired: false), isThere: { value($0) != nil }) {
      $1.integer(value($0) ?? 0)
    }
  }

  /// An array of objects of another shape.
  package static func objects<Element>(
    _ name: String, of shape: AnswerShape<Element>, _ about: String = "", _ value: @escaping @Sendable (Source) -> [Element]
  ) -> Self {
    .value(name, .list(of: shape.schema).about(about)) { $1.array(value($0)) { shape.object($1, to: &$0) } }
  }

  /// An object of another shape, or null.
  package static func object<Element>(
    _ name: String, of shape: AnswerShape<Element>, _ about: String = "", _ value: @escaping @Sendable (Source) -> Element?
  ) -> Self {
    .value(name, shape.schema.orNull.about(about)) { source, writer in
      if let element = value(source) { shape.object(element, to: &writer) } else { writer.null() }
    }
  }
}
