import Testing

/// What batches and transactions of items refuse, and how.
@Suite struct BatchErrorTests {
  private static let open = "ValidationException: 1 validation error detected: Value at "

  private func list(_ count: Int, _ element: (Int) -> String) -> String {
    "[\((0..<count).map(element).joined(separator: ","))]"
  }

  private func key(_ place: Int) -> String { #"{"pk":{"S":"a"},"sk":{"S":"\#(place)"}}"# }

  @Test func `maps and long lists are not quoted`() async throws {
    let least = "failed to satisfy constraint: Member must have length greater than or equal to 1"
    func most(_ count: Int) -> String { "failed to satisfy constraint: Member must have length less than or equal to \(count)" }
    try await SampleTable.expect([
      ("BatchGetItem", #"{"RequestItems":{}}"#, Self.open + "'RequestItems' \(least)"),
      ("BatchWriteItem", #"{"RequestItems":{}}"#, Self.open + "'RequestItems' \(least)"),
      ("BatchGetItem", #"{"RequestItems":{"Tab":{"Keys":[]}}}"#, Self.open + "'RequestItems.Tab.member.Keys' \(least)"),
      (
        "BatchGetItem", #"{"RequestItems":{"Tab":{"Keys":\#(list(101, key))}}}"#,
        Self.open + "'RequestItems.Tab.member.Keys' \(most(100))"
      ),
      (
        "BatchWriteItem", #"{"RequestItems":{"Tab":\#(list(26) { #"{"DeleteRequest":{"Key":\#(key($0))}}"# })}}"#,
        Self.open + "'RequestItems.Tab.member' \(most(25))"
      ),
      ("TransactGetItems", #"{"TransactItems":[]}"#, Self.open + "'TransactItems' \(least)"),
      (
        "TransactGetItems", #"{"TransactItems":\#(list(101) { #"{"Get":{"TableName":"Tab","Key":\#(key($0))}}"# })}"#,
        Self.open + "'TransactItems' \(most(100))"
      ),
      (
        "TransactWriteItems", #"{"TransactItems":\#(list(101) { #"{"Delete":{"TableName":"Tab","Key":\#(key($0))}}"# })}"#,
        Self.open + "'TransactItems' \(most(100))"
      ),
      (
        "Query", #"{"TableName":"Tab","Limit":0}"#,
        Self.open + "'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
      ),
    ])
  }

  @Test func `a batch answers under the table's name as it was given`() async throws {
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Tab"
    try await SampleTable.expect([
      (
        "BatchGetItem", #"{"RequestItems":{"\#(arn)":{"Keys":[\#(key(1))]}}}"#,
        #"no error: {"Responses":{"\#(arn)":[]},"UnprocessedKeys":{}}"#
      )
    ])
  }

  @Test func `of a transaction an oversized put is refused and an oversized update cancels`() async throws {
    let server = try APIServer()
    let client = server.client()
    #expect(try await client.send("CreateTable", SampleTable.definition).status == 200)
    let large = #"{"S":"\#(String(repeating: "x", count: 410_000))"}"#
    let put = #"{"Put":{"TableName":"Tab","Item":{\#(SampleTable.key),"v":\#(large)}}}"#
    let refused = try await client.send("TransactWriteItems", #"{"TransactItems":[\#(put)]}"#)
    #expect(refused.error == "ValidationException: Item size has exceeded the maximum allowed size")
    let update =
      #"{"Update":{"TableName":"Tab","Key":\#(key(2)),"UpdateExpression":"SET v = :v","ExpressionAttributeValues":{":v":\#(large)}}}"#
    let cancelled = try await client.send("TransactWriteItems", #"{"TransactItems":[\#(update)]}"#)
    #expect(cancelled.error.hasSuffix("[ValidationError]"))
    #expect(
      try cancelled.text(["CancellationReasons", "0", "Message"]) == "Item size to update has exceeded the maximum allowed size")
  }

  @Test func `after the first action that is not valid no reasons are looked for`() async throws {
    let cancelled = "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons "
    let failing = { (place: Int) in
      #"{"Put":{"TableName":"Tab","Item":\#(self.key(place)),"ConditionExpression":"attribute_exists(zz)"}}"#
    }
    let invalid = { (place: Int) in #"{"Update":{"TableName":"Tab","Key":\#(self.key(place)),"UpdateExpression":"SET v = zz"}}"# }
    let keyless = #"{"Put":{"TableName":"Tab","Item":{"pk":{"S":"a"}}}}"#
    let get = { (key: String) in #"{"Get":{"TableName":"Tab","Key":\#(key)}}"# }
    func transact(_ actions: String...) -> String { #"{"TransactItems":[\#(actions.joined(separator: ","))]}"# }
    try await SampleTable.expect([
      (
        "TransactWriteItems", transact(failing(1), invalid(2), failing(3), invalid(4)),
        cancelled + "[ConditionalCheckFailed, ValidationError, None, None]"
      ),
      ("TransactWriteItems", transact(failing(1), failing(3)), cancelled + "[ConditionalCheckFailed, ConditionalCheckFailed]"),
      (
        "TransactWriteItems", transact(failing(1), keyless, failing(3), keyless),
        cancelled + "[None, ValidationError, None, None]"
      ),
      (
        "TransactGetItems", transact(get(key(1)), get(#"{"pk":{"S":"a"}}"#), get(#"{"pk":{"S":"b"}}"#)),
        cancelled + "[None, ValidationError, None]"
      ),
    ])
  }
}
