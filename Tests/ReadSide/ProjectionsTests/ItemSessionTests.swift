import DynamoModel
import Pipelines
import ProjectionTestKit
import Testing

@testable import Projections

/// Sessions that are items: deadlines, live groups, and what superseded ones do.
@Suite struct ItemSessionTests {
  static func items(_ rules: String) -> String {
    """
    pipeline: items
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      login:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { room: Room optional, until: { from: Until, type: timestamp(UTC), optional: true }, points: Points integer optional, state: State optional }
    projections:
      logins: { session: login, key: [name, n], \(rules) }

    """
  }

  private func item(_ name: String) -> Item { ["PK": .string("U:\(name)"), "SK": .string("1")] }

  /// The inputs of a login: its key, and what the rules read.
  private func inputs(_ name: String, _ others: Value...) -> [Value] { [.string(name), .string("1")] + others }

  @Test func `a deadline that is already past ends the session as soon as the clock moves`() throws {
    try both(Self.items("deadline: until, gap: 1d")) { hand, pause in
      hand.item(50, item("a"), old: nil, new: inputs("a", .null), deadline: 10)
      try pause(&hand)
      #expect(try hand.texts("a,1") == ["50-50 open"])
      hand.pass(50)
      #expect(hand.endings.isEmpty)
      try pause(&hand)
      hand.pass(51)
      // The row does not end before it began; the deadline fired when the change came.
      #expect(try hand.texts("a,1") == ["50-50 50 deadline"])
      #expect(hand.endings.map(\.cause) == [.deadline(SessionHand.instant(50))])
    }
  }

  @Test func `a change that is not a touch brings a past deadline as well`() throws {
    try both(Self.items("deadline: until, gap: 1d")) { hand, pause in
      hand.item(0, item("a"), old: nil, new: inputs("a", .null))
      try pause(&hand)
      hand.item(50, item("a"), old: inputs("a"), new: inputs("a", .null), isTouch: false, deadline: 10)
      try pause(&hand)
      hand.pass(50)
      #expect(hand.endings.isEmpty)
      hand.pass(51)
      #expect(try hand.texts("a,1") == ["0-0 10 deadline"])
      // It fired when it came, not at a time that a cut may have passed already.
      #expect(hand.endings.map(\.cause) == [.deadline(SessionHand.instant(50))])
    }
  }

  @Test func `a deadline moves with the item, earlier and later`() throws {
    try both(Self.items("deadline: until, gap: 1d")) { hand, pause in
      hand.item(0, item("a"), old: nil, new: inputs("a", .null), deadline: 100)
      try pause(&hand)
      hand.item(10, item("a"), old: inputs("a"), new: inputs("a", .null), isTouch: false, deadline: 300)
      try pause(&hand)
      hand.pass(200)
      try pause(&hand)
      #expect(try hand.texts("a,1") == ["0-0 open"])
      hand.item(210, item("a"), old: inputs("a"), new: inputs("a", .null), isTouch: false, deadline: 250)
      try pause(&hand)
      hand.pass(251)
      #expect(try hand.texts("a,1") == ["0-0 250 deadline"])
      // Without one it goes on to the gap.
      hand.item(260, item("b"), old: nil, new: inputs("b", .null), deadline: 270)
      hand.item(261, item("b"), old: inputs("b"), new: inputs("b", .null), isTouch: false)
      try pause(&hand)
      hand.pass(10_000)
      #expect(try hand.texts("b,1") == ["260-260 open"])
    }
  }

  @Test func `an item that goes ends its session, for whatever reason it went`() throws {
    try both(Self.items("gap: 1d, end: when state = 'closed'")) { hand, pause in
      hand.item(0, item("a"), old: nil, new: inputs("a"))
      hand.item(0, item("b"), old: nil, new: inputs("b"))
      hand.item(0, item("c"), old: nil, new: inputs("c"))
      hand.item(0, item("d"), old: nil, new: inputs("d"), isClosed: true)
      try pause(&hand)
      hand.item(5, item("a"), old: inputs("a"), new: nil)
      hand.item(5, item("b"), old: inputs("b"), new: nil, ends: .ttl)
      hand.item(5, item("c"), old: inputs("c"), new: inputs("c"), isClosed: true)
      try pause(&hand)
      hand.item(9, item("c"), old: inputs("c"), new: inputs("c"), isClosed: true)
      #expect(try hand.texts("a,1") == ["0-0 5 removed"])
      #expect(try hand.texts("b,1") == ["0-0 5 ttl"])
      // The change that closes it is a touch too.
      #expect(try hand.texts("c,1") == ["0-5 5 explicit"])
      // One that comes closed is none.
      #expect(try hand.texts("d,1").isEmpty)
    }
  }

  @Test func `the one that entered a group last is live, and the one before ends`() throws {
    try both(Self.items("gap: 1d, one live per: room")) { hand, pause in
      func enter(_ name: String, _ time: Int64, _ from: Value?, _ to: Value, isTouch: Bool = false) throws {
        hand.item(time, item(name), old: from.map { inputs(name, $0) }, new: inputs(name, to), isTouch: isTouch)
        try pause(&hand)
      }
      let (r, s) = (Value.string("r"), Value.string("s"))
      try enter("a", 0, nil, r)
      try enter("b", 1, nil, r)
      #expect(try hand.texts("a,1") == ["0-0 1 superseded"])
      // Null is not a group: no session supersedes another.
      try enter("c", 2, nil, .null)
      try enter("d", 3, nil, .null)
      // One that leaves makes room, and comes to another.
      try enter("b", 4, r, s)
      try enter("c", 5, .null, r)
      #expect(try hand.texts("b,1") == ["1-1 open"])
      try enter("d", 6, .null, s)
      #expect(try hand.texts("b,1") == ["1-1 6 superseded"])
      // Staying in the group does not enter it again, however often the item changes.
      try enter("d", 7, s, s, isTouch: true)
      #expect(try hand.texts("c,1") == ["2-2 open"] && hand.texts("d,1") == ["3-7 open"])
      try enter("d", 8, s, .null)
      try enter("e", 9, nil, s)
      #expect(try hand.texts("d,1") == ["3-7 open"])
    }
  }

  @Test func `one that was superseded stays ended, until its item comes again`() throws {
    try both(Self.items("gap: 1d, touch: changed(points), one live per: room")) { hand, pause in
      let r = Value.string("r")
      hand.item(0, item("a"), old: nil, new: inputs("a", r))
      hand.item(1, item("b"), old: nil, new: inputs("b", r))
      try pause(&hand)
      hand.item(2, item("a"), old: inputs("a", r), new: inputs("a", r))
      try pause(&hand)
      hand.item(3, item("a"), old: inputs("a", r), new: inputs("a", .string("s")))
      try pause(&hand)
      #expect(try hand.texts("a,1") == ["0-0 1 superseded"] && hand.texts("b,1") == ["1-1 open"])
      hand.item(4, item("a"), old: inputs("a", r), new: nil)
      try pause(&hand)
      hand.item(5, item("a"), old: nil, new: inputs("a", r))
      try pause(&hand)
      #expect(try hand.texts("a,1") == ["0-0 1 superseded", "5-5 open"] && hand.texts("b,1") == ["1-1 5 superseded"])
      // An item that ends in another way may be touched again.
      hand.item(6, item("a"), old: inputs("a", r), new: inputs("a", r), isClosed: true)
      try pause(&hand)
      hand.item(7, item("a"), old: inputs("a", r), new: inputs("a", r))
      #expect(try hand.texts("a,1").last == "7-7 open")
    }
  }

  @Test func `with revive a touch opens a new session, which is the live one`() throws {
    try both(Self.items("gap: 1d, touch: changed(points), one live per: room, revive: touch")) { hand, pause in
      let r = Value.string("r")
      hand.item(0, item("a"), old: nil, new: inputs("a", r))
      hand.item(1, item("b"), old: nil, new: inputs("b", r))
      try pause(&hand)
      hand.item(2, item("a"), old: inputs("a", r), new: inputs("a", r), isTouch: false)
      try pause(&hand)
      #expect(try hand.texts("a,1") == ["0-0 1 superseded"])
      hand.item(3, item("a"), old: inputs("a", r), new: inputs("a", r))
      try pause(&hand)
      #expect(try hand.texts("a,1") == ["0-0 1 superseded", "3-3 open"] && hand.texts("b,1") == ["1-1 3 superseded"])
    }
  }

  @Test func `deadlines of one instant fire in the order of the keys`() throws {
    var hand = try SessionHand(Self.items("gap: 100ms"))
    for name in ["c", "a", "d", "b"] { hand.item(0, item(name), old: nil, new: inputs(name)) }
    hand.pass(1_000)
    #expect(hand.endings.map { $0.state.key[0].description } == ["a", "b", "c", "d"])
    #expect(hand.fold.nextDeadline == nil)
  }
}
