internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Our own operation, for the outbox of the workers: deletes an item with the service's identity if it is still as it was seen.
///
/// Request: TableName, Key, and at least one of three guards, of which all that are given must hold: Seen (attributes, each of which must still
/// be so), SeenAbsent (names of attributes, none of which may be there now), SeenThrough (a position's text: the item was not written
/// after that record). SeenThrough of another table id, of another partition than the item's, or past the log's end never holds. Answer:
/// `{"Expired": true}` when the item was deleted.
enum ExpireItem {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let name = try body.tableName()
    let through = try body.string("SeenThrough")
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    constraints.required(body.has("Key"), at: "key")
    constraints.required(body.has("Seen") || body.has("SeenAbsent") || through != nil, at: "seen")
    try constraints.check()
    let key = try body.item("Key") ?? Item()
    let seen = try body.item("Seen")
    let absent = try body.strings("SeenAbsent")
    let table = try call.table(name ?? "")
    try table.check(key: key)
    let position = through.flatMap { Position($0) }
    if let through, position == nil { throw .validation("SeenThrough is not a position: \(through)") }
    let action = WriteAction(
      table: table.definition.name, key: key, needsCurrent: seen != nil || absent != nil, seenThrough: position
    ) { (current) -> WriteChange in
      if seen == nil, absent == nil { return .delete }
      guard let current, seen?.entries.allSatisfy({ current[$0.name] == $0.value }) ?? true,
        absent?.allSatisfy({ current[$0] == nil }) ?? true
      else { return .keep }
      return .delete
    }
    return .write(WriteTransaction(actions: [action], times: call.times, cause: .service)) { results in
      answer(results.first?.position != nil)
    }
  }

  private static func answer(_ isExpired: Bool) -> [UInt8] {
    Outcome.object { writer in
      writer.member("Expired", isExpired)
    }
  }
}
