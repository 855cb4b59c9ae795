import DynamoModel
import Expressions
import Testing

@Suite struct ProjectionExpressionTests {
  func projected(_ text: String, names: [(String, String)] = [], _ json: String) throws -> Item {
    var placeholders = Placeholders(names: names.map { (placeholder: $0.0, name: $0.1) })
    return try ParsedProjection(text).resolved(&placeholders).apply(to: item(json))
  }

  static let subject =
    #"{"a":{"S":"x"},"m":{"M":{"p":{"N":"1"},"q":{"N":"2"}}},"l":{"L":[{"N":"0"},{"M":{"z":{"N":"9"}}},{"N":"2"}]}}"#

  @Test(arguments: [
    ("a", #"{"a":{"S":"x"}}"#),
    ("a, absent", #"{"a":{"S":"x"}}"#),
    ("m.q,a", #"{"a":{"S":"x"},"m":{"M":{"q":{"N":"2"}}}}"#),
    ("l[2], l[0]", #"{"l":{"L":[{"N":"0"},{"N":"2"}]}}"#),
    ("l[1].z, l[9]", #"{"l":{"L":[{"M":{"z":{"N":"9"}}}]}}"#),
    ("m.absent, a.b, l[1].y", "{}"),
  ])
  func `what stands at the paths is shown`(text: String, result: String) throws {
    #expect(try projected(text, Self.subject) == item(result))
  }

  @Test func `errors have DynamoDB's texts`() {
    func failure(_ text: String) -> String { message { _ = try projected(text, "{}") } }
    #expect(failure("!!") == #"Invalid ProjectionExpression: Syntax error; token: "!", near: "!!""#)
    #expect(failure("a,") == #"Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ",""#)
    #expect(failure("name") == "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: name")
    #expect(
      failure("a.b, a")
        == "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; "
        + "path one: [a, b], path two: [a]")
    #expect(failure("a" + String(repeating: ".b", count: 31)) == "no error")
    #expect(failure("a" + String(repeating: ".b", count: 32)).contains("too many nesting elements"))
  }
}
