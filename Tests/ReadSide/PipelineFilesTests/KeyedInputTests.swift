import DynamoModel
import Foundation
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// Which inputs are bounded, and what an image that goes past a bound says.
@Suite struct KeyedInputTests {
  static let text = """
    pipeline: keyed
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      it: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { a: A optional, b: B optional, c: C optional, t: T timestamp optional, i: I integer optional } }
    projections:
      rows: { collection: it, key: [name], columns: [a, b, c], order: { by_b: [b desc, name] } }
      groups: { aggregate: [a], of: it, columns: { lo: min(b), ways: distinct(c), last_one: last(name by t) } }
      visits: { sessions: name, touch: it inserted, gap: 1h, columns: { who: last(a), most: max(b) } }
      logins: { session: it, one live per: a, gap: 1h, columns: { c: c } }
      ranks: { leaderboard: name, each: it inserted, board: [a, day of t], score: sum(i) }
      days: { aggregate: [{ day: "day(t, 'Asia/Tokyo')" }], of: it, columns: { c: count } }

    """

  @Test(arguments: [
    ("rows", ["name", "b"]), ("groups", ["a", "b", "c"]), ("visits", ["name", "b"]), ("logins", ["name", "n", "a"]),
    ("ranks", ["a", "day", "name"]),
  ])
  func `keys, groups, boards, members, orders and what is kept value by value are bounded`(projection: String, keyed: [String])
    throws
  {
    let pipeline = try EvaluationTests.load(Self.text)
    let source = pipeline.projections[try #require(pipeline.projection(named: projection))].sources[0]
    #expect(source.inputs.filter(\.isKeyed).map(\.name) == keyed)
  }

  static func failure(_ projection: String, _ attributes: Item) throws -> EvaluationFailure? {
    let pipeline = try EvaluationTests.load(Self.text)
    let source = pipeline.projections[try #require(pipeline.projection(named: projection))].sources[0]
    var item: Item = ["PK": .string("U:ana"), "SK": .string("1"), "I": .number(Number(1))]
    for entry in attributes.entries { item[entry.name] = entry.value }
    let image = try #require(pipeline.tables[0].matcher.image(of: item))
    do throws(EvaluationFailure) {
      _ = try source.contributions(of: image, commit: 0)
      return nil
    } catch {
      return error
    }
  }

  @Test func `at the bound a value is taken, and past it the record says which path and why`() throws {
    let most = String(repeating: "x", count: Value.keyedValueBytesMax)
    for (projection, attribute) in [
      ("rows", "B"), ("groups", "A"), ("groups", "C"), ("visits", "B"), ("logins", "A"), ("ranks", "A"),
    ] {
      #expect(try Self.failure(projection, [attribute: .string(most)]) == nil)
      let failure = try Self.failure(projection, [attribute: .string(most + "x")])
      #expect(failure?.path == attribute && failure?.reason.hasPrefix("has 1025 bytes") == true, "\(projection) \(attribute)")
    }
    for (projection, attribute) in [("rows", "A"), ("visits", "A"), ("logins", "C")] {
      #expect(try Self.failure(projection, [attribute: .string(most + most)]) == nil)
    }
    #expect(try Self.failure("visits", ["PK": .string("U:\(most)")]) == nil)
    #expect(try Self.failure("visits", ["PK": .string("U:\(most)x")])?.path == "name")
  }

  @Test func `U+0000 in a text is refused wherever it would go`() throws {
    for (projection, attribute) in [("rows", "A"), ("groups", "C"), ("logins", "C")] {
      let failure = try Self.failure(projection, [attribute: .string("a\u{0}")])
      #expect(failure == EvaluationFailure(path: attribute, reason: "holds the character U+0000, which SQL text cannot"))
    }
    #expect(try Self.failure("visits", ["C": .string("\u{0}")]) == nil)
  }

  @Test func `an instant outside the years 1 to 9999, there or where its day is, is refused`() throws {
    #expect(try Self.failure("days", ["T": .string("9999-12-31T14:59:59Z")]) == nil)
    #expect(
      try Self.failure("days", ["T": .string("9999-12-31T15:00:00Z")])
        == EvaluationFailure(path: "T", reason: "has a date in Asia/Tokyo outside the years 1 to 9999"))
    #expect(try Self.failure("days", ["T": .string("0000-12-31T23:59:59Z")])?.path == "T")
  }
}
