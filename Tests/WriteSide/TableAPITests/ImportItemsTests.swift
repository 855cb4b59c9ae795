import AccessKeys
import ChangeRecords
import DynamoClient
import DynamoModel
import Foundation
import HTTPServer
import StoreTestKit
import TableStore
import Testing

@testable import TableAPI

/// ImportItems over HTTP: its requests and answers, its limits, and batches that arrive in any order.
@Suite(.timeLimit(.minutes(2))) struct ImportItemsTests {
  func create(_ client: APIClient, clock: String = "live") async throws {
    let answer = try await client.send(
      "CreateTable",
      """
      {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
       "Tags":[{"Key":"afterimage:clock","Value":"\(clock)"},{"Key":"afterimage:partitions","Value":"3"}],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
      """)
    #expect(answer.status == 200, "\(answer.text)")
  }

  func send(_ client: APIClient, _ body: String) async throws -> APIClient.Answer {
    try await client.post(Array(body.utf8), headers: ["X-Amz-Target": "Afterimage_20261121.ImportItems"])
  }

  func batch(_ client: APIClient, _ number: Int, _ rows: String, more: String = "") async throws -> APIClient.Answer {
    try await send(client, #"{"TableName":"T_1","Import":"x","Batch":\#(number)\#(more),"Rows":[\#(rows)]}"#)
  }

  static func row(_ key: String, time: Int? = nil) -> String {
    (time.map { #"{"Time":\#($0),"# } ?? "{") + #""Item":{"pk":{"S":"\#(key)"}}}"#
  }

  @Test func `the answer says how far the import got, and its header where the last records are`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    let id = try #require(server.store.table("T_1")?.description.tableID)
    let nothing = #""Batch":0,"Rows":0,"Lifted":0,"Fingerprint":"00000000000000000000000000000000"}"#
    #expect(
      try await send(client, #"{"TableName":"T_1","Import":"x"}"#).text == #"{"TableId":"\#(id)","Clock":"live",\#(nothing)"#)
    let rows = (0..<20).map { Self.row("\($0)") }.joined(separator: ",")
    let first = try await batch(client, 1, rows, more: #","TableId":"\#(id)","RowsBefore":0"#)
    #expect(first.status == 200 && first.text.contains(#""Batch":1,"Rows":20,"Lifted":0"#), "\(first.text)")
    let positions = (first.headers["x-afterimage-position"] ?? "").split(separator: ",").compactMap { Position($0) }
    let records = try await server.store.records("T_1")
    #expect(positions.map { Int($0.sequence.rawValue) } == records.map(\.count))
    let again = try await batch(client, 1, rows)
    #expect(again.text == first.text && again.headers["x-afterimage-position"] == nil)
    #expect(try await batch(client, 1, Self.row("0")).error.hasPrefix("ImportMismatchException: Import x of table T_1"))
    let forgotten = try await send(client, #"{"TableName":"T_1","Import":"x","Forget":true}"#)
    #expect(forgotten.text.hasSuffix(nothing))
    #expect(try await batch(client, 1, Self.row("0")).text.contains(#""Batch":1,"Rows":1"#))
    #expect(try await server.store.records("T_1").joined().count == 20, "what is there is not written again")
  }

  @Test func `batches that come in any order are applied in the order of their numbers`() async throws {
    let server = try APIServer()
    try await create(server.client(), clock: "history")
    let answers = try await withThrowingTaskGroup(of: APIClient.Answer.self) { group in
      for number in (1...12).reversed() {
        group.addTask { [self] in
          try await batch(server.client(), number, Self.row("k", time: number) + "," + Self.row("\(number)", time: number))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.allSatisfy { $0.status == 200 }, "\(answers.map(\.text))")
    #expect(try await server.store.records("T_1").joined().count == 13)
    #expect(try server.store.importProgress(try #require(server.store.table("T_1")), "x").rows == 24)
  }

  @Test func `a row that is refused is named, and what waits behind it is given back at once`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client, clock: "history")
    async let second = batch(server.client(), 2, Self.row("c", time: 3))
    for (rows, place, error) in [
      (
        Self.row("a", time: 1) + #",{"Time":2,"Item":{"no":{"S":"b"}}}"#, 1,
        "One or more parameter values were invalid: Missing the key pk"
      ),
      (Self.row("a", time: 1) + "," + Self.row("b", time: 2) + "," + Self.row("c", time: 1), 2, "The time 1 lies before 2"),
      (#"{"Time":1,"Item":{"pk":{"S":"a"},"n":{"N":"x"}}}"#, 0, "The parameter cannot be converted to a numeric value: x"),
      (
        Self.row("a", time: 1) + #",{"Time":1.5,"Item":{"pk":{"S":"b"}}}"#, 1,
        "Time is milliseconds since 1970, a whole number: 1.5"
      ),
      (#"{"Time":-1,"Item":{"pk":{"S":"a"}}}"#, 0, "Time is milliseconds from 1970 to the end of the year 9999: -1"),
      (#"{"Time":1}"#, 0, "Row without Item"),
      (#"{"Time":1,"Item":{"pk":{"S":"a"},"l":\#(Self.nested(32))}}"#, 0, "Nesting Levels"),
    ] as [(String, Int, String)] {
      let refused = try await batch(client, 1, rows)
      #expect(refused.status == 400 && refused.text.contains(#""Row":\#(place)"#), "\(refused.text)")
      #expect(refused.error.hasPrefix("ValidationException: \(error)"), "\(refused.text)")
    }
    #expect(try await second.error.hasPrefix("ImportOutOfStepException: Import x of table T_1 stands at batch 0"))
    #expect(try await batch(client, 1, #"{"Time":1,"Item":{"pk":{"S":"a"},"l":\#(Self.nested(31))}}"#).status == 200)
    #expect(try await server.store.records("T_1").joined().count == 1)
  }

  /// A list in so many others, one less than its depth.
  static func nested(_ depth: Int) -> String {
    String(repeating: #"{"L":["#, count: depth) + #"{"S":"x"}"# + String(repeating: "]}", count: depth)
  }

  @Test func `requests that are unusual are read as others, and wrong ones name what is wrong`() async throws {
    let server = try APIServer()
    let client = server.client()
    try await create(client)
    let unusual = #"""
      { "Rows" : [ {"Item":{"p\u006b":{"S":"a"},"s":{"SS":["x","y"]},"q":{"S":"\"\u00e9\n"},"e":{"S":""}}, "Time" : null} ], "More" : [1],
      "Lift" : false, "Batch" : 1, "Import" : "\u0078", "TableName" : "arn:aws:dynamodb:us-east-1:000000000000:table/T_1" }
      """#
    #expect(try await send(client, unusual).text.contains(#""Batch":1,"Rows":1"#))
    #expect(
      try server.store.get("T_1", ["pk": .string("a")])
        == ["pk": .string("a"), "s": .stringSet(["x", "y"]), "q": .string("\"é\n"), "e": .string("")])
    for (body, error) in [
      ("[]", "SerializationException"), (#"{"TableName":"T_1","Import":"x","Batch":1,"Rows":["#, "SerializationException"),
      (
        #"{"TableName":"T_1","Import":"x","Batch":"1","Rows":[]}"#,
        "SerializationException: STRING_VALUE cannot be converted to Long"
      ),
      (#"{"TableName":"T_1","Batch":0}"#, "ValidationException: 3 validation errors detected: Value null at 'import'"),
      (#"{"TableName":"T_1","Import":"x","Rows":[]}"#, "ValidationException: 1 validation error detected: Value null at 'batch'"),
      (#"{"TableName":"T_1","Import":"x","Batch":2,"Rows":[]}"#, "ValidationException: Rows must have at least one row"),
      (#"{"TableName":"T_1","Import":"","Batch":2,"Rows":[]}"#, "ValidationException: Import is a name of 1 to 255 bytes"),
      (
        #"{"TableName":"T_1","Import":"x","Batch":2,"Forget":true,"Rows":[\#(Self.row("a"))]}"#,
        "ValidationException: Forget comes without Rows"
      ),
      (#"{"TableName":"None","Import":"x"}"#, "ResourceNotFoundException: Requested resource not found"),
      (#"{"TableName":"T_1","Import":"x","TableId":"0"}"#, "ResourceNotFoundException: Table T_1 was deleted and created again"),
    ] {
      let answer = try await send(client, body)
      #expect(answer.status == 400 && answer.error.hasPrefix(error), "\(body): \(answer.text)")
    }
    let timed = try await client.post(
      Array(#"{"TableName":"T_1","Import":"x"}"#.utf8),
      headers: ["X-Amz-Target": "Afterimage_20261121.ImportItems", "x-afterimage-time": "5"])
    #expect(timed.error.contains("each row brings its Time"))
    let long = String(repeating: "n", count: 255)
    #expect(try await send(client, #"{"TableName":"T_1","Import":"\#(long)"}"#).status == 200)
    #expect(try await send(client, #"{"TableName":"T_1","Import":"\#(long)n"}"#).status == 400)
  }

  @Test func `a key needs write access to the table, to ask how far an import got too`() async throws {
    let folder = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let path = folder.path + "/keys.yaml"
    let rules = [
      ("ADMIN", "*", "read, write, admin"), ("WRITER", "T_1", "write"), ("READER", "*", "read"), ("OTHER", "T_2", "write"),
    ]
    let keys = rules.map {
      "  - id: \($0.0)\n    secret: secret-of-\($0.0)\n    allow: [{tables: [\"\($0.1)\"], access: [\($0.2)]}]\n"
    }
    try Data(("keys:\n" + keys.joined()).utf8).write(to: URL(filePath: path))
    let server = try APIServer(access: AccessControl(try KeyFile(path: path)))
    func call(_ id: String, _ operation: String, _ body: String) async throws -> String {
      let client = DynamoClient(
        endpoint: "http://127.0.0.1:\(server.port)", credentials: Credentials(accessKey: id, secretKey: "secret-of-\(id)"))
      do {
        return String(decoding: try await client.call(operation, body: Array(body.utf8)).body.bytes, as: UTF8.self)
      } catch let error as ClientError {
        return error.code
      }
    }
    _ = try await call(
      "ADMIN", "CreateTable",
      #"""
      {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
      """#)
    let batch = #"{"TableName":"T_1","Import":"x","Batch":1,"Rows":[\#(Self.row("a"))]}"#
    for body in [batch, #"{"TableName":"T_1","Import":"x"}"#] {
      for id in ["READER", "OTHER"] {
        #expect(try await call(id, "Afterimage_20261121.ImportItems", body) == "AccessDeniedException")
      }
      #expect(try await call("WRITER", "Afterimage_20261121.ImportItems", body).contains(#""Batch":1,"Rows":1"#))
    }
  }

  @Test func `a request has at most 16 MB`() async throws {
    let server = try APIServer()
    try await create(server.client())
    let start = #"{"TableName":"T_1","Import":"x","Batch":1,"Rows":["#
    var body = Array(start.utf8)
    var number = 0
    while body.count < ImportItems.requestBytesMax - (400 << 10) {
      if number > 0 { body.append(UInt8(ascii: ",")) }
      body += Array(#"{"Item":{"pk":{"S":"\#(number)"},"text":{"S":"\#(String(repeating: "x", count: 300 << 10))"}}}"#.utf8)
      number += 1
    }
    body += Array("]}".utf8)
    body += [UInt8](repeating: UInt8(ascii: " "), count: ImportItems.requestBytesMax - body.count)
    let headers = ["X-Amz-Target": "Afterimage_20261121.ImportItems"]
    let whole = try await server.client().post(body, headers: headers)
    #expect(whole.status == 200 && whole.text.contains(#""Rows":\#(number),"#), "\(whole.text)")
    body.append(UInt8(ascii: " "))
    #expect(try await server.client().post(body, headers: headers).status == 413)
    // Of a server that takes larger bodies the operation itself refuses it.
    let api = server.api
    let larger = try HTTPServer.serving(.init(requestBodyBytesMax: 32 << 20)) { api.handle($0, $1) }
    defer { larger.stop() }
    let refused = try await APIClient(port: larger.port).post(body, headers: headers)
    #expect(refused.error == "ValidationException: A request of ImportItems has at most 16777216 bytes: 16777217")
  }

  @Test func `a batch that waits in vain is refused, and so is what comes while too much is in hand`() async throws {
    let server = try APIServer()
    try await create(server.client())
    let table = try #require(server.store.table("T_1"))
    let desk = ImportDesk(store: server.store, pendingBytesMax: 10, waitMax: 50)
    let rows = [try table.importRow(["pk": .string("a")], at: nil)]
    let result: Result<ImportOutcome, DynamoError> = await withCheckedContinuation { continuation in
      _ = desk.enter(bytes: 6) {
        desk.take(ImportBatch(table: table, name: "x", number: 2, rows: rows), table) { continuation.resume(returning: $0) }
      }
    }
    guard case .failure(let error) = result else { return #expect(Bool(false), "a batch is applied before the first") }
    #expect(error.code == .importOutOfStep)
    #expect(!desk.enter(bytes: 5) {})
    #expect(desk.enter(bytes: 4) {})
    desk.leave(bytes: 6)
    desk.leave(bytes: 4)
    #expect(desk.enter(bytes: 11) {}, "one by itself is always taken")
  }
}
