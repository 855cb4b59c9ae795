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

/// The shapes of the operations on items.
extension RequestShape {
  static let putItem = structure(writing.and(["Item": item]))
  static let deleteItem = structure(writing.and(["Key": item]))
  static let updateItem = structure(
    writing.and([
      "Key": item, "UpdateExpression": .string,
      "AttributeUpdates": .map(.structure(["Value": .attributeValue, "Action": .string])),
    ]))
  static let getItem = structure(
    table.and(projection).and(["Key": item, "ConsistentRead": .boolean, "ReturnConsumedCapacity": .string]))
  static let query = structure(
    reading.and([
      "KeyConditionExpression": .string, "KeyConditions": conditions, "QueryFilter": conditions, "ScanIndexForward": .boolean,
    ]))
  static let scan = structure(reading.and(["ScanFilter": conditions, "Segment": .integer, "TotalSegments": .integer]))
  static let batchGetItem = structure([
    "ReturnConsumedCapacity": .string,
    "RequestItems": .map(.structure(projection.and(["Keys": .list(item), "ConsistentRead": .boolean]))),
  ])
  static let batchWriteItem = structure([
    "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string,
    "RequestItems": .map(
      .list(.structure(["PutRequest": .structure(["Item": item]), "DeleteRequest": .structure(["Key": item])]))),
  ])
  static let transactGetItems = structure([
    "ReturnConsumedCapacity": .string,
    "TransactItems": .list(.structure(["Get": .structure(table.and(projection).and(["Key": item]))])),
  ])
  static let transactWriteItems = structure([
    "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string, "ClientRequestToken": .string,
    "TransactItems": .list(
      .structure([
        "Put": .structure(conditional.and(["Item": item])), "Delete": .structure(conditional.and(["Key": item])),
        "Update": .structure(conditional.and(["Key": item, "UpdateExpression": .string])),
        "ConditionCheck": .structure(conditional.and(["Key": item])),
      ])),
  ])

  /// What every request with expressions has.
  static let placeholders = structure(names.and(["ExpressionAttributeValues": item]))

  private typealias Members = [String: RequestShape]

  private static let item = map(.attributeValue)
  private static let table: Members = ["TableName": .string]
  private static let names: Members = ["ExpressionAttributeNames": .map(.string)]
  private static let projection: Members = names.and(["ProjectionExpression": .string, "AttributesToGet": .list(.string)])
  private static let conditional: Members = table.and(names).and([
    "ConditionExpression": .string, "ExpressionAttributeValues": item, "ReturnValuesOnConditionCheckFailure": .string,
  ])
  private static let conditions = map(.structure(["AttributeValueList": .list(.attributeValue), "ComparisonOperator": .string]))
  private static let writing: Members = conditional.and([
    "ReturnValues": .string, "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string,
    "ConditionalOperator": .string,
    "Expected": .map(
      .structure([
        "Value": .attributeValue, "Exists": .boolean, "ComparisonOperator": .string, "AttributeValueList": .list(.attributeValue),
      ])),
  ])
  private static let reading: Members = table.and(projection).and([
    "IndexName": .string, "Select": .string, "Limit": .integer, "ConsistentRead": .boolean, "ConditionalOperator": .string,
    "ExclusiveStartKey": item, "ReturnConsumedCapacity": .string, "FilterExpression": .string, "ExpressionAttributeValues": item,
  ])
}

extension [String: RequestShape] {
  func and(_ more: [String: RequestShape]) -> [String: RequestShape] {
    merging(more) { _, new in new }
  }
}
