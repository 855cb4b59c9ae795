internal import DynamoModel
internal import TableStore

/// Our own operation: ends a table's history, so that its writes take the server's time from now on.
///
/// Request: TableName, Clock (`live`; a history clock is given when a table is created). Answer: TableName, Clock.
enum SetTableClock {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    let text = try call.body.string("Clock")
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    constraints.required(text != nil, at: "clock")
    try constraints.check()
    guard let clock = TableClock(rawValue: text ?? "") else { throw .validation("Clock is live or history: \(text ?? "")") }
    let table = try call.controlTable(name ?? "").definition.name
    let store = call.store
    return .control { () throws(DynamoError) in
      try store.setClock(table, clock)
      return Outcome.object { writer in
        writer.member("TableName", table)
        writer.member("Clock", clock.rawValue)
      }
    }
  }
}
