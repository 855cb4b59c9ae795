package import ChangeRecords
package import DynamoModel

/// Actions that are committed together or not at all.
package struct WriteTransaction: Sendable {
  package var actions: [WriteAction]
  /// A failing action gives TransactionCanceledException with a reason for each; otherwise the action's own error.
  package var isTransaction: Bool
  /// The client's idempotency token, and a hash of what it was sent with. Remembered for 10 minutes.
  package var token: (text: String, payloadHash: [UInt8])?
  /// Whether the items' sizes are wanted when the transaction had been carried out before under its token.
  package var wantsReplayedBytes: Bool
  /// Commit times, for tables with a history clock: one for all actions, or one for each. Empty for live tables.
  package var times: [LogTime]
  package var cause: ChangeRecord.Cause

  /// `time` is one commit time for all actions, in place of `times`.
  package init(
    actions: [WriteAction], isTransaction: Bool = false, token: (text: String, payloadHash: [UInt8])? = nil,
    wantsReplayedBytes: Bool = false, time: LogTime? = nil, times: [LogTime] = [], cause: ChangeRecord.Cause = .user
  ) {
    self.actions = actions
    self.isTransaction = isTransaction
    self.token = token
    self.wantsReplayedBytes = wantsReplayedBytes
    self.times = time.map { [$0] } ?? times
    self.cause = cause
  }
}

/// One change of one item.
package struct WriteAction: Sendable {
  package let table: String
  package let key: Item
  /// False when `change` does not look at the item and nobody wants the old one: it is then not decoded, and `change` gets nil.
  package let needsCurrent: Bool
  /// When set, the item is kept as it is, without `change` being asked, unless this is a position in the item's own partition of the table's
  /// present life and log, and no later record has written the item.
  package let seenThrough: Position?
  /// Whether the action changes what is there, rather than replacing it: it decides which error an item that grows too large gets.
  package let isUpdate: Bool
  /// Called by the committer with the item as it is then; throws what the client shall see. Must be quick and pure.
  package let change: @Sendable (Item?) throws(DynamoError) -> WriteChange

  package init(
    table: String, key: Item, needsCurrent: Bool = true, seenThrough: Position? = nil, isUpdate: Bool = false,
    change: @escaping @Sendable (Item?) throws(DynamoError) -> WriteChange
  ) {
    self.table = table
    self.key = key
    self.needsCurrent = needsCurrent
    self.seenThrough = seenThrough
    self.isUpdate = isUpdate
    self.change = change
  }
}

/// What an action makes of its item.
package enum WriteChange: Sendable {
  case put(Item)
  case delete
  case keep
}

/// What became of an action. `old` is nil when the action did not need it. `position` is nil when nothing changed: a
/// no-op write leaves no record.
package struct WriteResult: Sendable {
  package let old: Item?
  package let new: Item?
  package let position: Position?
  /// The item's size as it is now, when the transaction had been carried out before under its token and nothing was done; 0 when
  /// it was not wanted.
  package var replayedBytes: Int?
}
