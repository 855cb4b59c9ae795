internal import DynamoModel
internal import TableStore

enum DeleteTable {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let given = try call.body.tableName()
    var constraints = Constraints()
    constraints.name(given, at: "tableName")
    try constraints.check()
    let name = given ?? ""
    let table = try call.changeableTable(name)
    guard !OwnTags.isProtected(table.definition) else {
      throw .validation("Table '\(name)' can't be deleted while DeletionProtectionEnabled is set to True")
    }
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let description = try store.deleteTable(name)
      return Outcome.object { writer in
        writer.name("TableDescription")
        writer.table(description)
      }
    }
  }
}
