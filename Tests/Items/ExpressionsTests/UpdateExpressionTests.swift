import DynamoModel
import Expressions
import Testing

@Suite struct UpdateExpressionTests {
  func update(_ text: String, values: String = "{}", names: [(String, String)] = []) throws -> UpdateExpression {
    var placeholders = Placeholders(names: names.map { (placeholder: $0.0, name: $0.1) }, values: try item(values))
    let update = try ParsedUpdate(text).resolved(&placeholders)
    try placeholders.checkAllUsed()
    return update
  }

  @Test(arguments: [
    ("SET a = :v", #"{":v":{"N":"1"}}"#, #"{"k":{"S":"k"}}"#, #"{"k":{"S":"k"},"a":{"N":"1"}}"#),
    ("SET a = a + :v", #"{":v":{"N":"1"}}"#, #"{"a":{"N":"2"}}"#, #"{"a":{"N":"3"}}"#),
    ("SET a = :v - a", #"{":v":{"N":"1"}}"#, #"{"a":{"N":"2"}}"#, #"{"a":{"N":"-1"}}"#),
    ("SET a = (a + :v)", #"{":v":{"N":"1"}}"#, #"{"a":{"N":"2"}}"#, #"{"a":{"N":"3"}}"#),
    ("SET a = b, b = a", "{}", #"{"a":{"N":"1"},"b":{"N":"2"}}"#, #"{"a":{"N":"2"},"b":{"N":"1"}}"#),
    ("SET a = if_not_exists(a, :v) + :v", #"{":v":{"N":"1"}}"#, "{}", #"{"a":{"N":"2"}}"#),
    ("SET a = if_not_exists(a, b)", "{}", #"{"a":{"N":"1"}}"#, #"{"a":{"N":"1"}}"#),
    (
      "SET a = list_append(if_not_exists(a, :none), :v)", #"{":none":{"L":[]},":v":{"L":[{"N":"1"}]}}"#, "{}",
      #"{"a":{"L":[{"N":"1"}]}}"#
    ),
    (
      "SET l[1] = :v, l[9] = :x, l[7] = :y", #"{":v":{"S":"v"},":x":{"S":"x"},":y":{"S":"y"}}"#,
      #"{"l":{"L":[{"S":"a"},{"S":"b"}]}}"#,
      #"{"l":{"L":[{"S":"a"},{"S":"v"},{"S":"y"},{"S":"x"}]}}"#
    ),
    ("SET m.x.y = :v", #"{":v":{"N":"1"}}"#, #"{"m":{"M":{"x":{"M":{}}}}}"#, #"{"m":{"M":{"x":{"M":{"y":{"N":"1"}}}}}}"#),
    ("REMOVE a, b", "{}", #"{"a":{"N":"1"},"c":{"N":"2"}}"#, #"{"c":{"N":"2"}}"#),
    (
      "REMOVE l[0], l[2], l[8]", "{}", #"{"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"d"}]}}"#,
      #"{"l":{"L":[{"S":"b"},{"S":"d"}]}}"#
    ),
    ("REMOVE m.x", "{}", #"{"m":{"M":{"x":{"N":"1"}}}}"#, #"{"m":{"M":{}}}"#),
    ("ADD a :v", #"{":v":{"N":"5"}}"#, #"{"a":{"N":"2"}}"#, #"{"a":{"N":"7"}}"#),
    ("ADD a :v", #"{":v":{"N":"5"}}"#, "{}", #"{"a":{"N":"5"}}"#),
    ("ADD a :v", #"{":v":{"SS":["b","c"]}}"#, #"{"a":{"SS":["a","b"]}}"#, #"{"a":{"SS":["a","b","c"]}}"#),
    ("DELETE a :v", #"{":v":{"SS":["b","c"]}}"#, #"{"a":{"SS":["a","b"]}}"#, #"{"a":{"SS":["a"]}}"#),
    ("DELETE a :v", #"{":v":{"SS":["a"]}}"#, #"{"a":{"SS":["a"]}}"#, "{}"),
    ("DELETE a :v", #"{":v":{"NS":["1"]}}"#, "{}", "{}"),
    ("DELETE m.a :v", #"{":v":{"NS":["1"]}}"#, #"{"m":{"M":{}}}"#, #"{"m":{"M":{}}}"#),
    ("DELETE l[3] :v", #"{":v":{"NS":["1"]}}"#, #"{"l":{"L":[]}}"#, #"{"l":{"L":[]}}"#),
    (
      "set a = :v remove b add c :v delete d :s", #"{":v":{"N":"1"},":s":{"NS":["1"]}}"#,
      #"{"b":{"N":"1"},"d":{"NS":["1","2"]}}"#, #"{"a":{"N":"1"},"c":{"N":"1"},"d":{"NS":["2"]}}"#
    ),
  ])
  func `an update that works`(text: String, values: String, before: String, after: String) throws {
    #expect(try update(text, values: values).apply(to: item(before), key: Item()) == item(after))
  }

  @Test func `an update of nothing begins with the key, and one that only takes away makes nothing`() throws {
    let key: Item = ["k": .string("x")]
    #expect(
      try update("SET a = :v", values: #"{":v":{"N":"1"}}"#).apply(to: nil, key: key) == [
        "k": .string("x"), "a": .number(Number(1)),
      ])
    #expect(try update("REMOVE a").apply(to: nil, key: key) == nil)
    #expect(try update("DELETE a :v", values: #"{":v":{"NS":["1"]}}"#).apply(to: nil, key: key) == nil)
  }

  @Test(arguments: [
    ("SET a = b", "{}", "{}", "The provided expression refers to an attribute that does not exist in the item"),
    ("SET a.b = :v", #"{":v":{"N":"1"}}"#, "{}", "The document path provided in the update expression is invalid for update"),
    (
      "SET a[0] = :v", #"{":v":{"N":"1"}}"#, #"{"a":{"M":{}}}"#,
      "The document path provided in the update expression is invalid for update"
    ),
    ("REMOVE a.b", "{}", "{}", "The document path provided in the update expression is invalid for update"),
    (
      "DELETE y.a :v", #"{":v":{"SS":["1"]}}"#, "{}",
      "The document path provided in the update expression is invalid for update"
    ),
    (
      "DELETE y[0].a :v", #"{":v":{"SS":["1"]}}"#, #"{"y":{"L":[]}}"#,
      "The document path provided in the update expression is invalid for update"
    ),
    (
      "DELETE y[0] :v", #"{":v":{"SS":["1"]}}"#, #"{"y":{"M":{}}}"#,
      "The document path provided in the update expression is invalid for update"
    ),
    (
      "SET a = a + :v", #"{":v":{"N":"1"}}"#, #"{"a":{"S":"x"}}"#,
      "An operand in the update expression has an incorrect data type"
    ),
    ("ADD a :v", #"{":v":{"N":"1"}}"#, #"{"a":{"S":"x"}}"#, "An operand in the update expression has an incorrect data type"),
    (
      "DELETE a :v", #"{":v":{"SS":["1"]}}"#, #"{"a":{"NS":["1"]}}"#,
      "An operand in the update expression has an incorrect data type"
    ),
    (
      "SET a = a + :v", #"{":v":{"N":"9e125"}}"#, #"{"a":{"N":"9e125"}}"#,
      "Number overflow. Attempting to store a number with magnitude larger than supported range"
    ),
  ])
  func `an update that fails on its item`(text: String, values: String, before: String, error: String) throws {
    let update = try update(text, values: values)
    #expect(message { _ = try update.apply(to: try item(before), key: Item()) } == error)
  }

  @Test(arguments: [
    ("", "{}", "The expression can not be empty;"),
    ("SET a = :v,", #"{":v":{"N":"1"}}"#, #"Syntax error; token: "<EOF>", near: ",""#),
    (#"SET a = {"NULL": true}"#, "{}", #"Syntax error; token: "{", near: "= {"""#),
    ("SET _123 = :v", #"{":v":{"N":"1"}}"#, #"Syntax error; token: "_", near: "SET _123""#),
    ("UPDATE a = :v", #"{":v":{"N":"1"}}"#, #"Syntax error; token: "UPDATE", near: "UPDATE a""#),
    ("SET size = :v", #"{":v":{"N":"1"}}"#, "Attribute name is a reserved keyword; reserved keyword: size"),
    ("SET a = foo(:v, a)", #"{":v":{"N":"1"}}"#, "Invalid function name; function: foo"),
    ("SET a = :v SET b = :v", #"{":v":{"N":"1"}}"#, #"The "SET" section can only be used once in an update expression;"#),
    ("SET a = :w", "{}", "An expression attribute value used in expression is not defined; attribute value: :w"),
    (
      "SET #a = :w", #"{":w":{"N":"1"}}"#,
      "An expression attribute name used in the document path is not defined; attribute name: #a"
    ),
    (
      "SET a = :v, a.b = :v", #"{":v":{"N":"1"}}"#,
      "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]"
    ),
    (
      "SET a.b = :v REMOVE a[1]", #"{":v":{"N":"1"}}"#,
      "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]"
    ),
    (
      "ADD a :v", #"{":v":{"S":"1"}}"#,
      "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"
    ),
    (
      "DELETE a :v", #"{":v":{"N":"1"}}"#,
      "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"
    ),
    (
      "SET a = a + :v", #"{":v":{"S":"1"}}"#,
      "Incorrect operand type for operator or function; operator or function: +, operand type: S"
    ),
    (
      "SET a = if_not_exists(:v, a)", #"{":v":{"S":"1"}}"#,
      "Operator or function requires a document path; operator or function: if_not_exists"
    ),
    (
      "SET a = list_append(a)", "{}",
      "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1"
    ),
    (
      "SET a = list_append(list_append(a, :v), :v)", #"{":v":{"L":[]}}"#,
      "The function is not allowed to be used this way in an expression; function: list_append"
    ),
    (
      "SET a = if_not_exists(a, list_append(b, :v))", #"{":v":{"L":[]}}"#,
      "The function is not allowed to be used this way in an expression; function: list_append"
    ),
    ("SET a = size(b)", "{}", "The function is not allowed in an update expression; function: size"),
    (
      "SET a\(String(repeating: ".b", count: 32)) = :v", #"{":v":{"L":[]}}"#,
      "The document path has too many nesting elements; nesting levels: 33"
    ),
  ])
  func `a wrong expression gets the error of DynamoDB`(text: String, values: String, error: String) {
    #expect(message { _ = try update(text, values: values) } == "Invalid UpdateExpression: \(error)")
  }

  @Test func `where an element of a list was removed the one that moved there is shown`() throws {
    let before = try item(#"{"a":{"M":{"c":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}}}"#)
    let update = try update("REMOVE a.c[1]")
    let after = try #require(try update.apply(to: before, key: Item()))
    #expect(update.touchedAfter(after) == (try item(#"{"a":{"M":{"c":{"L":[{"N":"2"}]}}}}"#)))
    #expect(update.touchedBefore(before) == (try item(#"{"a":{"M":{"c":{"L":[{"N":"1"}]}}}}"#)))
    let last = try #require(try update.apply(to: after, key: Item()))
    #expect(update.touchedAfter(last).isEmpty)
  }

  @Test func `AttributeUpdates without an entry makes the item`() throws {
    let key: Item = ["k": .string("x")]
    #expect(try UpdateExpression(legacy: []).apply(to: nil, key: key) == key)
    let removal = LegacyUpdate(attribute: "a", action: .delete, value: nil)
    #expect(try UpdateExpression(legacy: [removal]).apply(to: nil, key: key) == nil)
  }

  @Test func `what was touched is shown at the depth of the paths`() throws {
    let before = try item(#"{"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},"l":{"L":[{"N":"1"},{"N":"2"}]},"r":{"N":"9"}}"#)
    let update = try update("SET m.x = :v, l[1] = :v, n = :v REMOVE r", values: #"{":v":{"N":"7"}}"#)
    let after = try #require(try update.apply(to: before, key: Item()))
    #expect(update.touchedBefore(before) == (try item(#"{"m":{"M":{"x":{"N":"1"}}},"l":{"L":[{"N":"2"}]},"r":{"N":"9"}}"#)))
    #expect(update.touchedAfter(after) == (try item(#"{"m":{"M":{"x":{"N":"7"}}},"l":{"L":[{"N":"7"}]},"n":{"N":"7"}}"#)))
  }
}
