internal import DynamoModel
internal import ChangeRecords
internal import Pipelines
internal import Postgres
internal import Projections
internal import ReadModels

/// One dead letter as it is stored.
struct StoredLetter {
  let projection: String
  let kind: String
  let subject: [UInt8]
  let table: String
  let partition: Int
  let sequence: SequenceNumber
  let at: Instant
  let path: String
  let reason: String
}

/// Dead letters of sums that do not fit, by the row and column that they speak of: what was said last counts.
struct MisfitLetters {
  struct ID: Hashable {
    let projection: String
    let kind: String
    let subject: [UInt8]
  }

  /// Nil takes one back.
  private(set) var letters: [ID: StoredLetter?] = [:]

  mutating func note(_ id: ID, _ letter: StoredLetter?) { letters[id] = .some(letter) }
}

/// Dead letters. Of records that a projection could not take all are counted and at most `ReadModelLimits.deadLettersMax` kept, a sample that is the same
/// whatever the batches and the order of lanes; of sums that do not fit there is one for each row and column, as long as it does not.
extension CheckpointWriter {
  func writeDeadLetters(_ letters: [DeadLetter]) throws -> Int {
    if letters.isEmpty { return 0 }
    var stored: [MisfitLetters.ID: StoredLetter] = [:]
    for letter in letters {
      let subject = Array("\(letter.table):\(letter.partition):\(letter.sequence)".utf8)
      stored[MisfitLetters.ID(projection: letter.projection, kind: "record", subject: subject)] = StoredLetter(
        projection: letter.projection, kind: "record", subject: subject, table: letter.table, partition: letter.partition,
        sequence: letter.sequence, at: letter.time, path: letter.path, reason: letter.reason)
    }
    var added: [String: Int64] = [:]
    for projection in try put(Array(stored.values)) { added[projection, default: 0] += 1 }
    let counts = added.sorted { $0.key < $1.key }
    if counts.isEmpty { return letters.count }
    // The counts' rows stay locked until the commit: of two lanes the second sees in its next statements what the first has left.
    try connection.run(
      """
      INSERT INTO _dead_letter_counts (projection, total, kept) SELECT p, n, n FROM unnest($1::text[], $2::bigint[]) AS u (p, n)
      ON CONFLICT (projection) DO UPDATE SET total = _dead_letter_counts.total + excluded.total,
      kept = _dead_letter_counts.kept + excluded.kept
      """, .texts(counts.map(\.key)), .bigints(counts.map(\.value)))
    try connection.forEach(
      "SELECT projection, kept FROM _dead_letter_counts WHERE projection = ANY($1::text[]) AND kept > $2",
      .texts(counts.map(\.key)), .bigint(ReadModelLimits.deadLettersMax)
    ) { rows, row in
      try sample(rows.text(row, 0) ?? "", surplus: rows.int64(row, 1) - Int64(ReadModelLimits.deadLettersMax))
    }
    return letters.count
  }

  /// Leaves those whose hashes are the least.
  private func sample(_ projection: String, surplus: Int64) throws {
    try connection.run(
      """
      DELETE FROM _dead_letters WHERE projection = $1 AND kind = 'record' AND subject_id IN
      (SELECT subject_id FROM _dead_letters WHERE projection = $1 AND kind = 'record' ORDER BY sample DESC LIMIT $2)
      """, .text(projection), .bigint(surplus))
    try connection.run(
      "UPDATE _dead_letter_counts SET kept = kept - $2 WHERE projection = $1", .text(projection), .bigint(surplus))
  }

  /// Writes letters, in the place of those of the same subject; answers the projections of those that had none.
  private func put(_ letters: [StoredLetter]) throws -> [String] {
    if letters.isEmpty { return [] }
    let sorted = letters.sorted { left, right in
      if left.projection != right.projection { return Text.less(left.projection, right.projection) }
      return left.kind == right.kind ? Bytes.less(left.subject, right.subject) : Text.less(left.kind, right.kind)
    }
    var times = PostgresArray(.timestamp)
    for letter in sorted { times.append(timestamp: ColumnForm.clamped(letter.at).rawValue) }
    let rows = try connection.run(
      """
      WITH u AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[],
      $7::timestamptz[], $8::text[], $9::text[], $10::bigint[], $11::bytea[]) AS u (projection, kind, subject, table_name, partition,
      sequence, at, path, reason, sample, subject_id)),
      new AS (SELECT u.projection FROM u LEFT JOIN _dead_letters t ON t.projection = u.projection AND t.kind = u.kind
      AND t.subject_id = u.subject_id WHERE t.subject_id IS NULL),
      put AS (INSERT INTO _dead_letters (projection, kind, subject, table_name, partition, sequence, at, path, reason, sample, subject_id)
      SELECT * FROM u ON CONFLICT (projection, kind, subject_id) DO UPDATE SET table_name = excluded.table_name,
      partition = excluded.partition, sequence = excluded.sequence, at = excluded.at, path = excluded.path, reason = excluded.reason)
      SELECT projection FROM new
      """, .texts(sorted.map(\.projection)), .texts(sorted.map(\.kind)), .blobs(sorted.map(\.subject)),
      .texts(sorted.map(\.table)),
      .bigints(sorted.map { Int64($0.partition) }), .bigints(sorted.map { Int64(clamping: $0.sequence.rawValue) }), .array(times),
      .stored(sorted.map(\.path)), .stored(sorted.map(\.reason)),
      .bigints(sorted.map { DeadLetterSample.number(of: $0.subject) }), .blobs(sorted.map { BoundedKey.id($0.subject) }))
    return (0..<rows.count).map { rows.text($0, 0) ?? "" }
  }

  /// Notes a dead letter for each column of a row whose sum does not fit, and that those of the others are taken back. `key` names the row.
  func noteMisfits(
    _ projection: ProjectionID, kind: String, key: [UInt8], shown: String, stamp: Stamp, misfits: [Int],
    columns: [(name: String, isSum: Bool)]
  ) {
    let name = pipeline.projections[projection].name
    let table = pipeline.projections[projection].sources[0].table
    for (index, column) in columns.enumerated() where column.isSum {
      let subject = key + Array(column.name.utf8)
      let id = MisfitLetters.ID(projection: name, kind: kind, subject: subject)
      guard misfits.contains(index) else {
        self.misfits.note(id, nil)
        continue
      }
      self.misfits.note(
        id,
        StoredLetter(
          projection: name, kind: kind, subject: subject, table: pipeline.tables[table].name, partition: stamp.partition,
          sequence: stamp.sequence, at: stamp.time, path: column.name,
          reason: "the sum or mean of \(shown) does not fit its type: it is shown as null until it does"))
    }
  }

  /// Writes what was noted; answers how many there are that were not there before.
  func writeMisfits() throws -> Int {
    let gone = misfits.letters.filter { $0.value == nil }.map(\.key)
    if !gone.isEmpty {
      try write(
        """
        DELETE FROM _dead_letters t USING unnest($1::text[], $2::text[], $3::bytea[]) AS u (p, k, s)
        WHERE t.projection = u.p AND t.kind = u.k AND t.subject_id = u.s
        """, .texts(gone.map(\.projection)), .texts(gone.map(\.kind)),
        .blobs(gone.map { BoundedKey.id($0.subject) }))
    }
    let come = misfits.letters.values.compactMap { $0 }
    misfits = MisfitLetters()
    return try put(come).count
  }
}
