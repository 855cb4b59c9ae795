internal import DynamoModel
internal import TableStore

/// Contributor insights: a service beside the database, disabled for every table.
enum ContributorInsights {
  static func describe(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    let index = try call.body.string("IndexName")
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    constraints.name(index, at: "indexName", isRequired: false)
    try constraints.check()
    let table = try call.controlTable(name ?? "")
    if let index, table.definition.index(named: index) == nil {
      throw DynamoError(.resourceNotFound, "Requested resource not found: Index: \(index) not found")
    }
    return .answer(
      Outcome.object { writer in
        writer.name("TableName")
        writer.string(table.definition.name)
        if let index {
          writer.name("IndexName")
          writer.string(index)
        }
        writer.name("ContributorInsightsStatus")
        writer.string("DISABLED")
      })
  }

  static func list(_ call: Call) throws(DynamoError) -> Outcome {
    .answer(
      Outcome.object { writer in
        writer.name("ContributorInsightsSummaries")
        writer.beginArray()
        writer.endArray()
      })
  }
}
