internal import DynamoModel

/// AttributeDefinitions of CreateTable and UpdateTable: the types of the attributes that keys name.
struct AttributeDefinitions {
  let attributes: [KeyAttribute]

  init(_ body: RequestBody, _ constraints: inout Constraints) throws(DynamoError) {
    var attributes: [KeyAttribute] = []
    for (place, element) in (try body.objects("AttributeDefinitions") ?? []).enumerated() {
      let name = try element.string("AttributeName")
      let type = try element.string("AttributeType")
      let path = "attributeDefinitions.\(place + 1).member"
      constraints.required(name != nil, at: "\(path).attributeName")
      constraints.required(type != nil, at: "\(path).attributeType")
      constraints.oneOf(type, ["B", "N", "S"], at: "\(path).attributeType")
      constraints.count(name?.utf16.count, 1, 255, shown: name ?? "", at: "\(path).attributeName")
      if let name, let type = type.flatMap(KeyType.init(rawValue:)) { attributes.append(.init(name: name, type: type)) }
    }
    self.attributes = attributes
  }

  init(_ attributes: [KeyAttribute]) { self.attributes = attributes }

  func checkDuplicates() throws(DynamoError) {
    for (place, attribute) in attributes.enumerated()
    where attributes[..<place].contains(where: { Text.equal($0.name, attribute.name) }) {
      throw .validation("Attribute Name is duplicated: \(attribute.name)")
    }
  }

  func attribute(_ name: String) -> KeyAttribute? { attributes.first { Text.equal($0.name, name) } }

  var names: String { AttributeDefinitions.list(attributes.map(\.name)) }

  static func list(_ names: [String]) -> String { "[\(names.joined(separator: ", "))]" }
}
