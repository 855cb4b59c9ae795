internal import ChangeRecords
internal import DynamoModel
internal import TableStore

enum RestoreTableToPointInTime {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let sourceARN = try body.string("SourceTableArn")
    let source = try body.string("SourceTableName") ?? sourceARN.map(RequestBody.tableName)
    let time = try body.milliseconds("RestoreDateTime")
    let latest = try body.bool("UseLatestRestorableTime") ?? false
    var constraints = Constraints()
    let request = try RestoreRequest(body, &constraints)
    constraints.name(source, at: "sourceTableName", isRequired: false)
    try constraints.check()
    guard let source else { throw .validation("Either SourceTableName or SourceTableArn must be specified") }
    guard time != nil || latest else {
      throw .validation("Either RestoreDateTime or UseLatestRestorableTime must be specified")
    }
    guard time == nil || !latest else {
      throw .validation("RestoreDateTime and UseLatestRestorableTime cannot both be specified")
    }
    let table = try call.backedTable(source)
    try call.authorize(request.name)
    let range = try PointInTime.range(call, table)
    let moment = time ?? range.upperBound
    guard range.contains(moment) else {
      throw DynamoError(
        .invalidRestoreTime, "Restore time must be between EarliestRestorableDateTime and LatestRestorableDateTime")
    }
    let definition = try request.definition(
      from: table.definition, RestoreSource(table: table.description.arn, time: moment))
    let store = call.store
    let tableID = table.description.tableID.description
    return .control { () throws(DynamoError) -> [UInt8] in
      let (made, _) = try store.createTable(
        definition, filledBy: .restore, ["tableId": .string(tableID), "time": .number(Number(moment))])
      return Outcome.object { writer in
        writer.name("TableDescription")
        writer.table(made)
      }
    }
  }
}
