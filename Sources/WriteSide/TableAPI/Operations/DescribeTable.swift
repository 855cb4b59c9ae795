internal import DynamoModel
internal import TableStore

enum DescribeTable {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableNameFirst()
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let table = try call.controlTable(name)
    return .answer(
      Outcome.object { writer in
        writer.name("Table")
        writer.table(table.description)
      })
  }
}
