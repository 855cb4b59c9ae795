internal import DynamoModel

/// KeySchema as a request gives it: names with HASH and RANGE, one or two of them, or in a global index up to four of each.
struct KeySchemaElements {
  let elements: [(name: String, type: String)]

  init(
    _ body: RequestBody, at path: String, max: Int = 2, _ constraints: inout Constraints
  ) throws(DynamoError) {
    let given = try body.objects("KeySchema")
    constraints.required(given != nil, at: path)
    var elements: [(name: String, type: String)] = []
    for (place, element) in (given ?? []).enumerated() {
      let name = try element.string("AttributeName")
      let type = try element.string("KeyType")
      constraints.required(name != nil, at: "\(path).\(place + 1).member.attributeName")
      constraints.length(name, .keySchemaAttributeName, at: "\(path).\(place + 1).member.attributeName")
      constraints.required(type != nil, at: "\(path).\(place + 1).member.keyType")
      constraints.oneOf(type, .keyType, at: "\(path).\(place + 1).member.keyType")
      elements.append((name ?? "", type ?? ""))
    }
    constraints.count(
      given?.count, ModelBounds(min: ModelBounds.keySchema.min, max: max), shown: KeySchemaElements.shown(elements), at: path)
    self.elements = elements
  }

  private static func shown(_ elements: [(name: String, type: String)]) -> String {
    let texts = elements.map { "KeySchemaElement(attributeName=\($0.name), keyType=\($0.type))" }
    return Shown.text("[\(texts.joined(separator: ", "))]")
  }

  var names: [String] { elements.map(\.name) }

  /// The order and number of roles in a global index.
  func checkGlobal() throws(DynamoError) {
    guard elements.count > 2 || elements.count(where: { $0.type == "HASH" }) > 1 else { return try check() }
    let partitions = elements.prefix { $0.type == "HASH" }
    guard !partitions.isEmpty else { throw KeySchemaElements.firstIsNoHash }
    let sorts = elements[partitions.count...]
    guard sorts.allSatisfy({ $0.type == "RANGE" }) else {
      throw .invalidParameter("Invalid KeySchema: All HASH key attributes must come before the RANGE key attributes")
    }
    guard partitions.count <= KeySchema.attributesMax, sorts.count <= KeySchema.attributesMax else {
      throw .invalidParameter(
        "Invalid KeySchema: At most \(KeySchema.attributesMax) HASH and \(KeySchema.attributesMax) RANGE key attributes are allowed"
      )
    }
    for (place, element) in elements.enumerated() where elements[..<place].contains(where: { Text.equal($0.name, element.name) })
    {
      throw .invalidParameter("Invalid KeySchema: The attribute \(element.name) stands in it more than once")
    }
  }

  /// The order of roles.
  func check() throws(DynamoError) {
    guard elements.first?.type == "HASH" else { throw KeySchemaElements.firstIsNoHash }
    if elements.count > 1 {
      guard elements[1].type == "RANGE" else {
        throw .validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
      }
      if Text.equal(elements[0].name, elements[1].name) { throw KeySchemaElements.noDefinition }
    }
  }

  private static let noDefinition = DynamoError.validation("Invalid KeySchema: Some index key attribute have no definition")

  private static let firstIsNoHash = DynamoError.validation(
    "Invalid KeySchema: The first KeySchemaElement is not a HASH key type")

  func schema(_ definitions: AttributeDefinitions) throws(DynamoError) -> KeySchema {
    var partitions: [KeyAttribute] = []
    var sorts: [KeyAttribute] = []
    for element in elements {
      guard let attribute = definitions.attribute(element.name) else { throw missing(definitions) }
      if element.type == "HASH" { partitions.append(attribute) } else { sorts.append(attribute) }
    }
    return KeySchema(partitions: partitions, sorts: sorts)
  }

  /// The text depends on whether it is the first attribute that has no definition.
  private func missing(_ definitions: AttributeDefinitions) -> DynamoError {
    guard let first = elements.first, definitions.attribute(first.name) == nil else {
      return KeySchemaElements.noDefinition
    }
    return .invalidParameter(
      "Some index key attributes are not defined in AttributeDefinitions. Keys: \(AttributeDefinitions.list(names)), "
        + "AttributeDefinitions: \(definitions.names)")
  }
}
