internal import DynamoModel
internal import TableStore

/// Global tables: a server is one region, so there are none.
enum GlobalTables {
  static func list(_ call: Call) throws(DynamoError) -> Outcome {
    .answer(
      Outcome.object { writer in
        writer.name("GlobalTables")
        writer.beginArray()
        writer.endArray()
      })
  }

  static func describe(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.string("GlobalTableName")
    var constraints = Constraints()
    constraints.name(name, at: "globalTableName")
    try constraints.check()
    throw DynamoError(
      .globalTableNotFound, "Global table not found: Global table with name: \(name ?? "") does not exist.")
  }
}
