internal import ChangeRecords
internal import DynamoModel
internal import Expressions
internal import TableStore

/// Up to 25 statements, all reads or all writes, each by itself: what fails is answered in its place.
enum BatchExecuteStatement {
  private typealias Part = (request: StatementRequest, table: TableHandle)
  /// Why a statement was not begun with; the name of its table when it could be read.
  private struct Refusal: Error {
    let table: String?
    let error: DynamoError
  }
  private typealias Answer = (table: String?, result: Result<Item?, DynamoError>, capacity: ConsumedCapacity?)

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let given = try body.objects("Statements")
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    var constraints = Constraints()
    constraints.required(given != nil, at: "statements")
    constraints.count(given?.count, .partiQLBatchRequest, shown: Shown.value(body, "Statements"), at: "statements")
    for (place, statement) in (given ?? []).enumerated() {
      try StatementRequest.check(statement, at: "statements.\(place + 1).member.", &constraints)
    }
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    try constraints.check()
    var parts: [Result<Part, Refusal>] = []
    for statement in given ?? [] {
      var table: String?
      do throws(DynamoError) {
        let request = try StatementRequest(statement)
        table = request.tableName
        parts.append(.success((request, try request.table(call))))
      } catch {
        parts.append(.failure(Refusal(table: table, error: error)))
      }
    }
    try checkOneKind(parts)
    let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity)
    let all = parts
    let (store, times) = (call.store, call.times)
    return .later { () async throws(DynamoError) in
      var answers: [Answer] = []
      for part in all { answers.append(await answer(part, store, times)) }
      return encode(answers, wanted)
    }
  }

  private static func checkOneKind(_ parts: [Result<Part, Refusal>]) throws(DynamoError) {
    let reads = parts.compactMap { try? $0.get().request.statement.isRead }
    guard let first = reads.first, reads.contains(!first) else { return }
    throw .validation("Statements of a batch must be all reads or all writes")
  }

  private static func answer(_ part: Result<Part, Refusal>, _ store: TableStore, _ times: [LogTime]) async -> Answer {
    let request: StatementRequest
    let table: TableHandle
    switch part {
    case .success(let part): (request, table) = part
    case .failure(let refusal): return (refusal.table, .failure(refusal.error), nil)
    }
    let definition = table.definition
    var capacity = ConsumedCapacity(table: definition.name)
    do throws(DynamoError) {
      if case .select(let select) = request.statement.kind {
        let key = try request.itemKey(select, table, "BatchExecuteStatement")
        let item = try store.item(table, key: key)
        capacity.tableUnits = ConsumedCapacity.read(item?.size ?? 0, consistent: request.consistent)
        let holds = item.map { select.condition.condition?.evaluate(on: $0) ?? true } ?? false
        return (definition.name, .success(holds ? item.map { select.shown($0) } : nil), capacity)
      }
      if case .exists = request.statement.kind { throw .validation("EXISTS can be used in ExecuteTransaction only") }
      guard let action = try request.action(table) else { return (definition.name, .success(nil), nil) }
      let results = try await store.write(WriteTransaction(actions: [action], times: times))
      guard let result = results.first else { return (definition.name, .success(nil), nil) }
      capacity.addWrite(old: result.old, new: result.new, definition)
      return (definition.name, .success(request.returned(result)), capacity)
    } catch {
      return (definition.name, .failure(error), nil)
    }
  }

  private static func encode(_ answers: [Answer], _ wanted: ConsumedCapacity.Wanted?) -> [UInt8] {
    Outcome.object { writer in
      writer.name("Responses")
      writer.array(answers) { writer, answer in
        writer.beginObject()
        switch answer.result {
        case .success(let item):
          if let item {
            writer.name("Item")
            writer.item(item)
          }
        case .failure(let error):
          writer.name("Error")
          writer.statementError(error)
        }
        if let table = answer.table { writer.member("TableName", table) }
        writer.endObject()
      }
      var capacities: [ConsumedCapacity] = []
      for capacity in answers.compactMap(\.capacity) { capacities.merge(capacity) }
      writer.consumedCapacities(capacities, ifWanted: wanted)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func statementError(_ error: DynamoError) {
    let code =
      switch error.code {
      case .conditionalCheckFailed: "ConditionalCheckFailed"
      case .duplicateItem: "DuplicateItem"
      case .resourceNotFound: "ResourceNotFound"
      case .validation: "ValidationError"
      case .transactionConflict: "TransactionConflict"
      default: "InternalServerError"
      }
    beginObject()
    member("Code", code)
    member("Message", error.message)
    if let item = error.item {
      name("Item")
      self.item(item)
    }
    endObject()
  }
}
