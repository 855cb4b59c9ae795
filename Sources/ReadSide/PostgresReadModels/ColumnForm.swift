internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import ReadModels

/// How a column of a projection's table is kept: its type in SQL, and the array in which its values travel.
struct ColumnForm {
  let name: String
  let type: ValueType
  let isNullable: Bool
  /// JSON that is compared is text: `json` has no order.
  let isCompared: Bool

  init(_ column: SQLColumn, isCompared: Bool) {
    name = column.name
    type = column.type
    isNullable = column.isNullable
    self.isCompared = isCompared
  }

  /// A column of the store's own with a bounded key.
  init(bounded name: String) {
    self.name = name
    type = .bytes
    isNullable = false
    isCompared = true
  }

  /// Whether it holds an item's key, whose length no rule of the pipeline bounds.
  var isItem: Bool { name == "_item" }

  /// The bytes that a value takes at most in an index, where it may stand in one.
  var bytesMax: Int {
    switch type {
    case .string, .json, .bytes: Value.keyedValueBytesMax + 8
    case .decimal: 40
    case .integer, .boolean, .timestamp: 9
    }
  }

  /// `json`, not `jsonb`: it takes every JSON text that SQLite takes, and gives it back byte for byte, which row hashes need. The views for people show
  /// `jsonb`.
  var sqlType: String {
    switch type {
    case .string: "text"
    case .json: isCompared ? "text" : "json"
    case .integer: "bigint"
    case .boolean: "boolean"
    case .timestamp: "timestamptz"
    case .bytes: "bytea"
    case .decimal: "numeric"
    }
  }

  var definition: String {
    let order = sqlType == "text" ? " COLLATE \"C\"" : ""
    return "\(quoted) \(sqlType)\(order)\(isNullable ? "" : " NOT NULL")"
  }

  var quoted: String { PostgresConnection.identifier(name) }

  /// The type in which values travel.
  var kind: PostgresValue.Kind {
    switch type {
    case .string, .json, .decimal: .text
    case .integer: .bigint
    case .boolean: .boolean
    case .timestamp: .timestamp
    case .bytes: .bytes
    }
  }

  var kindName: String {
    switch kind {
    case .text: "text"
    case .bigint: "bigint"
    case .boolean: "boolean"
    case .timestamp: "timestamptz"
    case .bytes: "bytea"
    }
  }

  /// An expression of the column's type from one that travelled.
  func stored(_ expression: String) -> String { kindName == sqlType ? expression : "\(expression)::\(sqlType)" }

  /// The column as an expression that travels.
  func read(_ expression: String) -> String { kindName == sqlType ? expression : "\(expression)::text" }

  func append(_ value: Value, to array: inout PostgresArray) throws {
    switch (kind, value) {
    case (_, .null): array.appendNull()
    case (.text, .string(let text)), (.text, .json(let text)): array.append(StoredText.stored(text))
    case (.text, .decimal(let number)): array.append(number.description)
    case (.bigint, .integer(let number)): array.append(number)
    case (.boolean, .boolean(let flag)): array.append(flag)
    case (.timestamp, .timestamp(let instant)): array.append(timestamp: ColumnForm.clamped(instant).rawValue)
    case (.bytes, .bytes(let bytes)): array.append(bytes)
    default: throw MismatchedValue(column: name, value: value.description)
    }
  }

  func parameter(_ value: Value) throws -> PostgresValue {
    switch (kind, value) {
    case (_, .null): .null(kind)
    case (.text, .string(let text)), (.text, .json(let text)): .stored(text)
    case (.text, .decimal(let number)): .text(number.description)
    case (.bigint, .integer(let number)): .bigint(number)
    case (.boolean, .boolean(let flag)): .boolean(flag)
    case (.timestamp, .timestamp(let instant)): .timestamp(ColumnForm.clamped(instant).rawValue)
    case (.bytes, .bytes(let bytes)): .bytes(bytes)
    default: throw MismatchedValue(column: name, value: value.description)
    }
  }

  /// As SQLite's text of it: in the years 1 to 9999.
  static func clamped(_ instant: Instant) -> Instant { min(max(instant, Timestamp.least), Timestamp.greatest) }

  /// The value of a column that travelled; nil when what stands there is none of the type.
  func value(_ result: PostgresResult, _ row: Int, _ column: Int) -> Value? {
    if result.isNull(row, column) { return .null }
    switch type {
    case .boolean: return .boolean(result.boolean(row, column))
    case .integer: return .integer(result.int64(row, column))
    case .bytes: return .bytes(result.bytes(row, column) ?? [])
    case .string: return .string(result.storedText(row, column))
    case .json: return .json(result.storedText(row, column))
    case .decimal: return (try? Number(result.text(row, column) ?? "")).map { .decimal($0) }
    case .timestamp:
      guard let time = result.timestamp(row, column) else { return nil }
      let instant = Instant(rawValue: time)
      // Infinity, say, which somebody else wrote.
      return instant == ColumnForm.clamped(instant) ? .timestamp(instant) : nil
    }
  }

  /// The same as SQLite's reader shows it.
  func cell(_ result: PostgresResult, _ row: Int, _ column: Int) -> AnswerCell {
    switch value(result, row, column) {
    case .boolean(let flag): .integer(flag ? 1 : 0)
    case .integer(let number): .integer(number)
    case .bytes(let bytes): .blob(bytes)
    case .string(let text), .json(let text): .text(text)
    case .decimal(let number): .text(number.description)
    case .timestamp(let instant): .text(Timestamp.text(instant))
    case .null, nil: .null
    }
  }
}

/// A value of another type than its column has.
struct MismatchedValue: Error, CustomStringConvertible {
  let column: String
  let value: String

  var description: String { "the column \(column) cannot hold \(value)" }
}
