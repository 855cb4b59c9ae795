package import DynamoModel

/// One item's change as a value: what a projection sees.
package struct ChangeRecord: Sendable, Equatable {
  /// What happened, by the item's existence before and after. `truncate` ends a partition of a deleted table and has
  /// no keys; `snapshot` is a row of a table scan, neither an insertion nor a touch.
  package enum Kind: UInt8, Sendable {
    case insert = 1
    case modify = 2
    case remove = 3
    case truncate = 4
    case snapshot = 5
  }

  /// Who caused it. `service` is a TTL removal or an expiry by a worker's effect: the record carries the identity
  /// `dynamodb.amazonaws.com`.
  package enum Cause: UInt8, Sendable {
    case user = 1
    case service = 2
  }

  package let kind: Kind
  package let cause: Cause
  /// Commit time, given by the write store; never goes back within a partition.
  package let time: LogTime
  package let order: CommitOrder
  package let sequence: SequenceNumber
  package let keys: Item
  package let oldImage: Item?
  package let newImage: Item?

  package init(
    kind: Kind, cause: Cause, time: LogTime, order: CommitOrder, sequence: SequenceNumber, keys: Item, oldImage: Item?,
    newImage: Item?
  ) {
    self.kind = kind
    self.cause = cause
    self.time = time
    self.order = order
    self.sequence = sequence
    self.keys = keys
    self.oldImage = oldImage
    self.newImage = newImage
  }
}

/// Why a record's bytes are not a change record. Such a record stops its lane.
package struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { reason }
}

/// The two forms of a record's bytes.
package enum RecordFormat: UInt8, Sendable {
  /// The write store's own: `StoredRecord`.
  case stored = 1
  /// DynamoDB Streams JSON with our members beside it: `RecordJSON`, the value of a Kafka message.
  case json = 2
}
