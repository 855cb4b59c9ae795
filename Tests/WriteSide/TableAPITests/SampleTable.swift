import Testing

/// A table with a sort key and two global indexes, for the tests of what is refused.
enum SampleTable {
  static let definition = """
    {"TableName":"Tab","BillingMode":"PAY_PER_REQUEST",
     "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
     "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},
       {"AttributeName":"g","AttributeType":"S"}],
     "GlobalSecondaryIndexes":[
       {"IndexName":"gsi","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}},
       {"IndexName":"also","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}
    """

  static let key = #""pk":{"S":"a"},"sk":{"S":"b"}"#

  /// Sends each body to an operation of one server that has the tables; the answers must be these errors, or `no error: ` and the body.
  static func expect(
    _ cases: [(operation: String, body: String, error: String)], tables: [String] = [definition]
  ) async throws {
    let server = try APIServer()
    let client = server.client()
    for table in tables { #expect(try await client.send("CreateTable", table).status == 200) }
    for (operation, body, error) in cases {
      #expect(try await client.send(operation, body).error == error, "\(operation) \(body.prefix(1000))")
    }
  }
}
