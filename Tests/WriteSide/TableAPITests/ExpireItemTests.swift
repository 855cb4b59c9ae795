import ChangeRecords
import Testing

/// The guards of ExpireItem: what is given must hold, all of it.
@Suite struct ExpireItemTests {
  let server: APIServer
  let client: APIClient

  init() async throws {
    server = try APIServer()
    client = server.client()
    try await create()
  }

  func create(partitions: Int = 3) async throws {
    let made = try await client.send(
      "CreateTable",
      """
      {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
       "Tags":[{"Key":"afterimage:partitions","Value":"\(partitions)"}],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
      """)
    #expect(made.status == 200, "\(made.text)")
  }

  func put(_ more: String) async throws -> Position {
    let answer = try await client.send("PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a"}\#(more)}}"#)
    return try #require(answer.headers["x-afterimage-position"].flatMap { Position($0) })
  }

  func expires(_ guards: String) async throws -> Bool {
    let answer = try await client.post(
      Array(#"{"TableName":"T_1","Key":{"pk":{"S":"a"}},\#(guards)}"#.utf8),
      headers: ["X-Amz-Target": "Afterimage_20261121.ExpireItem"])
    #expect(answer.status == 200, "\(answer.text)")
    return answer.text == #"{"Expired":true}"#
  }

  @Test func `values and position are both required when both are given`() async throws {
    let first = try await put(#","v":{"N":"1"}"#)
    _ = try await put(#","v":{"N":"2"}"#)
    // A, B, A: the values are as they were seen, and the item was touched all the same.
    let last = try await put(#","v":{"N":"1"}"#)
    let seen = #""Seen":{"v":{"N":"1"}}"#
    #expect(try await !expires(#"\#(seen),"SeenThrough":"\#(first)""#))
    #expect(try await !expires(#""Seen":{"v":{"N":"2"}},"SeenThrough":"\#(last)""#))
    #expect(try await expires(#"\#(seen),"SeenThrough":"\#(last)""#))
  }

  @Test func `an attribute that was absent must be absent still`() async throws {
    let last = try await put(#","left":{"S":"now"}"#)
    #expect(try await !expires(#""SeenAbsent":["left"],"SeenThrough":"\#(last)""#))
    #expect(try await !expires(#""SeenAbsent":["other","left"]"#))
    #expect(try await expires(#""SeenAbsent":["other"],"Seen":{"left":{"S":"now"}}"#))
    #expect(try await !expires(#""SeenAbsent":["other"]"#))
  }

  @Test func `a position of another life, another partition or past the end never deletes`() async throws {
    let last = try await put("")
    for partition in 0..<4 where partition != last.partition {
      let other = Position(tableID: last.tableID, partition: partition, sequence: last.sequence)
      #expect(try await !expires(#""SeenThrough":"\#(other)""#))
    }
    let past = Position(tableID: last.tableID, partition: last.partition, sequence: last.sequence.next)
    #expect(try await !expires(#""SeenThrough":"\#(past)""#))
    let id = TableID(rawValue: last.tableID.rawValue ^ 1)
    #expect(try await !expires(#""SeenThrough":"\#(Position(tableID: id, partition: last.partition, sequence: last.sequence))""#))

    _ = try await client.send("DeleteTable", #"{"TableName":"T_1"}"#)
    try await create(partitions: 5)
    _ = try await put("")
    #expect(try await !expires(#""SeenThrough":"\#(last)""#))
  }

  @Test func `without a guard it is refused`() async throws {
    let answer = try await client.post(
      Array(#"{"TableName":"T_1","Key":{"pk":{"S":"a"}}}"#.utf8), headers: ["X-Amz-Target": "Afterimage_20261121.ExpireItem"])
    #expect(answer.status == 400 && answer.error.contains("'seen'"), "\(answer.text)")
  }
}
