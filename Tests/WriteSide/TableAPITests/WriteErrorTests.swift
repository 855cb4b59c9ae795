import Testing

/// What the operations that write items refuse before they look at the table, in which words and in which order.
@Suite struct WriteErrorTests {
  private static let counted = "ValidationException: 1 validation error detected: "

  private func single(_ operation: String, _ more: String, table: String = "Tab") -> (String, String) {
    let subject = operation == "PutItem" ? "Item" : "Key"
    return (operation, #"{"TableName":"\#(table)","\#(subject)":{\#(SampleTable.key)},\#(more)}"#)
  }

  @Test(arguments: ["PutItem", "UpdateItem", "DeleteItem"])
  func `what is wrong with an expression is one of the counted errors`(operation: String) async throws {
    let open = Self.counted + "Invalid ConditionExpression: "
    let value = #","ExpressionAttributeValues":{":v":{"N":"1"}}"#
    let idle =
      operation == "UpdateItem" ? "UpdateExpression and ConditionExpression are null" : "ConditionExpression is null"
    let cases = [
      (#""ConditionExpression":"""#, open + "The expression can not be empty;"),
      (#""ConditionExpression":"a = = b""#, open + #"Syntax error; token: "=", near: "= = b""#),
      (#""ConditionExpression":"size = b""#, open + "Attribute name is a reserved keyword; reserved keyword: size"),
      (#""ConditionExpression":"((a = b))""#, open + "The expression has redundant parentheses;"),
      (
        #""ConditionExpression":"a = :w"\#(value)"#,
        open + "An expression attribute value used in expression is not defined; attribute value: :w"
      ),
      (
        #""ExpressionAttributeValues":{":v":{"N":"1"}}"#,
        Self.counted + "ExpressionAttributeValues can only be specified when using expressions: " + idle
      ),
      (
        #""ConditionExpression":"a = :v","ExpressionAttributeValues":{}"#,
        Self.counted + "ExpressionAttributeValues must not be empty"
      ),
      (
        #""Expected":{"a":{"Exists":false,"Value":{"S":"x"}}}"#,
        Self.counted + "One or more parameter values were invalid: Value cannot be used when Exists is false for Attribute: a"
      ),
      // What stands in the request for nothing is told as it is.
      (
        #""ConditionExpression":"a = b"\#(value)"#,
        "ValidationException: Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"
      ),
    ]
    try await SampleTable.expect(
      cases.map { body, error in
        let (operation, body) = single(operation, body)
        return (operation, body, error)
      })
  }

  @Test func `ReturnValues of put and delete, and the update expression, are counted too`() async throws {
    let returned = Self.counted + "ReturnValues can only be ALL_OLD or NONE"
    let put = single("PutItem", #""ReturnValues":"ALL_NEW""#)
    let delete = single("DeleteItem", #""ReturnValues":"UPDATED_OLD""#)
    let update = single("UpdateItem", #""UpdateExpression":"SET a =""#)
    try await SampleTable.expect([
      (put.0, put.1, returned), (delete.0, delete.1, returned),
      (update.0, update.1, Self.counted + #"Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "=""#),
    ])
  }

  @Test func `numbers and sets that are none are counted in writes of one item and told as they are elsewhere`() async throws {
    let number = "The parameter cannot be converted to a numeric value: x"
    let twice = #"One or more parameter values were invalid: Input collection ["a", "b", "b"] contains duplicates."#
    let bare = "ValidationException: "
    for (value, error) in [(#"{"N":"x"}"#, number), (#"{"SS":["a","b","b"]}"#, twice)] {
      let item = #"{\#(SampleTable.key),"v":\#(value)}"#
      let key = #"{"pk":{"S":"a"},"sk":\#(value)}"#
      let values = #""ExpressionAttributeValues":{":v":\#(value)}"#
      try await SampleTable.expect([
        ("PutItem", #"{"TableName":"Tab","Item":\#(item)}"#, Self.counted + error),
        ("DeleteItem", #"{"TableName":"Tab","Key":\#(key)}"#, Self.counted + error),
        ("UpdateItem", #"{"TableName":"Tab","Key":\#(key)}"#, Self.counted + error),
        (
          "UpdateItem", #"{"TableName":"Tab","Key":{\#(SampleTable.key)},"UpdateExpression":"SET v = :v",\#(values)}"#,
          Self.counted + error
        ),
        (
          "UpdateItem", #"{"TableName":"Tab","Key":{\#(SampleTable.key)},"AttributeUpdates":{"v":{"Value":\#(value)}}}"#,
          Self.counted + error
        ),
        (
          "PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key)},"Expected":{"v":{"Value":\#(value)}}}"#,
          Self.counted + error
        ),
        ("GetItem", #"{"TableName":"Tab","Key":\#(key)}"#, bare + error),
        ("Scan", #"{"TableName":"Tab","FilterExpression":"v = :v",\#(values)}"#, bare + error),
        ("BatchGetItem", #"{"RequestItems":{"Tab":{"Keys":[\#(key)]}}}"#, bare + error),
        ("BatchWriteItem", #"{"RequestItems":{"Tab":[{"PutRequest":{"Item":\#(item)}}]}}"#, bare + error),
        ("TransactWriteItems", #"{"TransactItems":[{"Put":{"TableName":"Tab","Item":\#(item)}}]}"#, bare + error),
      ])
    }
  }

  @Test(arguments: [
    (#"{"SS":[]}"#, "An string set  may not be empty"), (#"{"NS":[]}"#, "An number set  may not be empty"),
    (#"{"L":[{"BS":[]}]}"#, "Binary sets should not be empty"),
  ])
  func `a set without members is told without its placeholder, and counted only where it stands for one`(
    _ value: String, _ text: String
  ) async throws {
    let error = "One or more parameter values were invalid: \(text)"
    let values = #""ExpressionAttributeValues":{":v":\#(value)}"#
    try await SampleTable.expect([
      (
        "UpdateItem", #"{"TableName":"Tab","Key":{\#(SampleTable.key)},"UpdateExpression":"SET v = :v",\#(values)}"#,
        Self.counted + error
      ),
      ("PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key),"v":\#(value)}}"#, "ValidationException: \(error)"),
      ("Scan", #"{"TableName":"Tab","FilterExpression":"v = :v",\#(values)}"#, "ValidationException: \(error)"),
    ])
  }

  @Test func `an item that an index cannot have is refused before the condition is looked at`() async throws {
    let mismatch =
      "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: also"
    let put = { (value: String, condition: String) in
      #"{"TableName":"Tab","Item":{\#(SampleTable.key),"g":\#(value)},"ConditionExpression":"\#(condition)"}"#
    }
    let transaction = { (body: String) in #"{"TransactItems":[{"Put":\#(body)}]}"# }
    let number = #"{"N":"1"}"#
    try await SampleTable.expect([
      ("PutItem", put(number, "attribute_exists(pk)"), "ValidationException: \(mismatch)"),
      ("PutItem", put(number, "attribute_not_exists(pk)"), "ValidationException: \(mismatch)"),
      (
        "TransactWriteItems", transaction(put(number, "attribute_exists(pk)")),
        "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"
      ),
      (
        "PutItem", put(#"{"S":"x"}"#, "attribute_exists(pk)"), "ConditionalCheckFailedException: The conditional request failed"
      ),
      ("PutItem", put(#"{"S":"x"}"#, "attribute_not_exists(pk)"), "no error: {}"),
    ])
  }

  @Test func `what an update says is wrong comes together, the table's name among it`() async throws {
    try await SampleTable.expect([
      (
        "UpdateItem", #"{"TableName":"a;","ReturnValues":"x"}"#,
        "ValidationException: 4 validation errors detected: Value 'a;' at 'tableName' failed to satisfy constraint: Member must have "
          + "length greater than or equal to 3; Value 'a;' at 'tableName' failed to satisfy constraint: Member must satisfy regular "
          + "expression pattern: [a-zA-Z0-9_.-]+; Value null at 'key' failed to satisfy constraint: Member must not be null; Value "
          + "'x' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, "
          + "NONE, UPDATED_NEW]"
      )
    ])
  }

  @Test func `names of attributes are limited everywhere, and their order of errors is names, syntax, depth`() async throws {
    let long = String(repeating: "n", count: 65_536)
    let tooLong = "Attribute name is too large, must be less than 65536 bytes"
    let deep = String(repeating: #"{"L":["#, count: 40) + #"{"S":"x"}"# + String(repeating: "]}", count: 40)
    let name = ##""ExpressionAttributeNames":{"#n":"\##(long)"}"##
    let key = #""Key":{\#(SampleTable.key)}"#
    let wrongKey = #""Key":{"pk":{"S":"a"},"sk":\#(deep)}"#
    let nesting =
      "ValidationException: Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond "
      + "supported limit"
    try await SampleTable.expect([
      ("PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key),"\#(long)":{"S":"a"}}}"#, "ValidationException: " + tooLong),
      (
        "GetItem", ##"{"TableName":"Tab",\##(key),"ProjectionExpression":"#n",\##(name)}"##,
        "ValidationException: ExpressionAttributeNames contains invalid value: \(tooLong) for key #n"
      ),
      ("GetItem", #"{"TableName":"Tab",\#(key),"AttributesToGet":["\#(long)"]}"#, "ValidationException: " + tooLong),
      (
        "UpdateItem", #"{"TableName":"Tab",\#(key),"AttributeUpdates":{"\#(long)":{"Value":{"S":"a"}}}}"#,
        "ValidationException: " + tooLong
      ),
      ("DeleteItem", #"{"TableName":"Tab",\#(key),"Expected":{"\#(long)":{"Exists":false}}}"#, Self.counted + tooLong),
      (
        "Scan", #"{"TableName":"Tab","ScanFilter":{"\#(long)":{"ComparisonOperator":"NULL"}}}"#,
        "ValidationException: " + tooLong
      ),
      ("PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key),"v":\#(deep)}}"#, nesting),
      (
        "PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key),"v":\#(deep),"":{"S":"a"}}}"#,
        "ValidationException: Empty attribute name"
      ),
      (
        "PutItem", #"{"TableName":"Tab","Item":{\#(SampleTable.key),"v":\#(deep),"w":{"L":[{"M":{"":{"S":"a"}}}]}}}"#,
        "ValidationException: Empty attribute name"
      ),
      ("GetItem", #"{"TableName":"Tab",\#(wrongKey)}"#, nesting),
      (
        "GetItem", #"{"TableName":"Tab",\#(wrongKey),"ProjectionExpression":"("}"#,
        #"ValidationException: Invalid ProjectionExpression: Syntax error; token: "(", near: "(""#
      ),
      (
        "TransactWriteItems", #"{"TransactItems":[{"Delete":{"TableName":"Tab",\#(wrongKey),"ConditionExpression":"("}}]}"#,
        #"ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "(""#
      ),
    ])
  }

  @Test func `the size of an item is looked at before its table is`() async throws {
    let item = #"{\#(SampleTable.key),"v":{"S":"\#(String(repeating: "x", count: 410_000))"}}"#
    let error = "ValidationException: Item size has exceeded the maximum allowed size"
    try await SampleTable.expect([
      ("PutItem", #"{"TableName":"Nope","Item":\#(item)}"#, error),
      ("BatchWriteItem", #"{"RequestItems":{"Nope":[{"PutRequest":{"Item":\#(item)}}]}}"#, error),
    ])
  }

  @Test func `an update counts for itself against the limit of an item`() async throws {
    let server = try APIServer()
    let client = server.client()
    #expect(try await client.send("CreateTable", SampleTable.definition).status == 200)
    func update(_ expression: String, bytes: Int) async throws -> String {
      try await client.send(
        "UpdateItem",
        #"{"TableName":"Tab","Key":{\#(SampleTable.key)},"UpdateExpression":"\#(expression)","ExpressionAttributeValues":"#
          + #"{":v":{"S":"\#(String(repeating: "x", count: bytes))"}}}"#
      ).error
    }
    let tooLarge = "ValidationException: Item size to update has exceeded the maximum allowed size"
    let max = 400 * 1024
    // The key has 6 bytes, so that the item itself would take `max - 7`.
    for (expression, overhead) in [("SET v = :v", 23), ("SET v = :v REMOVE w", 25), ("SET v = :v, w = pk", 44)] {
      #expect(try await update(expression, bytes: max - overhead) == "no error: {}", "\(expression)")
      #expect(try await update(expression, bytes: max - overhead + 1) == tooLarge, "\(expression)")
    }
    let list = #"{"TableName":"Tab","Item":{\#(SampleTable.key),"l":{"L":[{"S":"a"}]}}}"#
    #expect(try await client.send("PutItem", list).status == 200)
    #expect(try await update("SET l[0] = :v", bytes: max - 28) == "no error: {}")
    #expect(try await update("SET l[0] = :v", bytes: max - 27) == tooLarge)
  }
}
