internal import DynamoModel

/// KeySchema as a request gives it: one or two names with HASH and RANGE.
struct KeySchemaElements {
  let elements: [(name: String, type: String)]

  init(_ body: RequestBody, at path: String, _ constraints: inout Constraints) throws(DynamoError) {
    let given = try body.objects("KeySchema")
    constraints.required(given != nil, at: path)
    constraints.count(given?.count, 1, 2, shown: Shown.text(body.text("KeySchema")), at: path)
    var elements: [(name: String, type: String)] = []
    for (place, element) in (given ?? []).enumerated() {
      let name = try element.string("AttributeName")
      let type = try element.string("KeyType")
      constraints.required(name != nil, at: "\(path).\(place + 1).member.attributeName")
      constraints.required(type != nil, at: "\(path).\(place + 1).member.keyType")
      constraints.oneOf(type, ["HASH", "RANGE"], at: "\(path).\(place + 1).member.keyType")
      elements.append((name ?? "", type ?? ""))
    }
    self.elements = elements
  }

  var names: [String] { elements.map(\.name) }

  /// The order of roles.
  func check() throws(DynamoError) {
    guard elements.first?.type == "HASH" else {
      throw .invalidParameter("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    }
    if elements.count > 1 {
      guard elements[1].type == "RANGE" else {
        throw .invalidParameter("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
      }
      if Text.equal(elements[0].name, elements[1].name) {
        throw .invalidParameter("Both the Hash Key and the Range Key element in the KeySchema have the same name")
      }
    }
  }

  func schema(_ definitions: AttributeDefinitions) throws(DynamoError) -> KeySchema {
    guard let partition = elements.first.flatMap({ definitions.attribute($0.name) }) else { throw missing(definitions) }
    guard elements.count > 1 else { return KeySchema(partition: partition) }
    guard let sort = definitions.attribute(elements[1].name) else { throw missing(definitions) }
    return KeySchema(partition: partition, sort: sort)
  }

  private func missing(_ definitions: AttributeDefinitions) -> DynamoError {
    .invalidParameter(
      "Some index key attributes are not defined in AttributeDefinitions. Keys: \(AttributeDefinitions.list(names)), "
        + "AttributeDefinitions: \(definitions.names)")
  }
}
