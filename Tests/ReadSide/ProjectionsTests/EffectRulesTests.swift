import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RandomTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// From when on effects are carried out, and by what keys they are known.
@Suite struct EffectRulesTests {
  static let yaml = """
    pipeline: effects
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional, tag: explode(Tags) optional } }
    projections:
      plays: { collection: play, key: [name, n], columns: [room] }
      sittings: { sessions: name, touch: [play inserted, play changed(room)], gap: 100ms }
      logins: { session: play, key: [name, n], gap: 200ms, expire: delete item }
    effects:
      gone: { each: play removed, delete: { rows: plays, where: room = :room } }
      parted: { each: sittings expired, delete: { rows: plays, where: name = :name } }

    """

  /// The effects that a history sets off, with one activation for all names.
  private func outbox(_ activation: Activation?, until: Int64 = 1_000) throws -> (all: [OutboxEntry], suppressed: Int) {
    let pipeline = try pipeline(Self.yaml)
    var history = TestHistory(pipeline)
    let names = EffectRules.names(of: pipeline)
    for number in 0..<3 {
      history.put(["PK": .string("U:a"), "SK": .string("\(number)"), "Room": .string("r")])
      history.time += 10
    }
    history.delete(["PK": .string("U:a"), "SK": .string("0")])
    history.time += until
    var engine = engine(
      pipeline, activations: Dictionary(uniqueKeysWithValues: names.compactMap { name in activation.map { (name, $0) } }))
    try engine.apply(history.batch(0, 0, after: 0))
    let changes = engine.takeChanges()
    return (changes.outbox, changes.suppressedEffects)
  }

  private static func time(_ milliseconds: Int64) -> Instant { SessionHand.instant(milliseconds) }

  @Test func `everything that a history sets off comes once, in order`() throws {
    let (all, suppressed) = try outbox(.always)
    // The item that goes, then the sitting whose gap passes, then the logins whose items are still there.
    #expect(all.map(\.name) == ["gone", "parted", "logins", "logins"] && suppressed == 0)
    #expect(all.map(\.time) == [30, 120, 210, 220].map { Self.time($0) })
    #expect(all.map(\.origin) == [.record(4), .deadline(Self.time(120)), .deadline(Self.time(210)), .deadline(Self.time(220))])
    #expect(all.map(\.order) == [4, .afterAll, .afterAll, .afterAll])
    #expect(Set(all.map(\.idempotencyKey)).count == 4)
    #expect(try outbox(.always).all.map(\.idempotencyKey) == all.map(\.idempotencyKey))
  }

  @Test func `a record's effect is active past the sequence, a deadline's from the watermark on`() throws {
    let cases: [(Activation, [String], Int)] = [
      (Activation(sequence: 3, watermark: .distantFuture), ["gone"], 3),
      (Activation(sequence: 4, watermark: .distantFuture), [], 4),
      (Activation(sequence: .afterAll, watermark: Self.time(210)), ["logins", "logins"], 2),
      (Activation(sequence: .afterAll, watermark: Self.time(210) + 1), ["logins"], 3),
      (Activation(sequence: .afterAll, watermark: Self.time(120)), ["parted", "logins", "logins"], 1),
    ]
    for (activation, names, suppressed) in cases {
      let found = try outbox(activation)
      #expect(found.all.map(\.name) == names && found.suppressed == suppressed, "\(activation)")
    }
    let none = try outbox(nil)
    #expect(none.all.isEmpty && none.suppressed == 4)
  }

  @Test func `the decider's effects are active from the watermark on, whatever their records`() throws {
    let pipeline = try pipeline(Self.yaml)
    let rules = EffectRules(pipeline: pipeline, table: nil, activations: ["parted": Activation(sequence: 99, watermark: 50)])
    #expect(rules.isActive("parted", record: stamp(50, 1)) && !rules.isActive("parted", record: stamp(49, 100)))
    #expect(rules.isActive("parted", firedAt: 50) && !rules.isActive("parted", firedAt: 49))
    #expect(!rules.isActive("gone", record: stamp(50, 1)) && !rules.isActive("gone", firedAt: .distantFuture))
    let lane = EffectRules(pipeline: pipeline, table: 0, activations: ["parted": Activation(sequence: 99, watermark: 50)])
    #expect(
      lane.isActive("parted", record: stamp(0, 1, sequence: 100)) && !lane.isActive("parted", record: stamp(60, 1, sequence: 99)))
  }

  @Test func `an item is deleted only as it was seen`() throws {
    let (all, _) = try outbox(.always)
    let deletions = all.compactMap { entry -> (key: Item, through: Position)? in
      if case .deleteItem(0, let key, _, let through) = entry.action { (key, through) } else { nil }
    }
    #expect(deletions.map(\.key["SK"]) == [.string("1"), .string("2")])
    #expect(deletions.map(\.through.sequence) == [2, 3])
    guard case .deleteRows(let rows)? = all.first?.action else {
      Issue.record("the first is not about rows")
      return
    }
    #expect(rows.count == 1 && rows[0].projection == 0 && rows[0].equals.map(\.value) == [.string("r")])
  }

  @Test func `no other parts make the same key`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var known: [String: [String]] = [:]
    let pieces = ["", "1", ":", "1:", "1:a", "a", "2:ab", "é", "12"]
    for _ in 0..<20_000 {
      let parts = (0..<Int.random(in: 0..<5, using: &random)).map { _ in
        (0..<Int.random(in: 0..<3, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      }
      let key = EffectRules.key(parts)
      #expect(known[key].map { $0 == parts } ?? true, "seed \(seed): \(parts) and \(known[key] ?? [])")
      known[key] = parts
    }
  }
}
