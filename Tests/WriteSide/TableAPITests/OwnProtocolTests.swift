import DynamoModel
import ChangeRecords
import StoreTestKit
import TableStore
import Testing

/// What the server has beyond DynamoDB: positions, history clocks, private attributes, ExpireItem.
@Suite struct OwnProtocolTests {
  func create(_ client: APIClient, tags: [String: String] = [:], ttl: Bool = false) async throws -> APIClient.Answer {
    let list = tags.map { #"{"Key":"\#($0.key)","Value":"\#($0.value)"}"# }.joined(separator: ",")
    return try await client.send(
      "CreateTable",
      """
      {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Tags":[\(list)],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
      """)
  }

  func put(_ client: APIClient, _ key: String, _ value: Int, time: String? = nil) async throws -> APIClient.Answer {
    try await client.send(
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"\#(key)"},"v":{"N":"\#(value)"},"secret":{"S":"s"}}}"#,
      headers: time.map { ["x-afterimage-time": $0] } ?? [:])
  }

  @Test func `each write that changes something answers its positions`() async throws {
    let server = try APIServer()
    let client = server.client()
    _ = try await create(client, tags: ["afterimage:partitions": "3"])
    let first = try await put(client, "a", 1)
    #expect(first.headers["x-afterimage-position"]?.split(separator: ":").count == 3)
    #expect(try await put(client, "a", 1).headers["x-afterimage-position"] == nil)
    let batch = try await client.send(
      "BatchWriteItem",
      #"{"RequestItems":{"T_1":[{"PutRequest":{"Item":{"pk":{"S":"b"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"none"}}}}]}}"#
    )
    #expect(batch.headers["x-afterimage-position"]?.split(separator: ",").count == 2)
    #expect(server.store.table("T_1")?.definition.partitions == 3)
  }

  @Test func `a table with a history clock takes each write's time`() async throws {
    let server = try APIServer()
    let client = server.client()
    _ = try await create(client, tags: ["afterimage:clock": "history"])
    #expect(try await put(client, "a", 1).error.contains("each write must bring its time in the header x-afterimage-time"))
    #expect(try await put(client, "a", 1, time: "2020-02-29T12:00:00.250+02:00").status == 200)
    #expect(try await put(client, "a", 2, time: "1582970400251").status == 200)
    #expect(try await put(client, "a", 3, time: "2020-02-29T09:59:59Z").error.contains("lies before 1582970400251"))
    #expect(try await put(client, "a", 3, time: "yesterday").error.contains("neither milliseconds since 1970 nor ISO 8601"))
    let records = try await server.store.records("T_1")
    #expect(records.flatMap { $0 }.map(\.time.rawValue) == [1_582_970_400_250, 1_582_970_400_251])
  }

  @Test func `a live table takes no times`() async throws {
    let server = try APIServer()
    let client = server.client()
    _ = try await create(client)
    #expect(try await put(client, "a", 1, time: "1000").error.hasPrefix("ValidationException: Table T_1 has a live clock"))
  }

  @Test func `private attributes are a tag and can change`() async throws {
    let server = try APIServer()
    let client = server.client()
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T_1"
    _ = try await create(client, tags: ["afterimage:private": "secret, other"])
    #expect(server.store.table("T_1")?.definition.privateAttributes == ["secret", "other"])
    _ = try await client.send(
      "TagResource", #"{"ResourceArn":"\#(arn)","Tags":[{"Key":"afterimage:private","Value":"secret"}]}"#)
    #expect(server.store.table("T_1")?.definition.privateAttributes == ["secret"])
    let fixed = try await client.send(
      "TagResource", #"{"ResourceArn":"\#(arn)","Tags":[{"Key":"afterimage:clock","Value":"history"}]}"#)
    #expect(fixed.error.contains("cannot be changed"))
    #expect(try await create(client, tags: ["afterimage:private": "pk"]).error.contains("keys are in every record"))
  }

  func expire(_ client: APIClient, _ more: String) async throws -> String {
    try await client.post(
      Array(#"{"TableName":"T_1","Key":{"pk":{"S":"a"}},\#(more)}"#.utf8),
      headers: ["X-Amz-Target": "Afterimage_20261121.ExpireItem"]
    ).text
  }

  @Test func `an item expires only as it was seen`() async throws {
    let server = try APIServer()
    let client = server.client()
    _ = try await create(client)
    _ = try await put(client, "a", 1)
    let seen = #""Seen":{"v":{"N":"1.0"},"secret":{"S":"s"},"pk":{"S":"a"}}"#
    _ = try await put(client, "a", 2)
    #expect(try await expire(client, seen) == #"{"Expired":false}"#)
    _ = try await put(client, "a", 1)
    #expect(try await expire(client, seen) == #"{"Expired":true}"#)
    #expect(try await expire(client, seen) == #"{"Expired":false}"#)
    let causes = try await server.store.records("T_1").flatMap { $0 }.map { "\($0.kind) \($0.cause)" }
    #expect(causes.last == "remove service")
  }

  @Test func `an item expires only if nothing was written since a position`() async throws {
    let server = try APIServer()
    let client = server.client()
    _ = try await create(client)
    let first = try #require(try await put(client, "a", 1).headers["x-afterimage-position"])
    let second = try #require(try await put(client, "a", 2).headers["x-afterimage-position"])
    #expect(try await expire(client, #""SeenThrough":"\#(first)""#) == #"{"Expired":false}"#)
    #expect(try await expire(client, #""SeenThrough":"0123456789abcdef:0:99""#) == #"{"Expired":false}"#)
    #expect(try await expire(client, #""SeenThrough":"\#(second)""#) == #"{"Expired":true}"#)
  }

  @Test func `many clients at once lose nothing`() async throws {
    let server = try APIServer()
    _ = try await create(server.client())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let client = server.client()
          for _ in 0..<25 {
            let answer = try await client.send(
              "UpdateItem",
              #"{"TableName":"T_1","Key":{"pk":{"S":"n"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}"#
            )
            #expect(answer.status == 200)
          }
        }
      }
      try await group.waitForAll()
    }
    let item = try await server.client().send("GetItem", #"{"TableName":"T_1","Key":{"pk":{"S":"n"}}}"#).item("Item")
    #expect(item?["n"] == .number(Number(200)))
  }
}
