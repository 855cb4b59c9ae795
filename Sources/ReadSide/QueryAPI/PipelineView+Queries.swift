package import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import SQLiteReadModels
internal import ReadModels
internal import SQLite

/// Named queries: SQL with typed parameters, read-only, with a limit of time and of rows.
extension PipelineView {
  /// The answer as JSON: `columns`, `rows` (arrays, in the query's order), and what it is true for.
  package func query(
    _ name: String, parameters: [(name: String, value: String)], atLeast positions: [Position]
  ) async throws -> [UInt8] {
    try await read(atLeast: positions) { open, writer in
      guard let query = open.pipeline.query(named: name) else {
        throw QueryError.unknown("query", name, known: open.pipeline.queries.map(\.name))
      }
      for given in parameters where query.parameter(named: given.name) == nil {
        throw QueryError.bad(
          "query `\(name)` has no parameter `\(given.name)`; it has: \(query.parameters.map(\.name).joined(separator: ", "))")
      }
      var values: [Value] = []
      for parameter in query.parameters {
        do throws(ParameterError) {
          values.append(try parameter.value(parameters.last { $0.name == parameter.name }?.value))
        } catch {
          throw QueryError.bad("\(error)")
        }
      }
      writer.name("columns")
      writer.array(query.columns) { $0.string($1) }
      writer.name("rows")
      try PipelineView.run(query.sql, Array(zip(query.parameters, values)), open.connection, &writer)
    }.1.bytes
  }

  /// Writes an array of rows, each an array of cells. The transaction's snapshot is the caller's.
  static func run(
    _ sql: String, _ parameters: [(QueryParameter, Value)], _ connection: Connection, _ writer: inout JSONWriter
  ) throws {
    let statement = try connection.statement(sql)
    if statement.parameterCount > 0 {
      for index in 1...statement.parameterCount {
        guard let name = statement.parameterName(index)?.dropFirst() else { continue }
        for (parameter, value) in parameters {
          if name == parameter.name {
            if case .decimal(let number) = value {
              try statement.bind(index, number.description)
            } else {
              try value.bindSortable(to: statement, at: index)
            }
          } else if name == parameter.name + "_sort" {
            try value.bindSortable(to: statement, at: index)
          }
        }
      }
    }
    writer.beginArray()
    try connection.withTimeLimit(PipelineView.queryTimeMax) {
      var rows = 0
      while try statement.step() {
        rows += 1
        guard rows <= PipelineView.queryRowsMax else {
          statement.reset()
          throw QueryError(400, "TooManyRows", "the query has more than \(PipelineView.queryRowsMax) rows: give it a LIMIT")
        }
        writer.beginArray()
        for column in 0..<statement.columnCount { append(column, of: statement, &writer) }
        writer.endArray()
      }
    }
    writer.endArray()
  }

  static func append(_ column: Int, of statement: Statement, _ writer: inout JSONWriter) {
    switch statement.type(column) {
    case .null: writer.null()
    case .integer: writer.integer(statement.int64(column))
    case .real: writer.double(statement.double(column))
    case .text: statement.withBytes(column) { writer.string(utf8: $0 ?? .init(start: nil, count: 0)) }
    case .blob: writer.base64(statement.bytes(column) ?? [])
    }
  }

  /// The dead letters, newest first.
  package func deadLetters(limit: Int) async throws -> [UInt8] {
    try await read { open, writer in
      writer.name("columns")
      writer.array(["projection", "table", "partition", "sequence", "at", "path", "reason"]) { $0.string($1) }
      writer.name("rows")
      try PipelineView.run(
        """
        SELECT projection, table_name, partition, sequence, at, path, reason FROM _dead_letters
        ORDER BY at DESC, table_name, partition, sequence DESC LIMIT \(limit)
        """, [], open.connection, &writer)
    }.1.bytes
  }

  /// The sessions of a projection: of a key (the values of the key's columns, joined by `,`) or the active ones.
  package func sessions(_ name: String, key: String?, limit: Int, atLeast positions: [Position]) async throws -> [UInt8] {
    try await read(atLeast: positions) { open, writer in
      let names = open.pipeline.projections.filter { if case .sessions = $0.kind { true } else { false } }.map(\.name)
      guard let index = open.pipeline.projection(named: name),
        case .sessions(let sessions) = open.pipeline.projections[index].kind
      else { throw QueryError.unknown("sessions projection", name, known: names) }
      let table = open.pipeline.projections[index].table
      let columns = table.columns.map(\.name)
      var sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table.name) WHERE "
      let values = key.map {
        $0.split(separator: ",", maxSplits: sessions.keyCount - 1, omittingEmptySubsequences: false).map(String.init)
      }
      if let values {
        guard values.count == sessions.keyCount else {
          throw QueryError.bad("the key of `\(name)` has \(sessions.keyCount) parts, joined by a comma")
        }
        sql += (0..<sessions.keyCount).map { "\(table.columns[$0].name) = :k\($0)" }.joined(separator: " AND ")
      } else {
        sql += "status = 'active'"
      }
      sql += " ORDER BY last_at DESC LIMIT \(limit)"
      let statement = try open.connection.statement(sql)
      for (place, text) in (values ?? []).enumerated() { try statement.bind(place + 1, text) }
      writer.name("columns")
      writer.array(columns) { $0.string($1) }
      writer.name("rows")
      writer.beginArray()
      while try statement.step() {
        writer.beginArray()
        for column in 0..<statement.columnCount { PipelineView.append(column, of: statement, &writer) }
        writer.endArray()
      }
      writer.endArray()
    }.1.bytes
  }
}
