internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// Rows of one projection to be written or deleted, each key once: what comes last counts. They go in the order of their keys, in which they mostly come.
struct RowBatch {
  private struct Row {
    let key: [UInt8]
    /// Of one that goes, those of its key.
    let values: [Value]
    /// Nil of one that goes.
    let hash: RowHash?
  }

  let form: TableForm
  private var rows: [Row] = []
  /// Whether each key is greater than the one before.
  private var isSorted = true
  private var hasher: RowHasher

  init(_ form: TableForm) {
    self.form = form
    hasher = RowHasher(form.table)
  }

  /// Takes a row of all columns.
  mutating func put(_ values: [Value]) {
    var key: [UInt8] = []
    key.reserveCapacity(48)
    for place in form.key { values[place].appendOrdered(to: &key) }
    append(Row(key: key, values: values, hash: hasher.hash(values)))
  }

  /// Takes the key of a row that goes, in the order of `primaryKey`.
  mutating func delete(_ key: [Value]) { append(Row(key: Value.ordered(key), values: key, hash: nil)) }

  private mutating func append(_ row: Row) {
    if isSorted, let last = rows.last { isSorted = Bytes.less(last.key, row.key) }
    rows.append(row)
  }

  /// In the order of their keys.
  fileprivate func sorted() -> (puts: [(values: [Value], hash: RowHash)], deletions: [[Value]]) {
    var puts: [(values: [Value], hash: RowHash)] = []
    var deletions: [[Value]] = []
    puts.reserveCapacity(rows.count)
    func take(_ row: Row) { if let hash = row.hash { puts.append((row.values, hash)) } else { deletions.append(row.values) } }
    if isSorted {
      for row in rows { take(row) }
      return (puts, deletions)
    }
    let order = rows.indices.sorted { left, right in
      rows[left].key == rows[right].key ? left < right : Bytes.less(rows[left].key, rows[right].key)
    }
    for (place, index) in order.enumerated() where place + 1 == order.count || rows[order[place + 1]].key != rows[index].key {
      take(rows[index])
    }
    return (puts, deletions)
  }
}

/// All that changes a row goes through here, and into the lane's digest of the projection.
extension CheckpointWriter {
  func write(_ batch: RowBatch, of id: ProjectionID) throws {
    let (puts, deletions) = batch.sorted()
    let form = batch.form
    var change = Digest()
    for part in parts(deletions, bytes: CheckpointWriter.bytes) {
      let arrays = try form.keyArrays(Array(part))
      try subtract(try connection.run([PostgresQuery(form.delete, arrays.map { .array($0) })])[0], from: &change)
    }
    for part in parts(puts, bytes: { CheckpointWriter.bytes($0.values) }) {
      let arrays = try form.rowArrays(part.map(\.values))
      let values = arrays.map { PostgresValue.array($0) } + [.blobs(part.map(\.hash.bytes))]
      try subtract(try connection.run([PostgresQuery(form.upsert, values)])[0], from: &change)
      for put in part { change.add(put.hash) }
    }
    digests[id] = (digests[id] ?? Digest()) + change
  }

  func subtract(_ hashes: PostgresResult, from change: inout Digest) throws {
    for row in 0..<hashes.count { change.subtract(try hashes.rowHash(row, 0)) }
  }

  /// Deletes the rows of boards.
  func deleteRows(_ rules: BoardRules, boards: [[UInt8]]) throws {
    if boards.isEmpty { return }
    let form = tables[rules.id.rawValue]
    let count = rules.leaderboard.boardCount
    let arrays = try form.arrays(first: count, try boards.map { try rules.values(ofBoard: $0) })
    var change = Digest()
    try subtract(
      try connection.run([PostgresQuery(form.deleteAll(first: count), arrays.map { .array($0) })])[0], from: &change)
    digests[rules.id] = (digests[rules.id] ?? Digest()) + change
  }

  /// Adds what the transaction did to the digests of the lane, which are its own.
  func writeDigests() throws {
    let changed = digests.filter { $0.value != Digest() }.sorted { $0.key < $1.key }
    if changed.isEmpty { return }
    var sums = Dictionary(uniqueKeysWithValues: changed)
    try connection.forEach(
      "SELECT projection, rows, sum FROM _digests WHERE projection = ANY($1::bigint[]) AND table_number = $2 AND partition = $3",
      .bigints(changed.map { Int64($0.key.rawValue) }), .table(lane.table), .bigint(lane.partition)
    ) { rows, row in
      guard let kept = Digest(rows: Int(rows.int64(row, 1)), sum: rows.bytes(row, 2) ?? []) else { throw DamagedRow() }
      sums[rows.projection(row, 0), default: Digest()] += kept
    }
    let all = sums.sorted { $0.key < $1.key }
    try connection.run(
      """
      INSERT INTO _digests (projection, table_number, partition, rows, sum)
      SELECT p, $2, $3, r, s FROM unnest($1::bigint[], $4::bigint[], $5::bytea[]) AS u (p, r, s)
      ON CONFLICT (projection, table_number, partition) DO UPDATE SET rows = excluded.rows, sum = excluded.sum
      """, .bigints(all.map { Int64($0.key.rawValue) }), .table(lane.table), .bigint(lane.partition),
      .bigints(all.map { Int64($0.value.rows) }), .blobs(all.map(\.value.sumBytes)))
  }
}
