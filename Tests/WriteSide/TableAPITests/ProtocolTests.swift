import DynamoModel
import Foundation
import Services
import Testing

@Suite struct ProtocolTests {
  static let createTable = """
    {"TableName":"T_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
     "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}
    """

  @Test func `every answer has its headers and a right checksum`() async throws {
    let server = try APIServer()
    let client = server.client()
    let answers = [
      try await client.send("ListTables", "{}"), try await client.send("Nope", "{}"), try await client.send("GetItem", "{}"),
    ]
    var ids = Set<String>()
    for answer in answers {
      #expect(answer.headers["content-type"] == "application/x-amz-json-1.0")
      #expect(answer.headers["x-amz-crc32"] == "\(checksum(answer.body))")
      ids.insert(answer.headers["x-amzn-requestid"] ?? "")
    }
    #expect(ids.count == 3)
  }

  @Test func `a head that is too large is answered as the protocol has errors`() async throws {
    let server = try APIServer()
    var ids = Set<String>()
    for bytes in [16_384, 50_000] {
      let answer = try await server.client().send("ListTables", "{}", headers: ["X-Long": String(repeating: "a", count: bytes)])
      #expect(answer.status == 400)
      #expect(answer.error == "SerializationException: The request line and the headers are too large")
      #expect(answer.headers["content-type"] == "application/x-amz-json-1.0" && answer.headers["server"] == "Server")
      #expect(answer.headers["x-amz-crc32"] == "\(checksum(answer.body))")
      ids.insert(answer.headers["x-amzn-requestid"] ?? "")
    }
    #expect(ids.count == 2 && ids.allSatisfy { $0.utf8.count == 52 })
    let large = try await server.client().send("ListTables", "{}", headers: ["X-Long": String(repeating: "a", count: 12_000)])
    #expect(large.status == 200)
  }

  /// CRC-32 bit by bit, as RFC 1952 defines it.
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
    }
  }

  @Test func `the server says that it is healthy and knows no other page`() async throws {
    let server = try APIServer()
    let client = server.client()
    #expect(try await client.get("/").text == "healthy: 127.0.0.1:\(server.port) ")
    #expect(try await client.get("/other").status == 404)
    let wrong = try await client.send("ListTables", "{}", headers: ["Content-Type": "text/plain"])
    #expect(wrong.status == 404)
    #expect(wrong.text == #"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#)
  }

  @Test func `an unknown operation has no message and does not succeed`() async throws {
    let server = try APIServer()
    for operation in ["Nope", "CreateGlobalTable", "dynamoDB.GetItem", ""] {
      let answer = try await server.client().send(operation, "{}")
      #expect(answer.status == 400)
      #expect(answer.text == #"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#)
    }
  }

  @Test func `a request without a signature, or with half of one, is refused`() async throws {
    let server = try APIServer()
    let client = server.client()
    let unsigned = try await client.send("ListTables", "{}", headers: ["Authorization": nil])
    #expect(unsigned.error == "MissingAuthenticationTokenException: Request is missing Authentication Token")
    let half = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request"
    let partly = try await client.send("ListTables", "{}", headers: ["Authorization": half, "X-Amz-Date": nil])
    #expect(
      partly.error
        == "IncompleteSignatureException: Authorization header requires 'Signature' parameter. Authorization header requires "
        + "'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        + "Authorization=\(half)")
    let basic = try await client.send("ListTables", "{}", headers: ["Authorization": "Basic YTpi"])
    #expect(basic.error == "MissingAuthenticationTokenException: Request is missing Authentication Token")
    _ = try await client.send("ListTables", "{}")
    let both = try await client.send("ListTables", "{}", path: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    #expect(
      both.error
        == "InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
  }

  @Test(arguments: ["", "{", "[]", "nope", "{\"a\":1,}"])
  func `a body that is not a JSON object is a SerializationException without a text`(body: String) async throws {
    let server = try APIServer()
    let answer = try await server.client().send("ListTables", body)
    #expect(answer.status == 400)
    #expect(answer.text == #"{"__type":"com.amazon.coral.service#SerializationException"}"#)
  }

  @Test func `a gzip body is taken`() async throws {
    let server = try APIServer()
    let output = FileManager.default.temporaryDirectory.path + "/gzip-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: output) }
    try Executable.run(["/bin/sh", "-c", "printf '{\"Limit\":5}' | gzip -c"], output: output)
    let body = [UInt8](try Data(contentsOf: URL(filePath: output)))
    let answer = try await server.client().post(
      body, headers: ["X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Encoding": "gzip"])
    #expect(answer.text == #"{"TableNames":[]}"#)
  }

  @Test(arguments: [
    (
      "GetItem", "{}",
      "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; Value null at 'key' failed to satisfy constraint: Member must not be null"
    ),
    (
      "DescribeTimeToLive", "{}",
      "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    ),
    (
      "DescribeTable", #"{"TableName":null}"#,
      "The parameter 'TableName' is required but was not present in the request"
    ),
    (
      "DescribeTimeToLive", #"{"TableName":"ab"}"#,
      "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
    ),
    (
      "Scan", #"{"TableName":"T_1","Limit":0}"#,
      "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
    ),
    (
      "Scan", #"{"TableName":"T_1","ReturnConsumedCapacity":"X"}"#,
      "1 validation error detected: Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
    ),
    (
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{}}}"#,
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    ),
    (
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a","N":"1"}}}"#,
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    ),
    (
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a"},"n":{"N":"abc"}}}"#,
      "1 validation error detected: The parameter cannot be converted to a numeric value: abc"
    ),
    (
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a"},"n":{"SS":[]}}}"#,
      "One or more parameter values were invalid: An string set  may not be empty"
    ),
    (
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a"},"n":{"NULL":false}}}"#,
      "One or more parameter values were invalid: Null attribute value types must have the value of true"
    ),
    (
      "PutItem", #"{"TableName":"T_1","Item":{"pk":{"S":"a"}},"Expected":{},"ConditionExpression":"a = :a"}"#,
      "1 validation error detected: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
    ),
    (
      "Query", #"{"TableName":"T_1","KeyConditionExpression":""}"#,
      "Invalid KeyConditionExpression: The expression can not be empty;"
    ),
    (
      "GetItem", #"{"TableName":"T_1","Key":{"pk":{"S":"a"}},"ExpressionAttributeNames":{},"ProjectionExpression":"a"}"#,
      "ExpressionAttributeNames must not be empty"
    ),
    (
      "GetItem", #"{"TableName":"T_1","Key":{"pk":{"S":"a"}},"ExpressionAttributeNames":{"a":"b"},"ProjectionExpression":"a"}"#,
      #"ExpressionAttributeNames contains invalid key: Syntax error; key: "a""#
    ),
    (
      "Scan", #"{"TableName":"T_1","FilterExpression":"a = :a","ExpressionAttributeValues":{":a":{}}}"#,
      "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :a"
    ),
    (
      "TransactWriteItems", #"{"TransactItems":[]}"#,
      "1 validation error detected: Value at 'TransactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"
    ),
    (
      "UpdateTable", #"{"TableName":"T_1"}"#,
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"
    ),
  ])
  func `a wrong request gets the error of DynamoDB`(operation: String, body: String, error: String) async throws {
    let server = try APIServer()
    _ = try await server.client().send("CreateTable", Self.createTable)
    let answer = try await server.client().send(operation, body)
    #expect(answer.status == 400)
    #expect(answer.error == "ValidationException: \(error)")
    #expect(answer.text.hasPrefix(#"{"__type":"com.amazon.coral.validate#ValidationException","message":"#))
  }

  @Test(arguments: [
    ("DescribeTable", #"{"TableName":5}"#, "NUMBER_VALUE cannot be converted to String"),
    ("Scan", #"{"TableName":"T_1","Limit":"1"}"#, "STRING_VALUE cannot be converted to Integer"),
    ("DescribeTable", #"{"TableName":{}}"#, "Start of structure or map found where not expected"),
    ("CreateTable", #"{"Tags":[{"Key":1}]}"#, "NUMBER_VALUE cannot be converted to String"),
    ("UpdateTable", #"{"ProvisionedThroughput":{"ReadCapacityUnits":true}}"#, "TRUE_VALUE cannot be converted to Long"),
    ("ExecuteStatement", #"{"Statement":"","Limit":false}"#, "FALSE_VALUE cannot be converted to Integer"),
  ])
  func `JSON of a wrong type is a SerializationException`(operation: String, body: String, error: String) async throws {
    let server = try APIServer()
    let answer = try await server.client().send(operation, body)
    #expect(answer.text == #"{"__type":"com.amazon.coral.service#SerializationException","Message":"\#(error)"}"#)
  }
}
