internal import ChangeRecords
package import DynamoModel
internal import Glibc
internal import RocksDB
internal import Services

/// Tables come, change and go on the committer's thread, each change one synced batch.
extension TableStore {
  /// Makes a table. Throws ResourceInUseException when the name is taken. The definition is taken as checked.
  package func createTable(_ definition: TableDefinition, clock: TableClock = .live) throws(DynamoError) -> TableDescription {
    let state = state
    let table = try committer.perform { () throws(DynamoError) -> StoredTable in
      guard state.table(definition.name) == nil else {
        throw DynamoError(.resourceInUse, "Table already exists: \(definition.name)")
      }
      let id = try TableStore.nextTableNumber(state)
      let now = state.clock.wall()
      var table = StoredTable(
        id: id, tableID: TableID(rawValue: UInt64.random(in: 1...UInt64.max)), definition: definition,
        indexNumbers: [:], nextIndexNumber: 1, createdAt: now, clock: clock)
      for index in definition.indexes { table.number(index) }
      if let view = definition.stream { table.open(view, now: now, TableProgress(partitions: definition.partitions)) }
      try TableStore.store(table, state) { batch in
        var next: [UInt8] = []
        KeyBytes.append32(id.next.rawValue, to: &next)
        batch.put(Family.meta, MetaKey.nextTableNumber, next)
      }
      state.update {
        $0.tables[definition.name] = table
        $0.progress[id] = TableProgress(partitions: definition.partitions)
      }
      return table
    }
    return describe(table)
  }

  /// Changes a table's definition: stream, TTL, indexes, tags, throughput. Key and partitions stay. A new index is
  /// answered as CREATING, filled while writes go on, and becomes ACTIVE by itself.
  package func updateTable(
    _ name: String, _ change: @escaping (inout TableDefinition) throws(DynamoError) -> Void
  ) throws(DynamoError) -> TableDescription {
    let state = state
    let table = try committer.perform { () throws(DynamoError) -> StoredTable in
      guard let old = state.table(name) else {
        throw DynamoError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
      }
      var table = old
      try change(&table.definition)
      table.noteThroughput(since: old, now: state.clock.wall())
      for index in table.definition.indexes.indices where old.indexNumbers[table.definition.indexes[index].name] == nil {
        table.definition.indexes[index].status = .creating
        table.number(table.definition.indexes[index])
      }
      for index in old.definition.indexes where table.definition.index(named: index.name) == nil {
        table.indexNumbers[index.name] = nil
      }
      if table.definition.timeToLive != old.definition.timeToLive {
        table.isFillingTimeToLive = table.definition.timeToLive != nil
      }
      if table.definition.stream != old.definition.stream {
        let progress = state.progress(table.id) ?? TableProgress(partitions: table.definition.partitions)
        let now = state.clock.wall()
        if !table.streams.isEmpty { table.streams[table.streams.count - 1].close(now: now, progress) }
        if let view = table.definition.stream { table.open(view, now: now, progress) }
      }
      try TableStore.store(table, state) { batch in
        for index in old.definition.indexes where table.indexNumbers[index.name] == nil {
          if let number = old.indexNumbers[index.name] { TableStore.deleteIndex(old.id, number, &batch) }
        }
        if old.definition.timeToLive != nil, table.definition.timeToLive != old.definition.timeToLive {
          TableStore.deleteIndex(old.id, KeyBytes.timeToLiveIndex, &batch)
        }
      }
      let numbers = Set(table.indexNumbers.values)
      state.update {
        $0.tables[name] = table
        let kept = $0.progress[table.id]?.indexes.filter { numbers.contains($0.key) } ?? [:]
        $0.progress[table.id]?.indexes = kept
      }
      return table
    }
    if table.needsFilling { sweeper.backfill(table.id) }
    return describe(table)
  }

  /// Deletes a table: its items and indexes are gone, every partition of its log ends with a truncate record, and the log
  /// stays readable under the old table id.
  package func deleteTable(_ name: String) throws(DynamoError) -> TableDescription {
    let state = state
    let (table, description) = try committer.perform { [self] () throws(DynamoError) -> (StoredTable, TableDescription) in
      guard var table = state.table(name) else {
        throw DynamoError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
      }
      let description = describe(table, status: "DELETING")
      table.isDropped = true
      var progress = state.progress(table.id) ?? TableProgress(partitions: table.definition.partitions)
      if !table.streams.isEmpty { table.streams[table.streams.count - 1].close(now: state.clock.wall(), progress) }
      let (now, ceilings) = try state.beginCommit()
      var written: ClockCeilings?
      defer { state.clock.end(written) }
      let time = table.clock == .history ? progress.historyTime : max(now, progress.historyTime)
      var order = state.order
      try TableStore.store(table, state) { batch in
        if let ceilings { state.put(ceilings, &batch) }
        for partition in 0..<table.definition.partitions {
          progress.last[partition] = progress.last[partition].next
          var record: [UInt8] = []
          order = order.next
          StoredRecord.append(
            kind: .truncate, cause: .user, time: time, order: order,
            keys: Item().binary, old: nil, new: nil,
            to: &record)
          batch.put(Family.log, KeyBytes.log(table.id, partition, progress.last[partition]), record)
        }
        batch.put(Family.meta, MetaKey.order, StoreState.encode(Int64(order.rawValue)))
        let prefix = KeyBytes.table(table.id)
        batch.deleteRange(Family.items, from: prefix, to: KeyBytes.successor(prefix))
        batch.deleteRange(Family.index, from: prefix, to: KeyBytes.successor(prefix))
        let imports = MetaKey.imports(table.id)
        batch.deleteRange(Family.meta, from: imports, to: KeyBytes.successor(imports))
      }
      written = ceilings
      let kept = progress
      let last = order
      state.update {
        $0.order = last
        $0.tables[name] = nil
        $0.dropped.append(table)
        $0.progress[table.id] = kept
      }
      return (table, description)
    }
    state.arrivals(table.id).announce()
    return description
  }

  /// Ends a table's history: from now on the committer gives its commit times.
  package func setClock(_ name: String, _ clock: TableClock) throws(DynamoError) {
    let state = state
    let id = try committer.perform { () throws(DynamoError) -> TableNumber in
      guard var table = state.table(name) else {
        throw DynamoError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
      }
      guard clock == .live || table.clock == .history else {
        throw .validation("Table \(name) has a live clock already: a history clock is given when the table is created")
      }
      table.clock = clock
      try TableStore.store(table, state) { _ in }
      let changed = table
      state.update { $0.tables[name] = changed }
      return table.id
    }
    state.arrivals(id).announce()
  }

  static func nextTableNumber(_ state: StoreState) throws(DynamoError) -> TableNumber {
    do throws(RocksDBError) {
      let bytes = try state.database.value(Family.meta, MetaKey.nextTableNumber)
      return TableNumber(rawValue: bytes?.reduce(0) { $0 << 8 | UInt32($1) } ?? 1)
    } catch {
      throw .storage(error)
    }
  }

  static func store(
    _ table: StoredTable, _ state: StoreState, _ more: (inout WriteBatch) -> Void
  ) throws(DynamoError) {
    var batch = WriteBatch(state.database)
    batch.put(Family.meta, MetaKey.table(table.id), table.binary)
    more(&batch)
    do throws(RocksDBError) {
      try state.database.write(batch, sync: true)
    } catch {
      throw .storage(error)
    }
  }

  private static func deleteIndex(_ table: TableNumber, _ number: UInt16, _ batch: inout WriteBatch) {
    let prefix = KeyBytes.index(table, number)
    batch.deleteRange(Family.index, from: prefix, to: KeyBytes.successor(prefix))
  }

  /// A stream's label: the time of its enabling, as AWS forms it.
  static func label(_ time: LogTime) -> String { UTCTime(milliseconds: time.rawValue).label }
}

extension StoredTable {
  /// Whether items that were there before are still to be entered into an index, or among the TTL entries.
  var needsFilling: Bool { isFillingTimeToLive || definition.indexes.contains { $0.status == .creating } }

  /// Gives an index its number in keys, never used again in this table.
  mutating func number(_ index: IndexDefinition) {
    indexNumbers[index.name] = nextIndexNumber
    nextIndexNumber += 1
  }

  /// Opens a stream that begins with the next record. Its label is later than that of the one before.
  mutating func open(_ view: StreamViewType, now: LogTime, _ progress: TableProgress) {
    var time = now
    while let last = streams.last, !Text.less(last.label, TableStore.label(time)) {
      time = max(time, last.createdAt).advanced(by: 1)
    }
    streams.append(StoredStream(definition, view, label: TableStore.label(time), now: time, progress))
  }
}
