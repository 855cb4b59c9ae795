import ChangeRecords
import LiteralTestKit
import RecordLiteralTestKit
import DynamoModel
import Pipelines
import ProjectionTestKit
import Projections
import RandomTestKit
import ReadModels
import Testing

/// What is written and sent, as the outbox keeps it.
@Suite struct ResolvedActionTests {
  private func action(_ action: ResolvedAction, sequence: String? = nil, subject: String? = nil) throws -> OutboxAction {
    OutboxAction(
      OutboxEntry(
        idempotencyKey: "k", name: "n", time: 1, order: 2, origin: .record(3), action: .carryOut(action), sequence: sequence,
        subject: subject), try pipeline(OutboxActionTests.yaml))
  }

  private static let odd = "\"\\\u{0}\n\u{7f}é👍"
  private static let condition = ResolvedAction.WriteCondition(
    text: "#n0 = :a", names: ["#n0": odd], values: [":a": .list([.string(odd), .null])])

  static let all: [ResolvedAction] = [
    .put(table: "T", key: ["PK": .string(odd)], item: ["PK": .string(odd), "n": .number(Number(.min))], condition: nil),
    .put(table: "T", key: ["PK": .binary([0])], item: ["PK": .binary([0])], condition: condition),
    .update(table: "T", key: ["PK": .number(Number(1))], set: ["a": .map(["x": .bool(true)])], remove: [], condition: nil),
    .update(table: "T", key: ["PK": .string("a")], set: Item(), remove: [odd, "b"], condition: condition),
    .webhook(url: "https://h/", headers: [], body: "{}"),
    .webhook(
      url: "https://h/%00", headers: [.init(name: "A", value: odd), .init(name: "a", value: "")], body: "{\"a\": [1, null] }"),
    .topic(name: "t", key: nil, value: "null"), .topic(name: "t", key: odd, value: "\"\(odd.count)\""),
    .mail(to: ["a@x", "b@x"], subject: odd, text: ""), .refused(reason: odd),
  ]

  @Test func `it is read as it was written, with what it is ordered and counted by`() throws {
    for wanted in Self.all {
      for (sequence, subject) in [(String?.none, String?.none), ("3:a:b", "s"), (Self.odd, nil), (nil, Self.odd)] {
        let made = try action(wanted, sequence: sequence, subject: subject)
        let read = try #require(OutboxAction(json: made.json), "\(made.json)")
        guard case .carryOut(let found) = read.kind else {
          Issue.record("\(made.json)")
          continue
        }
        #expect(found == wanted && read.sequence == sequence && read.subject == subject, "\(made.json)")
        #expect(read.json == made.json && read.target == made.target)
      }
    }
  }

  @Test func `what writes one item goes one after the other with what deletes it`() throws {
    let key: Item = ["PK": .string("a")]
    let position = Position(tableID: TableID(rawValue: 1), partition: 0, sequence: 1)
    let deletion = OutboxAction(
      OutboxEntry(
        idempotencyKey: "k", name: "n", time: 1, order: 2, origin: .record(3),
        action: .deleteItem(table: 0, key: key, seen: Item(), through: position)), try pipeline(OutboxActionTests.yaml))
    let put = try action(.put(table: "Tab", key: key, item: ["PK": .string("a"), "x": .null], condition: nil))
    let other = try action(.put(table: "Tab", key: key, item: key, condition: Self.condition))
    let update = try action(.update(table: "Tab", key: key, set: ["y": .null], remove: [], condition: nil))
    #expect(Set([deletion, put, other, update].map(\.target)).count == 1)
  }

  @Test func `messages are ordered by whom they go to, unless something else is named`() throws {
    func target(_ action: ResolvedAction, _ sequence: String? = nil) throws -> String {
      try self.action(action, sequence: sequence).target
    }
    func hook(_ url: String) -> ResolvedAction { .webhook(url: url, headers: [], body: "1") }
    #expect(
      try target(hook("https://h/")) == target(.webhook(url: "https://h/", headers: [.init(name: "a", value: "b")], body: "2")))
    #expect(try target(hook("https://h/")) != target(hook("https://h/x")))
    #expect(try target(.topic(name: "t", key: "a", value: "1")) == target(.topic(name: "t", key: "a", value: "2")))
    #expect(try target(.topic(name: "t", key: nil, value: "1")) != target(.topic(name: "t", key: "", value: "1")))
    #expect(try target(.mail(to: ["a@x"], subject: "", text: "")) == target(.mail(to: ["a@x"], subject: "s", text: "t")))
    #expect(try target(hook("https://h/"), "1:a") == target(.mail(to: ["a@x"], subject: "", text: ""), "1:a"))
    #expect(try target(hook("https://h/"), "1:a") != target(hook("https://h/"), "1:b"))
  }

  @Test(arguments: [
    "{\"put\":{}}", "{\"webhook\":1}", "{\"webhook\":{\"url\":\"https://h/\"}}", "{\"mail\":{\"to\":[]}}", "{\"other\":{}}",
    "{\"put\":{\"table\":\"T\",\"key\":{},\"item\":{},\"when\":{}}}", "{\"topic\":{\"name\":1,\"value\":\"\"}}",
  ])
  func `a text that is none is refused`(text: String) { #expect(OutboxAction(json: text) == nil) }
}
