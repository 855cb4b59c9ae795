internal import DynamoModel
internal import TableStore

enum DeleteTable {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableNameFirst()
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let table = try call.changeableTable(name)
    guard !OwnTags.isProtected(table.definition) else {
      throw .validation(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
    }
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let description = try store.deleteTable(name)
      return Outcome.object { writer in
        writer.name("TableDescription")
        writer.table(description, .deletion)
      }
    }
  }
}
