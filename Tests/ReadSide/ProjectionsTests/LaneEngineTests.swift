import ChangeLog
import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RandomTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// A lane as a whole: records in, changes out, the same whatever the batches.
@Suite struct LaneEngineTests {
  @Test func `a record that comes again is passed over, and batches change nothing`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var history = TestHistory(try pipeline(EffectRulesTests.yaml))
    for _ in 0..<80 {
      history.time += Int64.random(in: 0..<60, using: &random)
      let key: Item = ["PK": .string("U:\(Int.random(in: 0..<3, using: &random))"), "SK": .string("1")]
      if Bool.random(using: &random) {
        history.put(key.merging("Room", .string("\(Int.random(in: 0..<9, using: &random))")))
      } else {
        history.delete(key)
      }
    }
    var whole = engine(history.pipeline)
    try whole.apply(history.batch(0, 0, after: 0))
    let expected = whole.takeChanges()
    var parts = engine(history.pipeline)
    var outbox: [String] = []
    var suppressed = 0
    while parts.sequence < SequenceNumber(history.entries[0][0].count) {
      // A few are delivered once more.
      try parts.apply(
        history.batch(0, 0, after: parts.sequence.earlier(by: 2), limit: Int.random(in: 3..<9, using: &random)))
      let changes = parts.takeChanges()
      outbox += changes.outbox.map(\.idempotencyKey)
      suppressed += changes.suppressedEffects
      #expect(!parts.hasChanges && parts.changedRows == 0, "seed \(seed)")
    }
    #expect(outbox == expected.outbox.map(\.idempotencyKey) && suppressed == expected.suppressedEffects, "seed \(seed)")
    #expect(parts.applied == whole.applied && parts.firedThrough == whole.firedThrough, "seed \(seed)")
  }

  @Test func `a record that cannot be read, or the end of a table, stops the lane before it`() throws {
    var history = TestHistory(try pipeline(EffectRulesTests.yaml))
    for number in 0..<3 { history.put(["PK": .string("U:a"), "SK": .string("\(number)")]) }
    for (kind, expected) in [(UInt8(0xee), LaneFailure.Kind.unreadable), (ChangeRecord.Kind.truncate.rawValue, .truncated)] {
      var batch = history.batch(0, 0, after: 0)
      batch.bytes[batch.entries[1].start + 1] = kind
      var engine = engine(history.pipeline)
      let failure = #expect(throws: LaneFailure.self) { try engine.apply(batch) }
      #expect(failure?.kind == expected && failure?.sequence == 2)
      #expect(engine.sequence == 1 && engine.applied == 1 && engine.takeChanges().collections[0]?.count == 1)
    }
  }

  @Test func `an item's key is read from its bytes, which compare as keys do`() {
    let keys: [Item] = [("a", "1"), ("a", "10"), ("a", "2"), ("a\u{0}", "0"), ("b", "")].map {
      ["PK": .string($0.0), "SK": .string($0.1)]
    }
    let bytes = keys.map { ItemKeyBytes.bytes($0, ["PK", "SK"]) }
    for (left, right) in zip(bytes, bytes.dropFirst()) { #expect(Bytes.less(left, right)) }
    for (key, bytes) in zip(keys, bytes) { #expect(ItemKeyBytes.key(bytes, ["PK", "SK"]) == key) }
    #expect(ItemKeyBytes.key(bytes[0], ["PK"]) == nil && ItemKeyBytes.key([], ["PK"]) == nil)
  }
}

extension Item {
  /// The item with one attribute more.
  fileprivate func merging(_ name: String, _ value: AttributeValue) -> Item {
    var item = self
    item[name] = value
    return item
  }
}
