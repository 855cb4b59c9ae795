package import ChangeRecords
package import DynamoModel
package import Pipelines

/// What a lane has made of its records since the last checkpoint: everything that the next one writes.
package struct LaneChanges: Sendable {
  /// By projection.
  package var collections: [ProjectionID: CollectionChanges] = [:]
  /// Aggregates and boards: by projection.
  package var groups: [ProjectionID: GroupDeltas] = [:]
  /// By projection.
  package var sessions: [ProjectionID: SessionChanges] = [:]
  /// By projection.
  package var histories: [ProjectionID: HistoryChanges] = [:]
  package var deadLetters: [DeadLetter] = []
  package var outbox: [OutboxEntry] = []
  /// Of the decider: states of groups that it watches, by projection and key; nil for one that is empty.
  package var watched: [ProjectionID: [(key: [UInt8], state: [UInt8]?)]] = [:]
  /// For the decider, in the order of the lane's changes.
  package var steps: [HandedStep] = []
  /// Effects that were older than their activation: counted, not carried out.
  package var suppressedEffects = 0

  package init() {}

  package var isEmpty: Bool {
    collections.isEmpty && groups.isEmpty && sessions.isEmpty && histories.isEmpty && deadLetters.isEmpty && outbox.isEmpty
      && watched.isEmpty && steps.isEmpty
      && suppressedEffects == 0
  }
}

/// A step that the decider folds.
package struct HandedStep: Sendable {
  package let projection: ProjectionID
  /// Which of the change's steps this is.
  package let place: Int
  package let step: SessionStep

  package init(projection: ProjectionID, place: Int, step: SessionStep) {
    self.projection = projection
    self.place = place
    self.step = step
  }
}

/// What a checkpoint writes of a collection: first the rows of the items in `cleared` go, then each row becomes what `rows` says.
package struct CollectionChanges: Sendable {
  /// By the row's primary key in ordered form. Nil for a row that came and went.
  package var rows = BytesMap<CollectionChange?>()
  /// The keys of items whose rows are not known from the images of their changes.
  package var cleared: [[UInt8]] = []

  package init() {}

  package var count: Int { rows.count + cleared.count }
}

/// What becomes of one row of a collection.
package enum CollectionChange: Sendable {
  /// The inputs of the row of an item that was not there before, the item's key, and the change that wrote it.
  case insert([Value], itemKey: [UInt8], Stamp)
  /// The same of an item that may have had the row already.
  case upsert([Value], itemKey: [UInt8], Stamp)
  /// The row's declared key and the item's key.
  case delete([Value], itemKey: [UInt8])
}

/// A record that a projection could not take.
package struct DeadLetter: Sendable, Equatable {
  package let projection: String
  package let table: String
  package let partition: Int
  package let sequence: SequenceNumber
  /// The record's commit time.
  package let time: Instant
  package let path: String
  package let reason: String

  package init(
    projection: String, table: String, partition: Int, sequence: SequenceNumber, time: Instant, path: String, reason: String
  ) {
    self.projection = projection
    self.table = table
    self.partition = partition
    self.sequence = sequence
    self.time = time
    self.path = path
    self.reason = reason
  }
}

/// An effect to be carried out after the checkpoint that holds it.
package struct OutboxEntry: Sendable {
  /// The same for the same transition in every build of the read model.
  package let idempotencyKey: String
  /// The effect's name; of a session's own `expire: delete item` the projection's.
  package let name: String
  /// The instant of the transition, and the order of its change; a deadline's comes after all.
  package let time: Instant
  package let order: CommitOrder
  package let origin: Origin
  package let action: Action
  /// What effects go one after the other for, in place of the action's own target: parts of a key.
  package let sequence: String?
  /// Which item, session or board the effect is of, within its effect: what a limit counts by. Nil where there is no limit.
  package let subject: String?

  /// What set the effect off, so that a generation that takes another's place can see what that one has handled too.
  package enum Origin: Sendable, Equatable {
    /// A record of the lane, by its sequence number.
    case record(SequenceNumber)
    /// A deadline of the lane, or of the decider, that fired at a time.
    case deadline(Instant)
  }

  package enum Action: Sendable {
    /// Delete the item if the attributes in `seen` are still so and it was not written after the record at `through`.
    case deleteItem(table: TableIndex, key: Item, seen: Item, through: Position)
    /// Delete the items from which the rows come that equal `values` and existed at the instant.
    case deleteRows([Rows])
    /// Write an item, or send a message.
    case carryOut(ResolvedAction)
  }

  package struct Rows: Sendable {
    package let projection: ProjectionID
    package let table: TableIndex
    /// Columns of the collection's table and the values that they must have.
    package let equals: [(column: Int, value: Value)]

    package init(projection: ProjectionID, table: TableIndex, equals: [(column: Int, value: Value)]) {
      self.projection = projection
      self.table = table
      self.equals = equals
    }
  }

  package init(
    idempotencyKey: String, name: String, time: Instant, order: CommitOrder, origin: Origin, action: Action,
    sequence: String? = nil,
    subject: String? = nil
  ) {
    self.idempotencyKey = idempotencyKey
    self.name = name
    self.time = time
    self.order = order
    self.origin = origin
    self.action = action
    self.sequence = sequence
    self.subject = subject
  }
}
