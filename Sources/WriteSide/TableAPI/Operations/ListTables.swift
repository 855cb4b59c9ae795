internal import DynamoModel
internal import TableStore

enum ListTables {

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let after = try call.body.string("ExclusiveStartTableName")
    let limit = try call.body.integer("Limit")
    var constraints = Constraints()
    constraints.name(after, at: "exclusiveStartTableName", isRequired: false)
    constraints.range(limit, .listTablesInputLimit, at: "limit")
    try constraints.check()
    let (names, more) = call.store.tableNames(
      after: after, limit: limit ?? ModelBounds.listTablesInputLimit.max, where: call.sees)
    return .answer(
      Outcome.object { writer in
        writer.name("TableNames")
        writer.array(names) { $0.string($1) }
        if more, let last = names.last { writer.member("LastEvaluatedTableName", last) }
      })
  }
}
