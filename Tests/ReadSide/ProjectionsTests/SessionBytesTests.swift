import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RandomTestKit
import Testing

@testable import Projections

/// Steps, sessions and what is left of them survive their bytes.
@Suite struct SessionBytesTests {
  private func value(_ random: inout SeededGenerator) throws -> Value {
    let all: [Value] = [
      .null, .boolean(true), .integer(.min), .integer(7), .decimal(try Number("-1.5e99")), .timestamp(.distantFuture),
      .string(""),
      .string("a\u{0}é"),
      .bytes([0, 255]), .json("[1]"),
    ]
    return all.randomElement(using: &random) ?? .null
  }

  private func step(_ random: inout SeededGenerator) throws -> SessionStep {
    func values() throws -> [Value] { try (0..<Int.random(in: 0..<4, using: &random)).map { _ in try value(&random) } }
    let action: SessionStep.Action
    switch Int.random(in: 0..<4, using: &random) {
    case 0: action = .touch(try values())
    case 2: action = .split(try values())
    case 1: action = .end(try values(), SessionEnd.allCases.randomElement(using: &random) ?? .gap)
    default:
      let now = SessionStep.ItemNow(
        inputs: try values(), isTouch: Bool.random(using: &random), isClosed: Bool.random(using: &random),
        deadline: Bool.random(using: &random) ? Instant(rawValue: Int64.random(in: .min ... .max, using: &random)) : nil,
        seen: ["a": .list([.null, .bool(true)])])
      action = .item(
        old: Bool.random(using: &random) ? try values() : nil, new: Bool.random(using: &random) ? now : nil, ends: .ttl)
    }
    return SessionStep(
      stamp: stamp(
        Instant(rawValue: Int64.random(in: .min ... .max, using: &random)), UInt64.random(in: 0 ... .max, using: &random),
        table: .max, partition: 77
      ),
      item: ["PK": .binary([1, 2]), "SK": .number(Number(3))], action: action)
  }

  @Test func `a step is read as it was written`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      let step = try step(&random)
      let bytes = step.bytes
      #expect(try bytes.read { try SessionStep(bytes: $0) } == step, "seed \(seed): \(step)")
      let length = Int.random(in: 0..<bytes.count, using: &random)
      #expect(throws: StateError.self, "seed \(seed): \(length) of \(step)") {
        try Array(bytes.prefix(length)).read { try SessionStep(bytes: $0) }
      }
      #expect(throws: StateError.self) { try (bytes + [1]).read { try SessionStep(bytes: $0) } }
    }
  }

  @Test func `bytes that were changed give a step or an error`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<3_000 {
      var bytes = try step(&random).bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? bytes.read { try SessionStep(bytes: $0) }
    }
  }

  @Test func `a session is read as it was written`() throws {
    let text = SessionFoldTests.touches(
      "gap: 1h, end: bye inserted",
      columns:
        "c: count, total: sum(points), least: min(points), first_room: first(room), rooms: distinct(room), ms: duration(ms)")
    var hand = try SessionHand(text)
    hand.touch(0, [.string("a"), .integer(.max), .string("x")], item: ["PK": .string("U:a"), "SK": .string("1")])
    hand.touch(3, [.string("a"), .integer(.max), .string("y")], item: ["PK": .string("U:a"), "SK": .string("2")])
    var state = try #require(hand.fold.takeChanges().active.first?.state)
    state.item = SessionItem(key: ["PK": .string("k")], seen: ["s": .null], version: stamp(.distantPast, .max), deadline: -5)
    state.liveGroup = [1, 2, 3]
    state.hasMisfit = true
    var bytes: [UInt8] = []
    state.appendBytes(to: &bytes)
    let key = Value.ordered(state.key)
    #expect(try bytes.read { try StoredSession(bytes: $0, key: key, hand.sessions) } == .active(state))
    for length in 0..<bytes.count {
      #expect(throws: StateError.self) {
        try Array(bytes.prefix(length)).read { try StoredSession(bytes: $0, key: key, hand.sessions) }
      }
    }
    var rest = SessionRest()
    rest.isSuperseded = true
    rest.time = -7
    rest.names = ["": 1, "b": 300, "a#2": 2]
    #expect(try rest.bytes.read { try StoredSession(bytes: $0, key: key, hand.sessions) } == .rest(rest))
    for length in 0..<rest.bytes.count {
      #expect(throws: StateError.self) {
        try Array(rest.bytes.prefix(length)).read { try StoredSession(bytes: $0, key: key, hand.sessions) }
      }
    }
  }
}
