internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// Rows of one projection to be written or deleted, each key once: what comes last counts. They go in the order of their keys, in which they mostly come.
///
/// A row is put value after value: `add` for each column, then `endRow`. Each value goes straight into its column's array.
struct RowBatch {
  let form: TableForm
  /// Of the rows that are put, in the order in which they came.
  private var columns: [PostgresArray]
  private var hashes: [RowHash] = []
  private var deletions: [[Value]] = []
  /// In the order in which they came; by number, which row is put, or, below 0, the complement of which deletion it is.
  private var keys = KeyList()
  private var rows: [Int] = []
  private var hasher: RowHasher
  /// The column that comes next, and what the row has for the columns of its key.
  private var column = 0
  private var key: [Value]
  /// By column, its place in the key.
  private let keyPlaces: [Int?]
  /// By row, what it takes, roughly.
  private var bytes: [Int] = []

  init(_ form: TableForm) {
    self.form = form
    hasher = RowHasher(form.table)
    columns = form.arrays
    key = Array(repeating: .null, count: form.key.count)
    keyPlaces = form.columns.indices.map { form.key.firstIndex(of: $0) }
  }

  /// Takes the value of the next column.
  mutating func add(_ value: Value) throws {
    hasher.add(value)
    try form.columns[column].append(value, to: &columns[column])
    if let place = keyPlaces[column] { key[place] = value }
    column += 1
  }

  /// Takes the values of the next columns.
  mutating func add(_ more: [Value]) throws { for value in more { try add(value) } }

  /// Takes the columns `_at`, `_order` and `_position`.
  mutating func add(_ stamp: Stamp) throws {
    try add(.timestamp(stamp.time))
    try add(.integer(Int64(bitPattern: stamp.order.rawValue)))
    try add(.string(stamp.position.description))
  }

  /// Ends a row, for which all columns were added.
  mutating func endRow() {
    assert(column == form.columns.count)
    keys.append { bytes in for value in key { value.appendOrdered(to: &bytes) } }
    form.appendBounded(key, keys[keys.count - 1], to: &columns)
    rows.append(hashes.count)
    hashes.append(hasher.finish())
    bytes.append(columns.reduce(0) { $0 + $1.contentBytes })
    column = 0
  }

  /// Takes a row of all columns.
  mutating func put(_ row: [Value]) throws {
    try add(row)
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

  fileprivate func bytes(of row: Int) -> Int { bytes[row] - (row == 0 ? 0 : bytes[row - 1]) }

  fileprivate func hash(of row: Int) -> RowHash { hashes[row] }

  /// An array of these rows for each column that is written, and one for the hashes.
  fileprivate func arrays(_ rows: ArraySlice<Int>) -> [PostgresValue] {
    var all = PostgresArray(.bytes)
    for row in rows { all.append(number: hashes[row].bits) }
    // Almost always: they came in order, and are not too many.
    let isAll = rows.count == hashes.count && rows.indices.allSatisfy { rows[$0] == $0 - rows.startIndex }
    return columns.map { .array(isAll ? $0 : $0.elements(rows)) } + [.array(all)]
  }
}

/// All that changes a row goes through here, and into the lane's digest of the projection.
extension CheckpointWriter {
  func write(_ batch: RowBatch, of id: ProjectionID) throws {
    let (puts, deletions) = batch.sorted()
    let form = batch.form
    for part in parts(deletions, bytes: CheckpointWriter.bytes) {
      try take(id, form.delete, try form.keyArrays(Array(part)).map { .array($0) })
    }
    var change = digests[id] ?? Digest()
    for part in parts(puts, bytes: { batch.bytes(of: $0) }) {
      try take(id, form.upsert, batch.arrays(part))
      for row in part { change.add(batch.hash(of: row)) }
    }
    digests[id] = change
  }

  /// Deletes the rows of boards.
  func deleteRows(_ rules: BoardRules, boards: [[UInt8]]) throws {
    if boards.isEmpty { return }
    let form = tables[rules.id.rawValue]
    let count = rules.leaderboard.boardCount
    let arrays = try form.arrays(first: count, try boards.map { try rules.values(ofBoard: $0) })
    try take(rules.id, form.deleteAll(first: count), arrays.map { .array($0) })
  }

  /// Adds what the transaction did to the digests of the lane, which are its own.
  func writeDigests(less taken: TakenHashes) throws {
    if digests.isEmpty { return }
    // With this all statements have said what they took away.
    let rows = try connection.run(
      "SELECT projection, rows, sum FROM _digests WHERE table_number = $1 AND partition = $2", .table(lane.table),
      .bigint(lane.partition))
    try taken.subtract(from: &digests)
    let changed = digests.filter { $0.value != Digest() }
    if changed.isEmpty { return }
    var sums = changed
    for row in 0..<rows.count {
      let id = rows.projection(row, 0)
      guard let change = changed[id] else { continue }
      guard let kept = Digest(rows: Int(rows.int64(row, 1)), sum: rows.bytes(row, 2) ?? []) else { throw DamagedRow() }
      sums[id] = change + kept
    }
    let all = sums.sorted { $0.key < $1.key }
    try write(
      """
      INSERT INTO _digests (projection, table_number, partition, rows, sum)
      SELECT p, $2, $3, r, s FROM unnest($1::bigint[], $4::bigint[], $5::bytea[]) AS u (p, r, s)
      ON CONFLICT (projection, table_number, partition) DO UPDATE SET rows = excluded.rows, sum = excluded.sum
      """, .bigints(all.map { Int64($0.key.rawValue) }), .table(lane.table), .bigint(lane.partition),
      .bigints(all.map { Int64($0.value.rows) }), .blobs(all.map(\.value.sumBytes)))
  }
}

/// The hashes of rows that statements have taken away, as the server answers them.
final class TakenHashes {
  private var results: [(id: ProjectionID, hashes: PostgresResult)] = []

  func add(_ hashes: PostgresResult, of id: ProjectionID) { if hashes.count > 0 { results.append((id, hashes)) } }

  func subtract(from digests: inout [ProjectionID: Digest]) throws {
    for (id, hashes) in results {
      var digest = digests[id] ?? Digest()
      for row in 0..<hashes.count { digest.subtract(try hashes.rowHash(row, 0)) }
      digests[id] = digest
    }
    results = []
  }
}
