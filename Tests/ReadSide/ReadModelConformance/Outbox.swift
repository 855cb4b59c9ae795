internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// Effects as a checkpoint brings them.
enum Outbox {
  static func entry(
    _ key: String, name: String = "gone", at time: Int64, order: CommitOrder = 1, target: String? = nil,
    origin: OutboxEntry.Origin? = nil
  ) -> OutboxEntry {
    OutboxEntry(
      idempotencyKey: key, name: name, time: Instant(rawValue: time), order: order,
      origin: origin ?? .record(SequenceNumber(Int(time))),
      action: .deleteItem(
        table: 0, key: ["PK": .string("U:\(target ?? key)"), "SK": .string("1")], seen: ["Points": .number(Number(1))],
        through: Position(tableID: TestHistory.tableID(0), partition: 0, sequence: SequenceNumber(Int(time)))))
  }

  static let lane = LaneID(table: 0, partition: 0)

  /// Commits effects in a lane's checkpoint.
  static func write(_ entries: [OutboxEntry], _ opened: Opened, lane: LaneID = lane) throws {
    if opened.hand.positions[lane] == nil { try opened.hand.take(lane) }
    let history = TestHistory(opened.pipeline, partitions: lane.partition + 1)
    var checkpoint = try opened.hand.prepare(lane, history)
    var changes = checkpoint.changes
    changes.outbox = entries
    checkpoint = LaneCheckpoint(lane, from: checkpoint.old, to: checkpoint.new, changes)
    let result = try opened.store.checkpoint(checkpoint)
    try require(result.effects == entries.count, "\(result)")
    try opened.hand.take(lane)
  }

  /// The keys of effects that are due.
  static func due(
    _ opened: Opened, _ name: String = "gone", before: Instant = .distantFuture, now: Int64 = 0, limit: Int = 100
  ) throws -> [String] {
    try opened.store.dueEffects(DueEffects(effect: name, before: before, now: now, limit: limit)).map(\.idempotencyKey)
  }

  static func effect(_ opened: Opened, _ key: String) throws -> ListedEffect {
    let all = try opened.store.effects(Set(EffectState.allCases), after: .none, limit: 1_000)
    return try needed(all.first { $0.pending.idempotencyKey == key })
  }

  static func settle(_ opened: Opened, _ key: String, _ outcome: EffectOutcome) throws {
    try opened.store.settle([(try effect(opened, key).pending, outcome)])
  }

  /// The keys of all that is in the outbox, in the order of their numbers.
  static func keys(_ opened: Opened) throws -> [String] {
    try opened.store.effects(Set(EffectState.allCases), after: .none, limit: 1_000).map(\.pending.idempotencyKey)
  }
}
