import DynamoModel
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// Projections over several kinds of items.
@Suite struct SeveralItemsTests {
  private static func text(_ projection: String, more: String = "") -> String {
    """
    pipeline: p
    tables: { One: { key: { partition: PK } }, Two: { key: { partition: PK } } }
    items:
      a: { in: One, match: { PK: "A:{id}" }, fields: { n: N integer, s: S } }
      b: { in: One, match: { PK: "B:{id}" }, fields: { n: M integer, s: S optional, tag: explode(Tags) } }
      c: { in: Two, match: { PK: "{id}" }, fields: { n: N, s: S } }
    projections: { made: { \(projection) } }
    \(more)
    """
  }

  @Test func `each kind has its own paths, and what one may lack may be null`() throws {
    let pipeline = try EvaluationTests.load(Self.text("collection: [a, b], key: [id], columns: [n, s]"))
    let projection = pipeline.projections[0]
    #expect(projection.sources.map(\.rule) == [0, 1])
    #expect(projection.table.columns.map(\.isNullable).prefix(3) == [false, false, true])
    #expect(pipeline.sentence(projection).contains("a row for each a and each b that exists now"))
  }

  @Test(arguments: [
    ("collection: [a, c], key: [id], columns: [n]", "`n` is integer of `a` and string of `c`"),
    ("collection: [a, b, a], key: [id]", "`a` stands here twice"), ("collection: [a, d], key: [id]", "there is no item `d`"),
    ("aggregate: [s], of: [a, c], columns: { x: sum(n) }", "`n` is integer of `a` and string of `c`"),
    ("collection: [a, b], key: [id], columns: [tag]", "a has no field `tag`"),
    ("collection: [], key: [id]", "`collection` needs at least one kind of item"),
    ("history: [a, b], each: c changed", "this is about `a` or `b`: changes of other items do not count here"),
    (
      "history: [a, b], each: [b added(tag), b removed(Others)]",
      "a history is of the elements of one list, and these are two, `Tags` and `Others`"
    ),
    (
      "aggregate: [id], of: [a, c], columns: { x: count }, unreadable: keep",
      "only a collection (`collection: ...`) keeps the rows"
    ),
    ("session: [a, c], gap: 1h", "these sessions are fed by two tables"),
    ("session: [a, b], gap: 1h", "`a` and `b` write the partition key of `One` in two forms"),
    ("session: [a, a], gap: 1h", "`a` stands here twice"), ("session: [], gap: 1h", "`session` needs at least one kind of item"),
    ("session: [a, b], gap: 1h, touch: c changed", "this is about `a` or `b`"),
    ("collection: a, key: [id], unreadable: stay", "`unreadable` cannot be `stay`"),
  ])
  func `what does not fit together is named`(projection: String, message: String) {
    let findings = FindingsTests.findings(Self.text(projection))
    #expect(findings.contains { $0.message.contains(message) }, "\(findings)")
  }

  @Test func `effects delete the items behind rows of one table only`() {
    let findings = FindingsTests.findings(
      Self.text(
        "collection: [a, c], key: [id], columns: [s]",
        more: "effects: { gone: { each: a removed, delete: { rows: made, where: id = :id } } }"))
    #expect(findings.contains { $0.message.contains("the rows of `made` come from items of several tables") }, "\(findings)")
  }

  @Test func `a change that names no item is of all of them`() throws {
    let pipeline = try EvaluationTests.load(Self.text("history: [a, b], each: [changed(n), b inserted], columns: [s]"))
    #expect(pipeline.projections[0].sources.map(\.rule) == [0, 1, 1])
  }
}
