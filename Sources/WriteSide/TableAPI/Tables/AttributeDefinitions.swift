internal import DynamoModel

/// AttributeDefinitions of CreateTable and UpdateTable: the types of the attributes that keys name.
struct AttributeDefinitions {
  let attributes: [KeyAttribute]
  /// By their names in bytes: as many may be given as a request holds, and each key asks for its own.
  private let byName: [[UInt8]: KeyAttribute]

  init(_ body: RequestBody, _ constraints: inout Constraints) throws(DynamoError) {
    var attributes: [KeyAttribute] = []
    for (place, element) in (try body.objects("AttributeDefinitions") ?? []).enumerated() {
      let name = try element.string("AttributeName")
      let type = try element.string("AttributeType")
      let path = "attributeDefinitions.\(place + 1).member"
      constraints.required(name != nil, at: "\(path).attributeName")
      constraints.required(type != nil, at: "\(path).attributeType")
      constraints.oneOf(type, .scalarAttributeType, at: "\(path).attributeType")
      constraints.length(name, .keySchemaAttributeName, at: "\(path).attributeName")
      if let name, let type = type.flatMap(KeyType.init(rawValue:)) { attributes.append(.init(name: name, type: type)) }
    }
    self.init(attributes)
  }

  init(_ attributes: [KeyAttribute]) {
    self.attributes = attributes
    byName = Dictionary(attributes.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
  }

  func checkDuplicates() throws(DynamoError) {
    if let name = Text.firstRepeated(attributes.map(\.name)) { throw .validation("Attribute Name is duplicated: \(name)") }
  }

  func attribute(_ name: String) -> KeyAttribute? { byName[Array(name.utf8)] }

  var names: String { AttributeDefinitions.list(attributes.map(\.name)) }

  static func list(_ names: [String]) -> String { "[\(names.joined(separator: ", "))]" }
}
