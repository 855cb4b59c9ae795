internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Our own operation, for the outbox of the workers: deletes an item with the service's identity if nothing has been
/// written to it since, told either by attributes as they were seen or by the position through which the table's log was
/// seen.
///
/// Request: TableName, Key, and Seen (attributes, each of which must still be so) or SeenThrough (a position's text). Answer: `{"Expired": true}` when the
/// item was deleted.
enum ExpireItem {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let name = try body.tableName()
    let through = try body.string("SeenThrough")
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    constraints.required(body.has("Key"), at: "key")
    constraints.required(body.has("Seen") || through != nil, at: "seen")
    try constraints.check()
    let key = try body.item("Key") ?? Item()
    let seen = try body.item("Seen")
    let table = try call.table(name ?? "")
    try table.check(key: key)
    var sequenceMax: UInt64?
    if let through {
      guard let position = Position(through) else { throw .validation("SeenThrough is not a position: \(through)") }
      guard position.tableID == table.description.tableID else { return .answer(answer(false)) }
      sequenceMax = position.sequence
    }
    let action = WriteAction(
      table: table.definition.name, key: key, needsCurrent: seen != nil, sequenceMax: sequenceMax
    ) { (current) -> WriteChange in
      if let seen {
        guard let current, seen.entries.allSatisfy({ current[$0.name] == $0.value }) else { return .keep }
      }
      return .delete
    }
    return .write(WriteTransaction(actions: [action], times: call.times, cause: .service)) { results in
      answer(results.first?.position != nil)
    }
  }

  private static func answer(_ isExpired: Bool) -> [UInt8] {
    Outcome.object { writer in
      writer.name("Expired")
      writer.bool(isExpired)
    }
  }
}
