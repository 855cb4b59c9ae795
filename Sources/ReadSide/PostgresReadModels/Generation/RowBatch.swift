internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// Rows of one projection to be written or deleted, each key once: what comes last counts. They go in the order of their keys, in which they mostly come.
///
/// A row is put value after value: `add` for each column, then `endRow`.
struct RowBatch {
  let form: TableForm
  /// Of the rows that are put, one after the other, a value for each column.
  private var values: [Value] = []
  private var hashes: [RowHash] = []
  private var deletions: [[Value]] = []
  /// In the order in which they came; by number, which row is put, or, below 0, the complement of which deletion it is.
  private var keys = KeyList()
  private var rows: [Int] = []
  private var hasher: RowHasher

  init(_ form: TableForm) {
    self.form = form
    hasher = RowHasher(form.table)
  }

  /// Takes the value of the next column.
  mutating func add(_ value: Value) {
    hasher.add(value)
    values.append(value)
  }

  /// Takes the values of the next columns.
  mutating func add(_ more: [Value]) { for value in more { add(value) } }

  /// Takes the columns `_at`, `_order` and `_position`.
  mutating func add(_ stamp: Stamp) {
    add(.timestamp(stamp.time))
    add(.integer(Int64(bitPattern: stamp.order.rawValue)))
    add(.string(stamp.position.description))
  }

  /// Ends a row, for which all columns were added.
  mutating func endRow() {
    let start = values.count - form.columns.count
    assert(start == hashes.count * form.columns.count)
    keys.append { bytes in for place in form.key { values[start + place].appendOrdered(to: &bytes) } }
    rows.append(hashes.count)
    hashes.append(hasher.finish())
  }

  /// Takes a row of all columns.
  mutating func put(_ row: [Value]) {
    add(row)
    endRow()
  }

  /// Takes the key of a row that goes, in the order of `primaryKey`.
  mutating func delete(_ key: [Value]) {
    keys.append { bytes in for value in key { value.appendOrdered(to: &bytes) } }
    rows.append(~deletions.count)
    deletions.append(key)
  }

  /// In the order of their keys: the numbers of rows that are put, and keys of those that go.
  fileprivate func sorted() -> (puts: [Int], deletions: [[Value]]) {
    var puts: [Int] = []
    var gone: [[Value]] = []
    puts.reserveCapacity(hashes.count)
    for number in keys.order() {
      let row = rows[number]
      if row >= 0 { puts.append(row) } else { gone.append(deletions[~row]) }
    }
    return (puts, gone)
  }

  fileprivate func bytes(of row: Int) -> Int {
    let count = form.columns.count
    return CheckpointWriter.bytes(values[row * count..<(row + 1) * count])
  }

  fileprivate func hash(of row: Int) -> RowHash { hashes[row] }

  /// An array for each column that is written, and one for the hashes.
  fileprivate func arrays(_ rows: ArraySlice<Int>) throws -> [PostgresValue] {
    var all = PostgresArray(.bytes)
    for row in rows { all.append(number: hashes[row].bits) }
    return try form.rowArrays(values, rows) + [.array(all)]
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
    for part in parts(puts, bytes: { batch.bytes(of: $0) }) {
      try subtract(try connection.run([PostgresQuery(form.upsert, try batch.arrays(part))])[0], from: &change)
      for row in part { change.add(batch.hash(of: row)) }
    }
    digests[id] = (digests[id] ?? Digest()) + change
  }

  private func subtract(_ hashes: PostgresResult, from change: inout Digest) throws {
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
