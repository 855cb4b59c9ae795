import DynamoModel
import Foundation
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

@Suite struct EvaluationTests {
  static let text = """
    pipeline: p
    tables:
      Tab:
        key: { partition: PK string, sort: SK string }
    items:
      note:
        in: Tab
        match: { PK: "N:{team}/{name}", SK: "{written:timestamp}[#{n:integer}][~{tail}]" }
        fields:
          title: Title
          lowered: lower(Title)
          size: length(Title)
          day_of: day(written, 'Europe/Paris')
          joined: concat(team, '-', name)
          price: { from: Price, type: decimal, optional: true }
          rank: { from: Rank, type: integer, default: 7 }
          due: Due timestamp(seconds) optional
          local: { from: Local, type: timestamp, zone: Europe/Paris, optional: true }
          deep: stats.list[1].value integer optional
          inside: json(Text, 'a.b[1]') integer optional
          tag: explode(Tags) optional
          nick: coalesce(Nick, Title)
          whole: Anything json optional
        capture:
          first: { from: title, pattern: '^(?<word>\\w+)', group: word, optional: true }
      odd:
        in: Tab
        match: { PK: "\\\\{odd\\\\}" }
        fields: { kind: kind }
        when: kind = 'odd'
    projections:
      notes:
        collection: note
        key: [team, name, written]
        columns: [n, tail, title, lowered, size, day_of, joined, price, rank, due, local, deep, inside, nick, whole, first]
      tags:
        collection: note
        key: [team, tag]
      changes:
        aggregate: [team]
        each: { change: "note changed(title, Price)", when: "new.price > old.price AND title <> 'x'" }
        columns: { n_changes: count, last_day: last(day of commit) }
      kinds:
        collection: odd
        key: [{ pk: kind }]

    """

  static func load(_ text: String = text) throws -> Pipeline {
    try PipelineLoader.load(text: Array(text.utf8), file: "p.yaml")
  }

  static func note(_ attributes: Item = [:], pk: String = "N:g/x", sk: String = "2026-01-01T23:30:00Z") -> Item {
    var item: Item = ["PK": .string(pk), "SK": .string(sk), "Title": .string("Hello World")]
    for entry in attributes.entries { item[entry.name] = entry.value }
    return item
  }

  static func row(_ pipeline: Pipeline, _ projection: String, _ item: Item) throws -> [String: Value] {
    let projection = pipeline.projections[try #require(pipeline.projection(named: projection))]
    let source = projection.sources[0]
    let image = try #require(pipeline.tables[0].matcher.image(of: item))
    #expect(source.holds(image))
    let values = try source.values(of: image, commit: nil)
    return Dictionary(uniqueKeysWithValues: zip(source.inputs.map(\.name), values))
  }

  @Test func `fields are what the file says of an image`() throws {
    let pipeline = try Self.load()
    let row = try Self.row(
      pipeline, "notes",
      Self.note([
        "Price": .number(Number("12.50")), "Due": .number(Number(1_700_000_000)), "Local": .string("2026-07-01T12:00:00"),
        "stats": .map(["list": .list([.null, .map(["value": .number(Number(9))])])]), "Text": .string(#"{"a":{"b":[1,22]}}"#),
        "Anything": .list([.bool(true)]),
      ]))
    #expect(row["team"] == .string("g"))
    #expect(row["written"] == .timestamp(try Timestamp.parse("2026-01-01T23:30:00Z", zone: nil)))
    #expect(row["n"] == .null)
    #expect(row["tail"] == .null)
    #expect(row["lowered"] == .string("hello world"))
    #expect(row["size"] == .integer(11))
    #expect(row["day_of"] == .string("2026-01-02"))
    #expect(row["joined"] == .string("g-x"))
    #expect(row["price"] == .decimal(try Number("12.5")))
    #expect(row["rank"] == .integer(7))
    #expect(row["due"] == .timestamp(1_700_000_000_000_000))
    #expect(row["local"] == .timestamp(try Timestamp.parse("2026-07-01T10:00:00Z", zone: nil)))
    #expect(row["deep"] == .integer(9))
    #expect(row["inside"] == .integer(22))
    #expect(row["nick"] == .string("Hello World"))
    #expect(row["whole"] == .json("[true]"))
    #expect(row["first"] == .string("Hello"))
  }

  @Test(arguments: [
    ("N:g/x", "2026-01-01T00:00:00Z#5~end", true, Value.integer(5), Value.string("end")),
    ("N:g/x", "2026-01-01T00:00:00Z~a#b", true, .null, .string("a#b")),
    ("N:g/x", "2026-01-01T00:00:00Z#5", true, .integer(5), .null),
    ("N:g/a/b", "2026-01-01T00:00:00Z", true, .null, .null), ("N:g", "2026-01-01T00:00:00Z", false, .null, .null),
    ("N:/x", "2026-01-01T00:00:00Z", false, .null, .null), ("N:g/", "2026-01-01T00:00:00Z", false, .null, .null),
    ("N:g/x", "profile", false, .null, .null), ("N:g/x", "2026-01-01T00:00:00", false, .null, .null),
    ("N:g/x", "2026-01-01T00:00:00Z#five", false, .null, .null), ("n:g/x", "2026-01-01T00:00:00Z", false, .null, .null),
  ])
  func `a key has the form of a template or not`(pk: String, sk: String, fits: Bool, n: Value, tail: Value) throws {
    let pipeline = try Self.load()
    let image = pipeline.tables[0].matcher.image(of: Self.note(pk: pk, sk: sk))
    #expect((image != nil) == fits)
    if let image { #expect(image.captures[3] == n && image.captures[4] == tail, "\(image.captures)") }
  }

  @Test(.timeLimit(.minutes(1))) func `a key that could be cut in very many ways is soon decided`() throws {
    let pipeline = try Self.load(
      """
      pipeline: cuts
      tables: { Tab: { key: { partition: PK string } } }
      items:
        cut: { in: Tab, match: { PK: "{a}x{b}x{c}x{d}x{e}x{f}y" } }
        number: { in: Tab, match: { PK: "{g}x{h}x{i}x{j:integer}" } }

      """)
    let many = String(repeating: "x", count: 1_000)
    func rule(_ key: String) -> RuleIndex? { pipeline.tables[0].matcher.image(of: ["PK": .string(key)])?.rule }
    #expect(rule(many) == nil)
    #expect(rule(many + "y") == 0)
    #expect(rule(many + "7") == 1)
    #expect(rule("1x2x3x4x5x6y") == 0)
    let image = pipeline.tables[0].matcher.image(of: ["PK": .string("1xx2x3x4x5x6xy")])
    #expect(image?.captures == ["1", "x2", "3", "4", "5", "6x"].map { .string($0) })
  }

  @Test func `a rule may look at more than the key`() throws {
    let pipeline = try Self.load()
    #expect(!pipeline.tables[0].matcher.isByKeyAlone)
    let odd: Item = ["PK": .string("{odd}"), "SK": .string("1"), "kind": .string("odd")]
    #expect(pipeline.tables[0].matcher.image(of: odd)?.rule == 1)
    var even = odd
    even["kind"] = .string("even")
    #expect(pipeline.tables[0].matcher.image(of: even) == nil)
  }

  static let unreadable: [(Item, String, String)] = [
    (["Title": .null], "Title", "is missing"), (["Title": .bool(true)], "Title", "is of type BOOL, not string"),
    (["Rank": .string("1")], "Rank", "is of type S, not integer"), (["Text": .string("{")], "a.b[1]", "is not JSON"),
    (["Text": .string(#"{"a":{"b":[1,"x"]}}"#)], "a.b[1]", "is text, not integer"),
    (["Local": .string("tomorrow")], "Local", "`tomorrow` is not a timestamp"),
  ]

  @Test(arguments: unreadable)
  func `what cannot be read says which path and why`(attributes: Item, path: String, reason: String) throws {
    let pipeline = try Self.load()
    let failure = #expect(throws: EvaluationFailure.self) { try Self.row(pipeline, "notes", Self.note(attributes)) }
    #expect(failure?.path == path)
    #expect(failure?.reason.hasPrefix(reason) == true, "\(String(describing: failure))")
  }

  @Test func `a list gives one contribution for each element`() throws {
    let pipeline = try Self.load()
    let source = pipeline.projections[1].sources[0]
    #expect(!source.isSingle)
    func tags(_ value: AttributeValue?) throws -> [Value] {
      var item = Self.note()
      item["Tags"] = value
      return try source.contributions(of: try #require(pipeline.tables[0].matcher.image(of: item)), commit: nil).map { $0[1] }
    }
    #expect(try tags(.list([.string("a"), .string("b"), .string("a")])) == [.string("a"), .string("b"), .string("a")])
    #expect(try tags(.stringSet(["a", "b"])) == [.string("a"), .string("b")])
    #expect(try tags(nil) == [])
    #expect(throws: EvaluationFailure.self) { try tags(.string("a")) }
    #expect(throws: EvaluationFailure.self) { try tags(.list([.number(Number(1))])) }
  }

  @Test func `a change fires when what is named differs and its condition holds`() throws {
    let pipeline = try Self.load()
    let source = pipeline.projections[2].sources[0]
    func image(_ title: String, _ price: String) throws -> Image {
      try #require(pipeline.tables[0].matcher.image(of: Self.note(["Title": .string(title), "Price": .number(Number(price))])))
    }
    func fires(_ old: Image?, _ new: Image?) -> Bool { source.fires(old: old, new: new, isExpiry: false, commit: 0) != nil }
    #expect(fires(try image("a", "1"), try image("b", "2")))
    #expect(fires(try image("a", "1"), try image("a", "2")))
    #expect(!fires(try image("a", "2"), try image("b", "1")))
    #expect(!fires(try image("a", "1"), try image("a", "1.0")))
    #expect(!fires(try image("a", "1"), try image("x", "2")))
    #expect(!fires(nil, try image("a", "1")))
    #expect(!fires(try image("a", "1"), nil))
    let values = try source.values(of: try image("a", "1"), commit: 86_400_000_000)
    #expect(values == [.string("g"), .string("1970-01-02")])
  }

  @Test func `a table reads only what the file names`() throws {
    let names = try Self.load().tables[0].attributeNames
    #expect(names.prefix(2) == ["PK", "SK"])
    #expect(
      Set(names) == ["PK", "SK", "Title", "Price", "Rank", "Due", "Local", "stats", "Text", "Tags", "Nick", "Anything", "kind"])
  }

  @Test func `the fingerprint follows what decides the rows and nothing else`() throws {
    let base = try Self.load()
    let same = try Self.load(
      "# a comment\n"
        + Self.text.replacingOccurrences(
          of: "pipeline: p\n", with: "pipeline: p\nabout: words\nqueries: { q: { sql: SELECT 1 AS one } }\n"))
    #expect(base.fingerprint == same.fingerprint)
    let other = try Self.load(Self.text.replacingOccurrences(of: "key: [team, tag]", with: "key: [tag, team]"))
    #expect(base.fingerprint != other.fingerprint)
    #expect(base.projections.map(\.fingerprint) != other.projections.map(\.fingerprint))
    #expect(base.projections[0].fingerprint == other.projections[0].fingerprint)
  }

  @Test func `effects have a fingerprint of their own`() throws {
    func load(_ effects: String, _ more: String = "") throws -> Pipeline {
      let text = """
        pipeline: p
        tables: { Tab: { key: { partition: PK string } } }
        items: { doc: { in: Tab, match: { PK: "D:{id}" }, fields: { s: S optional } } }
        projections: { docs: { collection: doc, key: [id], columns: [s] } }
        \(effects)
        \(more)
        """
      return try PipelineLoader.load(text: Array(text.utf8), file: "pipeline.yaml")
    }
    let gone = "effects: { gone: { each: doc removed, delete: { rows: docs, where: s = :id } } }"
    let (none, one, other) = (try load(""), try load(gone), try load(gone.replacingOccurrences(of: "s = :id", with: "id = :id")))
    let same = try load(gone + " # a comment", "queries: { q: { sql: SELECT 1 AS one } }")
    #expect(one.effectsFingerprint == same.effectsFingerprint)
    #expect(Set([none, one, other].map(\.effectsFingerprint)).count == 3)
    #expect(Set([none, one, other, same].map(\.fingerprint)).count == 1)
  }
}
