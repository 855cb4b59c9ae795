internal import DynamoModel
internal import TableStore

/// Kinesis streaming destinations: no table has one here, and none can be given, as on AWS without a Kinesis stream. The records
/// travel on the tables' own logs.
enum KinesisDestinations {
  private static func table(_ call: Call) throws(DynamoError) -> (table: TableHandle, stream: String?) {
    let name = try call.body.tableName()
    let stream = try call.body.string("StreamArn")
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    if call.operation.name != "DescribeKinesisStreamingDestination" {
      constraints.required(stream != nil, at: "streamArn")
      constraints.length(stream, .streamArn, at: "streamArn")
    }
    try constraints.check()
    return (try call.controlTable(name ?? ""), stream)
  }

  static func describe(_ call: Call) throws(DynamoError) -> Outcome {
    let (table, _) = try table(call)
    return .answer(
      Outcome.object { writer in
        writer.member("TableName", table.definition.name)
        writer.name("KinesisDataStreamDestinations")
        writer.beginArray()
        writer.endArray()
      })
  }

  static func enable(_ call: Call) throws(DynamoError) -> Outcome {
    _ = try table(call)
    throw .validation("User does not have a permission to use kinesis stream")
  }

  static func change(_ call: Call) throws(DynamoError) -> Outcome {
    let (table, stream) = try table(call)
    throw .validation(
      "Table is not in a valid state to enable Kinesis Streaming Destination: No streaming destination with streamArn: "
        + "\(stream ?? "") found for table with tableName: \(table.definition.name)")
  }
}
