internal import ChangeRecords
internal import Pipelines
internal import Projections
internal import ReadModels
internal import SQLite

/// Dead letters. Of records that a projection could not take all are counted and at most `ReadModelLimits.deadLettersMax` kept, a sample that is the same
/// whatever the batches and the order of lanes; of sums that do not fit there is one for each row and column, as long as it does not.
extension SQLiteGeneration {
  func writeDeadLetters(_ letters: [DeadLetter]) throws -> Int {
    var added: [String: Int64] = [:]
    for letter in letters {
      let subject = Array("\(letter.table):\(letter.partition):\(letter.sequence)".utf8)
      let isNew = try !exists(letter.projection, "record", subject)
      try insert(
        letter.projection, "record", subject, table: letter.table, partition: letter.partition, sequence: letter.sequence,
        at: letter.time, path: letter.path, reason: letter.reason)
      if isNew { added[letter.projection, default: 0] += 1 }
    }
    for (projection, count) in added.sorted(by: { $0.key < $1.key }) {
      try connection.run(
        """
        INSERT INTO _dead_letter_counts (projection, total, kept) VALUES (?1, ?2, ?2)
        ON CONFLICT (projection) DO UPDATE SET total = total + ?2, kept = kept + ?2
        """, .text(projection), .int(count))
      try sample(projection)
    }
    return letters.count
  }

  private func exists(_ projection: String, _ kind: String, _ subject: [UInt8]) throws -> Bool {
    try connection.integer(
      "SELECT 1 FROM _dead_letters WHERE projection = ?1 AND kind = ?2 AND subject = ?3", .text(projection), .text(kind),
      .blob(subject)) != nil
  }

  /// Leaves those whose hashes are the least.
  private func sample(_ projection: String) throws {
    let kept = try connection.integer("SELECT kept FROM _dead_letter_counts WHERE projection = ?1", .text(projection)) ?? 0
    let surplus = kept - Int64(ReadModelLimits.deadLettersMax)
    guard surplus > 0 else { return }
    try connection.run(
      """
      DELETE FROM _dead_letters WHERE projection = ?1 AND kind = 'record' AND subject IN
      (SELECT subject FROM _dead_letters WHERE projection = ?1 AND kind = 'record' ORDER BY sample DESC LIMIT ?2)
      """, .text(projection), .int(surplus))
    try connection.run(
      "UPDATE _dead_letter_counts SET kept = kept - ?2 WHERE projection = ?1", .text(projection), .int(surplus))
  }

  private func insert(
    _ projection: String, _ kind: String, _ subject: [UInt8], table: String, partition: Int, sequence: SequenceNumber,
    at: Instant, path: String, reason: String
  ) throws {
    try connection.run(
      """
      INSERT OR REPLACE INTO _dead_letters (projection, kind, subject, table_name, partition, sequence, at, path, reason, sample)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """, .text(projection), .text(kind), .blob(subject), .text(table), .int(partition), .sequence(sequence),
      .text(Timestamp.text(at)), .text(path), .text(reason), .int(DeadLetterSample.number(of: subject)))
  }

  /// Writes a dead letter for each column of a row whose sum does not fit, and takes back those of the others. `key` names the row.
  func writeMisfits(
    _ projection: ProjectionID, kind: String, key: [UInt8], shown: String, stamp: Stamp, misfits: [Int],
    columns: [(name: String, isSum: Bool)]
  ) throws {
    let name = pipeline.projections[projection].name
    let table = pipeline.projections[projection].sources[0].table
    for (index, column) in columns.enumerated() where column.isSum {
      let subject = key + Array(column.name.utf8)
      if misfits.contains(index) {
        if try !exists(name, kind, subject) { misfitsBegun += 1 }
        try insert(
          name, kind, subject, table: pipeline.tables[table].name, partition: stamp.partition, sequence: stamp.sequence,
          at: stamp.time,
          path: column.name, reason: "the sum or mean of \(shown) does not fit its type: it is shown as null until it does")
      } else {
        try connection.run(
          "DELETE FROM _dead_letters WHERE projection = ?1 AND kind = ?2 AND subject = ?3", .text(name), .text(kind),
          .blob(subject))
      }
    }
  }

  /// Takes back the dead letters of sums of the groups whose keys begin so: they are dropped for good.
  func dropMisfits(_ projection: ProjectionID, ofGroupsUnder prefix: [UInt8]) throws(SQLiteError) {
    try connection.run(
      "DELETE FROM _dead_letters WHERE projection = ?1 AND kind = 'group' AND subject >= ?2 AND subject < ?3",
      .text(pipeline.projections[projection].name), .blob(prefix), .blob(prefix + [0xff]))
  }
}
