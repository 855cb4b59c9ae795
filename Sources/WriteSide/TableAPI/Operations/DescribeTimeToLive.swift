internal import DynamoModel
internal import TableStore

enum DescribeTimeToLive {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let attribute = try call.controlTable(name ?? "").definition.timeToLive
    return .answer(
      Outcome.object { writer in
        writer.name("TimeToLiveDescription")
        writer.beginObject()
        writer.member("TimeToLiveStatus", attribute == nil ? "DISABLED" : "ENABLED")
        if let attribute { writer.member("AttributeName", attribute) }
        writer.endObject()
      })
  }
}
