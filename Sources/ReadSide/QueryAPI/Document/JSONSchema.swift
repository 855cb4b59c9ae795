internal import Pipelines

/// What a value in a request or an answer may be, in JSON Schema's dialect of OpenAPI 3.1 (draft 2020-12).
package struct JSONSchema: Sendable, Equatable {
  package let node: JSONNode

  init(_ node: JSONNode) { self.node = node }

  package static let text = JSONSchema(["type": "string"])
  package static let integer = JSONSchema(["type": "integer"])
  package static let number = JSONSchema(["type": "number"])
  package static let boolean = JSONSchema(["type": "boolean"])
  /// An instant as answers have it: UTC, with microseconds.
  package static let instant = JSONSchema(["type": "string", "format": "date-time"])
  /// `table-id:partition:sequence`.
  package static let position = JSONSchema(["type": "string", "pattern": "^[0-9a-f]{16}:[0-9]+:[0-9]+$"])
  static let base64 = JSONSchema(["type": "string", "contentEncoding": "base64"])
  /// What SQL may compute; a BLOB is base64.
  static let anyCell = JSONSchema(["type": ["string", "number", "null"]])

  /// A whole number that is never below 0.
  package static let count = JSONSchema(["type": "integer", "minimum": 0])

  static func integer(in range: ClosedRange<Int>) -> JSONSchema {
    var members: [JSONNode.Member] = [.init(name: "type", value: "integer")]
    members.append(.init(name: "minimum", value: .integer(Int64(range.lowerBound))))
    if range.upperBound < Int.max { members.append(.init(name: "maximum", value: .integer(Int64(range.upperBound)))) }
    return JSONSchema(.object(members))
  }

  /// One of these texts.
  package static func one(of texts: some Sequence<String>) -> JSONSchema {
    JSONSchema(["type": "string", "enum": .texts(texts)])
  }

  /// Exactly this.
  static func exactly(_ node: JSONNode) -> JSONSchema { JSONSchema(["const": node]) }

  package static func list(of element: JSONSchema) -> JSONSchema { JSONSchema(["type": "array", "items": element.node]) }

  /// An array of just these values, in their order. `mayBeEmpty`: or of none.
  static func tuple(_ elements: [JSONSchema], mayBeEmpty: Bool = false) -> JSONSchema {
    guard !elements.isEmpty else { return JSONSchema(["type": "array", "maxItems": 0]) }
    let whole: JSONNode = [
      "type": "array", "prefixItems": .list(elements.map(\.node)), "minItems": .integer(Int64(elements.count)),
      "maxItems": .integer(Int64(elements.count)),
    ]
    return mayBeEmpty ? JSONSchema(["anyOf": [whole, ["type": "array", "maxItems": 0]]]) : JSONSchema(whole)
  }

  /// An object of any names whose values are these.
  static func map(of value: JSONSchema) -> JSONSchema {
    JSONSchema(["type": "object", "additionalProperties": value.node])
  }

  /// An object with these members and no others.
  package static func object(_ members: [Member]) -> JSONSchema {
    JSONSchema([
      "type": "object", "properties": .object(members.map { .init(name: $0.name, value: $0.schema.node) }),
      "required": .texts(members.filter(\.isRequired).map(\.name)), "additionalProperties": false,
    ])
  }

  /// One of these; of none nothing.
  static func any(of schemas: [JSONSchema]) -> JSONSchema {
    schemas.isEmpty ? JSONSchema(false) : JSONSchema(["anyOf": .list(schemas.map(\.node))])
  }

  /// A schema that stands under `components` of the document.
  package static func component(_ name: String) -> JSONSchema { JSONSchema(["$ref": .text("#/components/schemas/\(name)")]) }

  /// The same, or null.
  package var orNull: JSONSchema {
    guard case .object(let members) = node, members.allSatisfy({ $0.name != "enum" && $0.name != "const" }),
      case .text(let type)? = node["type"]
    else { return .any(of: [self, JSONSchema(["type": "null"])]) }
    return JSONSchema(
      .object(members.map { $0.name == "type" ? .init(name: "type", value: [.text(type), "null"]) : $0 }))
  }

  /// The same, explained in a sentence; an empty one is left out.
  package func about(_ sentence: String) -> JSONSchema {
    sentence.isEmpty ? self : JSONSchema(node.adding([.init(name: "description", value: .text(sentence))]))
  }

  func adding(_ name: String, _ value: JSONNode) -> JSONSchema { JSONSchema(node.adding([.init(name: name, value: value)])) }

  /// A member of an object.
  package struct Member: Sendable {
    package let name: String
    package let schema: JSONSchema
    package let isRequired: Bool

    package init(_ name: String, _ schema: JSONSchema, isRequired: Bool = true) {
      self.name = name
      self.schema = schema
      self.isRequired = isRequired
    }
  }
}

extension JSONSchema {
  /// A value of a type as a row of an answer has it: as SQL does. Never null by itself.
  static func cell(_ type: ValueType) -> JSONSchema {
    switch type {
    case .string, .json: .text
    case .integer: .integer
    case .boolean: JSONSchema(["type": "integer", "minimum": 0, "maximum": 1])
    case .timestamp: .instant
    case .decimal: JSONSchema(["type": "string", "format": "decimal"])
    case .bytes: .base64
    }
  }

  /// A value of a type as a board has it: as `JSONWriter.value` writes it. Never null by itself.
  static func value(_ type: ValueType) -> JSONSchema { type == .boolean ? .boolean : .cell(type) }

  /// A parameter of a type, as its text is read.
  static func parameter(_ type: ValueType) -> JSONSchema { type == .boolean ? .boolean : .cell(type) }

  /// The cell of a query's column.
  static func cell(_ column: QueryColumn) -> JSONSchema {
    guard let type = column.type else { return .anyCell }
    return column.isNullable ? .cell(type).orNull : .cell(type)
  }

  /// The cell of a projection's column.
  static func cell(_ column: SQLColumn) -> JSONSchema { column.isNullable ? .cell(column.type).orNull : .cell(column.type) }
}
