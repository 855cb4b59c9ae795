internal import ChangeRecords
internal import Pipelines
internal import Postgres
internal import ReadModels

/// Values of the store's own tables. Times are microseconds since 1970 as bigint: they may lie outside of the years that SQL knows.
extension PostgresValue {
  static func projection(_ id: ProjectionID) -> PostgresValue { .bigint(id.rawValue) }
  static func table(_ index: TableIndex) -> PostgresValue { .bigint(index.rawValue) }
  static func sequence(_ value: SequenceNumber) -> PostgresValue { .bigint(Int64(clamping: value.rawValue)) }
  static func instant(_ value: Instant) -> PostgresValue { .bigint(value.rawValue) }
  static func effect(_ id: EffectID) -> PostgresValue { .bigint(id.rawValue) }
}

extension PostgresResult {
  func projection(_ row: Int, _ column: Int) -> ProjectionID { ProjectionID(rawValue: Int(int64(row, column))) }
  func instant(_ row: Int, _ column: Int) -> Instant { Instant(rawValue: int64(row, column)) }
  func optionalInstant(_ row: Int, _ column: Int) -> Instant? { isNull(row, column) ? nil : instant(row, column) }

  /// A stored number below 0 is read as 0; nobody wrote one.
  func sequence(_ row: Int, _ column: Int) -> SequenceNumber {
    SequenceNumber(rawValue: UInt64(max(0, int64(row, column))))
  }

  func rowHash(_ row: Int, _ column: Int) throws -> RowHash {
    guard let hash = withBytes(row, column, { $0.flatMap { RowHash(bytes: $0) } }) else { throw DamagedRow() }
    return hash
  }

  /// The place that `WITH ORDINALITY` gave, from 0; nil for one that is not below `count`.
  func place(_ row: Int, _ column: Int = 0, below count: Int) throws -> Int {
    guard let place = Int(exactly: int64(row, column) - 1), (0..<count).contains(place) else { throw DamagedRow() }
    return place
  }
}

extension PostgresConnection {
  /// Calls `row` with each row of a statement by its number.
  func forEach(_ sql: String, _ values: PostgresValue..., row: (PostgresResult, Int) throws -> Void) throws {
    let rows = try run([PostgresQuery(sql, values)])[0]
    for number in 0..<rows.count { try row(rows, number) }
  }

  /// The first column of the first row; nil without a row, or when it is null.
  func integer(_ sql: String, _ values: PostgresValue...) throws -> Int64? {
    let rows = try run([PostgresQuery(sql, values)])[0]
    return rows.count > 0 && !rows.isNull(0, 0) ? rows.int64(0, 0) : nil
  }
}
