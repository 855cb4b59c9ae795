internal import DynamoModel
internal import Expressions
internal import TableStore

enum GetItem {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let name = try body.tableName()
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    let consistent = try body.bool("ConsistentRead") ?? false
    var constraints = Constraints()
    constraints.table(name, at: "tableName")
    constraints.required(body.has("Key"), at: "key")
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    try ExpressionForm.get.check(body, &constraints)
    try constraints.check()
    var expressions = try ExpressionParameters(body, call.api.expressions, .get)
    let given = try GivenItem(body, "Key", .get)
    let projection = try expressions.projection()
    try expressions.checkAllUsed()
    let key = try given.get()
    let table = try call.table(name ?? "")
    if let projection {
      try table.check(key: key)
      try KeyPaths.check(projection.paths, table.definition)
    }
    let item = try call.store.item(table, key: key)
    return .answer(
      Outcome.object { writer in
        if let item {
          writer.name("Item")
          writer.item(projection?.apply(to: item) ?? item)
        }
        if let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity) {
          var capacity = ConsumedCapacity(table: table.definition.name)
          capacity.tableUnits = ConsumedCapacity.read(item?.size ?? 0, consistent: consistent)
          writer.consumedCapacity(capacity, ifWanted: wanted)
        }
      })
  }
}
