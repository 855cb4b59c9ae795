import ChangeRecords
import DynamoModel
import StoreTestKit
import TableStore
import Testing

/// What of DynamoDB Streams needs a clock: rotation, retention, the life of iterators, AT_TIMESTAMP.
@Suite struct StreamTests {
  let time = ManualTime(wall: 1_700_000_000_000)
  let server: APIServer
  let client: APIClient
  static let hour: Int64 = 3_600_000

  init() throws {
    server = try APIServer(options: .init(time: time, sweepInterval: .milliseconds(5)))
    client = server.client()
    _ = try server.store.createTable(
      TableDefinition(name: "T", key: .strings(sort: false), stream: .newAndOldImages))
  }

  var stream: StreamDescription { server.store.streams(table: "T")[0] }

  func put(_ keys: String...) async throws {
    for key in keys { try await server.store.put("T", ["pk": .string(key)]) }
  }

  func iterator(_ shard: String, _ type: String, _ more: String = "") async throws -> APIClient.Answer {
    try await client.send(
      "GetShardIterator",
      #"{"StreamArn":"\#(stream.arn)","ShardId":"\#(shard)","ShardIteratorType":"\#(type)"\#(more)}"#,
      service: "DynamoDBStreams")
  }

  func records(_ iterator: String?) async throws -> APIClient.Answer {
    try await client.send("GetRecords", #"{"ShardIterator":"\#(iterator ?? "")"}"#, service: "DynamoDBStreams")
  }

  func keys(_ answer: APIClient.Answer) throws -> [String] {
    let tape = try answer.json
    var keys: [String] = []
    guard let list = tape.member(tape.root, "Records") else { return [answer.error] }
    tape.forEachElement(list) { record in
      let change = tape.member(record, "dynamodb")!
      keys.append(tape.string(tape.member(tape.member(tape.member(change, "Keys")!, "pk")!, "S")!))
    }
    return keys
  }

  func waitFor(shards count: Int) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(20)
    while stream.shards.count != count, clock.now < deadline { try await clock.sleep(for: .milliseconds(5)) }
    #expect(stream.shards.count == count)
  }

  @Test func `a shard rotates after four hours and names its parent`() async throws {
    try await put("a", "b")
    let parent = stream.shards[0].id
    time.advance(4 * Self.hour)
    try await waitFor(shards: 2)
    try await put("c")
    let child = stream.shards[1]
    #expect(child.parent == parent && child.id > parent)
    let old = try await records(try await iterator(parent, "TRIM_HORIZON").text(["ShardIterator"]))
    #expect(try keys(old) == ["a", "b"])
    #expect(try old.text(["NextShardIterator"]) == nil)
    #expect(try keys(try await records(try await iterator(child.id, "TRIM_HORIZON").text(["ShardIterator"]))) == ["c"])
    let described = try await client.send(
      "DescribeStream",
      #"{"StreamArn":"\#(stream.arn)","ShardFilter":{"Type":"CHILD_SHARDS","ShardId":"\#(parent)"}}"#, service: "DynamoDBStreams")
    #expect(try described.text(["StreamDescription", "Shards", "0", "ShardId"]) == child.id)
    #expect(try described.text(["StreamDescription", "Shards", "0", "ParentShardId"]) == parent)
    #expect(try described.text(["StreamDescription", "Shards", "1"]) == nil)
  }

  @Test func `an idle shard without records does not rotate`() async throws {
    time.advance(9 * Self.hour)
    try await put("a")
    time.advance(60_000)
    try await waitFor(shards: 2)
    #expect(stream.shards[0].last == .first)
  }

  @Test func `an iterator lives for 15 minutes`() async throws {
    try await put("a")
    let text = try await iterator(stream.shards[0].id, "TRIM_HORIZON").text(["ShardIterator"])
    time.advance(899_999)
    #expect(try keys(try await records(text)) == ["a"])
    time.advance(1)
    #expect(
      try await records(text).error == "ExpiredIteratorException: The provided iterator exceeds the maximum age allowed.")
  }

  @Test func `what is older than a day is trimmed`() async throws {
    try await put("a")
    let shard = stream.shards[0].id
    time.advance(24 * Self.hour - 1000)
    try await put("b")
    #expect(try keys(try await records(try await iterator(shard, "TRIM_HORIZON").text(["ShardIterator"]))).first == "a")
    let old = try await iterator(shard, "AT_SEQUENCE_NUMBER", #","SequenceNumber":"100000000000000000001""#)
    time.advance(1001)
    #expect(
      try await records(try old.text(["ShardIterator"])).error
        == "TrimmedDataAccessException: The data you are trying to access has been trimmed")
    #expect(
      try await iterator(shard, "AT_SEQUENCE_NUMBER", #","SequenceNumber":"100000000000000000001""#).error
        == "TrimmedDataAccessException: The data you are trying to access has been trimmed")
    // The day's records that are left are in this shard or in the one that followed it.
    var left: [String] = []
    for shard in stream.shards {
      left += try keys(try await records(try await iterator(shard.id, "TRIM_HORIZON").text(["ShardIterator"])))
    }
    #expect(left == ["b"])
  }

  @Test func `AT_TIMESTAMP begins with the first record at or after the time`() async throws {
    for key in ["a", "b", "c"] {
      try await put(key)
      time.advance(1500)
    }
    let shard = stream.shards[0].id
    for (seconds, wanted) in [
      ("1699999999", ["a", "b", "c"]), ("1700000000.000", ["a", "b", "c"]), ("1700000000.001", ["b", "c"]),
      ("1700000001.500", ["b", "c"]), ("1700000004", []),
    ] {
      let text = try await iterator(shard, "AT_TIMESTAMP", ",\"Timestamp\":\(seconds)").text(["ShardIterator"])
      #expect(try keys(try await records(text)) == wanted, "\(seconds)")
    }
    #expect(try await iterator(shard, "AT_TIMESTAMP", ",\"Timestamp\":1700000005").error.hasPrefix("ValidationException"))
    #expect(try await iterator(shard, "AT_TIMESTAMP").error.hasPrefix("ValidationException"))
    #expect(try await iterator(shard, "LATEST", ",\"Timestamp\":1700000000").error.hasPrefix("ValidationException"))
  }

  @Test func `a disabled stream is forgotten after a day`() async throws {
    try await put("a")
    _ = try server.store.updateTable("T") { $0.stream = nil }
    #expect(server.store.streams(table: "T").map(\.isEnabled) == [false])
    time.advance(24 * Self.hour)
    #expect(server.store.streams(table: "T").isEmpty)
  }
}
