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
    constraints.count(token?.utf8.count, 1, 32_768, shown: Shown.text(token), at: "nextToken")
    constraints.range(limit, 1, nil, at: "limit")
    try constraints.check()
    let request = try StatementRequest(body)
    let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity)
    let table = try request.table(call)
    switch request.statement.kind {
    case .select(let select):
      let state = try token.map { (text) throws(DynamoError) in try PageToken(text, statement: body) }
      return .answer(try StatementReader(call, table, select, request.consistent, limit).answer(body, from: state, wanted))
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

/// Where the next page of a SELECT begins, as text: the place among the partition keys that the statement names, the key of
/// the last item, and a checksum of the statement.
struct PageToken {
  let partition: Int
  let last: Item?

  init(partition: Int, last: Item?) {
    self.partition = partition
    self.last = last
  }

  private static func checksum(_ body: RequestBody) -> [UInt8] {
    let sum = Reply.checksum(Array(((body.text("Statement") ?? "") + (body.text("Parameters") ?? "")).utf8))
    return withUnsafeBytes(of: sum.bigEndian) { Array($0) }
  }

  func text(statement: RequestBody) -> String {
    let place = withUnsafeBytes(of: UInt32(partition).bigEndian) { Array($0) }
    return Base64.encode(PageToken.checksum(statement) + place + (last?.binary ?? []))
  }

  init(_ text: String, statement: RequestBody) throws(DynamoError) {
    guard let bytes = Base64.decode(Array(text.utf8)), bytes.count >= 8, Array(bytes[..<4]) == PageToken.checksum(statement)
    else {
      throw PageToken.invalid
    }
    partition = bytes[4..<8].reduce(0) { $0 << 8 | Int($1) }
    if bytes.count == 8 {
      last = nil
    } else {
      guard let item = Item(binary: Array(bytes[8...])) else { throw PageToken.invalid }
      last = item
    }
  }

  private static let invalid = DynamoError.validation("Given nextToken was not generated for this statement")
}
