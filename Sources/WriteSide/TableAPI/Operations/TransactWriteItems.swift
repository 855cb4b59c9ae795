internal import DynamoModel
internal import Expressions
internal import TableStore

enum TransactWriteItems {
  static let itemBytesMax = 4 << 20

  private static let kinds: [(member: StaticString, path: String)] = [
    ("ConditionCheck", "conditionCheck"), ("Put", "put"), ("Delete", "delete"), ("Update", "update"),
  ]

  private struct Element {
    let kind: String
    let body: RequestBody
    let table: String?
  }

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let given = try body.objects("TransactItems")
    let token = try body.string("ClientRequestToken")
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    let returnItemCollectionMetrics = try body.string("ReturnItemCollectionMetrics")
    var constraints = Constraints()
    constraints.required(given != nil, at: "transactItems")
    constraints.unquotedCount(given?.count, .transactWriteItemList, at: "TransactItems")
    constraints.length(token, .clientRequestToken, at: "clientRequestToken")
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    constraints.returnItemCollectionMetrics(returnItemCollectionMetrics)
    let elements = try read(given ?? [], &constraints)
    try constraints.check()
    var changes: [ItemChange] = []
    for element in elements { changes.append(try change(element, call.api.expressions)) }
    return try outcome(
      call, changes, token: token, ConsumedCapacity.Wanted(returnConsumedCapacity), metricsWanted: returnItemCollectionMetrics)
  }

  private static func read(_ given: [RequestBody], _ constraints: inout Constraints) throws(DynamoError) -> [Element] {
    var elements: [Element] = []
    for (place, element) in given.enumerated() {
      let present = kinds.filter { element.has($0.member) }
      guard present.count == 1, let body = try element.object(present[0].member) else {
        throw .validation(
          "TransactItems can only contain one of Check, Put, Update or Delete")
      }
      let path = "transactItems.\(place + 1).member.\(present[0].path)"
      let table = try body.tableName()
      constraints.table(table, at: "\(path).tableName")
      switch present[0].path {
      case "put": constraints.required(body.has("Item"), at: "\(path).item")
      case "update":
        constraints.required(body.has("Key"), at: "\(path).key")
        constraints.required(body.has("UpdateExpression"), at: "\(path).updateExpression")
      case "conditionCheck":
        constraints.required(body.has("Key"), at: "\(path).key")
        constraints.required(body.has("ConditionExpression"), at: "\(path).conditionExpression")
      default: constraints.required(body.has("Key"), at: "\(path).key")
      }
      constraints.returnOnFailure(
        try body.string("ReturnValuesOnConditionCheckFailure"), at: "\(path).returnValuesOnConditionCheckFailure")
      elements.append(Element(kind: present[0].path, body: body, table: table))
    }
    return elements
  }

  /// Of all items that a transaction writes or reads.
  static func check(bytes: Int) throws(DynamoError) {
    guard bytes <= itemBytesMax else {
      throw .validation("The aggregate size of the items in the transaction exceeds 4 MB")
    }
  }

  private static func change(_ element: Element, _ cache: ExpressionCache) throws(DynamoError) -> ItemChange {
    let table = element.table ?? ""
    return switch element.kind {
    case "put": try .put(element.body, cache, table: table, form: .transactWrite)
    case "update": try .update(element.body, cache, table: table, form: .transactUpdate)
    case "delete": try .delete(element.body, cache, table: table, form: .transactWrite)
    default: try .check(element.body, cache, table: table)
    }
  }

  private static func outcome(
    _ call: Call, _ changes: [ItemChange], token: String?, _ wanted: ConsumedCapacity.Wanted?, metricsWanted: String?
  ) throws(DynamoError) -> Outcome {
    var tables: [TableHandle] = []
    for change in changes { tables.append(try call.table(change.table)) }
    let keys = try keys(changes, tables)
    var seen = Set<[UInt8]>(minimumCapacity: keys.count)
    for (change, key) in zip(changes, keys) where !seen.insert(Array(change.table.utf8) + [0] + key.binary).inserted {
      throw .validation("Transaction request cannot include multiple operations on one item")
    }
    var bytes = 0
    for case .put(let item) in changes.map(\.kind) { bytes += item.size }
    try check(bytes: bytes)
    var actions: [WriteAction] = []
    var metrics: [(table: String, metrics: [ItemCollectionMetrics])] = []
    for ((change, table), key) in zip(zip(changes, tables), keys) {
      actions.append(change.action(table, key: key, needsOld: wanted != nil))
      guard let one = ItemCollectionMetrics(metricsWanted, table, key: key) else { continue }
      if let place = metrics.firstIndex(where: { Text.equal($0.table, change.table) }) {
        metrics[place].metrics.append(one)
      } else {
        metrics.append((change.table, [one]))
      }
    }
    let transaction = WriteTransaction(
      actions: actions, isTransaction: true,
      token: token.map { (text: $0, payloadHash: PayloadHash.sha256(call.body, "TransactItems")) },
      wantsReplayedBytes: wanted != nil, times: call.times)
    let definitions = tables.map(\.definition)
    let collections = metrics
    return .write(transaction) { results in
      Outcome.object { writer in
        writer.itemCollectionMetrics(collections)
        guard wanted != nil else { return }
        writer.consumedCapacities([ConsumedCapacity](transaction: results, definitions), ifWanted: wanted)
      }
    }
  }

  /// Every action's key. What the schema says against one of them cancels the whole, with the reasons in their order.
  private static func keys(_ changes: [ItemChange], _ tables: [TableHandle]) throws(DynamoError) -> [Item] {
    var keys: [Item] = []
    var reasons: [DynamoError.CancellationReason] = []
    for (change, table) in zip(changes, tables) {
      do throws(DynamoError) {
        keys.append(try change.key(in: table))
        reasons.append(.none)
      } catch {
        guard error.code == .validation, !error.refusesTransaction else { throw error }
        reasons.append(.validationError(error.message))
      }
    }
    if keys.count == changes.count { return keys }
    throw .cancelled(reasons, of: changes.count)
  }
}
