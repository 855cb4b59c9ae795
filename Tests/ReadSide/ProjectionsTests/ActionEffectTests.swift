import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// What effects write and send, as lanes derive it: payloads, keys, and what is left out.
@Suite struct ActionEffectTests {
  static func yaml(_ effects: String) -> String {
    """
    pipeline: out
    tables:
      Tab: { key: { partition: PK string } }
      Num: { key: { partition: n number } }
    items:
      task:
        in: Tab
        match: { PK: "T:{id}" }
        fields:
          title: Title optional
          n: N integer optional
          price: { from: Price, type: decimal, optional: true }
          at: At timestamp optional
          raw: Raw bytes optional
          flag: Flag boolean optional
          whole: Whole json optional
          members: Members json optional
          member: explode(Members) optional
          must: Must
    projections:
      sittings: { sessions: id, touch: [task inserted, "task changed(n)"], gap: 100ms, columns: { n: last(n), touches: count } }
    effects:
    \(effects)

    """
  }

  private static let full: Item = [
    "PK": .string("T:a b/ü"), "Title": .string("x \"y\"\n"), "N": .number(Number(-5)),
    "Price": .number((try? Number("1.50")) ?? Number(0)),
    "At": .string("2026-01-01T00:00:00Z"), "Raw": .binary([0, 255]), "Flag": .bool(true),
    "Whole": .map(["a": .list([.number(Number(1)), .null])]), "Members": .list([.string("a@x"), .string("b@x")]),
    "Must": .string("m"),
  ]

  /// What a history of one item sets off: each image in turn, nil for its removal, ten milliseconds apart.
  private func entries(_ effects: String, _ images: [Item?]) throws -> (all: [OutboxEntry], deadLetters: [String]) {
    let pipeline = try pipeline(Self.yaml(effects))
    var history = TestHistory(pipeline)
    for image in images {
      if let image { history.put(image) } else { history.delete(Self.full) }
      history.time += 10
    }
    history.time += 1_000
    var engine = engine(pipeline)
    try engine.apply(history.batch(0, 0, after: 0))
    let changes = engine.takeChanges()
    return (changes.outbox, changes.deadLetters.map { "\($0.projection) \($0.path): \($0.reason)" })
  }

  private func actions(_ effects: String, _ images: [Item?]) throws -> [ResolvedAction] {
    try entries(effects, images).all.compactMap { entry in
      if case .carryOut(let action) = entry.action { action } else { nil }
    }
  }

  private static func changed(_ changes: Item, without names: [String] = []) -> Item {
    var item = full
    for entry in changes.entries { item[entry.name] = entry.value }
    for name in names { item[name] = nil }
    return item
  }

  @Test func `a payload holds every type of value as JSON has it`() throws {
    let found = try actions(
      """
        e:
          each: task inserted
          webhook:
            url: "https://h.example/t/{id}?p={price}"
            headers: { X-Id: "{n}!" }
            body: { id: id, title: title, n: n, price: price, at: at, raw: raw, flag: flag, whole: whole, member: [1, "{n} of {title}", true, null, 1.50, 'é'], low: upper(must) }
      """, [Self.full])
    #expect(
      found == [
        .webhook(
          url: "https://h.example/t/a%20b%2F%C3%BC?p=1.5", headers: [.init(name: "X-Id", value: "-5!")],
          body:
            #"{"id":"a b/ü","title":"x \"y\"\n","n":-5,"price":1.5,"at":"2026-01-01T00:00:00.000000Z","raw":"AP8=","flag":true,"whole":{"a":[1,null]},"member":[1,"-5 of x \"y\"\n",true,null,1.5,"é"],"low":"M"}"#
        )
      ])
  }

  @Test func `old and new values of a change are its images'`() throws {
    let found = try actions(
      "  e: { each: { change: task changed(n), when: new.n > old.n }, topic: { name: t, key: id, value: { was: old.n, is: n, new: new.n, at: commit } } }",
      [Self.full, Self.changed(["N": .number(Number(7))]), Self.changed(["N": .number(Number(6))]), nil])
    #expect(
      found == [.topic(name: "t", key: "a b/ü", value: #"{"was":-5,"is":7,"new":7,"at":"2026-01-01T00:00:00.010000Z"}"#)])
  }

  @Test func `each element that came into a list, or left it, is one effect`() throws {
    func members(_ texts: String...) -> Item { Self.changed(["Members": .list(texts.map { .string($0) })]) }
    let images = [members("a@x", "b@x"), members("b@x", "c@x"), members("c@x", "b@x"), members("c@x", "d@x", "b@x"), nil]
    let came = try entries("  e: { each: task added(member), mail: { to: member, subject: '{id}', text: t } }", images).all
    func recipients(_ entries: [OutboxEntry]) -> [[String]] {
      entries.compactMap { if case .carryOut(.mail(let to, _, _)) = $0.action { to } else { nil } }
    }
    #expect(recipients(came) == [["a@x"], ["b@x"], ["c@x"], ["d@x"]])
    #expect(Set(came.map(\.idempotencyKey)).count == 4)
    let went = try entries("  e: { each: task removed(Members), mail: { to: member, subject: s, text: t } }", images).all
    #expect(recipients(went) == [["a@x"], ["c@x"], ["d@x"], ["b@x"]])
    let some = try entries(
      "  e: { each: task added(member), when: member <> 'a@x' AND attribute_exists(old.PK), mail: { to: member, subject: s, text: t } }",
      images)
    #expect(recipients(some.all) == [["c@x"], ["d@x"]])
  }

  @Test func `a list names recipients, each once, and null is nobody`() throws {
    let effect =
      "  e: { each: task inserted, mail: { to: [members, title, 'c@x'], subject: 'About {title}{n}', text: '{n}, {price}' } }"
    let twice = Self.changed(["Members": .list([.string("a@x"), .string("a@x")]), "Title": .string("b@x")])
    #expect(try actions(effect, [twice]) == [.mail(to: ["a@x", "b@x", "c@x"], subject: "About b@x-5", text: "-5, 1.5")])
    let lonely = Self.changed([:], without: ["Members", "Title", "N", "Price"])
    #expect(try actions(effect, [lonely]) == [.mail(to: ["c@x"], subject: "About ", text: ", ")])
    let nobody = "  e: { each: task inserted, mail: { to: members, subject: s, text: t } }"
    #expect(try actions(nobody, [Self.changed(["Members": .list([])])]) == [])
    #expect(try actions(nobody, [lonely]) == [])
    for address in [
      "a", "a@", "@x", "a@b@c", "a b@x", "a@x,b@x", "a@x\nBcc: b@x", "-oQ@x", "<a@x>", String(repeating: "a", count: 253) + "@x",
    ] {
      let found = try actions(nobody, [Self.changed(["Members": .list([.string(address)])])])
      guard case .refused(let reason)? = found.first, found.count == 1 else {
        Issue.record("\(address): \(found)")
        continue
      }
      #expect(reason.hasSuffix("is not the address of a recipient"))
    }
  }

  @Test func `an item is written without what is null, and not at all without its key`() throws {
    let put =
      "  e: { each: task inserted, put: { table: Num, item: { n: n, title: title, whole: whole, of: '{title}!', deep: { a: [n, title] } }, when: 'n <> :n AND v = :title' } }"
    let found = try actions(put, [Self.changed([:], without: ["Title"])])
    #expect(
      found == [
        .put(
          table: "Num", key: ["n": .number(Number(-5))],
          item: [
            "n": .number(Number(-5)), "whole": .map(["a": .list([.number(Number(1)), .null])]),
            "deep": .map(["a": .list([.number(Number(-5)), .null])]),
          ],
          condition: .init(
            text: "#n0 <> :n AND #n1 = :title", names: ["#n0": "n", "#n1": "v"],
            values: [":n": .number(Number(-5)), ":title": .null]))
      ])
    #expect(try actions(put, [Self.changed([:], without: ["N"])]) == [])
    let update = "  e: { each: task inserted, update: { table: Tab, key: { PK: 'X:{n}' }, set: { a: title, b: 'y' } } }"
    #expect(
      try actions(update, [Self.changed([:], without: ["Title"])]) == [
        .update(table: "Tab", key: ["PK": .string("X:-5")], set: ["b": .string("y")], remove: ["a"], condition: nil)
      ])
    #expect(try actions(update, [Self.changed([:], without: ["N"])]) == [])
  }

  @Test func `of a session the columns of its row are values`() throws {
    let found = try entries(
      "  e: { each: sittings expired, webhook: { url: 'https://h/{id}', body: { id: id, session: session_id, by: ended_by, at: ended_at, n: n, touches: touches } } }",
      [Self.full, Self.changed(["N": .number(Number(7))])])
    guard case .carryOut(.webhook(let url, _, let body))? = found.all.first?.action, found.all.count == 1 else {
      Issue.record("\(found)")
      return
    }
    #expect(url == "https://h/a%20b%2F%C3%BC")
    #expect(body.hasSuffix(#""by":"gap","at":"2026-01-01T00:00:00.110000Z","n":7,"touches":2}"#), "\(body)")
  }

  @Test func `the usual key tells every transition from every other, and a key that is given does not`() throws {
    let images = [Self.full, Self.changed(["N": .number(Number(1))]), Self.changed(["N": .number(Number(2))]), nil, Self.full]
    func keys(_ identity: String) throws -> [String] {
      try entries("  e: { each: { change: task changed(n) }, topic: { name: t, value: n }\(identity) }", images).all.map(
        \.idempotencyKey)
    }
    let usual = try keys("")
    #expect(usual.count == 2 && Set(usual).count == 2 && usual.allSatisfy { $0.hasPrefix("3:out1:e") })
    #expect(try keys(", idempotency key: [id, n]") == ["3:out1:e6:a b/ü1:1", "3:out1:e6:a b/ü1:2"])
    #expect(try keys(", idempotency key: id") == ["3:out1:e6:a b/ü", "3:out1:e6:a b/ü"])
    #expect(
      try entries(
        "  e: { each: task inserted, topic: { name: t, value: n }, idempotency key: [title, n] }",
        [Self.changed([:], without: ["Title"])]
      )
      .all.map(\.idempotencyKey) == ["3:out1:e-:2:-5"])
  }

  @Test func `a target that is named takes the place of the action's, and a subject is the item's or the session's`() throws {
    let found = try entries(
      """
        a: { each: task inserted, topic: { name: t, value: n }, order by: [id, n] }
        b: { each: task inserted, delete: item, order by: [id, n] }
        c: { each: sittings expired, topic: { name: t, value: n }, order by: id }
        d: { each: task inserted, topic: { name: t, value: n } }
      """, [Self.full]
    ).all
    #expect(found.map(\.name) == ["a", "b", "d", "c"])
    #expect(found.map(\.sequence) == ["6:a b/ü2:-5", "6:a b/ü2:-5", nil, "6:a b/ü"])
    #expect(found.map(\.subject) == [#"{"PK":{"S":"T:a b/ü"}}"#, nil, #"{"PK":{"S":"T:a b/ü"}}"#, "6:a b/ü"])
  }

  @Test func `a value that has to be there and is not makes a dead letter of the effect`() throws {
    let found = try entries(
      "  e: { each: task inserted, topic: { name: t, value: must } }", [Self.changed([:], without: ["Must"])])
    #expect(found.all.isEmpty && found.deadLetters == ["e Must: is missing"])
    let wrong = try entries(
      "  e: { each: task inserted, topic: { name: t, value: n } }", [Self.changed(["N": .string("x")])])
    #expect(
      wrong.all.isEmpty && wrong.deadLetters == ["sittings N: is of type S, not integer", "e N: is of type S, not integer"])
    let list = try entries(
      "  e: { each: task added(member), topic: { name: t, value: member } }", [Self.changed(["Members": .string("x")])])
    #expect(list.all.isEmpty && list.deadLetters == ["e Members: is of type S, not a list, set or map"])
  }

  @Test func `what is too large is given up, and what has the greatest size is not`() throws {
    func sizes(_ effect: String, _ count: Int) throws -> ResolvedAction? {
      try actions(
        "  e: { each: task inserted, \(effect) }", [Self.changed(["Must": .string(String(repeating: "a", count: count))])]
      ).first
    }
    let cases: [(String, Int)] = [
      ("topic: { name: t, value: must }", ActionLimits.payloadBytesMax - 2),
      ("webhook: { url: 'https://h/', body: must }", ActionLimits.payloadBytesMax - 2),
      ("webhook: { url: 'https://h/{must}', body: 1 }", ActionLimits.urlBytesMax - "https://h/".utf8.count),
      ("webhook: { url: 'https://h/', headers: { A: '{must}' }, body: 1 }", ActionLimits.headerBytesMax),
      ("mail: { to: 'a@x', subject: '{must}', text: t }", ActionLimits.subjectBytesMax),
      ("mail: { to: 'a@x', subject: s, text: '{must}' }", ActionLimits.payloadBytesMax),
    ]
    for (effect, most) in cases {
      if case .refused(let reason)? = try sizes(effect, most) { Issue.record("\(effect): \(reason)") }
      guard case .refused? = try sizes(effect, most + 1) else {
        Issue.record("\(effect) takes \(most + 1)")
        continue
      }
    }
    for (count, isTaken) in [(100, true), (101, false)] {
      let many = AttributeValue.list((0..<count).map { .string("a\($0)@x") })
      let found = try actions(
        "  e: { each: task inserted, mail: { to: members, subject: s, text: t } }", [Self.changed(["Members": many])])
      if case .refused = found[0] { #expect(!isTaken) } else { #expect(isTaken) }
    }
    for effect in [
      "webhook: { url: 'https://h/', headers: { A: '{title}' }, body: 1 }", "mail: { to: 'a@x', subject: '{title}', text: t }",
    ] {
      guard case .refused(let reason)? = try actions("  e: { each: task inserted, \(effect) }", [Self.full]).first else {
        Issue.record("\(effect) takes a line break")
        continue
      }
      #expect(reason.hasSuffix("holds a control character"))
    }
  }
}
