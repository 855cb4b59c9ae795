import DynamoModel
import Pipelines
import ProjectionTestKit
import Testing

@testable import Projections

/// Sessions of touches: when they begin and end, and what they are named.
@Suite struct SessionFoldTests {
  static func touches(_ rules: String, columns: String = "c: count, total: sum(points)") -> String {
    """
    pipeline: touches
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      bye: { in: Tab, match: { PK: "U:{name}", SK: "bye:{n}" } }
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { points: Points integer optional, room: Room optional } }
    projections:
      sittings: { sessions: name, touch: play inserted, \(rules), columns: { \(columns) } }

    """
  }

  private func item(_ n: Int = 1) -> Item { ["PK": .string("U:a"), "SK": .string("\(n)")] }
  private let a: [Value] = [.string("a"), .integer(2)]

  @Test func `a session is active through its last touch and the gap, that instant included`() throws {
    try both(Self.touches("gap: 100ms")) { hand, pause in
      hand.touch(0, a, item: item())
      try pause(&hand)
      hand.touch(100, a, item: item(2))
      try pause(&hand)
      hand.pass(200)
      try pause(&hand)
      #expect(try hand.texts("a") == ["0-100 open 2 4"])
      hand.touch(200, a, item: item(3))
      try pause(&hand)
      hand.touch(301, a, item: item(4))
      try pause(&hand)
      #expect(try hand.texts("a") == ["0-200 300 gap 3 6", "301-301 open 1 2"])
      hand.pass(402)
      #expect(try hand.texts("a") == ["0-200 300 gap 3 6", "301-301 401 gap 1 2"])
      #expect(hand.endings.map(\.cause) == [300, 401].map { .deadline(SessionHand.instant($0)) })
    }
  }

  @Test func `past the bound sessions are let go that were not touched for long, and found again`() throws {
    var hand = try SessionHand(Self.touches("gap: 100ms"), residentMax: 2)
    func touch(_ time: Int64, _ name: String) { hand.touch(time, [.string(name), .integer(1)], item: item(Int(time))) }
    func resident() -> [String] {
      (0..<hand.fold.keys.slotsEnd).compactMap { hand.fold.slots[$0].state?.key[0].description }.sorted()
    }
    for (time, name) in [(Int64(0), "a"), (1, "b"), (2, "c")] { touch(time, name) }
    #expect(hand.fold.isWhole && resident() == ["a", "b", "c"])
    // What is not committed stays.
    hand.fold.committed()
    #expect(resident() == ["a", "b", "c"])
    try hand.letGo()
    #expect(!hand.fold.isWhole && resident().count == 2)
    for time in Int64(3)..<9 {
      touch(time, "a")
      touch(time, "b")
      try hand.letGo()
    }
    #expect(resident() == ["a", "b"])
    // It was due at 102 and comes back for that alone.
    #expect(hand.fold.nextDeadline == SessionHand.instant(100))
    hand.pass(103)
    #expect(try hand.texts("c") == ["2-2 102 gap 1 1"] && hand.texts("a") == ["0-8 open 7 7"])
    try hand.letGo()
    // Those whose due instants in the store have passed have new ones.
    #expect(hand.stored.values.compactMap(\.due).sorted() == [SessionHand.instant(108), SessionHand.instant(108)])
    hand.pass(109)
    #expect(hand.endings.count == 3 && resident().isEmpty)
  }

  @Test func `a session lasts no longer than its most, however it is touched`() throws {
    try both(Self.touches("gap: 100ms, max: 150ms")) { hand, pause in
      for time in stride(from: Int64(0), through: 350, by: 50) {
        hand.touch(time, a, item: item(Int(time)))
        try pause(&hand)
      }
      #expect(try hand.texts("a") == ["0-150 150 max 4 8", "200-350 open 4 8"])
    }
  }

  @Test func `a session ends at midnight, which belongs to the next day`() throws {
    let day: Int64 = 86_400_000
    try both(Self.touches("gap: 1h, cut: midnight 'UTC'")) { hand, pause in
      hand.touch(day - 10, a, item: item(1))
      try pause(&hand)
      hand.touch(day, a, item: item(2))
      #expect(try hand.texts("a") == ["\(day - 10)-\(day - 10) \(day) cut 1 2", "\(day)-\(day) open 1 2"])
    }
  }

  @Test func `a change ends the session of its key at its time, and no other`() throws {
    try both(Self.touches("gap: 1h, end: bye inserted")) { hand, pause in
      hand.end(0, [.string("a")], item: item())
      hand.touch(10, a, item: item())
      hand.touch(10, [.string("b"), .null], item: item())
      hand.touch(10, [.null, .integer(1)], item: item())
      try pause(&hand)
      hand.end(20, [.string("a")], by: .ttl, item: item())
      hand.end(20, [.null], item: item())
      hand.end(30, [.string("a")], item: item())
      #expect(try hand.texts("a") == ["10-10 20 ttl 1 2"])
      #expect(try hand.texts("b") == ["10-10 open 1 0"])
      #expect(hand.endings.count == 1 && hand.endings[0].cause == .change(stamp(SessionHand.instant(20), 5)))
      #expect(hand.rows.count == 2)
    }
  }

  @Test func `sessions that began in one millisecond have names of their own`() throws {
    try both(Self.touches("gap: 1h, end: bye inserted")) { hand, pause in
      for _ in 0..<3 {
        hand.touch(5, a, item: item())
        try pause(&hand)
        hand.end(5, [.string("a")], item: item())
        try pause(&hand)
      }
      #expect(try hand.names("a") == ["3:U:a 1:1", "3:U:a 1:1#2", "3:U:a 1:1#3"])
      // A millisecond later it is another name anyway.
      hand.touch(6, a, item: item())
      try pause(&hand)
      #expect(try hand.names("a").suffix(1) == ["3:U:a 1:1#3"])
      #expect(hand.rows.count == 4)
    }
  }

  @Test func `names of one millisecond are kept while a session of another item is active`() throws {
    try both(Self.touches("gap: 1h, end: bye inserted")) { hand, pause in
      for number in [1, 2, 1, 2] {
        hand.touch(5, a, item: item(number))
        try pause(&hand)
        hand.end(5, [.string("a")], item: item())
        try pause(&hand)
      }
      #expect(try hand.names("a") == ["3:U:a 1:1", "3:U:a 1:1#2", "3:U:a 1:2", "3:U:a 1:2#2"])
    }
  }

  @Test func `a name is its parts and their lengths, so that no other parts make it`() throws {
    var hand = try SessionHand(Self.touches("gap: 1h, end: bye inserted"))
    for (partition, sort) in [("a 1:b", "c"), ("a", "b 1:c"), ("a", "b#2"), ("a", "b")] {
      hand.touch(5, a, item: ["PK": .string(partition), "SK": .string(sort)])
      hand.end(5, [.string("a")], item: item())
    }
    #expect(try hand.names("a").count == 4)
    hand.touch(5, a, item: ["PK": .string("a"), "SK": .string("b")])
    #expect(try hand.names("a").contains("1:a 1:b#2") && hand.names("a").contains("1:a 3:b#2"))
  }

  @Test func `columns hold what the touches gave, in the order of the changes`() throws {
    let text = Self.touches(
      "gap: 1h",
      columns:
        "total: sum(points), least: min(points), most: max(points), first_room: first(room), last_room: last(room), rooms: distinct(room), ms: duration(ms), s: duration"
    )
    try both(text) { hand, pause in
      for (time, points, room) in [(0, 3, "x"), (700, -1, "y"), (1_400, 9, "x")] {
        hand.touch(Int64(time), [.string("a"), .integer(Int64(points)), .string(room)], item: item(time))
        try pause(&hand)
      }
      hand.touch(1_500, [.string("a"), .null, .null], item: item(9))
      #expect(try hand.texts("a") == ["0-1500 open 11 -1 9 x x 2 1500 1"])
    }
  }

  @Test func `a sum that does not fit is said once, and taken back`() throws {
    var hand = try SessionHand(Self.touches("gap: 1h"))
    hand.touch(0, [.string("a"), .integer(.max)], item: item())
    #expect(hand.fold.takeChanges().active.map(\.state.hasMisfit) == [false])
    hand.touch(1, [.string("a"), .integer(1)], item: item(2))
    #expect(hand.fold.takeChanges().active.map(\.state.hasMisfit) == [true])
    hand.touch(2, [.string("a"), .integer(-1)], item: item(3))
    // It may be there, and is to be taken back; after that it is not.
    #expect(hand.fold.takeChanges().active.map { $0.state.hasMisfit && $0.state.misfits(hand.sessions).isEmpty } == [true])
    hand.touch(3, [.string("a"), .integer(-1)], item: item(4))
    #expect(hand.fold.takeChanges().active.map(\.state.hasMisfit) == [false])
  }

  @Test func `what has not changed is not written`() throws {
    var hand = try SessionHand(Self.touches("gap: 1h"))
    #expect(!hand.fold.hasChanges && hand.fold.takeChanges().count == 0 && hand.fold.nextDeadline == nil)
    hand.touch(0, a, item: item())
    hand.touch(1, a, item: item())
    #expect(hand.fold.hasChanges && hand.fold.takeChanges().active.count == 1)
    #expect(!hand.fold.hasChanges && hand.fold.takeChanges().count == 0 && hand.fold.changedRows == 0)
    #expect(hand.fold.nextDeadline.map { $0 <= SessionHand.instant(3_600_001) } == true)
  }
}
