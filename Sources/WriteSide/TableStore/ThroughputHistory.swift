internal import ChangeRecords
internal import DynamoModel

/// When a table's capacity was changed, as its description shows it.
extension StoredTable {
  /// Notes the changes that were made to `old` at `now`.
  mutating func noteThroughput(since old: StoredTable, now: LogTime) {
    switch (old.definition.throughput, definition.throughput) {
    case (_?, nil): definition.options.payPerRequestSince = now.rawValue
    case (nil, _?): definition.options.payPerRequestSince = old.definition.options.payPerRequestSince ?? createdAt.rawValue
    default: break
    }
    definition.options.note(from: old.definition.throughput, to: definition.throughput, now: now.rawValue)
    for place in definition.indexes.indices {
      guard let before = old.definition.index(named: definition.indexes[place].name) else { continue }
      let after = definition.indexes[place].throughput
      definition.indexes[place].options.note(from: before.throughput, to: after, now: now.rawValue)
    }
  }
}

extension TableOptions {
  fileprivate mutating func note(
    from old: TableDefinition.Throughput?, to new: TableDefinition.Throughput?, now: Int64
  ) {
    guard let old, let new else { return }
    if new.read > old.read || new.write > old.write { increasedAt = now }
    if new.read < old.read || new.write < old.write { decreasedAt = now }
  }
}
