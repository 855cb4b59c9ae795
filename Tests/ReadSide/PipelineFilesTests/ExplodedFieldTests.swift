import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import Testing

/// A field that is one element of a list: a value of each contribution, and refused where there is no element.
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
    ("aggregate: [tag], of: doc, when: \"tag = 'a'\", columns: { c: count }", "12:43"),
    ("aggregate: [id], each: { change: doc inserted, when: word = new.n }, columns: { c: count }", "12:66"),
    ("aggregate: [id], each: { change: doc inserted, when: new.tag <> old.tag }, columns: { c: count }", "12:66"),
  ])
  func `a condition is about the item, so an element in it is refused`(projection: String, place: String) {
    let findings = FindingsTests.findings(Self.text(projection))
    #expect(
      findings.map(\.message).contains {
        $0.contains("is one element of `Tags`, and a condition is about the item: write `contains(Tags, ...)`")
      }, "\(findings)")
    #expect(findings.allSatisfy { $0.line == 12 && $0.column > 20 }, "\(findings)")
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

  @Test func `an effect has no element to name`() {
    let effects = "effects:\n  gone: { each: doc removed, delete: { rows: notes, where: about = :tag } }\n"
    let text = Self.text("aggregate: [tag], of: doc, columns: { c: count }", effects: effects)
    #expect(
      FindingsTests.findings(text).map(\.description) == [
        "p.yaml:14:69: `tag` is one element of `Tags`, and an effect is set off once for the whole item: compare with a field that has one value"
      ])
  }
}
