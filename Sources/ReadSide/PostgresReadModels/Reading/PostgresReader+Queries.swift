internal import DynamoModel
package import Pipelines
internal import Postgres
package import ReadModels

/// Named queries and tiles: SQL that people wrote, and how the server means to answer it.
extension PostgresReader {
  package func run(
    _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], now: String, limit: Duration,
    row: ([AnswerCell]) throws -> Void
  ) throws {
    func given(_ name: String) -> (parameter: QueryParameter, value: Value)? {
      parameters.first { name == $0.parameter.name || name == $0.parameter.name + "_sort" }
    }
    // Decimals travel as texts.
    let named = NamedParameters(sql.text(for: .postgres)) { given($0)?.parameter.type == .decimal ? "::numeric" : "" }
    let values = try named.names.map { name -> PostgresValue in
      if name == "now" { return try PostgresReader.timestamp(now) }
      guard let (parameter, value) = given(name) else { throw ReaderError.failed("the query has no parameter \(name)") }
      return try ColumnForm(SQLColumn(name: name, type: parameter.type, isNullable: true), isCompared: true).parameter(value)
    }
    try read { connection in
      // Within the snapshot's transaction, or for the session until the statement has run.
      let milliseconds = PostgresReader.milliseconds(limit)
      try connection.execute("SET statement_timeout = \(milliseconds)")
      defer { if !connection.isBroken { try? connection.execute("SET statement_timeout = 0") } }
      try connection.forEach(PostgresQuery(named.sql, values), columns: .text) { found in
        try row((0..<found.columnCount).map { PostgresReader.cell(found, $0) })
      }
    }
  }

  private static func timestamp(_ text: String) throws -> PostgresValue {
    guard let instant = try? Timestamp.parse(text, zone: .utc) else { throw ReaderError.failed("`\(text)` is not a time") }
    return .timestamp(instant.rawValue)
  }

  private static func milliseconds(_ limit: Duration) -> Int64 {
    let (seconds, rest) = limit.components
    return max(1, min(seconds, 1_000_000) * 1_000 + rest / 1_000_000_000_000_000)
  }

  /// A value of any type by its text.
  private static func cell(_ row: PostgresResult, _ column: Int) -> AnswerCell {
    guard let text = row.text(0, column) else { return .null }
    switch row.type(column) {
    case 16: return .integer(text == "t" ? 1 : 0)
    case 20, 21, 23: return Int64(text).map { .integer($0) } ?? .text(text)
    case 700, 701: return Double(text).map { .real($0) } ?? .text(text)
    case 1700: return .text((try? Number(text))?.description ?? text)
    case 17: return .blob(blob(text))
    case 1184: return .text((try? Timestamp.parse(text, zone: nil)).map { Timestamp.text($0) } ?? text)
    default: return .text(text)
    }
  }

  /// Of `\x` and hexadecimal digits.
  private static func blob(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8.dropFirst(2))
    return stride(from: 0, to: digits.count - digits.count % 2, by: 2).map { place in
      UInt8(String(decoding: digits[place...(place + 1)], as: UTF8.self), radix: 16) ?? 0
    }
  }

  package func plan(_ sql: QuerySQL, reads: [ProjectionID]) throws -> QueryPlan {
    let named = NamedParameters(sql.text(for: .postgres))
    let nulls = named.names.isEmpty ? "" : "(\(named.names.map { _ in "NULL" }.joined(separator: ", ")))"
    return try read { connection in
      try connection.execute("SET plan_cache_mode = force_generic_plan; PREPARE explained AS \(named.sql)")
      defer { if !connection.isBroken { try? connection.execute("DEALLOCATE explained; RESET plan_cache_mode") } }
      let rows = try connection.run("EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) EXECUTE explained\(nulls)")
      return try PlanTree(rows.text(0, 0) ?? "", reads: reads, tables: pipeline.projections.map(\.table)).plan
    }
  }
}
