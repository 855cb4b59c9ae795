import DynamoModel
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// The type `any`, and JSON in texts as a whole.
@Suite struct AnyTypeTests {
  static func text(_ field: String) -> String {
    """
    pipeline: p
    tables: { Tab: { key: { partition: PK } } }
    items: { a: { in: Tab, match: { PK: "{id}" }, fields: { x: \(field) } } }
    projections: { rows: { collection: a, key: [id], columns: [x] } }

    """
  }

  /// The field's value, or why the record is a dead letter.
  static func value(_ field: String, _ attribute: AttributeValue?) throws -> String {
    let pipeline = try EvaluationTests.load(text(field))
    var item: Item = ["PK": .string("i")]
    item["X"] = attribute
    let image = try #require(pipeline.tables[0].matcher.image(of: item))
    let source = pipeline.projections[0].sources[0]
    do throws(EvaluationFailure) {
      let value = try source.values(of: image, commit: nil)[1]
      return "\(value.type?.rawValue ?? "") \(value)"
    } catch {
      return "dead letter: \(error)"
    }
  }

  @Test func `any takes texts and numbers, and nothing else`() throws {
    #expect(try Self.value("X any", .string("2026-01-01")) == "string 2026-01-01")
    #expect(try Self.value("X any", .number(Number("20.50"))) == "string 20.5")
    #expect(
      try Self.value("X any", .number(Number("12345678901234567890123456789012345678")))
        == "string 12345678901234567890123456789012345678")
    #expect(try Self.value("X any", .bool(true)) == "dead letter: X: is of type BOOL, not string")
    #expect(try Self.value("X any", nil) == "dead letter: X: is missing")
    #expect(try Self.value("X any optional", .null) == " null")
    #expect(try Self.value("{ from: X, type: any, default: none }", nil) == "string none")
    #expect(try Self.value("\"coalesce(Y, X, '-') any\"", .number(Number(7))) == "string 7")
    #expect(try Self.value("\"json(X, 'a') any\"", .string(#"{"a": 1.50}"#)) == "string 1.5")
    #expect(try Self.value("\"json(X, 'a') any\"", .string(#"{"a": "b"}"#)) == "string b")
    #expect(try Self.value("\"json(X, 'a') any\"", .string(#"{"a": true}"#)) == "dead letter: a: is true or false, not string")
    // Without it nothing is guessed.
    #expect(try Self.value("X", .number(Number(7))) == "dead letter: X: is of type N, not string")
  }

  @Test func `the JSON in a text is taken as a whole`() throws {
    #expect(try Self.value("json(X)", .string(#"{"b":[1.50, null]}"#)) == #"json {"b":[1.50, null]}"#)
    #expect(try Self.value("json(X)", .string(#" "text" "#)) == #"json "text""#)
    #expect(try Self.value("json(X)", .string("12")) == "json 12")
    #expect(try Self.value("json(X) optional", .string("null")) == " null")
    #expect(try Self.value("json(X) integer", .string("12")) == "integer 12")
    #expect(try Self.value("json(X) string", .string(#""text""#)) == "string text")
    #expect(try Self.value("json(X) any", .string("12")) == "string 12")
    #expect(try Self.value("json(X) integer", .string("[12]")) == "dead letter: X: is an object or array, not integer")
    #expect(try Self.value("json(X)", .string("{")).hasPrefix("dead letter: X: is not JSON"))
    #expect(try Self.value("json(X)", .list([])) == "dead letter: X: is of type L, not string")
  }

  @Test(arguments: [
    ("lower(X) any", "`any` is the type of an attribute, of an element, or of a member of JSON; this is a string"),
    ("length(X) any", "`any` is the type of an attribute"), ("id any", "`any` is the type of an attribute"),
    ("\"concat(X, Y) any\"", "`any` is the type of an attribute"), ("X ayn", "`ayn` is not a type; did you mean `any`?"),
    ("\"json(X, 'a', 'b')\"", "write `json(text)` or `json(text, 'path.to[0].member')`"),
  ])
  func `what it cannot be is refused`(field: String, message: String) {
    let found = FindingsTests.findings(Self.text(field))
    #expect(found.contains { $0.message.contains(message) }, "\(found)")
  }

  @Test func `captures and parameters of queries have one type`() {
    let capture = Self.text("X").replacing("{id}", with: "{id:any}")
    #expect(FindingsTests.findings(capture).contains { $0.message.contains("`any` is not a type") })
    let query = Self.text("X") + "queries: { q: { params: { a: any }, sql: SELECT id FROM rows WHERE x = :a } }\n"
    #expect(FindingsTests.findings(query).contains { $0.message.contains("`any` is not a type") })
  }
}
