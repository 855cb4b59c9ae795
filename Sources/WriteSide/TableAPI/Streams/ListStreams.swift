internal import DynamoModel
internal import TableStore

enum ListStreams {
  static let streamsMax = 100

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let table = try call.body.tableName()
    let limit = try call.body.integer("Limit")
    let after = try call.body.string("ExclusiveStartStreamArn")
    var constraints = Constraints()
    constraints.name(table, at: "tableName", isRequired: false)
    constraints.range(limit, ModelBounds(min: 1, max: streamsMax), at: "limit")
    StreamParameters.checkARN(after, at: "exclusiveStartStreamArn", isRequired: false, &constraints)
    try constraints.check()
    if let after { try StreamParameters.check(arn: after) }
    let all = call.store.streams(table: table).filter { stream in
      call.sees(stream.table.name) && (after.map { Text.less($0, stream.arn) } ?? true)
    }
    let shown = all.prefix(limit ?? streamsMax)
    return .answer(
      Outcome.object { writer in
        writer.name("Streams")
        writer.array(Array(shown)) { writer, stream in
          writer.beginObject()
          writer.member("StreamArn", stream.arn)
          writer.member("TableName", stream.table.name)
          writer.member("StreamLabel", stream.label)
          writer.endObject()
        }
        // A full page names its last, whether or not more follow.
        if let last = shown.last, shown.count == limit ?? streamsMax { writer.member("LastEvaluatedStreamArn", last.arn) }
      })
  }
}
