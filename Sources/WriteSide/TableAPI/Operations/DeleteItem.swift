internal import DynamoModel
internal import TableStore

enum DeleteItem {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let parameters = try WriteParameters(body)
    var constraints = Constraints()
    constraints.table(parameters.table, at: "tableName")
    constraints.required(body.has("Key"), at: "key")
    parameters.check(&constraints)
    try ExpressionForm.write.check(body, &constraints)
    try constraints.check()
    try parameters.checkReturnsOldOnly()
    let change = try ItemChange.delete(body, call.api.expressions, table: parameters.table ?? "")
    return try parameters.outcome(call, change) { result in parameters.returnsAllOld ? result.old : nil }
  }
}
