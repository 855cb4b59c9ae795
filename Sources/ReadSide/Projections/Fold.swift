internal import Pipelines

/// A projection's part of a lane: the changes of one table in, what a checkpoint writes out. Each kind is one fold in one file; they are
/// made by `FoldRegistry`.
///
/// Pure: no clock, no file. What a record's own image decides (a wrong type, a missing value) throws, and makes the record a dead letter of
/// this projection; everything else goes on.
protocol Fold: Sendable {
  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure)
  /// Fires the deadlines before a time.
  mutating func fire(before time: Instant, _ out: inout LaneOutput)
  /// The least instant at which something may happen without a record: a hint, never too late.
  var nextDeadline: Instant? { get }
  /// Whether a checkpoint has something to write.
  var hasChanges: Bool { get }
  /// How many rows a checkpoint has to write, or a few more.
  var changedRows: Int { get }
  /// Hands over what changed since the last call.
  mutating func takeChanges(into changes: inout LaneChanges)
  /// Whether all that it folds is in memory. Otherwise what changes need is looked up in the store before they are applied, and what is due
  /// before deadlines are fired.
  var isWhole: Bool { get }
  /// Everything that the store holds as due before this is in memory.
  var dueThrough: Instant { get }
  /// Adds what has to be looked up before deadlines before a time fire.
  func lookForDue(before time: Instant, _ lookup: inout SessionLookup)
  /// Adds what a change needs to see that is not in memory.
  func look(for change: Change, _ lookup: inout SessionLookup)
  /// Takes what the store holds of what was looked up.
  mutating func admit(_ found: FoundSessions, _ lookup: SessionLookup)
  /// All that was handed over is committed, and nothing was applied since.
  mutating func committed()
  /// What is read of old images, where that is less than of new ones; nil when all of it may be read.
  var oldNames: [String]? { get }
  /// Whether it reads the ordered bytes of items' keys: where no fold does, they are not made.
  var readsItemKeys: Bool { get }
}

extension Fold {
  mutating func fire(before time: Instant, _ out: inout LaneOutput) {}
  var nextDeadline: Instant? { nil }
  var oldNames: [String]? { nil }
  var readsItemKeys: Bool { true }
  var isWhole: Bool { true }
  var dueThrough: Instant { .distantFuture }
  func lookForDue(before time: Instant, _ lookup: inout SessionLookup) {}
  func look(for change: Change, _ lookup: inout SessionLookup) {}
  mutating func admit(_ found: FoundSessions, _ lookup: SessionLookup) {}
  mutating func committed() {}
}

/// What a fold writes at once, beside the rows that it gathers: effects, and steps for the decider.
struct LaneOutput: Sendable {
  let effects: EffectRules
  var outbox: [OutboxEntry] = []
  var steps: [HandedStep] = []
  /// Effects that are older than their activation.
  var suppressed = 0

  init(effects: EffectRules) { self.effects = effects }
}
