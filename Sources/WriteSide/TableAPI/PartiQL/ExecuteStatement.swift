internal import DynamoModel
internal import Expressions
internal import TableStore

enum ExecuteStatement {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    let token = try body.string("NextToken")
    let limit = try body.integer("Limit")
    var constraints = Constraints()
    try StatementRequest.check(body, &constraints)
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    constraints.length(token, .partiQLNextToken, at: "nextToken")
    constraints.range(limit, .positiveIntegerObject, at: "limit")
    try constraints.check()
    let request = try StatementRequest(body)
    let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity)
    let table = try request.table(call)
    switch request.statement.kind {
    case .select(let select):
      let state = try token.map { (text) throws(DynamoError) in try PageToken(text, statement: body) }
      return .answer(
        try StatementReader(call, table, select, consistent: request.consistent, limit: limit).answer(body, from: state, wanted))
    case .exists: throw .validation("EXISTS can be used in ExecuteTransaction only")
    default: break
    }
    guard let action = try request.action(table) else { return .answer(Outcome.empty) }
    let definition = table.definition
    return .write(WriteTransaction(actions: [action], times: call.times)) { results in
      Outcome.object { writer in
        writer.name("Items")
        writer.array(results.first.flatMap { request.returned($0) }.map { [$0] } ?? []) { $0.item($1) }
        guard let result = results.first else { return }
        var capacity = ConsumedCapacity(table: definition.name)
        capacity.addWrite(old: result.old, new: result.new, definition)
        writer.consumedCapacity(capacity, ifWanted: wanted)
      }
    }
  }
}
