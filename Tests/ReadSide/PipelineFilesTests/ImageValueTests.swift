import DynamoModel
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

/// `old.x` and `new.x` as values of rules over changes.
@Suite struct ImageValueTests {
  static func text(_ projection: String) -> String {
    """
    pipeline: p
    tables: { Tab: { key: { partition: PK } } }
    items:
      late: { in: Tab, match: { PK: "T:{id}" }, fields: { state: State optional, n: N integer optional }, when: Late = true }
      task: { in: Tab, match: { PK: "T:{id}" }, fields: { state: State optional, n: N integer, tag: explode(Tags) optional } }
    projections:
      moves: { \(projection) }

    """
  }

  private struct NoImage: Error {}

  /// The inputs that a change gives the projection's source; nil when it gives none.
  private static func values(_ projection: String, old: Item?, new: Item?) throws -> [[Value]]? {
    let pipeline = try EvaluationTests.load(text(projection))
    let matcher = pipeline.tables[0].matcher
    func image(_ item: Item?) throws -> Image? {
      guard var item else { return nil }
      item["PK"] = .string("T:1")
      guard let image = matcher.image(of: item) else { throw NoImage() }
      return image
    }
    let (old, new) = (try image(old), try image(new))
    let source = pipeline.projections[0].sources[0]
    guard let image = source.fires(old: old, new: new, isExpiry: false, commit: 0) else { return nil }
    return try source.contributions(of: image, commit: 0, old: old, new: new)
  }

  private static func task(_ state: String?, _ n: Int64 = 1) -> Item {
    var item: Item = ["N": .number(Number(n))]
    if let state { item["State"] = .string(state) }
    return item
  }

  private static let moves =
    "aggregate: [{ from_state: old.state }, { to_state: new.state }], each: task changed(state), columns: "
    + "{ c: count, grown: sum(new.n), before: max(old.n) }"

  @Test func `each image has its own value`() throws {
    let values = try Self.values(Self.moves, old: Self.task("todo", 1), new: Self.task("done", 5))
    #expect(values == [[.string("todo"), .string("done"), .integer(5), .integer(1)]])
  }

  @Test func `an image that is not there, or is under another rule, has none`() throws {
    let all =
      "aggregate: [{ to_state: new.state }, { from_state: old.state }], each: [task inserted, task removed], columns: { c: count }"
    #expect(try Self.values(all, old: nil, new: Self.task("todo")) == [[.string("todo"), .null]])
    var late = Self.task("todo")
    late["Late"] = .bool(true)
    #expect(try Self.values(all, old: late, new: Self.task("done")) == [[.string("done"), .null]])
    let gone = "aggregate: [{ from_state: old.state }, { to_state: new.state }], each: task removed, columns: { c: count }"
    #expect(try Self.values(gone, old: Self.task("todo"), new: late) == [[.string("todo"), .null]])
  }

  @Test func `functions take them, and an element beside them`() throws {
    var new = Self.task("b")
    new["Tags"] = .list([.string("x"), .string("y")])
    let values = try Self.values(
      "aggregate: [tag, { step: \"concat(old.state, '>', new.state)\" }], each: { change: task changed, when: tag <> 'x' }, columns: { c: count }",
      old: Self.task("a"), new: new)
    #expect(values == [[.string("y"), .string("a>b")]])
  }

  @Test func `what is wrong in an image is named with it`() throws {
    for (old, path) in [(["N": .string("x")], "old.N"), (["State": .string("a")], "old.N")] as [(Item, String)] {
      let error = #expect(throws: EvaluationFailure.self) { try Self.values(Self.moves, old: old, new: Self.task("done")) }
      #expect(error?.path == path, "\(old)")
    }
  }

  @Test(arguments: [
    (
      "aggregate: [{ o: old.tag }], each: task removed, columns: { c: count }",
      "`tag` is one element of `Tags`, and `old.` is about the whole item"
    ),
    (
      "aggregate: [{ o: new.State }], each: task removed, columns: { c: count }",
      "task has no field `State`; did you mean `state`?"
    ),
    ("collection: task, key: [{ o: new.state }]", "an item has one image"),
    ("session: task, key: [id], gap: 1h, columns: { o: old.state }", "an item has one image"),
  ])
  func `what they cannot be is refused`(projection: String, message: String) {
    let found = FindingsTests.findings(Self.text(projection))
    #expect(found.contains { $0.message.contains(message) }, "\(found)")
  }
}
