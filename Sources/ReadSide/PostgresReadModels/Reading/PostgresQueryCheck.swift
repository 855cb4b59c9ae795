package import Pipelines
package import Postgres

/// Prepares a pipeline's SQL on a server, over empty tables that are gone afterwards: what is accepted there is accepted where the rows are.
package enum PostgresQueryCheck {
  /// A query, a metric or a tile that does not fit.
  package struct Finding: Sendable {
    package let place: QuerySQL.Place
    /// A sentence that begins with what it is.
    package let message: String
  }

  /// What does not fit, in the file's order; empty when nothing. Throws `PostgresError` when the server cannot be
  /// asked.
  ///
  /// It needs a role that may make temporary tables, and leaves nothing.
  package static func findings(of pipeline: Pipeline, on settings: PostgresSettings) throws -> [Finding] {
    let connection = try PostgresConnection(settings)
    defer { connection.close() }
    try connection.begin()
    defer { connection.rollback() }
    try connection.execute("SET LOCAL search_path = pg_temp, pg_catalog")
    for projection in pipeline.projections {
      for statement in TableForm(projection.table).createStatements { try connection.execute(statement) }
    }
    for statement in PostgresFunctions.statements(in: "pg_temp") { try connection.execute(statement) }
    var findings: [Finding] = []
    func check(
      _ what: String, _ sql: QuerySQL, _ columns: [QueryColumn], parameters: [QueryParameter] = [], isNamed: Bool = true
    ) throws {
      guard let problem = try problem(sql, parameters, columns: columns, isNamed: isNamed, connection) else { return }
      findings.append(Finding(place: sql.place(for: .postgres), message: "\(what): \(problem)"))
    }
    for query in pipeline.queries {
      try check("query `\(query.name)`", query.sql, query.columns, parameters: query.parameters)
    }
    for metric in pipeline.metrics {
      // What has one column has no labels, and its name is not shown.
      try check("metric `\(metric.name)`", metric.sql, metric.columns, isNamed: metric.columns.count > 1)
    }
    for tile in pipeline.dashboard {
      switch tile.content {
      case .number(let sql, let column): try check("tile `\(tile.title)`", sql, [column], isNamed: false)
      case .table(let sql, let columns): try check("tile `\(tile.title)`", sql, columns)
      case .leaderboard: break
      }
    }
    return findings
  }

  private static func problem(
    _ sql: QuerySQL, _ parameters: [QueryParameter], columns: [QueryColumn], isNamed: Bool, _ connection: PostgresConnection
  ) throws -> String? {
    let text = sql.text(for: .postgres)
    if let use = PostgresClock.use(in: text) { return "\(use.what) does not follow from the rows" }
    let query = try QueryText(PostgresFunctions.temporary(text), parameters.map { ($0, .null) }, now: .null(.timestamp)).query
    try connection.execute("SAVEPOINT query")
    var isPrepared = false
    defer { try? connection.execute("ROLLBACK TO query" + (isPrepared ? "; DEALLOCATE checked" : "")) }
    let types = query.values.map { PostgresValue.Kind(rawValue: $0.type)?.name ?? "unknown" }.joined(separator: ", ")
    let opening = "PREPARE checked\(types.isEmpty ? "" : " (\(types))") AS "
    do throws(PostgresError) {
      try connection.execute(opening + query.sql)
      isPrepared = true
      return difference(try connection.run([query])[0], columns, isNamed: isNamed)
    } catch {
      // That nothing can be divided by a count of no rows says nothing of the query.
      if isPrepared, error.sqlState?.hasPrefix("22") == true { return nil }
      guard error.kind == .refuse || error.kind == .conflict else { throw error }
      let place = error.offset.flatMap { PostgresQueryCheck.words(query.sql, at: $0 - (isPrepared ? 0 : opening.count)) } ?? ""
      return "the SQL does not fit PostgreSQL: \(error.message)\(place)"
    }
  }

  /// The beginning of what stands at a place; nil where there is none.
  private static func words(_ sql: String, at offset: Int) -> String? {
    guard offset >= 0, offset < sql.count else { return nil }
    let rest = sql.dropFirst(offset).prefix(40).split(whereSeparator: \.isNewline).first ?? ""
    return ", at `\(rest)`"
  }

  /// How the answer's columns differ from those of the text for SQLite. `isNamed`: their names are shown.
  private static func difference(_ found: PostgresResult, _ columns: [QueryColumn], isNamed: Bool) -> String? {
    let names = (0..<found.columnCount).map { found.name($0) }
    guard isNamed ? names == columns.map(\.name) : names.count == columns.count else {
      return
        "it answers the columns \(names.joined(separator: ", ")), and in SQLite \(columns.map(\.name).joined(separator: ", "))"
    }
    for (place, column) in columns.enumerated() {
      guard let type = column.type, !AnswerType(found.type(place)).fits(type) else { continue }
      return "its column `\(column.name)` is not of type \(type.rawValue), as it is in SQLite"
    }
    return nil
  }
}
