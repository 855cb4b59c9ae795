internal import DynamoModel
internal import Pipelines
internal import YAML

/// Reads the named queries.
struct QueryReader {
  let projections: CheckedProjections
  /// Nil when SQLite does not start.
  let checker: QueryChecker?

  private var findings: Findings { projections.findings }

  func queries(_ entries: [YAMLNode.Entry]) -> [NamedQuery] { entries.compactMap(readQuery) }

  private func readQuery(_ entry: YAMLNode.Entry) -> NamedQuery? {
    if !Names.isPipelineName(entry.key.text.replacingUnderscores) {
      findings.add(
        entry.key.mark, "`\(entry.key.text)` cannot be a query's name: use small letters, digits, `_` and `-`, at most 63")
    }
    guard let reader = MappingReader(entry.value, Grammar.query, findings) else { return nil }
    let about = reader.text("about")?.text ?? ""
    let isOne = reader.flag("one") ?? false
    let paramEntries = reader.entries("params")
    let parameters = paramEntries.compactMap(readParameter)
    let declared = paramEntries.map { ($0.key.text, $0.key.mark) }
    guard let sql = SQLTexts(reader, findings), projections.isWhole,
      let checked = checker?.check(sql, parameters: parameters, declared: declared)
    else { return nil }
    return NamedQuery(
      name: entry.key.text, about: about, parameters: parameters, sql: sql.sql, columns: checked.columns,
      reads: checked.reads, usesNow: checked.usesNow, isOne: isOne)
  }

  /// `string`, `integer 1..100 = 10`, `timestamp optional`
  private func readParameter(_ entry: YAMLNode.Entry) -> QueryParameter? {
    let name = entry.key.text
    if let problem = Names.problem(name), !problem.contains("reserved word") { findings.add(entry.key.mark, problem) }
    if name == QueryChecker.now {
      findings.add(entry.key.mark, "`now` is given to every query: use `:now` in the SQL without declaring it")
    }
    guard let text = findings.text(entry.value, "a parameter's type") else { return nil }
    return findings.found(entry.value) { () throws(SyntaxFailure) -> QueryParameter? in
      var parser = try ExpressionParser(text, findings)
      guard let type = try parser.type() else { throw parser.unexpected("a type") }
      func literal(_ what: String) throws(SyntaxFailure) -> Value {
        let token = parser.current
        guard token.kind == .number || token.kind == .text || token.kind == .word else { throw parser.unexpected(what) }
        do throws(TypeMismatch) {
          let value = try Value(text: token.text, as: type.type, form: .iso(zone: .utc))
          parser.advance()
          return value
        } catch {
          throw SyntaxFailure(offset: token.offset, message: "\(what) does not fit: \(error.reason)")
        }
      }
      var least: Value?
      var greatest: Value?
      if parser.current.kind == .number || parser.current.kind == .text {
        guard type.type.isOrdered else { throw parser.unexpected("a type that can be compared") }
        least = try literal("the least value")
        try parser.expect(sign: "..")
        let offset = parser.current.offset
        greatest = try literal("the greatest value")
        if let least, let greatest, greatest < least { throw SyntaxFailure(offset: offset, message: "the range is empty") }
      }
      var fallback: Value?
      if parser.take(sign: "=") {
        let offset = parser.current.offset
        let value = parser.take(word: "null") ? .null : try literal("the default")
        if let least, !value.isNull, value < least {
          throw SyntaxFailure(offset: offset, message: "the default is less than \(least)")
        }
        if let greatest, value > greatest {
          throw SyntaxFailure(offset: offset, message: "the default is greater than \(greatest)")
        }
        fallback = value
      }
      let isOptional = parser.take(word: "optional")
      try parser.expectEnd()
      return QueryParameter(
        name: name, type: type.type, isOptional: isOptional, default: fallback, least: least, greatest: greatest)
    }
  }
}

extension String {
  /// Query names may have `_` where pipeline names have `-`.
  fileprivate var replacingUnderscores: String { String(map { $0 == "_" ? "-" : $0 }) }
}
