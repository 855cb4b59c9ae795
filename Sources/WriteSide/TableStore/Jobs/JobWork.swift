internal import ChangeRecords
internal import DynamoModel
internal import RocksDB

/// What each kind of job does.
struct JobWork: Sendable {
  let state: StoreState
  let committer: Committer
  let files: (any TableFiles)?

  /// Items that are written in one go.
  static let chunk = 500

  func run(_ job: TableJob, _ isStopping: @escaping @Sendable () -> Bool) throws {
    do {
      switch job.kind {
      case .backup: try backUp(job, isStopping)
      case .export: try export(job, isStopping)
      case .restore: try restore(job, isStopping)
      case .imports: try readFiles(job, isStopping)
      }
    } catch let error as TableFilesError {
      throw JobRunner.Failure(reason: error.reason)
    }
  }

  private func moment(_ job: TableJob) -> TableMoment {
    TableMoment(state: state, table: job.table, time: time(job))
  }

  private func time(_ job: TableJob) -> LogTime { LogTime(rawValue: job.integer("time") ?? 0) }

  // MARK: Backups

  private func backUp(_ job: TableJob, _ isStopping: () -> Bool) throws {
    let prefix = KeyBytes.table(job.id)
    var batch: [(key: [UInt8], value: [UInt8])] = []
    var (count, bytes) = (0, 0)
    try moment(job).forEach { key, item in
      batch.append((prefix + key[4...], StoredItem.bytes(version: .beforeAll, Array(item))))
      (count, bytes) = (count + 1, bytes + item.count)
      if batch.count == JobWork.chunk {
        if isStopping() { throw JobRunner.Stopped() }
        try write(&batch)
      }
    }
    try write(&batch)
    let (items, size) = (count, bytes)
    state.update {
      $0.jobs[job.id]?.itemCount = items
      $0.jobs[job.id]?.sizeBytes = size
    }
  }

  private func write(_ entries: inout [(key: [UInt8], value: [UInt8])]) throws {
    let chunk = entries
    let state = state
    try committer.perform { () throws(DynamoError) in
      var batch = WriteBatch(state.database)
      for entry in chunk { batch.put(Family.items, entry.key, entry.value) }
      do throws(RocksDBError) {
        try state.database.write(batch, sync: false)
      } catch {
        throw .storage(error)
      }
    }
    entries = []
  }

  // MARK: Filling tables

  private func restore(_ job: TableJob, _ isStopping: @escaping @Sendable () -> Bool) throws {
    var filler = TableFiller(job.table.definition, committer, isStopping)
    if let arn = job.text("backup") {
      guard let backup = state.jobs().first(where: { $0.arn == arn }) else {
        throw JobRunner.Failure(reason: "the backup \(arn) was deleted before it was restored")
      }
      let prefix = KeyBytes.table(backup.id)
      var walk = KeyIterator(
        state.database, Family.items, lower: prefix, upper: KeyBytes.successor(prefix), fillCache: false)
      walk.seekToFirst()
      while walk.isValid {
        guard let item = StoredItem.item(walk.value) else {
          throw JobRunner.Failure(reason: "an item of the backup does not decode")
        }
        try filler.put(item)
        walk.next()
      }
      try walk.check()
    } else {
      guard let tableID = job.text("tableId").flatMap({ TableID($0) }),
        let source = state.table(tableID: tableID), !source.isDropped
      else { throw JobRunner.Failure(reason: "the table was deleted before it was restored") }
      try TableMoment(state: state, table: source, time: time(job)).forEach { _, bytes in
        guard let item = Item(binary: bytes) else { throw JobRunner.Failure(reason: "an item of the table does not decode") }
        try filler.put(item)
      }
    }
    try filler.flush()
  }

  private func export(_ job: TableJob, _ isStopping: () -> Bool) throws {
    guard let files else { throw JobRunner.Failure(reason: "this server has no place for exports") }
    var (count, bytes) = (0, 0)
    try files.export(job) { put in
      if let from = job.integer("from") {
        let (from, until) = (LogTime(rawValue: from), LogTime(rawValue: job.integer("time") ?? from))
        try TableSpan(state: state, table: job.table, from: from, until: until).forEach { line, size in
          if isStopping() { throw JobRunner.Stopped() }
          (count, bytes) = (count + 1, bytes + size)
          try put(line)
        }
      } else {
        try moment(job).forEach { _, raw in
          guard let item = Item(binary: raw) else { throw JobRunner.Failure(reason: "an item of the table does not decode") }
          if isStopping() { throw JobRunner.Stopped() }
          (count, bytes) = (count + 1, bytes + raw.count)
          try put(.item(item))
        }
      }
    }
    let (items, size) = (count, bytes)
    state.update {
      $0.jobs[job.id]?.itemCount = items
      $0.jobs[job.id]?.sizeBytes = size
    }
  }

  private func readFiles(_ job: TableJob, _ isStopping: @escaping @Sendable () -> Bool) throws {
    guard let files else { throw JobRunner.Failure(reason: "this server has no place for imports") }
    let table = TableHandle(stored: job.table, description: job.description)
    var filler = TableFiller(job.table.definition, committer, isStopping)
    var (count, bytes, errors) = (0, 0, 0)
    var firstError: String?
    try files.read(job) { item in
      do throws(DynamoError) {
        _ = try table.key(ofPut: item)
        guard item.size <= TableHandle.itemBytesMax else { throw .validation("Item size has exceeded the maximum allowed size") }
        try job.table.checkIndexKeys(of: item)
      } catch {
        errors += 1
        firstError = firstError ?? error.message
        return
      }
      (count, bytes) = (count + 1, bytes + item.size)
      try filler.put(item)
    } skip: { reason in
      errors += 1
      firstError = firstError ?? reason
    }
    try filler.flush()
    let (items, size, wrong, reason) = (count, bytes, errors, firstError)
    state.update {
      $0.jobs[job.id]?.itemCount = items
      $0.jobs[job.id]?.sizeBytes = size
      $0.jobs[job.id]?.errorCount = wrong
      $0.jobs[job.id]?.failure = reason
    }
  }
}
