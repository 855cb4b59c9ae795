internal import ChangeLog
package import ChangeRecords
package import DynamoModel
package import Pipelines

/// An effect that waits in the outbox.
package struct PendingEffect: Sendable {
  package let id: EffectID
  package let idempotencyKey: String
  package let effect: String
  /// The instant of the transition, and the order of its change.
  package let at: Instant
  package let order: CommitOrder
  package let action: OutboxAction
  package let attempts: Int

  package init(
    id: EffectID, idempotencyKey: String, effect: String, at: Instant, order: CommitOrder, action: OutboxAction, attempts: Int
  ) {
    self.id = id
    self.idempotencyKey = idempotencyKey
    self.effect = effect
    self.at = at
    self.order = order
    self.action = action
    self.attempts = attempts
  }
}

/// Which effects are asked for.
package struct DueEffects: Sendable, Equatable {
  /// The effect's name.
  package var effect: String
  /// Only those whose instant lies before this time: what they depend on is in the rows.
  package var before: Instant
  /// Milliseconds of the wall clock.
  package var now: Int64
  package var limit: Int

  package init(effect: String, before: Instant = .distantFuture, now: Int64, limit: Int) {
    self.effect = effect
    self.before = before
    self.now = now
    self.limit = limit
  }
}

/// How an effect ended, or when it is to be tried again.
package enum EffectOutcome: Sendable, Equatable {
  /// Carried out: it leaves the outbox.
  case done
  /// Carried out by another generation: it leaves the outbox.
  case suppressed(String)
  /// To be tried again at a time in milliseconds of the wall clock.
  case retry(notBefore: Int64, String)
  /// Given up: it stays until an operator has it tried again or discards it.
  case failed(String)
}

/// What an effect in the outbox waits for.
package enum EffectState: String, Sendable, CaseIterable {
  case pending, failed
}

/// An effect as an operator sees it.
package struct ListedEffect: Sendable {
  package let pending: PendingEffect
  package let state: EffectState
  package let note: String
  /// Milliseconds of the wall clock.
  package let notBefore: Int64

  package init(pending: PendingEffect, state: EffectState, note: String, notBefore: Int64) {
    self.pending = pending
    self.state = state
    self.note = note
    self.notBefore = notBefore
  }
}

/// Which effects an operator means: one by its number, or all of a name in a state.
package enum EffectSelection: Sendable, Equatable {
  case one(EffectID)
  case all(effect: String, EffectState)
}

/// What an operator has done with an effect.
package enum EffectChange: Sendable, Equatable {
  /// Tries it again at once, with all its attempts.
  case retry
  /// Takes it out of the outbox without carrying it out.
  case discard
}

/// The item from which a row comes.
package struct RowItem: Sendable {
  package let key: Item
  package let position: Position

  package init(key: Item, position: Position) {
    self.key = key
    self.position = position
  }
}

/// A generation whose place another takes: where it stood, and what it had not carried out.
package struct OldGeneration: Sendable {
  /// By its own lanes: another definition may number its tables in another way.
  package let lanes: [LaneID: LanePosition]
  /// By the projection's name: the time below which its decider had decided.
  package let decided: [String: Instant]
  package let outbox: [ListedEffect]

  package init(lanes: [LaneID: LanePosition], decided: [String: Instant], outbox: [ListedEffect]) {
    self.lanes = lanes
    self.decided = decided
    self.outbox = outbox
  }

  /// Where it stood in a lane of another generation: that of the same table and partition.
  package func position(_ lane: LaneID, of position: LanePosition) -> LanePosition? {
    lanes.first { $0.key.partition == lane.partition && $0.value.cursor.tableID == position.cursor.tableID }?.value
  }
}
