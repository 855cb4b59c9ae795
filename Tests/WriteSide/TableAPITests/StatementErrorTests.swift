import Testing

/// PartiQL statements: what of them is taken, what is refused, and where.
@Suite struct StatementErrorTests {
  /// With a global and a local index that project keys only, and a global one with several sort attributes.
  private static let table = """
    {"TableName":"Tab","BillingMode":"PAY_PER_REQUEST",
     "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
     "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},
       {"AttributeName":"g","AttributeType":"S"},{"AttributeName":"l","AttributeType":"S"}],
     "GlobalSecondaryIndexes":[
       {"IndexName":"gsi","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"}},
       {"IndexName":"several","Projection":{"ProjectionType":"ALL"},"KeySchema":[{"AttributeName":"g","KeyType":"HASH"},
         {"AttributeName":"l","KeyType":"RANGE"},{"AttributeName":"sk","KeyType":"RANGE"}]}],
     "LocalSecondaryIndexes":[{"IndexName":"lsi","Projection":{"ProjectionType":"KEYS_ONLY"},
       "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"l","KeyType":"RANGE"}]}]}
    """

  private static let item =
    #"{"TableName":"Tab","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"a":{"N":"7.3"},"flag":{"BOOL":true},"g":{"S":"g"},"l":{"S":"l"}}}"#

  private func quoted(_ statement: String) -> String { #""\#(statement.replacing("\"", with: "\\\""))""# }

  private func body(_ statement: String, _ parameters: String? = nil, _ more: String = "") -> String {
    #"{"Statement":\#(quoted(statement))\#(parameters.map { ",\"Parameters\":\($0)" } ?? "")\#(more)}"#
  }

  private func server() async throws -> (server: APIServer, client: APIClient) {
    let server = try APIServer()
    let client = server.client()
    #expect(try await client.send("CreateTable", Self.table).status == 200)
    #expect(try await client.send("PutItem", Self.item).status == 200)
    return (server, client)
  }

  private func expect(_ cases: [(statement: String, parameters: String?, answer: String)]) async throws {
    let (server, client) = try await server()
    for (statement, parameters, answer) in cases {
      #expect(try await client.send("ExecuteStatement", body(statement, parameters)).error == answer, "\(statement)")
    }
    _ = server
  }

  @Test func `a value without an order is refused before the table is looked up`() async throws {
    let open =
      "ValidationException: Incorrect operand type for operator or function; operator or function: "
    try await expect([
      (#"SELECT * FROM "Nope" WHERE a < true"#, nil, open + "<, operand type: BOOL"),
      (#"SELECT * FROM "Nope" WHERE true >= a"#, nil, open + ">=, operand type: BOOL"),
      (#"SELECT * FROM "Nope" WHERE a BETWEEN 1 AND ?"#, #"[{"SS":["a"]}]"#, open + "BETWEEN, operand type: SS"),
      (#"UPDATE "Nope" SET a = 1 WHERE pk = 'a' AND a > null"#, nil, open + ">, operand type: NULL"),
      (#"SELECT * FROM "Nope" WHERE a = true"#, nil, "ResourceNotFoundException: Requested resource not found"),
    ])
  }

  @Test func `an index is asked for what it holds`() async throws {
    let filter = "ValidationException: One or more parameter values were invalid: Secondary index "
    let column = "ValidationException: One or more parameter values were invalid: Global secondary index gsi does not project "
    let row = #"{"a":{"N":"7.3"}}"#
    try await expect([
      (#"SELECT a, zz, pk FROM "Tab"."gsi""#, nil, column + "[a, zz]"),
      (#"SELECT a FROM "Tab"."gsi" WHERE g = 'g'"#, nil, column + "[a]"),
      (
        #"SELECT * FROM "Tab"."gsi" WHERE g = 'g' AND a = 1"#, nil,
        filter + "gsi does not project one or more filter attributes: [a]"
      ),
      (
        #"SELECT a FROM "Tab"."lsi" WHERE pk = 'a' AND NOT a = 1 AND zz IS MISSING"#, nil,
        filter + "lsi does not project one or more filter attributes: [a, zz]"
      ),
      (#"SELECT a FROM "Tab"."lsi" WHERE pk = 'a'"#, nil, #"no error: {"Items":[\#(row)]}"#),
      (#"SELECT pk FROM "Tab"."gsi" WHERE a = 1"#, nil, #"no error: {"Items":[]}"#),
      (#"SELECT * FROM "Tab"."nope""#, nil, "ValidationException: The table does not have the specified index"),
      (
        #"SELECT * FROM "Tab"."several" WHERE g = 'g'"#, nil,
        "ValidationException: PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute "
          + "RANGE keys."
      ),
    ])
    let (server, client) = try await server()
    let consistent = try await client.send(
      "ExecuteStatement", body(#"SELECT * FROM "Tab"."gsi""#, nil, #","ConsistentRead":true"#))
    #expect(consistent.error == "ValidationException: Strongly consistent read is not supported on Global Secondary Indexes")
    _ = server
  }

  @Test func `a statement names a table, or a table and one of its indexes`() async throws {
    let index = "ValidationException: This operation is not supported on an index"
    let empty = "ValidationException: Path component cannot be an empty string"
    try await expect([
      (#"UPDATE "Nope"."gsi" SET a = 1 WHERE pk = 'a'"#, nil, index),
      (#"DELETE FROM "Tab"."gsi" WHERE pk = 'a'"#, nil, index),
      (
        #"INSERT INTO "Tab"."gsi" VALUE {'pk':'a','sk':'c'}"#, nil,
        "ValidationException: FROM clause may only contain a single table name in data manipulation statements"
      ),
      (
        #"SELECT * FROM "Tab"."gsi"."x""#, nil,
        "ValidationException: A path may contain at most 2 components in the FROM clause"
      ),
      (#"SELECT * FROM """#, nil, empty), (#"SELECT * FROM "Tab"."""#, nil, empty),
    ])
  }

  @Test func `statements are written in several ways`() async throws {
    let found = #"no error: {"Items":[{"a":{"N":"7.3"}}]}"#
    let none = #"no error: {"Items":[]}"#
    let rest = #"SELECT a FROM "Tab" WHERE pk = 'a' AND "#
    try await expect([
      (rest + "a = .73e1", nil, found), (rest + "a > -.5 AND a < +8", nil, found),
      (rest + "/* of one line */ flag IS BOOL /* and\\n of two */", nil, found),
      (rest + "flag IS NOT BOOL", nil, none),
      (rest + "attribute_exists(a) = true", nil, found), (rest + "attribute_exists(a) <> true", nil, none),
      (rest + "attribute_exists(a) = false", nil, none), (rest + "begins_with(g, 'g') = ?", #"[{"BOOL":true}]"#, found),
      (
        #"FROM "Tab" WHERE pk = 'a' AND sk = 'b' SET c = 1 RETURNING MODIFIED NEW *"#, nil,
        #"no error: {"Items":[{"c":{"N":"1"}}]}"#
      ),
      (#"UPDATE "Tab" REMOVE zz WHERE pk = 'a' AND sk = 'b' RETURNING MODIFIED OLD *"#, nil, none),
      (
        rest + "a = 1 /* not closed", nil,
        "ValidationException: Statement wasn't well formed, can't be processed: A comment is not closed"
      ),
    ])
  }

  @Test(arguments: [
    ("s", "STRING SYMBOL CLOB CHAR CHARACTER VARCHAR"), ("n", "INT INTEGER SMALLINT FLOAT REAL DECIMAL NUMERIC"), ("b", "BLOB"),
    ("o", "BOOL BOOLEAN Bool"), ("z", "NULL null"), ("list", "LIST SEXP"), ("m", "STRUCT TUPLE struct"), ("ss ns bs", "BAG"),
    ("zz", "MISSING"), ("", "NUMBER BINARY MAP SET SS N S ANY DATE TIMESTAMP foo"),
  ])
  func `IS takes the types of PartiQL`(_ attributes: String, _ types: String) async throws {
    let (server, client) = try await server()
    let values =
      #""s":{"S":"x"},"n":{"N":"1.5"},"b":{"B":"eA=="},"o":{"BOOL":true},"z":{"NULL":true},"list":{"L":[]},"m":{"M":{}},"#
      + #""ss":{"SS":["a"]},"ns":{"NS":["1"]},"bs":{"BS":["eA=="]}"#
    _ = try await client.send("PutItem", #"{"TableName":"Tab","Item":{"pk":{"S":"is"},"sk":{"S":"b"},\#(values)}}"#)
    for type in types.split(separator: " ") {
      for attribute in "s n b o z list m ss ns bs zz".split(separator: " ") {
        for (form, isNegated) in [("IS", false), ("IS NOT", true)] {
          let statement = #"SELECT pk FROM "Tab" WHERE pk = 'is' AND \#(attribute) \#(form) \#(type)"#
          let isOf = attributes.split(separator: " ").contains(attribute)
          let answer =
            attributes.isEmpty
            ? "ValidationException: Statement wasn't well formed, can't be processed: Expected type name"
            : isOf != isNegated ? #"no error: {"Items":[{"pk":{"S":"is"}}]}"# : #"no error: {"Items":[]}"#
          #expect(try await client.send("ExecuteStatement", body(statement)).error == answer, "\(statement)")
        }
      }
    }
    _ = server
  }

  @Test func `what is wrong with a statement's text is told in DynamoDB's words`() async throws {
    let open = "ValidationException: "
    let malformed = "ValidationException: Statement wasn't well formed, can't be processed: "
    let change = #"UPDATE "Tab" SET a = "#
    let which = #" WHERE pk = 'a' AND sk = 'b'"#
    let returning = { (text: String) in
      open + "Invalid returning clause: RETURNING \(text). Only RETURNING ALL OLD * is allowed in DELETE statements."
    }
    try await expect([
      (#"SELECT * FROM "Nope" WHERE foo(a)"#, nil, open + "Unrecognized function: foo at 1:28:3"),
      ("SELECT *\\nFROM \"Tab\"\\n  WHERE pk = 'a' AND Size2(a) = 1", nil, open + "Unrecognized function: size2 at 3:22:5"),
      (#"SELECT size(a) FROM "Nope""#, nil, open + "Unexpected path component at 1:8:4"),
      (#"SELECT a, foo(b) FROM "Tab""#, nil, open + "Unexpected path component at 1:11:3"),
      (
        change + "set_add(b, <<'c'>>)" + which, nil,
        open + "The first argument to SET_ADD must equal the assignment value at 1:22:7"
      ),
      (change + "SET_DELETE(a)" + which, nil, open + "SET_DELETE must have exactly two arguments at 1:22:10"),
      (change + "set_add(a, <<'c'>>, 1)" + which, nil, open + "SET_ADD must have exactly two arguments at 1:22:7"),
      (change + "foo(a)" + which, nil, open + "Unsupported operation: foo"),
      (
        change + "1e126" + which, nil,
        open + "Number overflow. Attempting to store a number with magnitude larger than supported range under root"
      ),
      (
        #"SELECT * FROM "Tab" WHERE a = 1e-131"#, nil,
        open + "Number underflow. Attempting to store a number with magnitude smaller than supported range under root"
      ),
      (#"SELECT * FROM "Tab" WHERE pk = 'a' AND a IS 'b'"#, nil, malformed + "Expected type name"),
      (#"SELECT * FROM "Tab" AS t"#, nil, open + "Aliasing is not supported"),
      (#"SELECT * FROM "Tab" t WHERE pk = 'a'"#, nil, open + "Aliasing is not supported"),
      (#"SELECT * FROM "Tab" LIMIT 1"#, nil, malformed + "Unexpected token after expression"),
      (#"SELECT * FROM 'Tab'"#, nil, malformed + "Unexpected term"),
      (#"SELECT *, a FROM "Tab""#, nil, malformed + "Unexpected term"),
      (#"SELECT FROM "Tab""#, nil, malformed + "Unexpected keyword"), ("SELECT *", nil, malformed + "Unexpected term"),
      (#"INSERT INTO "Tab" VALUE {'pk':b}"#, nil, malformed + "Unexpected term"),
      (#"DELETE FROM 'Tab' WHERE pk = 'a'"#, nil, malformed + "Expected identifier for simple path"),
      (#"UPDATE 'Tab' SET a = 1"#, nil, malformed + "Expected identifier for simple path"),
      (change + "1" + which + " RETURNING a", nil, open + "Invalid returning clause: RETURNING a is not supported"),
      (
        change + "1" + which + " RETURNING ALL OLD a;", nil,
        open + "Invalid returning clause: RETURNING ALL OLD a is not supported"
      ),
      (#"INSERT INTO "Tab" VALUE {'pk':'a','sk':'c','a':<<>>}"#, nil, open + "Empty bags are not supported"),
      (#"SELECT * FROM "Tab" WHERE pk ="#, nil, malformed + "Missing right-hand side expression of infix operator"),
      (#"SELECT * FROM "Tab" WHERE pk = 'a' AND"#, nil, malformed + "Missing right-hand side expression of infix operator"),
      (#"SELECT * FROM "Tab" WHERE pk = 'a' OR"#, nil, malformed + "Missing right-hand side expression of infix operator"),
      (#"DELETE FROM "Tab""# + which + " RETURNING ALL NEW *", nil, returning("ALL NEW *")),
      (#"DELETE FROM "Tab""# + which + " RETURNING MODIFIED OLD *", nil, returning("MODIFIED OLD *")),
    ])
  }

  @Test func `an exponent past 32 bits is not a number in a parameter`() async throws {
    let open = "ValidationException: The parameter cannot be converted to a numeric value: "
    let select = #"SELECT * FROM "Tab" WHERE pk = 'a' AND a = ?"#
    try await expect([
      (select, #"[{"N":"1e99999999999"}]"#, open + "1e99999999999"),
      (select, #"[{"L":[{"M":{"a":{"NS":["1","1e-2147483649"]}}}]}]"#, open + "1e-2147483649"),
      (
        select, #"[{"N":"1e200"}]"#,
        "ValidationException: Number overflow. Attempting to store a number with magnitude larger than supported range"
      ),
    ])
  }

  @Test func `a transaction of statements answers nothing of its writes and names the statement that it refuses`() async throws {
    let (server, client) = try await server()
    let here = #"WHERE pk = 'a' AND sk = 'b'"#
    let open = "ValidationException: Validation failed in TransactStatements[0]: "
    let primary = "Select statements within ExecuteTransaction must specify the primary key in the where clause."
    for (statement, error) in [
      (#"UPDATE "Tab" SET c = 1 \#(here)"#, #"no error: {"Responses":[]}"#),
      (#"DELETE FROM "Tab" WHERE pk = 'z' AND sk = 'b'"#, #"no error: {"Responses":[]}"#),
      (
        #"UPDATE "Tab" SET c = 1 \#(here) RETURNING ALL NEW *"#, open + "RETURNING clause is not supported in ExecuteTransaction."
      ),
      (#"SELECT * FROM "Tab"."gsi" WHERE g = 'g'"#, open + "Reads on indices are not supported within transactions."),
      (#"SELECT a FROM "Tab" WHERE pk = 'a'"#, open + primary),
      (
        #"SELECT a FROM "Tab" WHERE pk = 'a' AND sk = 1"#,
        "ValidationException: The provided key element does not match the schema"
      ),
      (#"SELECT a FROM "Tab" \#(here) AND attribute_exists(a)"#, open + primary),
      (#"SELECT a FROM "Tab" \#(here) AND a = 7.3"#, #"no error: {"Responses":[{"Item":{"a":{"N":"7.3"}}}]}"#),
      ("nothing", open + "Statement wasn't well formed, can't be processed: Expected data manipulation"),
      (
        #"SELECT * FROM "Tab" WHERE a < true"#,
        "ValidationException: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"
      ),
    ] {
      let body = #"{"TransactStatements":[\#(body(statement))]}"#
      #expect(try await client.send("ExecuteTransaction", body).error == error, "\(statement)")
    }
    _ = server
  }

  @Test func `a batch leaves out an empty item and refuses functions beside the key`() async throws {
    let (server, client) = try await server()
    let here = #"WHERE pk = 'a' AND sk = 'b'"#
    func answer(_ statement: String) async throws -> String {
      try await client.send("BatchExecuteStatement", #"{"Statements":[\#(body(statement))]}"#).text
    }
    #expect(
      try await answer(#"UPDATE "Tab" SET c = 1 \#(here) RETURNING MODIFIED OLD *"#) == #"{"Responses":[{"TableName":"Tab"}]}"#)
    #expect(
      try await answer(#"UPDATE "Tab" SET c = 2 \#(here) RETURNING MODIFIED OLD *"#)
        == #"{"Responses":[{"Item":{"c":{"N":"1"}},"TableName":"Tab"}]}"#)
    #expect(
      try await answer(#"SELECT a FROM "Tab" \#(here) AND attribute_exists(a)"#).contains(
        "Select statements within BatchExecuteStatement must specify the primary key in the where clause."))
    _ = server
  }
}
