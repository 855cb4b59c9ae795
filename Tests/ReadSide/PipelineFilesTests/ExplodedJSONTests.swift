import DynamoModel
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// `explode` of maps, and of what the JSON in a text holds.
@Suite struct ExplodedJSONTests {
  static func text(_ fields: String) -> String {
    """
    pipeline: p
    tables: { Tab: { key: { partition: PK } } }
    items: { a: { in: Tab, match: { PK: "{id}" }, fields: { \(fields) } } }
    projections: { rows: { aggregate: [id], of: a, columns: { k: last(k by id), v: last(v by id), n: last(n by id) } } }

    """
  }

  /// `key value ordinal` of each element, or why the record is a dead letter.
  private func elements(_ fields: String, _ attribute: AttributeValue?) throws -> String {
    let pipeline = try EvaluationTests.load(Self.text(fields))
    var item: Item = ["PK": .string("i")]
    item["X"] = attribute
    let image = try #require(pipeline.tables[0].matcher.image(of: item))
    do throws(EvaluationFailure) {
      return try pipeline.projections[0].sources[0].contributions(of: image, commit: nil).map { values in
        values.dropFirst().map { "\($0)" }.joined(separator: " ")
      }.joined(separator: ", ")
    } catch {
      return "dead letter: \(error)"
    }
  }

  private static let ofJSON =
    "k: \"explode(json(X), key) optional\", v: \"explode(json(X)) any optional\", n: \"explode(json(X), ordinal)\""
  private static let inside =
    "k: \"explode(json(X, 'a.b[1]'), key) optional\", v: \"explode(json(X, 'a.b[1]'), value) json optional\", n: \"explode(json(X, 'a.b[1]'), ordinal)\""
  private static let ofMap = "k: \"explode(X, key) optional\", v: \"explode(X, value) any optional\", n: \"explode(X, ordinal)\""

  @Test(arguments: [
    (#"{"b": 2, "a": "x"}"#, "b 2 0, a x 1"), (#"{"a": 1, "b": 2, "a": 3}"#, "a 3 0, b 2 1"),
    (#"["x", 5.0, null]"#, "null x 0, null 5 1, null null 2"),
    ("[]", ""), ("{}", ""), ("null", ""), (#"{"": 1}"#, " 1 0"), (#"{"\u0061": 1}"#, "a 1 0"),
    ("7", "dead letter: json(X): is neither a list nor an object"), ("no json", "dead letter: X: is not JSON: not a JSON value"),
    ("[true]", "dead letter: element: is of type BOOL, not string"),
    ("[123456789012345678901234567890123456789]", "dead letter: json(X): holds a number of more than 38 digits"),
  ])
  func `each member of an object and each element of a list`(json: String, elements: String) throws {
    #expect(try self.elements(Self.ofJSON, .string(json)) == elements)
  }

  @Test func `names of members are the same when their bytes are`() throws {
    // Unicode takes these for equal.
    let names = ["\u{e9}", "e\u{301}", "q\u{307}\u{323}", "q\u{323}\u{307}"]
    let json = "{" + names.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ") + "}"
    let expected = names.enumerated().map { "\($1) \($0) \($0)" }.joined(separator: ", ")
    #expect(Array(try elements(Self.ofJSON, .string(json)).utf8) == Array(expected.utf8))
  }

  @Test func `what stands at a path`() throws {
    #expect(try elements(Self.inside, .string(#"{"a": {"b": [0, {"k": [1.50, {"z": 1}]}]}}"#)) == #"k [1.5,{"z":1}] 0"#)
    #expect(try elements(Self.inside, .string(#"{"a": {"b": [0]}}"#)) == "")
    #expect(try elements(Self.inside, .string(#"{"a": 1}"#)) == "")
    #expect(try elements(Self.inside, .number(Number(1))) == "dead letter: X: is of type N, and JSON is text")
    #expect(try elements(Self.inside, nil) == "")
  }

  @Test func `a map by its names, in the order of their bytes`() throws {
    #expect(try elements(Self.ofMap, .map(["b": .string("x"), "a": .number(Number(1))])) == "a 1 0, b x 1")
    #expect(try elements(Self.ofMap, .list([.string("x")])) == "null x 0")
    #expect(try elements(Self.ofMap, .string("x")) == "dead letter: X: is of type S, not a list, set or map")
  }

  @Test func `a name is of the type that is declared`() throws {
    let fields = "k: \"explode(X, key) integer\", v: \"explode(X, value) any\", n: \"explode(X, ordinal)\""
    #expect(try elements(fields, .map(["12": .string("x")])) == "12 x 0")
    #expect(try elements(fields, .map(["x": .string("x")])) == "dead letter: key: `x` is not a number")
  }

  @Test(arguments: [
    ("explode(json(X), keys)", "`keys` is not a part of one; did you mean `key`?"),
    ("explode(json(X), ordinal) string", "this is of type integer, not string"),
    ("explode(lower(X))", "`explode` takes an attribute that is a list, set or map, or `json(attribute, 'path')`"),
    ("explode(json(lower(X)))", "`explode` takes an attribute that is a list, set or map"),
    ("explode(json(X, path))", "a path is written in quotes"),
  ])
  func `what cannot be taken apart is refused`(field: String, message: String) {
    let findings = FindingsTests.findings(Self.text("k: \"\(field)\", v: X, n: X"))
    #expect(findings.contains { $0.message.contains(message) }, "\(findings)")
  }

  @Test func `two parts of one JSON are two lists`() {
    let findings = FindingsTests.findings(
      Self.text("k: \"explode(json(X, 'a'), key)\", v: \"explode(json(X, 'b'))\", n: \"explode(json(X, 'a'), ordinal)\""))
    #expect(findings.contains { $0.message.contains("two lists are taken apart here") }, "\(findings)")
  }

  @Test func `a history of what came into the JSON in a text`() throws {
    let pipeline = try EvaluationTests.load(
      """
      pipeline: p
      tables: { Tab: { key: { partition: PK } } }
      items: { a: { in: Tab, match: { PK: "{id}" }, fields: { k: "explode(json(X), key)", v: "explode(json(X)) integer" } } }
      projections: { log: { history: a, each: [added(k)], columns: [k, v] } }
      """)
    let source = pipeline.projections[0].sources[0]
    func image(_ json: String) throws -> Image {
      try #require(pipeline.tables[0].matcher.image(of: ["PK": .string("i"), "X": .string(json)]))
    }
    let (old, new) = (try image(#"{"a": 1, "b": 2}"#), try image(#"{"c": 3, "b": 5, "a": 1}"#))
    let made = try source.elements(of: new, old: old, new: new, commit: 0)
    #expect(
      made.rewritten == nil
        && made.all.map { "\($0.ordinal) \($0.values.dropFirst().map(\.description))" } == [#"0 ["c", "3"]"#, #"1 ["b", "5"]"#])
  }
}
