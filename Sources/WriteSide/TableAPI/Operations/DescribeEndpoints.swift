internal import DynamoModel

/// The address that the client has reached us by.
enum DescribeEndpoints {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    .answer(
      Outcome.object { writer in
        writer.name("Endpoints")
        writer.beginArray()
        writer.beginObject()
        writer.member("Address", call.host)
        writer.member("CachePeriodInMinutes", 1440)
        writer.endObject()
        writer.endArray()
      })
  }
}
