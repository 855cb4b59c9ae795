import Foundation
import Testing

/// What the operations on items refuse, and the text and order of what they say.
@Suite struct RefusalTests {
  @Test func `JSON of a wrong type is reported before anything else`() async throws {
    try await SampleTable.expect(
      [
        ("PutItem", #"{"TableName":false}"#, "FALSE_VALUE cannot be converted to String"),
        ("PutItem", #"{"TableName":1.5}"#, "DECIMAL_VALUE cannot be converted to String"),
        ("PutItem", #"{"Item":"x"}"#, "Unexpected field type"),
        ("PutItem", #"{"Item":{"a":"x"}}"#, "Unexpected value type in payload"),
        ("PutItem", #"{"Item":{"a":{"L":[{"S":5}]}}}"#, "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", #"{"Item":{"a":{"B":5}}}"#, "only base64-encoded strings are convertible to bytes"),
        ("PutItem", #"{"Item":{"a":{"B":"abc"}}}"#, "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
        ("PutItem", ##"{"TableName":"ab","ExpressionAttributeNames":{"#a":5}}"##, "NUMBER_VALUE cannot be converted to String"),
        ("UpdateItem", #"{"AttributeUpdates":{"a":{"Value":"x"}}}"#, "Unexpected value type in payload"),
        ("DeleteItem", #"{"Expected":{"a":{"Exists":"x"}}}"#, "STRING_VALUE cannot be converted to Boolean"),
        ("GetItem", #"{"AttributesToGet":"x"}"#, "Unexpected field type"),
        ("Query", #"{"KeyConditions":{"a":{"AttributeValueList":{}}}}"#, "Start of structure or map found where not expected"),
        ("Scan", #"{"Segment":"x"}"#, "STRING_VALUE cannot be converted to Integer"),
        ("BatchGetItem", #"{"RequestItems":{"a":{"Keys":[[]]}}}"#, "Start of list found where not expected"),
        ("BatchWriteItem", #"{"RequestItems":{"a":["x"]}}"#, "Unexpected value type in payload"),
        ("TransactGetItems", #"{"TransactItems":[{"Get":{"Key":"x"}}]}"#, "Unexpected field type"),
        ("TransactWriteItems", #"{"TransactItems":[{"Put":{"Item":"x"}}]}"#, "Unexpected field type"),
        (
          "TransactWriteItems",
          #"{"TransactItems":[{"Put":{"TableName":"Tab","Item":{\#(SampleTable.key)},"ExpressionAttributeNames":5}}]}"#,
          "Unexpected field type"
        ),
        (
          "TransactWriteItems",
          #"{"TransactItems":[{"Put":{"TableName":"Tab","Item":{\#(SampleTable.key)},"ExpressionAttributeValues":{":a":1}}}]}"#,
          "Unexpected value type in payload"
        ),
      ].map { ($0.0, $0.1, "SerializationException: \($0.2)") })
  }

  @Test func `each kind of wrong value gets its own error`() async throws {
    let put = { (value: String) in #"{"TableName":"Tab","Item":{\#(SampleTable.key),"v":\#(value)}}"# }
    let counted = "1 validation error detected: "
    let numeric = counted + "The parameter cannot be converted to a numeric value"
    try await SampleTable.expect(
      [
        (put(#"{"N":""}"#), numeric),
        (put(#"{"N":" 5"}"#), "\(numeric):  5"),
        (put(#"{"S":"a","N":""}"#), numeric),
        (put(#"{"NS":["1","1.0"]}"#), counted + "Input collection contains duplicates"),
        (
          put(#"{"SS":["a","b","b"]}"#),
          counted + #"One or more parameter values were invalid: Input collection ["a", "b", "b"] contains duplicates."#
        ),
        (
          put(#"{"BS":["Yg==","Yg=="]}"#),
          counted + "One or more parameter values were invalid: Input collection [Yg==, Yg==]of type BS contains duplicates."
        ),
        (put(#"{"X":1}"#), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
          #"{"TableName":"Tab","Item":{\#(SampleTable.key)},"ConditionExpression":"a = :a","ExpressionAttributeValues":{":a":{"N":"x"},"b":{}}}"#,
          counted + #"ExpressionAttributeValues contains invalid key: Syntax error; key: "b""#
        ),
      ].map { ("PutItem", $0.0, "ValidationException: \($0.1)") })
    let index = { (index: String) in
      #"{"TableName":"Tab","Key":{\#(SampleTable.key)},"UpdateExpression":"SET v[\#(index)] = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}"#
    }
    let unknown = "ValidationException: The document path provided in the update expression is invalid for update"
    let outside = counted + "Invalid UpdateExpression: List index is not within the allowable range; index: [4294967295]"
    try await SampleTable.expect([
      ("UpdateItem", index("4294967294"), unknown), ("UpdateItem", index("4294967295"), "ValidationException: \(outside)"),
      ("PutItem", put(#"{"S":"a","N":null}"#), "no error: {}"), ("PutItem", put(#"{"S":"a","X":[]}"#), "no error: {}"),
    ])
  }

  @Test func `a wrong table name is reported by itself`() async throws {
    let open = "ValidationException: 1 validation error detected: Value "
    let map =
      "failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, "
      + "Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
    try await SampleTable.expect([
      (
        "GetItem", #"{"TableName":"","Key":{}}"#,
        open + "'' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1"
      ),
      (
        "PutItem", #"{"TableName":"ab","ReturnValues":"x","Item":{}}"#,
        open + "'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
      ),
      (
        "Query", #"{"TableName":"Tab","IndexName":""}"#,
        "ValidationException: 2 validation errors detected: Value '' at 'indexName' failed to satisfy constraint: Member must have "
          + "length greater than or equal to 3; Value '' at 'indexName' failed to satisfy constraint: Member must satisfy regular "
          + "expression pattern: [a-zA-Z0-9_.-]+"
      ),
      ("BatchGetItem", #"{"RequestItems":{"ab":{"Keys":[{}]}}}"#, open + "'{ab={Keys=[{}]}}' at 'requestItems' " + map),
      (
        "BatchWriteItem", #"{"RequestItems":{"Tab":[]}}"#,
        open + "at 'RequestItems.Tab.member' failed to satisfy constraint: Member must have length greater than or equal to 1"
      ),
    ])
  }

  @Test func `SPECIFIC_ATTRIBUTES wants to know which, and Query counts it as one of its checks`() async throws {
    let reason = "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    try await SampleTable.expect([
      ("Scan", #"{"TableName":"Tab","Select":"SPECIFIC_ATTRIBUTES"}"#, "ValidationException: \(reason)"),
      (
        "Query",
        #"{"TableName":"Tab","Select":"SPECIFIC_ATTRIBUTES","KeyConditionExpression":"pk = :v","ExpressionAttributeValues":{":v":{"S":"a"}}}"#,
        "ValidationException: 1 validation error detected: \(reason)"
      ),
    ])
  }

  @Test func `keys of items and of indexes`() async throws {
    let update = { (value: String, given: String) in
      #"{"TableName":"Tab","Key":{\#(SampleTable.key)},"UpdateExpression":"SET g = \#(value)","ExpressionAttributeValues":{":v":\#(given)}}"#
    }
    let mismatch =
      "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: also"
    let emptyUpdate =
      "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that "
      + "is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
    try await SampleTable.expect(
      [
        ("PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key),"g":{"N":"1"}}}"#, mismatch),
        ("UpdateItem", update(":v", #"{"N":"1"}"#), mismatch),
        ("UpdateItem", update(":v", #"{"S":""}"#), emptyUpdate),
        ("UpdateItem", update("if_not_exists(z, :v)", #"{"S":""}"#), emptyUpdate),
        (
          "UpdateItem", update("if_not_exists(z, :v)", #"{"N":"1"}"#),
          "The update expression attempted to update the secondary index key to unsupported type"
        ),
        (
          "BatchWriteItem", #"{"RequestItems":{"Tab":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}}]}}"#,
          "The provided key element does not match the schema"
        ),
        (
          "BatchWriteItem", #"{"RequestItems":{"Tab":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}}]}}"#,
          "The provided key element does not match the schema"
        ),
        (
          "Scan", #"{"TableName":"Tab","ExclusiveStartKey":{"pk":{"S":"a"}}}"#,
          "The provided starting key is invalid: The provided key element does not match the schema"
        ),
        (
          "Scan", #"{"TableName":"Tab","IndexName":"gsi","ExclusiveStartKey":{\#(SampleTable.key)}}"#,
          "The provided starting key is invalid"
        ),
        (
          "Scan", #"{"TableName":"Nope","ExclusiveStartKey":{"pk":{}}}"#,
          "The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        ),
      ].map { ($0.0, $0.1, "ValidationException: \($0.2)") })
  }

  @Test func `expressions go with KeyConditions but with no other parameter from before them`() async throws {
    let conditions = #""KeyConditions":{"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]}}"#
    let mixed =
      "ValidationException: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
    try await SampleTable.expect([
      (
        "Query",
        #"{"TableName":"Tab",\#(conditions),"FilterExpression":"v = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}"#,
        #"no error: {"Items":[],"Count":0,"ScannedCount":0}"#
      ),
      (
        "Query", #"{"TableName":"Tab",\#(conditions),"AttributesToGet":["a"],"FilterExpression":"v = :v"}"#,
        mixed + "{AttributesToGet} Expression parameters: {FilterExpression}"
      ),
      (
        "Query", #"{"TableName":"Tab",\#(conditions),"KeyConditionExpression":"pk = :p"}"#,
        mixed + "{KeyConditions} Expression parameters: {KeyConditionExpression}"
      ),
      (
        "BatchGetItem",
        #"{"RequestItems":{"Tab":{"Keys":[{}],"ProjectionExpression":"a"},"Nope":{"Keys":[{}],"AttributesToGet":["a"]}}}"#,
        mixed + "{AttributesToGet} Expression parameters: {ProjectionExpression}"
      ),
    ])
  }

  @Test func `transactions refuse empty keys as a whole and are cancelled by other wrong ones`() async throws {
    let empty = "The AttributeValue for a key attribute cannot contain an empty string value."
    let update = #""UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"S":""}}"#
    let cancelled = "Transaction cancelled, please refer cancellation reasons for specific reasons"
    let write = { (action: String) in #"{"TransactItems":[\#(action)]}"# }
    let open = "ValidationException: One or more parameter values are not valid. "
    try await SampleTable.expect([
      (
        "TransactWriteItems", write(#"{"Put":{"TableName":"Tab","Item":{"pk":{"S":""},"sk":{"S":"b"}}}}"#),
        open + "\(empty) Key: pk"
      ),
      (
        "TransactWriteItems", write(#"{"Put":{"TableName":"Tab","Item":{\#(SampleTable.key),"g":{"S":""}}}}"#),
        open + "A value specified for a secondary index key is not supported. \(empty) IndexName: gsi, IndexKey: g"
      ),
      (
        "TransactWriteItems", write(#"{"Delete":{"TableName":"Tab","Key":{"pk":{"S":"a"},"sk":{"S":""}}}}"#),
        open + "\(empty) Key: sk"
      ),
      (
        "TransactWriteItems", write(#"{"Update":{"TableName":"Tab","Key":{\#(SampleTable.key)},\#(update)}}"#),
        open + "The update expression attempted to update a secondary index key to a value that is not supported. \(empty)"
      ),
      (
        "TransactWriteItems", write(#"{"Put":{"TableName":"Tab","Item":{\#(SampleTable.key),"g":{"N":"1"}}}}"#),
        "TransactionCanceledException: \(cancelled) [ValidationError]"
      ),
      (
        "TransactGetItems", write(#"{"Get":{"TableName":"Tab","Key":{"pk":{"S":""},"sk":{"S":"b"}}}}"#),
        "TransactionCanceledException: \(cancelled) [ValidationError]"
      ),
      (
        "TransactWriteItems",
        write(##"{"Put":{"TableName":"Tab","Item":{\##(SampleTable.key)},"ExpressionAttributeNames":{"#a":"b"}}}"##),
        "no error: {}"
      ),
      (
        "TransactGetItems", write(#"{"Get":{"TableName":"Tab","Key":{\#(SampleTable.key)},"ProjectionExpression":"nope"}}"#),
        #"no error: {"Responses":[{}]}"#
      ),
    ])
  }

  @Test func `a transaction that comes again is a read, however its JSON is written`() async throws {
    let server = try APIServer()
    let client = server.client()
    #expect(try await client.send("CreateTable", SampleTable.definition).status == 200)
    let text = String(repeating: "x", count: 1500)
    let options = #""ClientRequestToken":"t","ReturnConsumedCapacity":"TOTAL""#
    let first = #"{\#(options),"TransactItems":[{"Put":{"TableName":"Tab","Item":{\#(SampleTable.key),"v":{"S":"\#(text)"}}}}]}"#
    let again =
      #"{\#(options),"TransactItems": [{"Put": {"Item": {"v": {"S": "\#(text)"}, "sk": {"S": "b"}, "pk": {"S": "a"}}, "TableName": "Tab"}}]}"#
    #expect(
      try await client.send("TransactWriteItems", first).text
        == #"{"ConsumedCapacity":[{"CapacityUnits":4.0,"WriteCapacityUnits":4.0,"TableName":"Tab"}]}"#)
    #expect(
      try await client.send("TransactWriteItems", again).text
        == #"{"ConsumedCapacity":[{"CapacityUnits":2.0,"ReadCapacityUnits":2.0,"TableName":"Tab"}]}"#)
    let other = try await client.send("TransactWriteItems", again.replacingOccurrences(of: #""S": "b""#, with: #""S": "c""#))
    #expect(other.error.hasPrefix("IdempotentParameterMismatchException"))
  }

  @Test func `an update leaves an index key alone that was wrong before the index`() async throws {
    let server = try APIServer()
    let client = server.client()
    let bare = """
      {"TableName":"Late","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}
      """
    #expect(try await client.send("CreateTable", bare).status == 200)
    #expect(try await client.send("PutItem", #"{"TableName":"Late","Item":{"pk":{"S":"a"},"g":{"N":"1"}}}"#).text == "{}")
    let index = """
      {"TableName":"Late","AttributeDefinitions":[{"AttributeName":"g","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[
       {"Create":{"IndexName":"gsi","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}
      """
    #expect(try await client.send("UpdateTable", index).status == 200)
    let update =
      #"{"TableName":"Late","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET v = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}"#
    #expect(try await client.send("UpdateItem", update).text == "{}")
  }
}
