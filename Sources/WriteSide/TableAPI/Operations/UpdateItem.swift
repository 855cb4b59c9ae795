internal import DynamoModel
internal import Expressions
internal import TableStore

enum UpdateItem {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let parameters = try WriteParameters(body)
    var constraints = Constraints()
    constraints.table(parameters.table, at: "tableName")
    constraints.required(body.has("Key"), at: "key")
    parameters.check(&constraints)
    try ExpressionForm.update.check(body, &constraints)
    try constraints.check()
    let change = try ItemChange.update(body, call.api.expressions, table: parameters.table ?? "")
    guard case .update(let update, _) = change.kind else { return .answer(Outcome.empty) }
    let returnValues = parameters.returnValues
    return try parameters.outcome(call, change) { result in
      switch returnValues {
      case "ALL_OLD": result.old
      case "ALL_NEW": result.new
      case "UPDATED_OLD": result.old.flatMap { update?.touchedBefore($0) }
      case "UPDATED_NEW": result.new.flatMap { update?.touchedAfter($0) }
      default: nil
      }
    }
  }
}
