internal import DynamoModel
package import Pipelines
package import SQLite

/// Values as SQLite holds them; the table is in `SQLTable`.
extension Value {
  /// Binds the value to the parameter, and a decimal's sortable form to the next. Answers how many parameters it took.
  /// `type` is the column's, so that a null decimal takes two as well.
  @discardableResult
  package func bind(to statement: Statement, at index: Int, as type: ValueType) throws(SQLiteError) -> Int {
    switch self {
    case .null:
      try statement.bind(index)
      if type == .decimal { try statement.bind(index + 1) }
    case .boolean(let flag): try statement.bind(index, flag ? 1 : 0)
    case .integer(let number): try statement.bind(index, number)
    case .decimal(let number):
      try statement.bind(index, number.description)
      try bindSortable(to: statement, at: index + 1)
    case .timestamp(let instant):
      try Timestamp.withText(instant) { (text) throws(SQLiteError) in try statement.bind(index, utf8: text) }
    case .string(let text), .json(let text): try statement.bind(index, text)
    case .bytes(let bytes): try statement.bind(index, blob: bytes)
    }
    return type == .decimal ? 2 : 1
  }

  /// Binds the one form that compares with the column's sortable SQL column.
  package func bindSortable(to statement: Statement, at index: Int) throws(SQLiteError) {
    guard case .decimal(let number) = self else {
      try bind(to: statement, at: index, as: .string)
      return
    }
    var ordered: [UInt8] = []
    number.appendOrdered(to: &ordered)
    try statement.bind(index, blob: ordered)
  }

  /// Reads the value of an SQL column that holds this type; nil when what stands there is not of the type (another program
  /// wrote it).
  package init?(column: Int, of statement: Statement, as type: ValueType) {
    if statement.isNull(column) {
      self = .null
      return
    }
    switch type {
    case .boolean: self = .boolean(statement.int64(column) != 0)
    case .integer:
      guard statement.type(column) == .integer else { return nil }
      self = .integer(statement.int64(column))
    case .decimal:
      guard let text = statement.text(column), let number = try? Number(text) else { return nil }
      self = .decimal(number)
    case .timestamp:
      let parsed: Instant? = statement.withBytes(column) { bytes in bytes.flatMap { try? Timestamp.parse($0, zone: nil) } }
      guard let parsed else { return nil }
      self = .timestamp(parsed)
    case .string: self = .string(statement.text(column) ?? "")
    case .json: self = .json(statement.text(column) ?? "")
    case .bytes: self = .bytes(statement.bytes(column) ?? [])
    }
  }
}
