internal import DynamoModel
internal import TableStore

enum PutItem {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let parameters = try WriteParameters(body)
    var constraints = Constraints()
    constraints.table(parameters.table, at: "tableName")
    // Unlike a missing name, a wrong one is reported by itself.
    if parameters.table != nil { try constraints.check() }
    constraints.required(body.has("Item"), at: "item")
    parameters.check(&constraints)
    try ExpressionForm.write.check(body, &constraints)
    try constraints.check()
    try parameters.checkReturnsOldOnly()
    let name = parameters.table ?? ""
    let change = try ItemChange.put(body, call.api.expressions, table: name)
    return try parameters.outcome(call, change) { result in parameters.returnsAllOld ? result.old : nil }
  }
}
