internal import DynamoModel

/// Which JSON an operation takes in which place, by the service model.
///
/// DynamoDB deserialises a whole request before it looks at what it says. Here an operation reads what it needs when it needs
/// it; so a request that is refused is compared with its shape, and JSON of a wrong type anywhere in it is reported in place of
/// what it was refused for.
indirect enum RequestShape: Sendable {
  case string
  case integer
  case long
  case double
  case timestamp
  case boolean
  case attributeValue
  case list(RequestShape)
  case map(RequestShape)
  case structure([String: RequestShape])

  /// Throws when the JSON at the node, or anything in it, is of another type. Null is not a value, and names that are not in the
  /// model are passed over.
  func check(_ tape: JSONTape, _ node: Int) throws(DynamoError) {
    if tape.kind(node) == .null { return }
    switch self {
    case .string: guard tape.isString(node) else { throw .unexpectedJSON(tape, node, wanted: .string) }
    case .integer: guard tape.kind(node) == .number else { throw .unexpectedJSON(tape, node, wanted: .integer) }
    case .long: guard tape.kind(node) == .number else { throw .unexpectedJSON(tape, node, wanted: .long) }
    case .double: guard tape.kind(node) == .number else { throw .unexpectedJSON(tape, node, wanted: .double) }
    case .timestamp: guard tape.kind(node) == .number else { throw .unexpectedJSON(tape, node, wanted: .timestamp) }
    case .boolean: guard tape.kind(node) == .bool else { throw .unexpectedJSON(tape, node, wanted: .boolean) }
    case .attributeValue: try AttributeValue.checkTypes(tape, node)
    case .list(let element):
      guard tape.kind(node) == .array else { throw .unexpectedJSON(tape, node, wanted: .list) }
      try tape.forEachElement(node) { (inner) throws(DynamoError) in try element.check(tape, inner) }
    case .map(let value):
      guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, wanted: .map) }
      try tape.forEachMember(node) { (_, inner) throws(DynamoError) in try value.check(tape, inner) }
    case .structure(let members):
      guard tape.kind(node) == .object else { throw .unexpectedJSON(tape, node, wanted: .structure) }
      try tape.forEachMember(node) { (name, inner) throws(DynamoError) in try members[tape.string(name)]?.check(tape, inner) }
    }
  }
}

extension RequestShape {
  /// What every request with expressions has.
  static let placeholders = structure([
    "ExpressionAttributeNames": .map(.string), "ExpressionAttributeValues": .map(.attributeValue),
  ])
}
