internal import DynamoModel
internal import Expressions
internal import TableStore

/// Up to 100 statements, all reads or all writes and checks, together or not at all.
enum ExecuteTransaction {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let given = try body.objects("TransactStatements")
    let token = try body.string("ClientRequestToken")
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    var constraints = Constraints()
    constraints.required(given != nil, at: "transactStatements")
    constraints.count(
      given?.count, .parameterizedStatements, shown: Shown.value(body, "TransactStatements"), at: "transactStatements")
    for (place, statement) in (given ?? []).enumerated() {
      try StatementRequest.check(statement, at: "transactStatements.\(place + 1).member.", &constraints)
    }
    constraints.length(token, .clientRequestToken, at: "clientRequestToken")
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    try constraints.check()
    var parts: [(request: StatementRequest, table: TableHandle)] = []
    for (place, statement) in (given ?? []).enumerated() {
      let request = try named(place) { () throws(DynamoError) in try checked(StatementRequest(statement)) }
      parts.append((request, try request.table(call)))
    }
    let reads = parts.map(\.request.statement.isRead)
    guard Set(reads).count <= 1 else { throw .validation("Statements of a transaction must be all reads or all writes") }
    let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity)
    return reads.first == true ? try read(call, parts, wanted) : try write(call, parts, token: token, wanted)
  }

  /// Names the statement that an error is about.
  private static func named<Value>(_ place: Int, _ work: () throws(DynamoError) -> Value) throws(DynamoError) -> Value {
    do throws(DynamoError) {
      return try work()
    } catch {
      guard error.code == .validation, !error.isOfContent else { throw error }
      throw .validation("Validation failed in TransactStatements[\(place)]: \(error.message)")
    }
  }

  private static func checked(_ request: StatementRequest) throws(DynamoError) -> StatementRequest {
    if request.statement.isReturning { throw .validation("RETURNING clause is not supported in ExecuteTransaction.") }
    if case .select(let select) = request.statement.kind, select.index != nil {
      throw .validation("Reads on indices are not supported within transactions.")
    }
    return request
  }

  private static func read(
    _ call: Call, _ parts: [(request: StatementRequest, table: TableHandle)], _ wanted: ConsumedCapacity.Wanted?
  ) throws(DynamoError) -> Outcome {
    var keyed: [(TableHandle, key: Item)] = []
    var selects: [PartiQLSelect] = []
    for (place, (request, table)) in parts.enumerated() {
      guard case .select(let select) = request.statement.kind else { continue }
      selects.append(select)
      let key = try named(place) { () throws(DynamoError) in try request.itemKey(select, table, "ExecuteTransaction") }
      keyed.append((table, key))
    }
    let found = try call.store.items(keyed)
    return .answer(
      Outcome.object { writer in
        writer.name("Responses")
        writer.array(Array(zip(selects, found))) { writer, pair in
          let (select, item) = pair
          writer.beginObject()
          if let item, select.condition.condition?.evaluate(on: item) ?? true {
            writer.name("Item")
            writer.item(select.shown(item))
          }
          writer.endObject()
        }
        var capacities: [ConsumedCapacity] = []
        for ((table, _), item) in zip(keyed, found) {
          var capacity = ConsumedCapacity(table: table.definition.name, kind: .transactRead)
          capacity.tableUnits = ConsumedCapacity.read(item?.size ?? 0, consistent: true) * 2
          capacities.merge(capacity)
        }
        writer.consumedCapacities(capacities, ifWanted: wanted)
      })
  }

  private static func write(
    _ call: Call, _ parts: [(request: StatementRequest, table: TableHandle)], token: String?, _ wanted: ConsumedCapacity.Wanted?
  ) throws(DynamoError) -> Outcome {
    var actions: [WriteAction] = []
    var seen = Set<[UInt8]>()
    for (request, table) in parts {
      guard let action = try request.action(table) else { continue }
      guard seen.insert(Array(action.table.utf8) + [0] + action.key.binary).inserted else {
        throw .validation("Transaction request cannot include multiple operations on one item")
      }
      actions.append(action)
    }
    let transaction = WriteTransaction(
      actions: actions, isTransaction: true,
      token: token.map { (text: $0, payloadHash: PayloadHash.sha256(call.body, "TransactStatements")) },
      wantsReplayedBytes: wanted != nil, times: call.times)
    let definitions = parts.map(\.table.definition)
    return .write(transaction) { results in
      Outcome.object { writer in
        writer.name("Responses")
        writer.beginArray()
        writer.endArray()
        writer.consumedCapacities([ConsumedCapacity](transaction: results, definitions), ifWanted: wanted)
      }
    }
  }
}
