import DynamoModel
import Expressions
import Testing

@Suite struct KeyConditionTests {
  static let schema = KeySchema(
    partition: KeyAttribute(name: "pk", type: .string), sort: KeyAttribute(name: "sk", type: .number))

  func query(_ text: String, _ values: String, schema: KeySchema = schema) throws -> KeyConditionExpression.Resolved {
    var placeholders = Placeholders(values: try item(values))
    return try ParsedKeyCondition(text).resolved(&placeholders).resolved(for: schema)
  }

  static let values = #"{":p":{"S":"x"},":a":{"N":"1"},":b":{"N":"2"},":s":{"S":"y"},":e":{"S":""}}"#

  @Test func `partition and sort conditions are distinguished`() throws {
    let one = AttributeValue.number(Number(1))
    let two = AttributeValue.number(Number(2))
    func sort(_ text: String) throws -> SortCondition? {
      let found = try query(text, Self.values)
      #expect(found.partition == [.string("x")] && found.leading.isEmpty)
      return found.sort
    }
    #expect(try sort("pk = :p") == nil)
    #expect(try sort("sk = :a AND pk = :p") == .equal(one))
    #expect(try sort("pk = :p AND sk < :a") == .less(one))
    #expect(try sort("pk = :p AND :a < sk") == .greater(one))
    #expect(try sort("(pk = :p) AND (sk >= :a)") == .greaterOrEqual(one))
    #expect(try sort("pk = :p AND sk BETWEEN :a AND :b") == .between(one, two))
    let texts = KeySchema(partition: Self.schema.partition, sort: KeyAttribute(name: "sk", type: .string))
    #expect(try query("pk = :p and begins_with(sk, :s)", Self.values, schema: texts).sort == .beginsWith(.string("y")))
  }

  static let many = KeySchema(
    partitions: [.init(name: "a", type: .string), .init(name: "b", type: .string)],
    sorts: [.init(name: "x", type: .number), .init(name: "y", type: .number), .init(name: "z", type: .number)])

  @Test func `a key of several attributes is asked from the left`() throws {
    let one = AttributeValue.number(Number(1))
    func found(_ text: String) throws -> KeyConditionExpression.Resolved { try query(text, Self.values, schema: Self.many) }
    #expect(try found("a = :p AND b = :s").partition == [.string("x"), .string("y")])
    #expect(try found("y > :a AND b = :s AND x = :a AND a = :p").leading == [one])
    #expect(try found("y > :a AND b = :s AND x = :a AND a = :p").sort == .greater(one))
    for (text, error) in [
      ("a = :p", "Query condition missed key schema element: b"),
      (
        "a = :p AND b = :s AND y = :a",
        "RANGE key attributes x must have equality conditions specified in the query because a condition is present on key attribute y"
      ),
      (
        "a = :p AND b = :s AND x > :a AND y = :a",
        "RANGE key attributes x must have equality conditions specified in the query because a condition is present on key attribute y"
      ),
      (
        "a = :p AND b = :s AND z > :a",
        "RANGE key attributes x, y must have equality conditions specified in the query because a condition is present on key "
          + "attribute z"
      ),
      ("a = :p AND b = :s AND w = :a", "Query condition missed key schema element: x"),
      ("a = :p AND b > :s", "Query key condition not supported"),
    ] {
      #expect(message { _ = try found(text) } == error)
    }
  }

  @Test(arguments: [
    ("sk = :a", "Query condition missed key schema element: pk"),
    ("pk = :p AND other1 = :a", "Query condition missed key schema element: sk"),
    ("pk < :p", "Query key condition not supported"),
    ("pk = :p OR sk = :a", "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: OR"),
    ("pk = :p AND sk <> :a", "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: <>"),
    ("pk = :p AND contains(sk, :a)", "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: contains"),
    ("pk = :p AND size(sk) = :a", "Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations"),
    (
      "pk = :p AND sk.x = :a",
      "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes"
    ),
    ("pk = :p AND pk = :s", "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"),
    (
      "pk = :p AND sk > :a AND sk < :b",
      "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"
    ),
    (
      "pk = :p AND sk = :a AND v = :a",
      "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)"
    ),
    (
      "pk = sk",
      "Invalid KeyConditionExpression: Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    ),
    (":p = :s", "Invalid KeyConditionExpression: Invalid condition in KeyConditionExpression: No key attribute specified"),
    ("pk = :a", "One or more parameter values were invalid: Condition parameter type does not match schema type"),
    (
      "pk = :e",
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
    ),
  ])
  func `a wrong key condition gets the error of DynamoDB`(text: String, error: String) {
    #expect(message { _ = try query(text, Self.values) } == error)
  }
}
