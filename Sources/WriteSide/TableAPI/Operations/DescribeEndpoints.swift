internal import DynamoModel

/// The address that the client has reached us by.
enum DescribeEndpoints {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    .answer(
      Outcome.object { writer in
        writer.name("Endpoints")
        writer.beginArray()
        writer.beginObject()
        writer.name("Address")
        writer.string(call.host)
        writer.name("CachePeriodInMinutes")
        writer.integer(1440)
        writer.endObject()
        writer.endArray()
      })
  }
}
