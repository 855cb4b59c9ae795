import Testing

/// Key attributes are scalars, of the table and of its indexes: no expression may look into one.
@Suite struct KeyPathTests {
  @Test func `a path into a key is refused in every expression`() async throws {
    let error = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
    let item = #""TableName":"Tab","Item":{\#(SampleTable.key)}"#
    let key = #""TableName":"Tab","Key":{\#(SampleTable.key)}"#
    let asked = #""KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}}"#
    let cancelled = "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons "
    try await SampleTable.expect(
      [
        ("PutItem", #"{\#(item),"ConditionExpression":"attribute_exists(pk.a)"}"#, "Key: pk"),
        ("PutItem", #"{\#(item),"ConditionExpression":"attribute_exists(g.a)"}"#, "IndexKey: g"),
        ("DeleteItem", #"{\#(key),"ConditionExpression":"size(sk[0]) = size(pk)"}"#, "Key: sk"),
        ("UpdateItem", #"{\#(key),"UpdateExpression":"SET a = if_not_exists(pk.b, a)"}"#, "Key: pk"),
        ("UpdateItem", #"{\#(key),"UpdateExpression":"REMOVE g[0]"}"#, "IndexKey: g"),
        ("UpdateItem", #"{\#(key),"UpdateExpression":"SET a = b","ConditionExpression":"attribute_exists(sk.a)"}"#, "Key: sk"),
        ("GetItem", #"{\#(key),"ProjectionExpression":"a, pk.b"}"#, "Key: pk"),
        ("BatchGetItem", #"{"RequestItems":{"Tab":{"Keys":[{\#(SampleTable.key)}],"ProjectionExpression":"sk[1]"}}}"#, "Key: sk"),
        ("TransactGetItems", #"{"TransactItems":[{"Get":{\#(key),"ProjectionExpression":"pk.b"}}]}"#, "Key: pk"),
        ("Query", #"{"TableName":"Tab",\#(asked),"FilterExpression":"attribute_exists(pk.a)"}"#, "Key: pk"),
        ("Query", #"{"TableName":"Tab",\#(asked),"ProjectionExpression":"g.a"}"#, "IndexKey: g"),
        ("Scan", #"{"TableName":"Tab","FilterExpression":"attribute_exists(g.a)"}"#, "IndexKey: g"),
        ("Scan", #"{"TableName":"Tab","ProjectionExpression":"pk[0]"}"#, "Key: pk"),
      ].map { ($0.0, $0.1, "ValidationException: \(error)\($0.2)") } + [
        (
          "UpdateItem", #"{\#(key),"UpdateExpression":"REMOVE pk[0]"}"#,
          "ValidationException: One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"
        ),
        (
          "TransactWriteItems", #"{"TransactItems":[{"Put":{\#(item),"ConditionExpression":"attribute_exists(pk.a)"}}]}"#,
          cancelled + "[ValidationError]"
        ),
      ])
  }

  @Test func `a query of a table without a sort key cannot go on after a key`() async throws {
    let bare = """
      {"TableName":"Bare","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}
      """
    let asked = #""KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}}"#
    try await SampleTable.expect(
      [
        (
          "Query", #"{"TableName":"Bare",\#(asked),"ExclusiveStartKey":{"pk":{"S":"a"}}}"#,
          "ValidationException: The query can return at most one row and cannot be restarted"
        ),
        (
          "Query", #"{"TableName":"Tab",\#(asked),"ExclusiveStartKey":{\#(SampleTable.key)}}"#,
          #"no error: {"Items":[],"Count":0,"ScannedCount":0}"#
        ),
      ], tables: [bare, SampleTable.definition])
  }
}
