internal import ChangeRecords
internal import Pipelines
internal import ReadModels
internal import SQLite

/// A value bound to a parameter of one of the store's own statements.
enum Bound {
  case int(Int64)
  case text(String)
  case blob([UInt8])
  case null

  static func int(_ value: Int) -> Bound { .int(Int64(value)) }
  static func projection(_ id: ProjectionID) -> Bound { .int(id.rawValue) }
  static func effect(_ id: EffectID) -> Bound { .int(id.rawValue) }
  static func table(_ index: TableIndex) -> Bound { .int(index.rawValue) }
  static func sequence(_ value: SequenceNumber) -> Bound { .int(Int64(clamping: value.rawValue)) }
  static func optional(_ value: SequenceNumber?) -> Bound { value.map { .sequence($0) } ?? .null }
  static func epoch(_ value: Epoch) -> Bound { .int(value.rawValue) }
  static func instant(_ value: Instant) -> Bound { .int(value.rawValue) }
  static func optional(_ value: Instant?) -> Bound { value.map { .instant($0) } ?? .null }
}

extension Connection {
  /// The prepared statement of this SQL with its parameters bound. Not to be used twice at once for the same SQL.
  func statement(_ sql: String, _ values: [Bound]) throws(SQLiteError) -> Statement {
    let statement = try statement(sql)
    for (index, value) in values.enumerated() {
      switch value {
      case .int(let number): try statement.bind(index + 1, number)
      case .text(let text): try statement.bind(index + 1, text)
      case .blob(let bytes): try statement.bind(index + 1, blob: bytes)
      case .null: try statement.bind(index + 1)
      }
    }
    return statement
  }

  /// Runs a statement without rows.
  func run(_ sql: String, _ values: Bound...) throws(SQLiteError) { try statement(sql, values).run() }

  /// Calls `row` for each row of a query.
  func forEach(_ sql: String, _ values: Bound..., row: (Statement) throws -> Void) throws {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    while try statement.step() { try row(statement) }
  }

  /// The first column of the first row as an integer; nil without a row, or when it is null.
  func integer(_ sql: String, _ values: Bound...) throws(SQLiteError) -> Int64? {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    return try statement.step() && !statement.isNull(0) ? statement.int64(0) : nil
  }
}

extension Statement {
  func projection(_ column: Int) -> ProjectionID { ProjectionID(rawValue: Int(int64(column))) }
  func instant(_ column: Int) -> Instant { Instant(rawValue: int64(column)) }

  /// A stored number below 0 is read as 0; nobody wrote one.
  func sequence(_ column: Int) -> SequenceNumber { SequenceNumber(rawValue: UInt64(max(0, int64(column)))) }
}
