import DynamoModel
import HTTPServer
import StoreTestKit
import TableAPI
import TableStore
import Testing

/// Requests that once ended the process or left a table that did not agree with itself.
@Suite struct HostileRequestTests {
  private func create(_ client: APIClient, tags: String = "") async throws {
    let answer = try await client.send(
      "CreateTable",
      """
      {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Tags":[\(tags)],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
      """)
    #expect(answer.status == 200, "\(answer.text)")
  }

  private func own(_ client: APIClient, _ operation: String, _ body: String) async throws -> APIClient.Answer {
    try await client.post(Array(body.utf8), headers: ["X-Amz-Target": "Afterimage_20261121.\(operation)"])
  }

  private func put(_ client: APIClient, _ value: String, time: String? = nil) async throws -> APIClient.Answer {
    try await client.send(
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a"},"x":{"S":"\#(value)"}}}"#,
      headers: time.map { ["x-afterimage-time": $0] } ?? [:])
  }

  @Test func `a table that a batch names twice is refused, or counts once`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    func part(_ value: String) -> String { #"[{"PutRequest":{"Item":{"pk":{"S":"a"},"x":{"S":"\#(value)"}}}}]"# }
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T_1"
    let both = try await client.send("BatchWriteItem", #"{"RequestItems":{"T_1":\#(part("1")),"\#(arn)":\#(part("2"))}}"#)
    #expect(both.error == "ValidationException: RequestItems names the table T_1 more than once")
    let reads = try await client.send(
      "BatchGetItem", #"{"RequestItems":{"T_1":{"Keys":[{"pk":{"S":"a"}}]},"\#(arn)":{"Keys":[{"pk":{"S":"a"}}]}}}"#)
    #expect(reads.error == "ValidationException: RequestItems names the table T_1 more than once")
    #expect(try await client.send("BatchWriteItem", #"{"RequestItems":{"T_1":\#(part("1")),"T_1":\#(part("2"))}}"#).status == 200)
    let got = try await client.send("GetItem", #"{"TableName":"T_1","Key":{"pk":{"S":"a"}}}"#)
    #expect(try got.item("Item")?["x"] == .string("2"))
    let found = try server.store.verify("T_1")
    #expect(found.differences.isEmpty && found.records == 1, "\(found.differences)")
  }

  @Test func `a place in the log beyond every number is refused`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    let last = "18446744073709551615"
    #expect(
      try await own(client, "ReadLog", #"{"TableName":"T_1","After":"\#(last)"}"#).error.contains("lies past the log's end 0"))
    let log = try await own(client, "FollowLog", #"{"TableName":"T_1"}"#)
    let life = try #require(try log.text(["TableId"]))
    let read = try await own(
      client, "FollowLog", #"{"TableName":"T_1","TableId":"\#(life)","Partition":0,"After":"\#(last)"}"#)
    #expect(read.text.contains("lies past the log's end 0"), "\(read.text)")
  }

  @Test func `a time beyond the calendar is refused, and one in the future does not go back when the history ends`() async throws
  {
    let server = try APIServer()
    let client = server.client()
    try await create(client, tags: #"{"Key":"afterimage:clock","Value":"history"}"#)
    #expect(
      try await put(client, "1", time: "9223372036854775807").error.hasPrefix("ValidationException: The header x-afterimage-time")
    )
    #expect(try await put(client, "1", time: "253402300799999").status == 200)
    #expect(try await own(client, "SetTableClock", #"{"TableName":"T_1","Clock":"live"}"#).status == 200)
    #expect(try await put(client, "2").status == 200)
    #expect(try server.store.verify("T_1").differences.isEmpty)
  }

  @Test func `an item does not get deeper than its limit by being put below itself`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    let key = #""TableName":"T_1","Key":{"pk":{"S":"a"}}"#
    let first = #"{\#(key),"UpdateExpression":"SET m = :m","ExpressionAttributeValues":{":m":{"M":{}}}}"#
    #expect(try await client.send("UpdateItem", first).status == 200)
    for _ in 2...32 {
      #expect(try await client.send("UpdateItem", #"{\#(key),"UpdateExpression":"SET m.m = m"}"#).status == 200)
    }
    let refused = try await client.send("UpdateItem", #"{\#(key),"UpdateExpression":"SET m.m = m"}"#)
    #expect(refused.error.contains("Nesting Levels have exceeded supported limits"), "\(refused.text)")
    let list = try await client.send(
      "UpdateItem", #"{\#(key),"UpdateExpression":"SET m = list_append(:l, :l)","ExpressionAttributeValues":{":l":{"L":[]}}}"#)
    #expect(list.status == 200, "\(list.text)")
  }

  @Test func `the server verifies a table for whoever asks`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    _ = try await put(client, "1")
    #expect(
      try await own(client, "VerifyTable", #"{"TableName":"T_1"}"#).text
        == #"{"TableName":"T_1","Items":1,"IndexEntries":0,"TimeToLiveEntries":0,"Records":1,"LogIsTrimmed":false,"Filling":[],"#
        + #""DifferenceCount":0,"Differences":[]}"#)
    #expect(try await own(client, "VerifyTable", #"{"TableName":"None"}"#).error.hasPrefix("ResourceNotFoundException"))
    #expect(try await own(client, "VerifyTable", "{}").error.contains("at 'tableName'"))
  }
}
