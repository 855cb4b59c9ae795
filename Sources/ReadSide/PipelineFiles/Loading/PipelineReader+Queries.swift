internal import DynamoModel
internal import Pipelines
internal import YAML

extension PipelineReader {
  func readQueries(_ entries: [YAMLNode.Entry]) {
    guard let checker = queryChecker() else { return }
    // With a projection missing, every query of it would be reported as well.
    let isWhole = projections.allSatisfy { $0 != nil }
    for entry in entries {
      if PipelineReader.isPipelineName(entry.key.text.replacingUnderscores) == false {
        findings.add(entry.key.mark, "`\(entry.key.text)` cannot be a query's name: use small letters, digits, `_` and `-`")
      }
      guard let reader = MappingReader(entry.value, "a query", findings) else { continue }
      let about = reader.text("about")?.text ?? ""
      let paramEntries = reader.entries("params")
      let parameters = paramEntries.compactMap(readParameter)
      let sql = reader.requireText("sql")
      reader.finish()
      guard let sql, isWhole else { continue }
      let declared = paramEntries.map { ($0.key.text, $0.key.mark) }
      if let checked = checker.check(sql.text, sql.node, parameters: parameters, declared: declared) {
        queries.append(
          NamedQuery(
            name: entry.key.text, about: about, parameters: parameters, sql: sql.text, columns: checked.columns,
            usesNow: checked.usesNow))
      }
    }
  }

  private func queryChecker() -> QueryChecker? {
    QueryChecker(
      projectionEntries.enumerated().compactMap { index, entry in projections[index].map { ($0.table, entry.key.mark) } },
      findings)
  }

  /// `string`, `integer 1..100 = 10`, `timestamp optional`
  private func readParameter(_ entry: YAMLNode.Entry) -> QueryParameter? {
    let name = entry.key.text
    if let problem = Names.problem(name), !problem.contains("reserved word") { findings.add(entry.key.mark, problem) }
    if name == QueryChecker.now {
      findings.add(entry.key.mark, "`now` is given to every query: use `:now` in the SQL without declaring it")
    }
    guard let text = findings.text(entry.value, "a parameter's type") else { return nil }
    return found(entry.value) { () throws(SyntaxFailure) -> QueryParameter? in
      var parser = try ExpressionParser(text)
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

  func readDashboard(_ node: YAMLNode?) {
    guard let node else { return }
    guard let nodes = node.sequence else {
      findings.add(node.mark, "`dashboard` has to be a list of tiles (`- number: ...`)")
      return
    }
    guard let checker = queryChecker() else { return }
    for node in nodes { if let tile = readTile(node, checker) { tiles.append(tile) } }
  }

  private func readTile(_ node: YAMLNode, _ checker: QueryChecker) -> DashboardTile? {
    let kinds = ["number", "table", "leaderboard"]
    guard let entries = node.mapping, entries.count == 1, let entry = entries.first else {
      findings.add(node.mark, "a tile is one of \(kinds.map { "`\($0)`" }.joined(separator: ", "))")
      return nil
    }
    guard kinds.contains(entry.key.text) else {
      findings.add(entry.key.mark, "there is no tile `\(entry.key.text)`\(Suggestion.text(for: entry.key.text, among: kinds))")
      return nil
    }
    guard let reader = MappingReader(entry.value, "a tile", findings) else { return nil }
    let title = reader.requireText("title")?.text ?? ""
    defer { reader.finish() }
    if entry.key.text == "leaderboard" { return readBoardTile(reader, title) }
    guard let sql = reader.requireText("sql"), projections.allSatisfy({ $0 != nil }),
      let checked = checker.check(sql.text, sql.node, parameters: [], declared: [])
    else { return nil }
    if entry.key.text == "table" {
      return DashboardTile(title: title, content: .table(sql: sql.text, columns: checked.columns), usesNow: checked.usesNow)
    }
    if checked.columns.count != 1 {
      findings.add(sql.node.mark, "a number is one column, and this SQL gives \(checked.columns.count)")
    }
    return DashboardTile(title: title, content: .number(sql: sql.text), usesNow: checked.usesNow)
  }

  private func readBoardTile(_ reader: MappingReader, _ title: String) -> DashboardTile? {
    let of = reader.requireText("of")
    let boardNodes = reader.elements("board")
    let top = reader.integer("top", 1...1_000) ?? 10
    guard let of else { return nil }
    let boards = projectionEntries.indices.filter { projectionEntries[$0].value["leaderboard"] != nil }
    guard let index = boards.first(where: { projectionEntries[$0].key.text == of.text }) else {
      findings.add(
        of.node.mark,
        "there is no leaderboard `\(of.text)`\(Suggestion.text(for: of.text, among: boards.map { projectionEntries[$0].key.text }))"
      )
      return nil
    }
    guard let projection = projections[index], case .leaderboard(let leaderboard) = projection.kind else { return nil }
    if boardNodes.isEmpty || (boardNodes.count == 1 && boardNodes[0].scalar?.text == "latest") {
      return DashboardTile(title: title, content: .leaderboard(projection: index, board: .latest, top: top), usesNow: false)
    }
    guard boardNodes.count == leaderboard.boardCount else {
      findings.add(boardNodes[0].mark, "a board of `\(of.text)` has \(leaderboard.boardCount) values, or write `latest`")
      return nil
    }
    let values = zip(boardNodes, projection.table.columns).compactMap { node, column -> Value? in
      guard let text = findings.text(node, "a board's value") else { return nil }
      if let value = try? Value(text: text, as: column.type, form: .iso(zone: .utc)) { return value }
      findings.add(node.mark, "`\(text)` is not \(column.type.rawValue)")
      return nil
    }
    return DashboardTile(title: title, content: .leaderboard(projection: index, board: .named(values), top: top), usesNow: false)
  }
}

extension String {
  /// Query names may have `_` where pipeline names have `-`.
  fileprivate var replacingUnderscores: String { String(map { $0 == "_" ? "-" : $0 }) }
}
