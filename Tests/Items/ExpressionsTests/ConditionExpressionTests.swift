import DynamoModel
import Expressions
import Testing

/// Reads an item or a map of placeholders from DynamoDB JSON.
func item(_ json: String) throws -> Item {
  let tape = try JSONTape(Array(json.utf8))
  return try Item(json: tape, tape.root)
}

func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch let error as DynamoError {
    return error.message
  } catch {
    return "\(error)"
  }
}

@Suite struct ConditionExpressionTests {
  static let subject = """
    {"a":{"S":"apple"},"n":{"N":"5"},"b":{"B":"AQID"},"t":{"BOOL":true},"z":{"NULL":true},
     "l":{"L":[{"S":"x"},{"N":"2"},{"M":{"deep":{"S":"y"}}}]},"m":{"M":{"deepest":{"N":"1"}}},
     "ss":{"SS":["p","q"]},"ns":{"NS":["1","2"]}}
    """

  func holds(_ text: String, values: String = "{}", names: [(String, String)] = [], on json: String? = subject) throws -> Bool {
    var placeholders = Placeholders(names: names.map { (placeholder: $0.0, name: $0.1) }, values: try item(values))
    let condition = try ParsedCondition(text).resolved(&placeholders)
    try placeholders.checkAllUsed()
    return condition.evaluate(on: try json.map(item))
  }

  func failure(_ text: String, values: String = "{}", names: [(String, String)] = []) -> String {
    message { _ = try holds(text, values: values, names: names) }
  }

  @Test(arguments: [
    "a = :s", "n = :five", "n > :four", "n >= :five", "n < :six", "n <= :five", "n <> :four", "absent <> :four", "a <> :four",
    "n BETWEEN :four AND :six", "n between :five and :five", "n IN (:four, :five)", "attribute_exists(a)",
    "attribute_not_exists(nope)", "attribute_type(l, :typeL)", "begins_with(a, :app)", "contains(a, :ppl)", "contains(ss, :p)",
    "contains(l, :x)", "contains(ns, :one)", "size(a) = :five", "size(l) < :five", "l[0] = :x", "l[2].deep = :y",
    "m.deepest = :one", "NOT n = :four", "n = :four OR n = :five", "n = :five AND a = :s", "not (n = :four or n = :six)",
    "(n) = :five", "(n = :five)", "n = :four AND n = :five OR a = :s", "a=:s and(n=:five)", ":five = n",
    "begins_with ( a , :app )",
  ])
  func `a condition that holds`(text: String) throws {
    let all = """
      {":s":{"S":"apple"},":four":{"N":"4"},":five":{"N":"5"},":six":{"N":"6"},":typeL":{"S":"L"},":app":{"S":"app"},
       ":ppl":{"S":"ppl"},":p":{"S":"p"},":x":{"S":"x"},":y":{"S":"y"},":one":{"N":"1"}}
      """
    var placeholders = Placeholders(values: try item(all))
    #expect(try ParsedCondition(text).resolved(&placeholders).evaluate(on: item(Self.subject)))
  }

  @Test(arguments: [
    "absent = :five", "absent < :five", "a < :five", "n = :four", "contains(n, :five)", "begins_with(n, :app)", "size(n) = :five",
    "size(absent) = :five", "absent BETWEEN :four AND :six", "absent IN (:five)", "attribute_type(absent, :typeL)",
    "absent = elsewhere", "l[9] = :five", "a.b = :five", "n[0] = :five",
  ])
  func `a condition that does not hold`(text: String) throws {
    let all = """
      {":four":{"N":"4"},":five":{"N":"5"},":six":{"N":"6"},":typeL":{"S":"L"},":app":{"S":"app"}}
      """
    var placeholders = Placeholders(values: try item(all))
    #expect(try !ParsedCondition(text).resolved(&placeholders).evaluate(on: item(Self.subject)))
  }

  @Test func `a text is as long as its UTF-16`() throws {
    #expect(try holds("size(a) = :v", values: #"{":v":{"N":"3"}}"#, on: #"{"a":{"S":"é𝄞"}}"#))
  }

  @Test func `on no item only absence holds`() throws {
    #expect(try holds("attribute_not_exists(a)", on: nil))
    #expect(try !holds("attribute_exists(a)", on: nil))
    #expect(try holds("a <> :v", values: #"{":v":{"N":"1"}}"#, on: nil))
  }

  @Test func `names stand for what the grammar cannot hold`() throws {
    #expect(
      try holds(
        "#d.#s = :v", values: #"{":v":{"N":"1"}}"#, names: [("#d", "a.b"), ("#s", "size")],
        on: #"{"a.b":{"M":{"size":{"N":"1"}}}}"#))
  }

  @Test func `letters that Unicode calls equal are different`() throws {
    #expect(try !holds("a = :v", values: #"{":v":{"S":"\u00e9"}}"#, on: #"{"a":{"S":"e\u0301"}}"#))
    #expect(try !holds("contains(a, :v)", values: #"{":v":{"S":"e"}}"#, on: #"{"a":{"S":"\u00e9"}}"#))
    #expect(try holds("contains(a, :v)", values: #"{":v":{"S":"e"}}"#, on: #"{"a":{"S":"e\u0301"}}"#))
  }

  @Test func `errors have DynamoDB's texts`() {
    let one = #"{":v":{"N":"1"}}"#
    let open = "Invalid ConditionExpression: "
    #expect(failure("") == open + "The expression can not be empty;")
    #expect(failure("  ") == open + "The expression can not be empty;")
    #expect(failure("a = = :v", values: one) == open + #"Syntax error; token: "=", near: "= = :v""#)
    #expect(failure("a = :v !!", values: one) == open + #"Syntax error; token: "!", near: ":v !!""#)
    #expect(failure("a =", values: one) == open + #"Syntax error; token: "<EOF>", near: "=""#)
    #expect(failure("a", values: one) == open + #"Syntax error; token: "<EOF>", near: "a""#)
    #expect(failure("_a = :v", values: one) == open + #"Syntax error; token: "_", near: "_a""#)
    #expect(failure("a = 1") == open + #"Syntax error; token: "1", near: "= 1""#)
    #expect(failure("size = :v", values: one) == open + "Attribute name is a reserved keyword; reserved keyword: size")
    #expect(
      failure("a = :w", values: one)
        == open + "An expression attribute value used in expression is not defined; attribute value: :w")
    #expect(
      failure("#n = :v", values: one)
        == open + "An expression attribute name used in the document path is not defined; attribute name: #n")
    #expect(failure("foo(a)") == open + "Invalid function name; function: foo")
    #expect(
      failure("size(a)")
        == open + "The function is not allowed to be used this way in an expression; function: size")
    #expect(
      failure("contains(a, begins_with(a, :v))", values: one)
        == open + "The function is not allowed to be used this way in an expression; function: begins_with")
    for function in ["if_not_exists", "list_append"] {
      #expect(
        failure("\(function)(a, :v) = :v", values: one)
          == open + "The function is not allowed in a condition expression; function: \(function)")
    }
    #expect(failure("attribute_exists(a\(String(repeating: ".b", count: 31)))") == "no error")
    #expect(
      failure("attribute_exists(a\(String(repeating: ".b", count: 32)))")
        == open + "The document path has too many nesting elements; nesting levels: 33")
    #expect(
      failure("begins_with(a)")
        == open
        + "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1")
    #expect(
      failure("begins_with(a, :v)", values: one)
        == open + "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N")
    #expect(
      failure("a < :v", values: #"{":v":{"BOOL":true}}"#)
        == open + "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL")
    #expect(
      failure("attribute_exists(:v)", values: one)
        == open + "Operator or function requires a document path; operator or function: attribute_exists")
    #expect(
      failure("attribute_type(a, :v)", values: #"{":v":{"S":"X"}}"#)
        == open + "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}")
    #expect(
      failure("a = a")
        == open + "The first operand must be distinct from the remaining operands for this operator or function; operator: =, "
        + "first operand: [a]")
    #expect(failure("((a = :v))", values: one) == open + "The expression has redundant parentheses;")
    #expect(failure("((a)) = :v", values: one) == open + "The expression has redundant parentheses;")
    let two = #"{":v":{"N":"1"},":w":{"N":"2"}}"#
    #expect(
      failure("a BETWEEN :w AND :v", values: two)
        == open + "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: "
        + "AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}")
    #expect(
      failure("a BETWEEN :v AND :s", values: #"{":v":{"N":"1"},":s":{"S":"a"}}"#)
        == open + "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
        + "AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}")
    #expect(failure("a = :v", values: two) == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}")
    #expect(
      failure("attribute_exists(a)", names: [("#z", "z")])
        == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#z}")
  }

  @Test func `sizes are limited`() throws {
    #expect(
      failure(String(repeating: "a", count: 4097))
        == "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097")
    let value = #"{":v":{"N":"1"}}"#
    func list(_ count: Int) -> String { "a IN (" + Array(repeating: ":v", count: count).joined(separator: ",") + ")" }
    #expect(failure(list(100), values: value) == "no error")
    #expect(
      failure(list(101), values: value)
        == "Invalid ConditionExpression: The IN operator is provided with too many operands; number of operands: 101")
    #expect(failure(String(repeating: "NOT ", count: 900) + "a = :v", values: value).contains("nested deeper"))
  }
}
