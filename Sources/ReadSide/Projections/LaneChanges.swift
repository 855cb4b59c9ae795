package import ChangeRecords
package import DynamoModel
package import Pipelines

/// What a lane has made of its records since the last checkpoint: everything that the next one writes.
package struct LaneChanges: Sendable {
  /// By projection, then by the row's primary key in ordered form.
  package var collections: [Int: [BytesKey: CollectionChange]] = [:]
  /// Aggregates and boards: by projection, then by the group's ordered values.
  package var groups: [Int: [BytesKey: GroupDelta]] = [:]
  /// By projection, in the order in which the sessions changed; a session that changed twice stands once.
  package var sessions: [Int: [SessionState]] = [:]
  package var deadLetters: [DeadLetter] = []
  package var outbox: [OutboxEntry] = []

  package init() {}

  /// How many rows all this is.
  package var rows: Int {
    collections.values.reduce(0) { $0 + $1.count } + groups.values.reduce(0) { $0 + $1.count }
      + sessions.values.reduce(0) { $0 + $1.count } + deadLetters.count + outbox.count
  }

  package var isEmpty: Bool {
    collections.isEmpty && groups.isEmpty && sessions.isEmpty && deadLetters.isEmpty && outbox.isEmpty
  }
}

/// What becomes of one row of a collection.
package enum CollectionChange: Sendable {
  /// The inputs of the row, the item's key, and the record that wrote it.
  case upsert([Value], itemKey: [UInt8], RowStamp)
  /// The row's declared key and the item's key.
  case delete([Value], itemKey: [UInt8])
}

/// A record that a projection could not take.
package struct DeadLetter: Sendable, Equatable {
  package let projection: String
  package let table: String
  package let partition: Int
  package let sequence: UInt64
  /// Commit time in microseconds.
  package let time: Int64
  package let path: String
  package let reason: String

  package init(
    projection: String, table: String, partition: Int, sequence: UInt64, time: Int64, path: String, reason: String
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
  /// Index in `Pipeline.effects`; nil for a session's own `expire: delete item`.
  package let effect: Int?
  /// The projection whose session expires its item.
  package let projection: Int?
  /// The instant of the transition, in microseconds.
  package let time: Int64
  package let action: Action

  package enum Action: Sendable {
    case deleteItem(table: Int, key: Item, guarded: Guard)
    /// Delete the items behind the rows that equal `values` and were there at `time`.
    case deleteRows([Rows])
  }

  /// What must still be so for the item to be deleted.
  package enum Guard: Sendable {
    /// These attributes are as they were seen.
    case seen(Item)
    /// The item was not written again after this record.
    case position(Position)
  }

  package struct Rows: Sendable {
    package let projection: Int
    package let table: Int
    /// Columns of the collection's table and the values that they must have.
    package let equals: [(column: Int, value: Value)]

    package init(projection: Int, table: Int, equals: [(column: Int, value: Value)]) {
      self.projection = projection
      self.table = table
      self.equals = equals
    }
  }

  package init(idempotencyKey: String, effect: Int?, projection: Int?, time: Int64, action: Action) {
    self.idempotencyKey = idempotencyKey
    self.effect = effect
    self.projection = projection
    self.time = time
    self.action = action
  }
}
