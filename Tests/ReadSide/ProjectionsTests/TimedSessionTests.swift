import DynamoModel
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// The sessions of one key by event time: which touches are taken, and what they make.
@Suite struct TimedSessionTests {
  /// One key in a test's hand; times are seconds. Everything is written and read again before each touch.
  struct Hand {
    let rules: TimedRules
    var kept = TimedSessions()
    var order: UInt64 = 0
    var final: [SessionState] = []

    init(_ limits: String, lateness: String = "60s", columns: String = "c: count, l: last(n), f: first(n)") throws {
      let pipeline = try pipeline(
        """
        pipeline: timed
        tables: { Tab: { key: { partition: PK string, sort: SK string } } }
        items:
          play: { in: Tab, match: { PK: "U:{name}", SK: "{id}" }, fields: { n: N integer optional, sent: Sent timestamp(seconds) optional } }
        projections:
          s: { sessions: name, touch: play inserted, time: sent, lateness: \(lateness), \(limits), columns: { \(columns) } }

        """)
      guard case .sessions(let sessions) = pipeline.projections[0].kind, let rules = TimedRules(sessions, keyNames: ["PK", "SK"])
      else { throw StateError() }
      self.rules = rules
    }

    static func instant(_ seconds: Int64) -> Instant {
      Instant(rawValue: Instant(TestHistory.start).rawValue + seconds * 1_000_000)
    }

    /// The inputs are the key, the time, and the columns' field.
    mutating func take(_ sent: Int64, at commit: Int64, n: Int64 = 1, _ action: TimedTouch.Action = .touch) throws -> Bool {
      let key = Value.ordered([.string("a")])
      kept = try kept.bytes.read { bytes in
        guard case .timed(let kept) = try StoredSession(bytes: bytes, key: key, rules.sessions) else { throw StateError() }
        return kept
      }
      final += kept.pass(before: Self.instant(commit), rules, key: [.string("a")])
      // As a key is forgotten.
      if kept.isEmpty(at: Self.instant(commit), rules) { kept = TimedSessions() }
      order += 1
      let item: Item = ["PK": .string("U:a"), "SK": .string("\(order)")]
      let itemKey = ItemKeyBytes.bytes(item, rules.keyNames)
      let time = Self.instant(commit)
      var inputs = [Value](repeating: .integer(n), count: 3)
      inputs[0] = .string("a")
      inputs[rules.time.input] = .timestamp(Self.instant(sent))
      return kept.take(
        TimedTouch(
          time: Self.instant(sent), action: action, inputs: action.isEnd ? [] : inputs,
          name: TouchName(
            stamp: stamp(time, order), place: 0, itemKey: itemKey, ordinal: kept.ordinal(of: itemKey, at: time))), rules)
    }

    /// Each session as `id: start-last end by columns`, the id being the order of its first touch by commit.
    func texts(at clock: Int64) -> [String] {
      var kept = kept
      let final = final + kept.pass(before: Self.instant(clock), rules, key: [.string("a")])
      return (final + kept.states(key: [.string("a")], before: Self.instant(clock), rules)).map { state in
        func seconds(_ instant: Instant) -> String { "\(Self.instant(0).distance(to: instant) / 1_000_000)" }
        let end = state.endedAt.map { "\(seconds($0)) \(state.endedBy?.rawValue ?? "")" } ?? "open"
        let columns = rules.sessions.columns.indices.map {
          state.columns[$0].value(rules.sessions.columns[$0], of: state)?.description ?? "misfit"
        }
        let id = state.sessionID.split(separator: ":").last ?? ""
        return "\(id): \(seconds(state.startedAt))-\(seconds(state.lastAt)) \(end) \(columns.joined(separator: " "))"
      }
    }
  }

  @Test func `touches out of order make the sessions that they would in order`() throws {
    let sent: [Int64] = [100, 105, 130, 131, 160]
    for order in permutations(sent) {
      var hand = try Hand("gap: 20s")
      for (place, time) in order.enumerated() { #expect(try hand.take(time, at: 161 + Int64(place), n: time)) }
      let texts = hand.texts(at: 400).map { $0.drop { $0 != " " } }
      #expect(texts == [" 100-105 125 gap 2 105 100", " 130-131 151 gap 2 131 130", " 160-160 180 gap 1 160 160"])
    }
  }

  @Test func `a session that is joined keeps the name of the first touch by commit`() throws {
    var hand = try Hand("gap: 10s")
    _ = try hand.take(115, at: 116)
    _ = try hand.take(100, at: 117)
    #expect(hand.texts(at: 118) == ["2: 100-100 110 gap 1 1 1", "1: 115-115 open 1 1 1"])
    #expect(try hand.take(108, at: 118))
    #expect(hand.texts(at: 118) == ["1: 100-115 open 3 1 1"])
  }

  @Test func `a session may be corrected until its end and lateness, that instant included`() throws {
    for (commit, isTaken) in [(Int64(170), true), (171, false)] {
      var hand = try Hand("gap: 10s")
      _ = try hand.take(100, at: 100)
      #expect(hand.texts(at: 111) == ["1: 100-100 110 gap 1 1 1"])
      // It goes on until 170, and the touch alone could come until 165 or 178.
      #expect(try hand.take(95, at: 165))
      #expect(try hand.take(108, at: commit) == isTaken)
      #expect(hand.texts(at: 171) == [isTaken ? "1: 95-108 118 gap 3 1 1" : "1: 95-100 110 gap 2 1 1"])
    }
  }

  @Test func `nothing goes back before what is final, and no further than a session could have begun`() throws {
    var hand = try Hand("gap: 10s")
    _ = try hand.take(100, at: 100)
    // Final since 170. The next session begins while its own begin may lie at 101 at the earliest.
    #expect(try hand.take(150, at: 171))
    for time in [Int64(142), 134, 126, 118] { #expect(try hand.take(time, at: 172)) }
    #expect(try !hand.take(110, at: 173))
    #expect(try hand.take(111, at: 173))
    #expect(try !hand.take(101, at: 174))
    #expect(hand.texts(at: 400) == ["1: 100-100 110 gap 1 1 1", "2: 111-150 160 gap 6 1 1"])
    // A key of which all was forgotten knows as much.
    var other = try Hand("gap: 10s")
    #expect(try other.take(350, at: 350) && other.take(345, at: 351))
    for time in stride(from: Int64(340), through: 280, by: -5) { #expect(try other.take(time, at: 352) == (time >= 280)) }
    #expect(try !other.take(279, at: 352))
  }

  @Test func `a touch within a long session is taken however late it is`() throws {
    var hand = try Hand("gap: 10s")
    for time in Int64(0)..<50 { #expect(try hand.take(time * 5, at: time * 5, n: time)) }
    #expect(try hand.take(3, at: 246, n: 100))
    #expect(try hand.take(-9, at: 246, n: 101) && !hand.take(-20, at: 246))
    #expect(hand.texts(at: 247) == ["1: -9-245 open 52 49 101"])
    // What can be of no other session is not kept one by one.
    #expect(hand.kept.records.count < 20)
  }

  @Test func `a longest time divides again when a touch comes before the first`() throws {
    var hand = try Hand("gap: 20s, max: 30s")
    for time in [Int64(100), 115, 128] { _ = try hand.take(time, at: time) }
    #expect(hand.texts(at: 129) == ["1: 100-128 open 3 1 1"])
    #expect(try hand.take(90, at: 129))
    #expect(hand.texts(at: 129) == ["1: 90-115 120 max 3 1 1", "3: 128-128 open 1 1 1"])
    // The first would then end at 60, which is over.
    #expect(try !hand.take(30, at: 129))
  }

  @Test func `an end and a split divide at their own time, and only as late as lateness`() throws {
    for action in [TimedTouch.Action.end(.explicit), .split] {
      var hand = try Hand("gap: 50s")
      for time in [Int64(100), 110, 120, 130] { _ = try hand.take(time, at: time) }
      #expect(try hand.take(115, at: 131, action))
      let isEnd = action.isEnd
      #expect(
        hand.texts(at: 132) == [
          "1: 100-110 115 \(isEnd ? "explicit" : "cut") 2 1 1",
          isEnd ? "3: 120-130 open 2 1 1" : "3: 115-130 open 3 1 1",
        ])
      // At its very time what comes later is of the next session.
      #expect(try hand.take(115, at: 133))
      #expect(hand.texts(at: 133)[0].contains("100-110 115"))
      #expect(try !hand.take(114, at: 176) && !hand.take(112, at: 176, action))
    }
    var hand = try Hand("gap: 50s")
    // An end that ends nothing yet.
    #expect(try hand.take(100, at: 100, .end(.ttl)) && hand.take(90, at: 101))
    #expect(hand.texts(at: 101) == ["2: 90-90 100 ttl 1 1 1"])
    #expect(try !hand.take(30, at: 101, .end(.ttl)))
  }

  @Test func `first and last go by the touches' own time, and of equal ones by the order of their changes`() throws {
    var hand = try Hand("gap: 50s", columns: "l: last(n), f: first(n), s: sum(n)")
    for (time, n) in [(Int64(100), Int64(1)), (110, 2), (90, 3), (110, 4), (90, 5), (100, 6)] {
      #expect(try hand.take(time, at: 111, n: n))
    }
    #expect(hand.texts(at: 111) == ["1: 90-110 open 4 3 21"])
    // When they are not kept one by one too.
    #expect(try hand.take(150, at: 165, n: 7) && hand.take(95, at: 200, n: 8))
    #expect(hand.kept.records.isEmpty == false && hand.texts(at: 200) == ["1: 90-150 open 7 3 36"])
  }

  @Test func `a key whose sessions are final is forgotten when it makes no difference`() throws {
    var hand = try Hand("gap: 10s")
    _ = try hand.take(100, at: 100)
    var clock = Hand.instant(100)
    var dues: [Int64] = []
    while let due = hand.kept.due(after: clock, hand.rules) {
      dues.append(Hand.instant(0).distance(to: due) / 1_000_000)
      clock = due.advanced(by: 1)
      _ = hand.kept.pass(before: clock, hand.rules, key: [.string("a")])
    }
    // Its end, when nothing can correct it, and when a session of its last instant would be too late.
    #expect(dues == [110, 170, 180] && hand.kept.isEmpty(at: clock, hand.rules))
  }

  @Test func `what is kept of a key is read as it was written, and damage is found`() throws {
    var hand = try Hand("gap: 10s", columns: "s: sum(n), d: distinct(n)")
    for time in Int64(0)..<40 { _ = try hand.take(time * 3, at: time * 3, n: time) }
    _ = try hand.take(118, at: 118, .end(.explicit))
    _ = try hand.take(119, at: 119, .split)
    hand.kept.shown = ["x": true, "y": false]
    let key = Value.ordered([.string("a")])
    let bytes = hand.kept.bytes
    #expect(try bytes.read { try StoredSession(bytes: $0, key: key, hand.rules.sessions) } == .timed(hand.kept))
    for length in 0..<bytes.count {
      #expect(throws: StateError.self) {
        try Array(bytes.prefix(length)).read { try StoredSession(bytes: $0, key: key, hand.rules.sessions) }
      }
    }
    // Bytes that were changed are an error, or a state that can be gone on with.
    for place in bytes.indices {
      for bit in 0..<8 {
        var bytes = bytes
        bytes[place] ^= 1 << bit
        guard case .timed(var kept)? = try? bytes.read({ try StoredSession(bytes: $0, key: key, hand.rules.sessions) }) else {
          continue
        }
        _ = kept.due(after: Hand.instant(0), hand.rules)
        _ = kept.states(key: [.string("a")], before: Hand.instant(200), hand.rules)
        _ = kept.pass(before: Hand.instant(300), hand.rules, key: [.string("a")])
      }
    }
  }
}
