import DynamoModel
import Foundation
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// A field that is one element of a list: a value of each contribution, wherever contributions are made, and refused where there are none.
@Suite struct ExplodedFieldTests {
  static func text(_ projection: String, effects: String = "") -> String {
    """
    pipeline: exploded
    tables: { Tab: { key: { partition: PK string } } }
    items:
      doc:
        in: Tab
        match: { PK: "S:{id}" }
        fields: { tag: explode(Tags) optional, n: N integer optional }
        capture: { word: { from: tag, pattern: '^(\\w+)', optional: true } }
      note: { in: Tab, match: { PK: "N:{id}" }, fields: { about: About } }
    projections:
      notes: { collection: note, key: [about, id] }
      made: { \(projection) }
    \(effects)
    """
  }

  @Test(arguments: [
    "aggregate: [id], each: { change: doc inserted, when: new.tag <> old.tag }, columns: { c: count }",
    "session: doc, key: [id], gap: 1h, touch: { change: doc changed, when: tag = 'a' }",
    "session: doc, key: [id], gap: 1h, end: \"when tag = 'a'\"",
  ])
  func `a condition about the whole item takes no element`(projection: String) {
    let findings = FindingsTests.findings(Self.text(projection))
    #expect(findings.contains { $0.message.contains("is one element of `Tags`") }, "\(findings)")
  }

  @Test(
    arguments: [
      ("aggregate: [tag], of: doc, when: \"tag = 'a'\", columns: { c: count }", ["a"]),
      ("aggregate: [tag], each: { change: doc inserted, when: tag = new.First }, columns: { c: count }", ["a"]),
      ("aggregate: [tag], of: doc, when: \"tag <> 'a' AND tag <> 'zz'\", columns: { c: count }", ["b", "b"]),
      ("aggregate: [tag], of: doc, when: \"tag = 'none'\", columns: { c: count }", []),
    ] as [(String, [String])])
  func `a condition on an element holds for each element by itself`(projection: String, elements: [String]) throws {
    let pipeline = try EvaluationTests.load(Self.text(projection))
    let item: Item = [
      "PK": .string("S:1"), "Tags": .list(["a", "b", "zz", "b"].filter { $0 != "zz" }.map { .string($0) }), "First": .string("a"),
    ]
    let image = try #require(pipeline.tables[0].matcher.image(of: item))
    let source = pipeline.projections[1].sources[0]
    #expect(try source.contributions(of: image, commit: 0, new: image).map { $0[0] } == elements.map { .string($0) })
  }

  @Test func `a change of an exploded field is a change of the whole list`() throws {
    let pipeline = try EvaluationTests.load(Self.text("aggregate: [tag], each: doc changed(tag), columns: { c: count }"))
    let source = pipeline.projections[1].sources[0]
    func image(_ tags: [String]) throws -> Image {
      let item: Item = ["PK": .string("S:1"), "Tags": .list(tags.map { .string($0) })]
      return try #require(pipeline.tables[0].matcher.image(of: item))
    }
    func fires(_ old: [String], _ new: [String]) throws -> Bool {
      try source.fires(old: image(old), new: image(new), isExpiry: false, commit: 0) != nil
    }
    #expect(try fires(["a", "b"], ["a", "c"]))
    #expect(try fires(["a"], ["a", "a"]))
    #expect(try fires(["a", "b"], ["b", "a"]))
    #expect(try !fires(["a", "b"], ["a", "b"]))
    #expect(try source.contributions(of: image(["a", "c"]), commit: 0).map { $0[0] } == [.string("a"), .string("c")])
  }

  @Test func `an effect may name an element, and is for each of them`() throws {
    let effects = "effects:\n  gone: { each: doc removed, delete: { rows: notes, where: about = :tag } }\n"
    let pipeline = try EvaluationTests.load(Self.text("aggregate: [tag], of: doc, columns: { c: count }", effects: effects))
    guard case .change(let source) = pipeline.effects[0].trigger else { throw CancellationError() }
    let image = try #require(
      pipeline.tables[0].matcher.image(of: ["PK": .string("S:1"), "Tags": .list([.string("a"), .string("b")])]))
    #expect(try source.contributions(of: image, commit: 0).map { $0[0] } == [.string("a"), .string("b")])
  }
}
