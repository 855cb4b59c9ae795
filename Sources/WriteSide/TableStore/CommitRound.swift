internal import ChangeRecords
package import DynamoModel
internal import RocksDB

/// All transactions that one commit writes: each is evaluated on what the ones before it leave, nothing is on disk before
/// the whole is.
///
/// In order: check the request's time and token; read each item (from this round or the database); let the action decide;
/// check the new item; only when every action of the transaction passed, add items, index entries, records and counts to
/// the batch. Cost: a point read and some copies of bytes an action.
struct CommitRound: ~Copyable {
  let database: Database
  let tables: [String: StoredTable]
  /// The commit time of live tables.
  let time: LogTime
  /// The order of the last record; each record takes the next.
  private(set) var order: CommitOrder
  var progress: [TableNumber: TableProgress]
  var batch: WriteBatch
  private var written: [BytesKey: [UInt8]?] = [:]
  private var tokens: [String: [UInt8]] = [:]
  /// Entries made in this round of indexes that are being filled.
  private var entries: Set<[UInt8]> = []
  private(set) var touched: Set<TableNumber> = []
  /// By table: the TTL entries, of the tables in which something may be removed in this round.
  var expiries: [TableNumber: ExpiryQueue] = [:]

  static let tokenLifetime: Int64 = 600_000

  init(
    _ database: Database, tables: [String: StoredTable], progress: [TableNumber: TableProgress], time: LogTime, order: CommitOrder
  ) {
    self.database = database
    self.tables = tables
    self.progress = progress
    self.time = time
    self.order = order
    batch = WriteBatch(database)
  }

  struct Prepared {
    let table: StoredTable
    let itemKey: [UInt8]
    let hash: UInt64
    let time: LogTime
    let key: Item
    let oldBytes: [UInt8]?
    let old: Item?
    let change: WriteChange
    let newBytes: [UInt8]?
  }

  mutating func apply(_ transaction: WriteTransaction) throws(DynamoError) -> [WriteResult] {
    if let token = transaction.token, try isRepeated(token) {
      var results: [WriteResult] = []
      for action in transaction.actions {
        results.append(
          WriteResult(
            old: nil, new: nil, position: nil, replayedBytes: transaction.wantsReplayedBytes ? try bytes(of: action) : 0))
      }
      return results
    }
    var prepared: [Prepared] = []
    var reasons: [DynamoError.CancellationReason] = []
    guard transaction.times.count <= 1 || transaction.times.count == transaction.actions.count else {
      throw .validation(
        "x-afterimage-time gives \(transaction.times.count) times for \(transaction.actions.count) writes: give one, or one for each"
      )
    }
    var last: [TableNumber: LogTime] = [:]
    for (index, action) in transaction.actions.enumerated() where !reasons.hasValidationError {
      let time = transaction.times.count > 1 ? transaction.times[index] : transaction.times.first
      do throws(DynamoError) {
        prepared.append(try prepare(action, at: time, transaction.cause, last: &last))
        reasons.append(.none)
      } catch {
        guard transaction.isTransaction, let reason = CommitRound.reason(for: error) else { throw error }
        reasons.append(reason)
      }
    }
    if reasons.contains(where: { $0 != .none }) { throw .cancelled(reasons, of: transaction.actions.count) }
    // Every action was prepared on what was there before the transaction: two of one item would each miss the other.
    if prepared.count > 1 {
      var seen = Set<[UInt8]>(minimumCapacity: prepared.count)
      for one in prepared where !seen.insert(one.itemKey).inserted {
        throw .validation("Transaction request cannot include multiple operations on one item")
      }
    }
    if let token = transaction.token { remember(token) }
    return prepared.map { commit($0, cause: transaction.cause) }
  }

  /// Throws what a batch would be refused with as things are now. Changes nothing.
  func check(_ transaction: WriteTransaction) throws(DynamoError) {
    var last: [TableNumber: LogTime] = [:]
    for (action, time) in zip(transaction.actions, transaction.times) {
      _ = try prepare(action, at: time, transaction.cause, last: &last)
    }
  }

  /// The size of an action's item as it is now.
  private func bytes(of action: WriteAction) throws(DynamoError) -> Int {
    guard let table = tables[action.table] else { throw DynamoError(.resourceNotFound, "Requested resource not found") }
    // The table may have been created again since the request was read.
    try table.check(key: action.key)
    let stored = try current(table.itemKey(action.key).bytes)
    return stored.flatMap { Item(binary: Array($0[StoredItem.versionBytes...])) }?.size ?? 0
  }

  private static func reason(for error: DynamoError) -> DynamoError.CancellationReason? {
    switch error.code {
    case .conditionalCheckFailed: .init(code: "ConditionalCheckFailed", message: error.message, item: error.item)
    case .duplicateItem: .init(code: "DuplicateItem", message: error.message, item: error.item)
    case .validation where !error.refusesTransaction: .validationError(error.message)
    default: nil
    }
  }

  private func prepare(
    _ action: WriteAction, at given: LogTime?, _ cause: ChangeRecord.Cause, last: inout [TableNumber: LogTime]
  ) throws(DynamoError) -> Prepared {
    guard let table = tables[action.table] else { throw DynamoError(.resourceNotFound, "Requested resource not found") }
    try table.check(key: action.key)
    let (itemKey, hash) = table.itemKey(action.key)
    let stored = try current(itemKey)
    let oldBytes = stored.map { Array($0[StoredItem.versionBytes...]) }
    if let seen = action.seenThrough, !isAsSeen(stored, seen, in: table, hash: hash) {
      return Prepared(
        table: table, itemKey: itemKey, hash: hash, time: time, key: action.key, oldBytes: oldBytes, old: nil, change: .keep,
        newBytes: nil)
    }
    var old: Item?
    if action.needsCurrent, let oldBytes {
      guard let item = Item(binary: oldBytes) else { throw .damaged }
      old = item
    }
    let change = try action.change(old)
    var newBytes: [UInt8]?
    if case .put(let item) = change {
      for entry in action.key.entries where item[entry.name] != entry.value {
        throw .invalidParameter("Cannot update attribute \(entry.name). This attribute is part of the key")
      }
      guard item.size <= TableHandle.itemBytesMax else {
        throw action.isUpdate ? .updateTooLarge : .itemTooLarge
      }
      if !table.definition.indexes.isEmpty {
        if action.isUpdate { try table.checkIndexKeys(of: item, updated: old) } else { try table.checkIndexKeys(of: item) }
      }
      newBytes = item.binary
    }
    // A write that changes nothing may bring any time: so an import that is repeated goes through.
    let isChange =
      switch change {
      case .keep: false
      case .put: newBytes != oldBytes
      case .delete: oldBytes != nil
      }
    let time =
      isChange
      ? try commitTime(table, given: given, cause, last: &last) : max(given ?? .distantPast, last[table.id] ?? .distantPast)
    return Prepared(
      table: table, itemKey: itemKey, hash: hash, time: time, key: action.key, oldBytes: oldBytes, old: old, change: change,
      newBytes: newBytes)
  }

  /// Whether a position covers the record that wrote an item.
  private func isAsSeen(_ stored: [UInt8]?, _ seen: Position, in table: StoredTable, hash: UInt64) -> Bool {
    let partition = KeyBytes.logPartition(hash, of: table.definition.partitions)
    guard seen.tableID == table.tableID, seen.partition == partition,
      seen.sequence <= progress[table.id]?.last[partition] ?? .beforeAll
    else {
      return false
    }
    return stored.map { StoredItem.version($0) <= seen.sequence } ?? true
  }

  private func commitTime(
    _ table: StoredTable, given: LogTime?, _ cause: ChangeRecord.Cause, last: inout [TableNumber: LogTime]
  ) throws(DynamoError) -> LogTime {
    let before = last[table.id] ?? progress[table.id]?.historyTime ?? .zero
    switch (table.clock, given) {
    // A history that ended may have brought times that lie ahead: a record's time never goes back.
    case (.live, nil): return max(time, before)
    case (.live, _?):
      throw .validation(
        "Table \(table.definition.name) has a live clock: the header x-afterimage-time is for tables created with a history clock"
      )
    case (.history, nil):
      if cause == .service { return before }
      throw .validation(
        "Table \(table.definition.name) has a history clock: each write must bring its time in the header x-afterimage-time, "
          + "or end the history with: afterimage table clock \(table.definition.name) live")
    case (.history, let given?):
      guard given >= before else {
        throw .validation(
          "The time \(given) in x-afterimage-time lies before \(before), the last one given to the table's history clock")
      }
      last[table.id] = given
      return given
    }
  }

  func current(_ itemKey: [UInt8]) throws(DynamoError) -> [UInt8]? {
    if let written = written[BytesKey(itemKey)] { return written }
    do throws(RocksDBError) {
      return try database.value(Family.items, itemKey)
    } catch {
      throw .storage(error)
    }
  }

  mutating func commit(_ prepared: Prepared, cause: ChangeRecord.Cause) -> WriteResult {
    let table = prepared.table
    if table.clock == .history, prepared.time > progress[table.id]?.historyTime ?? .zero {
      progress[table.id]?.historyTime = prepared.time
      touched.insert(table.id)
    }
    switch prepared.change {
    case .keep: return WriteResult(old: prepared.old, new: prepared.old, position: nil)
    case .delete where prepared.oldBytes == nil: return WriteResult(old: nil, new: nil, position: nil)
    case .put(let item) where prepared.oldBytes == prepared.newBytes:
      return WriteResult(old: prepared.old, new: item, position: nil)
    case .put(let item):
      let position = record(prepared, cause)
      let stored = StoredItem.bytes(version: position.sequence, prepared.newBytes ?? [])
      batch.put(Family.items, prepared.itemKey, stored)
      written[BytesKey(prepared.itemKey)] = .some(stored)
      moveIndexEntries(prepared, to: item)
      return WriteResult(old: prepared.old, new: item, position: position)
    case .delete:
      batch.delete(Family.items, prepared.itemKey)
      written[BytesKey(prepared.itemKey)] = .some(nil)
      moveIndexEntries(prepared, to: nil)
      return WriteResult(old: prepared.old, new: nil, position: record(prepared, cause))
    }
  }

  private mutating func record(_ prepared: Prepared, _ cause: ChangeRecord.Cause) -> Position {
    let table = prepared.table
    let partition = KeyBytes.logPartition(prepared.hash, of: table.definition.partitions)
    var state = progress[table.id] ?? TableProgress(partitions: table.definition.partitions)
    progress[table.id] = nil
    let sequence = state.last[partition].next
    state.last[partition] = sequence
    let kind: ChangeRecord.Kind = prepared.oldBytes == nil ? .insert : (prepared.newBytes == nil ? .remove : .modify)
    state.itemCount += kind == .insert ? 1 : (kind == .remove ? -1 : 0)
    state.sizeBytes += (prepared.newBytes?.count ?? 0) - (prepared.oldBytes?.count ?? 0)
    progress[table.id] = state
    touched.insert(table.id)
    order = order.next
    var bytes: [UInt8] = []
    bytes.reserveCapacity((prepared.oldBytes?.count ?? 0) + (prepared.newBytes?.count ?? 0) + 96)
    StoredRecord.append(
      kind: kind, cause: cause, time: prepared.time, order: order,
      keys: prepared.key.binary,
      old: prepared.oldBytes,
      new: prepared.newBytes,
      to: &bytes)
    batch.put(Family.log, KeyBytes.log(table.id, partition, sequence), bytes)
    return Position(tableID: table.tableID, partition: partition, sequence: sequence)
  }

  private mutating func moveIndexEntries(_ prepared: Prepared, to new: Item?) {
    let table = prepared.table
    guard !table.definition.indexes.isEmpty || table.definition.timeToLive != nil else { return }
    var old = prepared.old
    if old == nil, let bytes = prepared.oldBytes {
      let names = AttributeNames(table.indexedNames)
      old = bytes.withUnsafeBytes { Item(binary: $0, only: names) }
    }
    for index in table.definition.indexes {
      let before = old.flatMap { table.indexKey(index, of: $0, itemKey: prepared.itemKey) }
      let after = new.flatMap { table.indexKey(index, of: $0, itemKey: prepared.itemKey) }
      count(prepared, index, before: (before, old), after: (after, new))
      replace(before, with: after, itemKey: prepared.itemKey, isFilling: index.status == .creating)
    }
    let before = old.flatMap { table.timeToLiveKey(of: $0, itemKey: prepared.itemKey, now: nil) }
    let after = new.flatMap { table.timeToLiveKey(of: $0, itemKey: prepared.itemKey, now: prepared.time) }
    replace(before, with: after, itemKey: prepared.itemKey)
    expiries[table.id]?.replace(before, with: after)
  }

  /// Keeps the numbers that DescribeTable shows of an index. While it is being filled, an entry that goes away may not have
  /// been there yet.
  private mutating func count(
    _ prepared: Prepared, _ index: IndexDefinition, before: (entry: [UInt8]?, item: Item?), after: (entry: [UInt8]?, item: Item?)
  ) {
    let table = prepared.table
    let ((before, old), (after, new)) = (before, after)
    guard let number = table.indexNumbers[index.name], before != nil || after != nil else { return }
    var counts = progress[table.id]?.indexes[number] ?? .init()
    let isCreating = index.status == .creating
    if let before, !isCreating || entries.contains(before) || ((try? database.value(Family.index, before)) ?? nil) != nil {
      counts.itemCount -= 1
      counts.sizeBytes -= index.entryBytes(of: old ?? Item(), whole: prepared.oldBytes?.count ?? 0, in: table.definition)
    }
    if let after {
      counts.itemCount += 1
      counts.sizeBytes += index.entryBytes(of: new ?? Item(), whole: prepared.newBytes?.count ?? 0, in: table.definition)
      if isCreating { entries.insert(after) }
    }
    progress[table.id]?.indexes[number] = counts
  }

  /// In an index that is being filled, an entry that stays may not be there yet: it is counted, so it is put.
  private mutating func replace(_ before: [UInt8]?, with after: [UInt8]?, itemKey: [UInt8], isFilling: Bool = false) {
    guard before != after || isFilling else { return }
    if let before, before != after { batch.delete(Family.index, before) }
    if let after { batch.put(Family.index, after, itemKey) }
  }

  private func isRepeated(_ token: (text: String, payloadHash: [UInt8])) throws(DynamoError) -> Bool {
    var known = tokens[token.text]
    if known == nil {
      do throws(RocksDBError) {
        known = try database.value(Family.meta, MetaKey.token(token.text))
      } catch {
        throw .storage(error)
      }
    }
    guard let known, known.count >= 8,
      known.withUnsafeBytes({ LogTime(rawValue: Int64(bitPattern: KeyBytes.read64($0, at: 0))) }) > time
    else { return false }
    guard Array(known[8...]) == token.payloadHash else {
      throw DynamoError(
        .idempotentParameterMismatch,
        "Request rejected: its client request token was used in the last 10 minutes with another payload")
    }
    return true
  }

  private mutating func remember(_ token: (text: String, payloadHash: [UInt8])) {
    var value: [UInt8] = []
    KeyBytes.append64(UInt64(bitPattern: time.advanced(by: CommitRound.tokenLifetime).rawValue), to: &value)
    value += token.payloadHash
    tokens[token.text] = value
    batch.put(Family.meta, MetaKey.token(token.text), value)
  }
}

extension DynamoError {
  /// An item that an update makes too large, or an update that is too large itself.
  package static let updateTooLarge = validation("Item size to update has exceeded the maximum allowed size")

  static let damaged = DynamoError(.internalServer, "A stored item does not decode: run afterimage doctor")

  /// A storage failure: names no path to a client.
  static func storage(_ error: RocksDBError) -> DynamoError {
    let text =
      if error.isDiskFull {
        "The disk of the table store is full: nothing was written; make room, and writes go on"
      } else if error == .reopening {
        "The table store is being opened again: try again"
      } else {
        "The table store failed"
      }
    return DynamoError(.internalServer, text)
  }
}
