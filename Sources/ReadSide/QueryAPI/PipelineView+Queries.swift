package import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// Named queries: SQL with typed parameters, read-only, with a limit of time and of rows; and what else is rows.
extension PipelineView {
  /// The answer as JSON: `columns`, `rows` (arrays, in the query's order), and what it is true for. Of a query for one row `row`, an object, in place of
  /// both; without a row it throws `noRow`.
  package func query(
    _ name: String, parameters: [(name: String, value: String)], atLeast positions: [Position]
  ) async throws -> [UInt8] {
    try await answer(
      atLeast: positions,
      about: { pipeline in
        let query = try PipelineView.query(name, pipeline)
        let all = parameters + PipelineView.waited(query, positions)
        return Subject(value: (query: query, values: try PipelineView.values(query, all)), reads: query.reads)
      }
    ) { [meter] subject, snapshot, writer in
      let (query, values) = subject
      let parameters = Array(zip(query.parameters, values))
      try meter.measure(query.name) {
        if query.isOne { return try PipelineView.runOne(query, parameters, snapshot, to: &writer) }
        AnswerColumns(query.columns).append(to: &writer)
        try PipelineView.run(query.sql, parameters, columns: query.columns, snapshot, to: &writer)
      }
    }
  }

  /// Writes the one row of a query as an object.
  private static func runOne(
    _ query: NamedQuery, _ parameters: [(parameter: QueryParameter, value: Value)], _ snapshot: Snapshot,
    to writer: inout JSONWriter
  ) throws {
    var rows = 0
    try snapshot.reader.run(
      query.sql, parameters, columns: query.columns, now: snapshot.now, limit: PipelineView.queryTimeMax
    ) { cells in
      rows += 1
      guard rows == 1 else {
        throw QueryError(.queryFailed, "the query `\(query.name)` is for one row (`one: true`), and there are several")
      }
      writer.name("row")
      writer.beginObject()
      for (column, cell) in zip(query.columns, cells) {
        writer.name(text: column.name)
        writer.cell(cell)
      }
      writer.endObject()
    }
    if rows == 0 { throw QueryError(.noRow, "the query `\(query.name)` finds no row") }
  }

  /// A query that declares the parameter by which requests wait is given what its request waits for.
  private static func waited(_ query: NamedQuery, _ positions: [Position]) -> [(name: String, value: String)] {
    let name = Parameters.atLeast.name
    guard !positions.isEmpty, query.parameter(named: name) != nil else { return [] }
    return [(name, positions.map(\.description).joined(separator: ","))]
  }

  /// What a request for the query may say. Parameters have one name each: `at_least` is what every request may say.
  static func parameters(of query: NamedQuery) -> [RequestParameter] {
    query.parameters.map { RequestParameter($0) }.filter { $0.name != Parameters.atLeast.name } + [Parameters.atLeast]
  }

  static func schema(_ query: NamedQuery, _ pipeline: Pipeline) -> JSONSchema {
    let columns = AnswerColumns(query.columns)
    return .object((query.isOne ? [columns.row] : columns.schemas) + validitySchemas(query.reads, pipeline))
  }

  static func query(_ name: String, _ pipeline: Pipeline) throws -> NamedQuery {
    guard let query = pipeline.query(named: name) else {
      throw QueryError.unknown("query", name, known: pipeline.queries.map(\.name))
    }
    return query
  }

  private static func values(_ query: NamedQuery, _ parameters: [(name: String, value: String)]) throws -> [Value] {
    for given in parameters where query.parameter(named: given.name) == nil {
      throw QueryError.bad(
        "query `\(query.name)` has no parameter `\(given.name)`; it has: \(query.parameters.map(\.name).joined(separator: ", "))")
    }
    return try query.parameters.map { parameter in
      do throws(ParameterError) {
        return try parameter.value(parameters.last { $0.name == parameter.name }?.value)
      } catch {
        throw QueryError.bad("\(error)")
      }
    }
  }

  /// Writes an array of rows, each an array of cells.
  static func run(
    _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], columns: [QueryColumn], _ snapshot: Snapshot,
    to writer: inout JSONWriter
  ) throws {
    writer.beginArray()
    var rows = 0
    try snapshot.reader.run(
      sql, parameters, columns: columns, now: snapshot.now, limit: PipelineView.queryTimeMax
    ) { cells in
      rows += 1
      guard rows <= PipelineView.queryRowsMax else {
        throw QueryError(.tooManyRows, "the query has more than \(PipelineView.queryRowsMax) rows: give it a LIMIT")
      }
      writer.array(cells) { $0.cell($1) }
    }
    writer.endArray()
  }

  /// The columns of dead letters, in the order in which every store gives them.
  static let deadLetterColumns = AnswerColumns([
    .init(name: "projection", cell: .text), .init(name: "kind", cell: .text), .init(name: "table", cell: .text),
    .init(name: "partition", cell: .integer), .init(name: "sequence", cell: .count), .init(name: "at", cell: .instant),
    .init(name: "path", cell: .text), .init(name: "reason", cell: .text),
  ])

  static func deadLettersSchema(_ pipeline: Pipeline) -> JSONSchema {
    let counts = JSONSchema.map(of: .count).about("By projection, how many records it could not take.")
    return .object(deadLetterColumns.schemas + [.init("records", counts)] + validitySchemas([], pipeline))
  }

  /// The dead letters, newest first, and how many records each projection could not take.
  package func deadLetters(limit: Int, atLeast positions: [Position] = []) async throws -> [UInt8] {
    try await answer(atLeast: positions, about: { _ in Subject(value: (), reads: []) }) { _, snapshot, writer in
      PipelineView.deadLetterColumns.append(to: &writer)
      writer.beginArray()
      try snapshot.reader.deadLetters(limit: limit) { cells in writer.array(cells) { $0.cell($1) } }
      writer.endArray()
      writer.name("records")
      writer.beginObject()
      for (projection, count) in try snapshot.reader.deadLetterCounts() { writer.member(named: projection, count) }
      writer.endObject()
    }
  }

  /// The sessions of a projection: of a key, one text for each of its columns, or the active ones when it is empty.
  package func sessions(_ name: String, key: [String], limit: Int, atLeast positions: [Position]) async throws -> [UInt8] {
    try await answer(
      atLeast: positions,
      about: { pipeline in
        let all = PipelineView.sessions(of: pipeline)
        guard let found = all.first(where: { pipeline.projections[$0.id].name == name }) else {
          throw QueryError.unknown("sessions projection", name, known: all.map { pipeline.projections[$0.id].name })
        }
        return Subject(value: found, reads: [found.id])
      }
    ) { subject, snapshot, writer in
      let (id, sessions) = subject
      let table = snapshot.pipeline.projections[id].table
      var equals: [(column: Int, value: Value)] = []
      if key.isEmpty {
        if let status = table.column(named: "status") { equals.append((status, .string(SessionStatus.active.rawValue))) }
      } else {
        let parts = PipelineView.parts(key, sessions.keyCount)
        guard parts.count == sessions.keyCount else {
          let named = table.columns[..<sessions.keyCount].map(\.name).joined(separator: ", ")
          throw QueryError.bad(
            "the key of `\(name)` has \(sessions.keyCount) parts (\(named)): give `key` once for each of them, in this order")
        }
        for (place, text) in parts.enumerated() { equals.append((place, try PipelineView.value(text, table.columns[place]))) }
      }
      AnswerColumns(table).append(to: &writer)
      writer.beginArray()
      try snapshot.reader.rows(id, where: equals, newest: table.column(named: "last_at"), limit: limit) { cells in
        writer.array(cells) { $0.cell($1) }
      }
      writer.endArray()
    }
  }

  static func sessions(of pipeline: Pipeline) -> [(id: ProjectionID, sessions: Sessions)] {
    pipeline.projections.ids.compactMap { id in
      if case .sessions(let sessions) = pipeline.projections[id].kind { (id, sessions) } else { nil }
    }
  }

  static func sessionsSchema(_ id: ProjectionID, _ pipeline: Pipeline) -> JSONSchema {
    .object(AnswerColumns(pipeline.projections[id].table).schemas + validitySchemas([id], pipeline))
  }

  static func keyParameter(_ sessions: Sessions, _ projection: Projection) -> RequestParameter {
    let named = projection.table.columns[..<sessions.keyCount].map { "\($0.name) (\($0.type.rawValue))" }.joined(separator: ", ")
    return RequestParameter(
      name: Parameters.key, about: "The key whose sessions are shown, once for each of its parts: \(named).", schema: .text,
      counts: 0...sessions.keyCount)
  }

  /// One text for each part of a key; a single text is taken apart at its commas where that is the only way to read it.
  static func parts(_ key: [String], _ count: Int) -> [String] {
    guard key.count == 1, count > 1 else { return key }
    let parts = key[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return parts.count == count ? parts : key
  }

  static func value(_ text: String, _ column: SQLColumn) throws -> Value {
    do throws(TypeMismatch) {
      return try Value(text: text, as: column.type, form: .iso(zone: .utc))
    } catch {
      throw QueryError.bad("`\(text)` is not a \(column.type.rawValue) for \(column.name): \(error.reason)")
    }
  }
}

extension JSONWriter {
  mutating func cell(_ cell: AnswerCell) {
    switch cell {
    case .null: null()
    case .integer(let number): integer(number)
    case .real(let number): double(number)
    case .text(let text): string(text)
    case .blob(let bytes): base64(bytes)
    }
  }

  /// A typed value as JSON: whole numbers as numbers, everything else as the text that SQL shows.
  mutating func value(_ value: Value) {
    switch value {
    case .null: null()
    case .boolean(let flag): bool(flag)
    case .integer(let whole): integer(whole)
    case .decimal(let number): string(number.description)
    default: string(value.description)
    }
  }
}
