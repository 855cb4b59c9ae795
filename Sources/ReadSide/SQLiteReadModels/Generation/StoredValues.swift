internal import Pipelines
internal import Projections
internal import SQLite

/// The counts of one group's values in `_values`.
struct StoredValues: GroupValues {
  let statements: GroupStatements
  let projection: ProjectionID
  let key: [UInt8]
  let watermark: Instant

  mutating func add(column: Int, key valueKey: [UInt8], kept: [UInt8]?, change: Int64) throws -> (before: Int64, after: Int64) {
    let write = statements.addValue
    try write.bindGroup(projection, key, column: column)
    try write.bind(4, blob: valueKey)
    if let kept { try write.bind(5, blob: kept) } else { try write.bind(5) }
    try write.bind(6, change)
    guard try write.step() else { throw StateError() }
    let after = write.int64(0)
    // A statement with RETURNING has to come to its end.
    while try write.step() {}
    if after == 0 {
      try statements.removeValue.bindGroup(projection, key, column: column)
      try statements.removeValue.bind(4, blob: valueKey)
      try statements.removeValue.run()
    }
    return (after - change, after)
  }

  func kept(column: Int, key valueKey: [UInt8]) throws -> [UInt8]? {
    let find = statements.findKept
    try find.bindGroup(projection, key, column: column)
    try find.bind(4, blob: valueKey)
    defer { find.reset() }
    return try find.step() ? find.bytes(0) ?? [] : nil
  }

  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], kept: [UInt8])? {
    let find = greatest ? statements.greatestValue : statements.leastValue
    try find.bindGroup(projection, key, column: column)
    return try first(find)
  }

  func before(_ valueKey: [UInt8], column: Int) throws -> (key: [UInt8], kept: [UInt8])? {
    try statements.valueBefore.bindGroup(projection, key, column: column)
    try statements.valueBefore.bind(4, blob: valueKey)
    return try first(statements.valueBefore)
  }

  private func first(_ find: Statement) throws -> (key: [UInt8], kept: [UInt8])? {
    defer { find.reset() }
    return try find.step() ? (find.bytes(0) ?? [], find.bytes(1) ?? []) : nil
  }

  func least(column: Int, prefix: [UInt8]) throws -> [UInt8]? {
    let find = statements.leastKept
    try find.bindGroup(projection, key, column: column)
    try find.bind(4, blob: prefix)
    // After a score comes an item's key, which begins with a small tag.
    try find.bind(5, blob: prefix + [0xff])
    defer { find.reset() }
    return try find.step() ? find.bytes(0) : nil
  }

  mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) throws {
    let remove = statements.removeValues
    try remove.bindGroup(projection, key, column: column)
    try remove.bind(4, blob: low ?? [])
    try remove.bind(5, blob: high)
    try remove.run()
  }
}
