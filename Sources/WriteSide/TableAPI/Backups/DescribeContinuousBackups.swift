internal import DynamoModel
internal import TableStore

enum DescribeContinuousBackups {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let table = try call.backedTable(name ?? "")
    let range = PointInTime.enabled(call, table)
    return .answer(Outcome.object { $0.continuousBackups(table.definition.options, range) })
  }
}
