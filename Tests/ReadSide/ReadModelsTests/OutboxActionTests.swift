import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import Projections
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

/// Effects as the outbox keeps them: JSON that can be read without the pipeline.
@Suite struct OutboxActionTests {
  static let yaml = """
    pipeline: outbox
    tables: { Tab: { key: { partition: PK string, sort: SK number } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n:integer}" }, fields: { room: Room optional, price: { from: Price, type: decimal, optional: true } } }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, price] }

    """

  private func entry(_ action: OutboxEntry.Action) -> OutboxEntry {
    OutboxEntry(idempotencyKey: "k", name: "n", time: 1, order: 2, origin: .record(3), action: action)
  }

  private func value(_ random: inout SeededGenerator) -> AttributeValue {
    let all: [AttributeValue] = [
      .string(""), .string("\"\\\u{0}\n\u{7f}é👍"), .number(Number(.min)), .binary([0, 255, 34]), .bool(false), .null,
      .list([.string("a"), .map(["x": .null])]), .stringSet(["a", "b"]), .map(["a": .number(Number(1))]),
    ]
    return all.randomElement(using: &random) ?? .null
  }

  @Test func `the deletion of an item is read as it was written`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let pipeline = try pipeline(Self.yaml)
    for _ in 0..<300 {
      var seen = Item()
      for name in ["a", "Ünï", "b\"c", " "].shuffled(using: &random).prefix(Int.random(in: 0..<4, using: &random)) {
        seen[name] = value(&random)
      }
      let key: Item = [
        "PK": .string("U:\(Int.random(in: 0..<3, using: &random))\u{1}"),
        "SK": .number(Number(Int64.random(in: .min ... .max, using: &random))),
      ]
      let position = Position(
        tableID: TableID(rawValue: .max), partition: 12,
        sequence: SequenceNumber(rawValue: .random(in: 0 ... .max, using: &random)))
      let action = OutboxAction(entry(.deleteItem(table: 0, key: key, seen: seen, through: position)), pipeline)
      guard case .deleteItem(let table, let readKey, let readSeen, let through)? = OutboxAction(json: action.json)?.kind else {
        Issue.record("seed \(seed): \(action.json)")
        continue
      }
      #expect(table == "Tab" && readKey == key && readSeen == seen && through == position, "seed \(seed): \(action.json)")
      #expect(OutboxAction(json: action.json)?.json == action.json, "seed \(seed)")
    }
  }

  @Test func `the deletion of rows is read as it was written`() throws {
    let pipeline = try pipeline(Self.yaml)
    let values: [Value] = [.string("r\u{0}"), .null, .decimal(try Number("-1.50e99")), .integer(.min)]
    for (column, value) in zip([2, 2, 3, 1], values) {
      let action = OutboxAction(
        entry(
          .deleteRows([.init(projection: 0, table: 0, equals: [(column, value)]), .init(projection: 0, table: 0, equals: [])])),
        pipeline)
      guard case .deleteRows(let rows)? = OutboxAction(json: action.json)?.kind else {
        Issue.record("\(action.json)")
        continue
      }
      #expect(rows.map(\.projection) == ["plays", "plays"] && rows.map(\.table) == ["Tab", "Tab"] && rows[1].equals.isEmpty)
      #expect(rows[0].equals.map(\.column) == [["name", "n", "room", "price_sort"][column]])
      #expect(rows[0].equals.map(\.value) == [Value.ordered([value])])
    }
  }

  @Test func `a target is the item, whatever was seen of it`() throws {
    let pipeline = try pipeline(Self.yaml)
    func target(_ name: String, seen: Item, sequence: SequenceNumber) -> String {
      let position = Position(tableID: TableID(rawValue: 1), partition: 0, sequence: sequence)
      let key: Item = ["PK": .string(name), "SK": .number(Number(1))]
      return OutboxAction(entry(.deleteItem(table: 0, key: key, seen: seen, through: position)), pipeline).target
    }
    #expect(target("a", seen: Item(), sequence: 1) == target("a", seen: ["x": .null], sequence: 2))
    #expect(target("a", seen: Item(), sequence: 1) != target("b", seen: Item(), sequence: 1))
    func rows(_ room: String) -> String {
      OutboxAction(entry(.deleteRows([.init(projection: 0, table: 0, equals: [(2, .string(room))])])), pipeline).target
    }
    #expect(rows("r") == rows("r") && rows("r") != rows("s"))
  }

  @Test(arguments: [
    "", "{}", "[]", "null", "{\"deleteItem\":\"T\"}", "{\"deleteItem\":\"T\",\"key\":{},\"seen\":{},\"seenThrough\":\"x\"}",
    "{\"deleteRows\"",
  ])
  func `a text that is not an action is refused`(_ text: String) {
    #expect(OutboxAction(json: text) == nil)
  }
}
