internal import Pipelines
internal import Projections
internal import SQLite

/// The counts of one group's values in `_values`.
struct StoredValues: GroupValues {
  let connection: Connection
  let projection: ProjectionID
  let key: [UInt8]
  let watermark: Instant

  mutating func add(column: Int, key valueKey: [UInt8], kept: [UInt8]?, change: Int64) throws -> (before: Int64, after: Int64) {
    let write = try connection.statement(
      """
      INSERT INTO _values (projection, key, column_number, value_key, kept, count) VALUES (?1, ?2, ?3, ?4, coalesce(?5, x''), ?6)
      ON CONFLICT (projection, key, column_number, value_key) DO UPDATE SET count = count + excluded.count, kept = coalesce(?5, kept)
      RETURNING count
      """, [.projection(projection), .blob(key), .int(column), .blob(valueKey), kept.map { .blob($0) } ?? .null, .int(change)])
    guard try write.step() else { throw StateError() }
    let after = write.int64(0)
    // A statement with RETURNING has to come to its end.
    while try write.step() {}
    write.reset()
    if after == 0 {
      try connection.run(
        "DELETE FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3 AND value_key = ?4",
        .projection(projection), .blob(key), .int(column), .blob(valueKey))
    }
    return (after - change, after)
  }

  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], kept: [UInt8])? {
    try first(
      """
      SELECT value_key, kept FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3
      ORDER BY value_key \(greatest ? "DESC" : "ASC") LIMIT 1
      """, [.projection(projection), .blob(key), .int(column)])
  }

  func before(_ valueKey: [UInt8], column: Int) throws -> (key: [UInt8], kept: [UInt8])? {
    try first(
      """
      SELECT value_key, kept FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3 AND value_key < ?4
      ORDER BY value_key DESC LIMIT 1
      """, [.projection(projection), .blob(key), .int(column), .blob(valueKey)])
  }

  private func first(_ sql: String, _ values: [Bound]) throws -> (key: [UInt8], kept: [UInt8])? {
    let statement = try connection.statement(sql, values)
    defer { statement.reset() }
    return try statement.step() ? (statement.bytes(0) ?? [], statement.bytes(1) ?? []) : nil
  }

  func least(column: Int, prefix: [UInt8]) throws -> [UInt8]? {
    let statement = try connection.statement(
      """
      SELECT min(kept) FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3
      AND value_key >= ?4 AND value_key < ?5
      """,
      // After a score comes an item's key, which begins with a small tag.
      [.projection(projection), .blob(key), .int(column), .blob(prefix), .blob(prefix + [0xff])])
    defer { statement.reset() }
    return try statement.step() ? statement.bytes(0) : nil
  }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) throws {
    try connection.run(
      """
      DELETE FROM _values WHERE projection = ?1 AND key = ?2 AND column_number = ?3 AND value_key > ?4 AND value_key < ?5
      """, .projection(projection), .blob(key), .int(column), .blob(low ?? []), .blob(high))
  }
}
