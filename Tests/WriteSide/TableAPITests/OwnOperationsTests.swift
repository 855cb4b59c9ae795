import DynamoModel
import HTTPServer
import StoreTestKit
import TableAPI
import TableStore
import Testing

/// The operations for the command line: ReadLog, SetTableClock, AcceptClockJump, DescribeServer.
@Suite struct OwnOperationsTests {
  func create(_ client: APIClient, tags: String = "") async throws {
    let answer = try await client.send(
      "CreateTable",
      """
      {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Tags":[\(tags)],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
      """)
    #expect(answer.status == 200, "\(answer.text)")
  }

  func own(_ client: APIClient, _ operation: String, _ body: String) async throws -> APIClient.Answer {
    try await client.post(Array(body.utf8), headers: ["X-Amz-Target": "Afterimage_20261121.\(operation)"])
  }

  func put(_ client: APIClient, _ key: String, headers: [String: String] = [:]) async throws -> APIClient.Answer {
    try await client.send(
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"\#(key)"},"secret":{"S":"hush"}}}"#, headers: headers)
  }

  func sequences(_ answer: APIClient.Answer) throws -> [String] {
    let tape = try answer.json
    var found: [String] = []
    let records = try #require(tape.member(tape.root, "Records"), "\(answer.text)")
    tape.forEachElement(records) { record in
      found.append(tape.member(record, "afterimage").flatMap { tape.member($0, "sequence") }.map { tape.text($0) } ?? "")
    }
    return found
  }

  @Test func `the log is read from its end, from a place, and no further than there is`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client, tags: #"{"Key":"afterimage:private","Value":"secret"}"#)
    for key in ["a", "b", "c"] { _ = try await put(client, key) }
    #expect(try sequences(await own(client, "ReadLog", #"{"TableName":"T_1","Limit":2}"#)) == ["2", "3"])
    let from = try await own(client, "ReadLog", #"{"TableName":"T_1","After":"0","Limit":2}"#)
    #expect(try sequences(from) == ["1", "2"])
    #expect(from.text.contains(#""End":"2","Behind":1"#))
    #expect(!from.text.contains("hush"))
    #expect(try sequences(await own(client, "ReadLog", #"{"TableName":"T_1","After":"3"}"#)) == [])
    #expect(try await own(client, "ReadLog", #"{"TableName":"T_1","After":"9"}"#).error.contains("lies past the log's end 3"))
    #expect(try await own(client, "ReadLog", #"{"TableName":"T_1","Partition":1}"#).error.contains("the table has 1 partitions"))
    #expect(try await own(client, "ReadLog", #"{"TableName":"T_1","Limit":1001}"#).error.hasPrefix("ValidationException: Limit"))
    #expect(try await own(client, "ReadLog", #"{"TableName":"T_1","After":"x"}"#).error.hasPrefix("ValidationException: After"))
    #expect(try await own(client, "ReadLog", #"{"TableName":"None"}"#).error.hasPrefix("ResourceNotFoundException"))
  }

  @Test func `a reader of the log waits for the next record`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    async let waiting = own(server.client(), "ReadLog", #"{"TableName":"T_1","After":"0","WaitMilliseconds":1000}"#)
    _ = try await put(client, "a")
    #expect(try sequences(await waiting) == ["1"])
  }

  @Test func `a history ends once`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client, tags: #"{"Key":"afterimage:clock","Value":"history"}"#)
    #expect(try await put(client, "a", headers: ["x-afterimage-time": "1000"]).status == 200)
    #expect(try await put(client, "b").error.contains("each write must bring its time"))
    #expect(
      try await own(client, "SetTableClock", #"{"TableName":"T_1","Clock":"live"}"#).text
        == #"{"TableName":"T_1","Clock":"live"}"#)
    #expect(try await put(client, "b").status == 200)
    #expect(
      try await own(client, "SetTableClock", #"{"TableName":"T_1","Clock":"history"}"#).error.contains("has a live clock already")
    )
    #expect(
      try await own(client, "SetTableClock", #"{"TableName":"T_1","Clock":"noon"}"#).error.contains("live or history: noon"))
    #expect(
      try await own(client, "SetTableClock", #"{"TableName":"None","Clock":"live"}"#).error.hasPrefix("ResourceNotFoundException")
    )
    #expect(try await own(client, "SetTableClock", #"{"TableName":"T_1"}"#).error.contains("at 'clock'"))
  }

  @Test func `a clock that jumped ahead stops writes until it is accepted`() async throws {
    let directory = TemporaryDirectory()
    let time = ManualTime(wall: 1_700_000_000_000)
    let store = try TableStore(path: directory.path, options: .init(time: time))
    let api = TableAPI(store: store)
    let server = try HTTPServer.serving { api.handle($0, $1) }
    defer {
      server.stop()
      store.close()
    }
    let client = APIClient(port: server.port)
    try await create(client)
    #expect(try await put(client, "a").status == 200)
    time.jump(3_600_000)
    let refused = try await put(client, "b")
    #expect(refused.status == 500)
    #expect(refused.error.contains("afterimage table clock --accept-jump"), "\(refused.text)")
    #expect(try await own(client, "DescribeServer", "{}").text.hasPrefix(#"{"ClockJump":3600000,"#))
    #expect(try await own(client, "AcceptClockJump", "{}").text == #"{"Accepted":3600000}"#)
    #expect(try await put(client, "b").status == 200)
    #expect(try await own(client, "AcceptClockJump", "{}").text == #"{"Accepted":0}"#)
  }

  @Test func `the server lists its tables`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client, tags: #"{"Key":"afterimage:clock","Value":"history"}"#)
    let text = try await own(client, "DescribeServer", "{}").text
    #expect(text.contains(#""TableName":"T_1","Clock":"history","Partitions":1,"ItemCount":0"#))
  }
}
