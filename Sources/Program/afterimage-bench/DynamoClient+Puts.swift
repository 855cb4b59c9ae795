internal import DynamoClient
internal import DynamoModel

extension DynamoClient {
  /// Puts at most 25 items, in one request.
  @discardableResult func put(_ items: [Item], into table: String) async throws -> Answer {
    try await call("BatchWriteItem") { writer in
      writer.name("RequestItems")
      writer.beginObject()
      writer.name(text: table)
      writer.array(items) { writer, item in
        writer.beginObject()
        writer.name("PutRequest")
        writer.beginObject()
        writer.name("Item")
        writer.item(item)
        writer.endObject()
        writer.endObject()
      }
      writer.endObject()
    }
  }
}
