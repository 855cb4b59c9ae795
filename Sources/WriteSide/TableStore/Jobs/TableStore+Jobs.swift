package import ChangeRecords
package import DynamoModel
internal import RocksDB

/// Backups, exports, imports and restores.
extension TableStore {
  /// All jobs of a kind, the oldest first.
  package func jobs(_ kind: TableJob.Kind) -> [TableJob] {
    state.jobs().filter { $0.kind == kind }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
  }

  package func job(arn: String) -> TableJob? { state.jobs().first { Text.equal($0.arn, arn) } }

  /// Whether a restore or import is writing the table's items. One that failed leaves a table that is not open, to be deleted.
  package func isFilling(_ table: TableHandle) -> Bool {
    !table.isOpen && state.jobs().contains { $0.table.id == table.stored.id && $0.status == .running }
  }

  /// The time that a job which begins now is of: every write that was answered is at or before it.
  private static func now(_ state: StoreState, _ table: StoredTable) -> LogTime {
    table.clock == .history ? state.progress(table.id)?.historyTime ?? .zero : max(state.clock.wall(), state.clock.last)
  }

  /// Begins a backup of a table as it is now.
  package func createBackup(_ table: TableHandle, name: String) throws(DynamoError) -> TableJob {
    try begin(.backup, of: table, at: nil, ["name": .string(name)]) { "backup/\($0)" }
  }

  /// Begins an export of a table as it was at a moment, nil for now, to the place that the parameters name.
  package func createExport(
    _ table: TableHandle, at time: Int64?, _ parameters: AttributeMap
  ) throws(DynamoError) -> TableJob {
    try begin(.export, of: table, at: time, parameters) { "export/\($0)" }
  }

  private func begin(
    _ kind: TableJob.Kind, of table: TableHandle, at time: Int64?, _ parameters: AttributeMap,
    _ path: @escaping (String) -> String
  ) throws(DynamoError) -> TableJob {
    let state = state
    let name = table.definition.name
    let job = try committer.perform { () throws(DynamoError) -> TableJob in
      guard let stored = state.table(name) else { throw DynamoError(.tableNotFound, "Table not found: \(name)") }
      let id = try TableStore.nextTableNumber(state)
      let now = state.clock.wall()
      var all = parameters
      all["time"] = .number(Number(time ?? TableStore.now(state, stored).rawValue))
      var job = TableJob(
        id: id, kind: kind, arn: "\(TableDescription.arn(name))/\(path(TableStore.jobName(now, id)))", createdAt: now,
        parameters: all, table: stored)
      let progress = state.progress(stored.id)
      (job.itemCount, job.sizeBytes) = (progress?.itemCount ?? 0, progress?.sizeBytes ?? 0)
      try TableStore.store(job, state)
      return job
    }
    runner.add(job.id)
    return job
  }

  /// A time of 14 digits and 8 hexadecimal digits.
  static func jobName(_ now: LogTime, _ id: TableNumber) -> String {
    let digits = String(now.rawValue)
    let tail = String(id.rawValue, radix: 16)
    return String(repeating: "0", count: max(0, 14 - digits.count)) + digits + "-"
      + String(repeating: "0", count: max(0, 8 - tail.count)) + tail
  }

  /// Makes a table, in the state CREATING until what fills it has been written: the items of a backup (`backup`, its ARN), a
  /// table at a moment (`tableId` and `time`), or files (the caller's own parameters).
  package func createTable(
    _ definition: TableDefinition, filledBy kind: TableJob.Kind, _ parameters: AttributeMap
  ) throws(DynamoError) -> (table: TableDescription, job: TableJob) {
    let state = state
    let (table, job) = try committer.perform { () throws(DynamoError) -> (StoredTable, TableJob) in
      guard state.table(definition.name) == nil else {
        throw DynamoError(.tableAlreadyExists, "Table already exists: \(definition.name)")
      }
      let id = try TableStore.nextTableNumber(state)
      let now = state.clock.wall()
      var table = StoredTable(
        id: id, tableID: TableID(rawValue: UInt64.random(in: 1...UInt64.max)), definition: definition,
        indexNumbers: [:], nextIndexNumber: 1, createdAt: now, clock: .live)
      for index in definition.indexes { table.number(index) }
      table.isFilling = true
      let job = TableJob(
        id: id.next, kind: kind,
        arn: "\(TableDescription.arn(definition.name))/\(kind.rawValue)/\(TableStore.jobName(now, id.next))",
        createdAt: now, parameters: parameters, table: table)
      try TableStore.store(table, state) { batch in
        batch.put(Family.meta, MetaKey.nextTableNumber, TableStore.encode(id.next.next))
        batch.put(Family.meta, MetaKey.job(job.id), job.binary)
      }
      let made = table
      state.update {
        $0.tables[definition.name] = made
        $0.progress[id] = TableProgress(partitions: definition.partitions)
        $0.jobs[job.id] = job
      }
      return (table, job)
    }
    runner.add(job.id)
    return (describe(table), job)
  }

  /// Deletes a backup with what it holds.
  package func deleteJob(_ job: TableJob) throws(DynamoError) {
    let state = state
    try committer.perform { () throws(DynamoError) in
      var batch = WriteBatch(state.database)
      batch.delete(Family.meta, MetaKey.job(job.id))
      let prefix = KeyBytes.table(job.id)
      batch.deleteRange(Family.items, from: prefix, to: KeyBytes.successor(prefix))
      do throws(RocksDBError) {
        try state.database.write(batch, sync: true)
      } catch {
        throw .storage(error)
      }
      state.update { $0.jobs[job.id] = nil }
    }
  }

  /// The earliest commit time that a table's items can be given of.
  package func earliestMoment(_ table: TableHandle) -> LogTime {
    max(table.stored.createdAt, table.stored.earliestMoment(state) ?? table.stored.createdAt)
  }

  // MARK: Keeping

  /// Notes that a job is over, and opens the table that it filled. False when that could not be written.
  static func end(_ id: TableNumber, failure: String?, _ state: StoreState, _ committer: Committer) -> Bool {
    let result: Void? = try? committer.perform { () throws(DynamoError) in
      guard var job = state.jobs().first(where: { $0.id == id }) else { return }
      job.status = failure == nil ? .done : .failed
      job.failure = failure ?? job.failure
      job.endedAt = state.clock.wall()
      var batch = WriteBatch(state.database)
      batch.put(Family.meta, MetaKey.job(id), job.binary)
      var opened: StoredTable?
      if job.kind == .restore || job.kind == .imports, failure == nil || job.kind == .imports,
        var table = state.table(job.table.definition.name), table.id == job.table.id
      {
        table.isFilling = false
        batch.put(Family.meta, MetaKey.table(table.id), table.binary)
        opened = table
      }
      do throws(RocksDBError) {
        try state.database.write(batch, sync: true)
      } catch {
        throw .storage(error)
      }
      let (ended, changed) = (job, opened)
      state.update {
        $0.jobs[id] = ended
        if let changed { $0.tables[changed.definition.name] = changed }
      }
    }
    return result != nil
  }

  static func encode(_ id: TableNumber) -> [UInt8] {
    var bytes: [UInt8] = []
    KeyBytes.append32(id.rawValue, to: &bytes)
    return bytes
  }

  private static func store(_ job: TableJob, _ state: StoreState) throws(DynamoError) {
    var batch = WriteBatch(state.database)
    batch.put(Family.meta, MetaKey.job(job.id), job.binary)
    batch.put(Family.meta, MetaKey.nextTableNumber, encode(job.id.next))
    do throws(RocksDBError) {
      try state.database.write(batch, sync: true)
    } catch {
      throw .storage(error)
    }
    state.update { $0.jobs[job.id] = job }
  }
}
