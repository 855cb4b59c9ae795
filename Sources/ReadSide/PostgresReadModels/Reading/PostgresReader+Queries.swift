internal import DynamoModel
package import Pipelines
internal import Postgres
package import ReadModels

/// Named queries and tiles: SQL that people wrote, and how the server means to answer it.
extension PostgresReader {
  package func run(
    _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], columns: [QueryColumn], now: String?,
    limit: Duration,
    row: ([AnswerCell]) throws -> Void
  ) throws {
    let text = try QueryText(
      sql.text(for: .postgres), parameters, now: try now.map(PostgresReader.timestamp) ?? .null(.timestamp))
    try read { connection in
      // Within the snapshot's transaction, or for the session until the statement has run.
      let milliseconds = PostgresReader.milliseconds(limit)
      try connection.execute("SET statement_timeout = \(milliseconds)")
      defer { if !connection.isBroken { try? connection.execute("SET statement_timeout = 0") } }
      try connection.forEach(text.query, columns: .text) { found in
        try row(
          (0..<found.columnCount).map { place in
            let type = place < columns.count ? columns[place].type : nil
            return found.text(0, place).map { AnswerType(found.type(place)).cell($0, as: type) } ?? .null
          })
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
