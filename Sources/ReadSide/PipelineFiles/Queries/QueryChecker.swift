internal import Pipelines
internal import PostgresReadModels
internal import SQLiteReadModels
internal import SQLite
internal import YAML
internal import Spelling

/// Prepares SQL against an empty database with the pipeline's tables: what is accepted here is accepted where the rows are.
final class QueryChecker {
  /// What is known of a query whose SQL fits.
  struct Checked {
    let columns: [QueryColumn]
    let reads: [ProjectionID]
    let usesNow: Bool
  }

  /// The parameter that every query may use and none declares.
  static let now = "now"

  private let connection: Connection
  private let tables: [SQLTable]
  private let names: [String]
  private let findings: Findings
  /// False when a table could not be created: what reads it would be reported as well.
  private var isWhole = true

  /// Over the tables of all projections that could be read. Nil when SQLite itself does not start.
  init?(_ projections: CheckedProjections) {
    guard let connection = try? Connection.inMemory(), (try? SQLFunctions.add(to: connection)) != nil else { return nil }
    self.connection = connection
    tables = projections.projections.compactMap { $0?.table }
    names = projections.names
    findings = projections.findings
    for (syntax, projection) in zip(projections.syntax, projections.projections) {
      guard let table = projection?.table else { continue }
      if table.sqlColumnCount > SQLTable.columnsMax {
        isWhole = false
        findings.add(
          syntax.entry.key.mark,
          "the table of `\(table.name)` has \(table.sqlColumnCount) columns with those that are added to it, and a table has at most "
            + "\(SQLTable.columnsMax)")
        continue
      }
      for statement in table.createStatements {
        do throws(SQLiteError) {
          try connection.execute(statement)
        } catch {
          isWhole = false
          // A name or a column that was refused already says it better than SQLite does.
          if findings.all.isEmpty {
            findings.add(syntax.entry.key.mark, "the table of `\(table.name)` cannot be created: \(error.message)")
          }
        }
      }
    }
  }

  /// The answer's columns and what it reads. `parameters` are the names that are bound; nil when something is wrong.
  func check(_ sql: SQLTexts, parameters: [QueryParameter], declared: [(name: String, mark: Mark)]) -> Checked? {
    let usesNow = sql.postgres.map { check(postgres: $0, parameters: parameters, declared: declared) } ?? false
    guard let found = check(sql.sqlite.text, sql.sqlite.node, parameters: parameters, declared: declared) else { return nil }
    return Checked(columns: found.columns, reads: found.reads, usesNow: found.usesNow || usesNow)
  }

  /// What can be said of a text for PostgreSQL without a server; one prepares it where `check --store` names it. Whether it has `:now`.
  private func check(postgres: SQLTexts.Text, parameters: [QueryParameter], declared: [(name: String, mark: Mark)]) -> Bool {
    let (sql, node) = postgres
    guard QueryChecker.isSelect(sql) else {
      findings.add(node.mark, QueryChecker.onlyReads)
      return false
    }
    if let use = PostgresClock.use(in: sql) { report(use.what, isClock: use.isClock, offset: use.offset, node) }
    var used: Set<String> = []
    for name in NamedParameters(sql).names { use(name, node, parameters, declared: declared, in: &used) }
    reportUnused(used, declared, by: "the SQL for PostgreSQL")
    return used.contains(QueryChecker.now)
  }

  private static let onlyReads = "a query only reads: SELECT, WITH or VALUES"

  private func report(_ what: String, isClock: Bool, offset: Int, _ node: YAMLNode) {
    findings.add(
      node, offset: offset,
      isClock
        ? "\(what) reads the wall clock: write `:now`, the time that the answer is true for"
        : "\(what) gives a different answer each time: an answer follows from rows, parameters and `:now`")
  }

  /// Notes that the SQL has a parameter.
  private func use(
    _ name: String, _ node: YAMLNode, _ parameters: [QueryParameter], declared: [(name: String, mark: Mark)],
    in used: inout Set<String>
  ) {
    var name = name
    if name.hasSuffix("_sort"), let decimal = parameters.first(where: { $0.name + "_sort" == name && $0.type == .decimal }) {
      name = decimal.name
    }
    used.insert(name)
    if name != QueryChecker.now, !declared.contains(where: { $0.name == name }) {
      let known = Spelling.nearest(to: name, among: declared.map(\.name)).map { "; did you mean `:\($0)`?" } ?? ""
      findings.add(node.mark, "the parameter `:\(name)` is not declared under `params`\(known)")
    }
  }

  private func reportUnused(_ used: Set<String>, _ declared: [(name: String, mark: Mark)], by sql: String = "the SQL") {
    for (name, mark) in declared where !used.contains(name) {
      findings.add(mark, "the parameter `\(name)` is not used by \(sql)")
    }
  }

  private func check(
    _ sql: String, _ node: YAMLNode, parameters: [QueryParameter], declared: [(name: String, mark: Mark)]
  ) -> Checked? {
    guard isWhole else { return nil }
    let statement: Statement
    do throws(SQLiteError) {
      statement = try connection.prepare(sql)
    } catch {
      report(error, sql, node)
      return nil
    }
    guard statement.isReadOnly, !statement.isExplain, statement.columnCount > 0, QueryChecker.isSelect(sql) else {
      findings.add(node.mark, QueryChecker.onlyReads)
      return nil
    }
    if let use = QueryClock.use(in: sql) { report(use.what, isClock: use.isClock, offset: use.offset, node) }
    var used: Set<String> = []
    for index in 1..<(statement.parameterCount + 1) {
      guard let mark = statement.parameterName(index), mark.hasPrefix(":") else {
        findings.add(node.mark, "parameters are written `:name`")
        continue
      }
      use(String(mark.dropFirst()), node, parameters, declared: declared, in: &used)
    }
    reportUnused(used, declared)
    let columns = statement.columnNames
    for (index, column) in columns.enumerated() where columns[..<index].contains(column) {
      findings.add(node.mark, "two columns of the answer are named `\(column)`: name them with AS")
    }
    // It prepared a moment ago.
    let read = (try? connection.tablesRead(by: sql)) ?? Set(names)
    let reads = names.indices.filter { read.contains(names[$0]) }.map { ProjectionID(rawValue: $0) }
    return Checked(
      columns: QueryColumns.columns(of: statement, reads: reads, tables: tables, parameters: parameters), reads: reads,
      usesNow: used.contains(QueryChecker.now))
  }

  private static func isSelect(_ sql: String) -> Bool {
    let words = sql.split(whereSeparator: { $0.isWhitespace || $0 == "(" }).first.map { $0.lowercased() }
    return words == "select" || words == "with" || words == "values" || sql.hasPrefix("--") || sql.hasPrefix("/*")
  }

  private func report(_ error: SQLiteError, _ sql: String, _ node: YAMLNode) {
    var hint = ""
    if let word = QueryChecker.word(error.message, after: "no such column: ") {
      let name = word.split(separator: ".").last.map(String.init) ?? word
      hint =
        Spelling.nearest(to: name, among: tables.flatMap { $0.columns.flatMap(\.sqlNames) }.filter { $0 != name }).map {
          "; did you mean `\($0)`?"
        } ?? ""
    } else if error.message == "no such function: now" {
      hint = "; write `:now`, the time that the answer is true for"
    } else if let word = QueryChecker.word(error.message, after: "no such table: ") {
      hint = Suggestion.text(for: word, among: tables.map(\.name))
    }
    let message = "the SQL does not fit the read model: \(error.message)\(hint)"
    if let offset = error.offset { findings.add(node, offset: offset, message) } else { findings.add(node.mark, message) }
  }

  private static func word(_ message: String, after opening: String) -> String? {
    message.hasPrefix(opening) ? String(message.dropFirst(opening.count)) : nil
  }
}
