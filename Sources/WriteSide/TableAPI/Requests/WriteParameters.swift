internal import DynamoModel
internal import TableStore

/// The parameters that PutItem, UpdateItem and DeleteItem share, and their common answer.
struct WriteParameters: Sendable {
  let table: String?
  let returnValues: String?
  private let returnConsumedCapacity: String?
  private let returnItemCollectionMetrics: String?
  private let returnOnFailure: String?

  init(_ body: RequestBody) throws(DynamoError) {
    table = try body.tableName()
    returnValues = try body.string("ReturnValues")
    returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    returnItemCollectionMetrics = try body.string("ReturnItemCollectionMetrics")
    returnOnFailure = try body.string("ReturnValuesOnConditionCheckFailure")
  }

  func check(_ constraints: inout Constraints) {
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    constraints.returnItemCollectionMetrics(returnItemCollectionMetrics)
    constraints.returnValues(returnValues)
    constraints.returnOnFailure(returnOnFailure)
  }

  var returnsAllOld: Bool { returnValues == "ALL_OLD" }

  func checkReturnsOldOnly() throws(DynamoError) {
    guard returnValues == nil || returnValues == "NONE" || returnsAllOld else {
      throw DynamoError.validation("ReturnValues can only be ALL_OLD or NONE").counted
    }
  }

  func outcome(
    _ call: Call, _ change: ItemChange, attributes: @escaping @Sendable (WriteResult) -> Item?
  ) throws(DynamoError) -> Outcome {
    let table = try call.table(change.table)
    let key = try change.key(in: table)
    let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity)
    let returnsValues = returnValues != nil && returnValues != "NONE"
    let action = change.action(table, key: key, needsOld: returnsValues || wanted != nil)
    let metrics = ItemCollectionMetrics(returnItemCollectionMetrics, table, key: key)
    let transaction = WriteTransaction(actions: [action], times: call.times)
    guard returnsValues || wanted != nil || metrics != nil else { return .write(transaction) { _ in Outcome.empty } }
    let definition = table.definition
    return .write(transaction) { results in
      Outcome.object { writer in
        guard let result = results.first else { return }
        if let item = attributes(result), !item.isEmpty {
          writer.name("Attributes")
          writer.item(item)
        }
        if wanted != nil {
          var capacity = ConsumedCapacity(table: definition.name)
          capacity.addWrite(old: result.old, new: result.new, definition)
          writer.consumedCapacity(capacity, ifWanted: wanted)
        }
        if let metrics {
          writer.name("ItemCollectionMetrics")
          writer.itemCollectionMetrics(metrics)
        }
      }
    }
  }
}
