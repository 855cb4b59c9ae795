internal import DynamoModel
internal import Pipelines
internal import ReadModels
internal import YAML

extension ScenarioReader {
  /// `presence: [ {...} ]` is exactly these rows; `presence: { contains: [...], lacks: [...] }` is not.
  func rows(_ entry: YAMLNode.Entry) -> [Scenario.Expectation] {
    guard let projection = projection(entry.key.text, entry.key.mark) else { return [] }
    func made(_ mode: RowExpectation.Mode, _ node: YAMLNode) -> Scenario.Expectation? {
      guard let nodes = node.sequence else {
        findings.add(node.mark, "rows are a list")
        return nil
      }
      let rows = nodes.compactMap { row($0, projection) }
      return .rows(RowExpectation(projection: projection, mode: mode, rows: rows, line: entry.key.mark.line))
    }
    guard entry.value.mapping != nil else { return [made(.exactly, entry.value)].compactMap { $0 } }
    guard let reader = MappingReader(entry.value, ScenarioGrammar.rows, findings) else { return [] }
    let expectations = [
      reader.take("contains").flatMap { made(.contains, $0) }, reader.take("lacks").flatMap { made(.lacks, $0) },
    ]
    return expectations.compactMap { $0 }
  }

  func projection(_ name: String, _ mark: Mark) -> ProjectionID? {
    if let id = pipeline.projection(named: name) { return id }
    findings.add(mark, "there is no projection `\(name)`\(Suggestion.text(for: name, among: pipeline.projections.map(\.name)))")
    return nil
  }

  private func row(_ node: YAMLNode, _ projection: ProjectionID) -> RowExpectation.Row? {
    guard let entries = node.mapping else {
      findings.add(node.mark, "a row is a mapping of columns")
      return nil
    }
    let table = pipeline.projections[projection].table
    return entries.compactMap { entry in
      guard let column = table.column(named: entry.key.text) else {
        let known = Suggestion.text(for: entry.key.text, among: table.columns.map(\.name))
        findings.add(entry.key.mark, "`\(table.name)` has no column `\(entry.key.text)`\(known)")
        return nil
      }
      return value(entry.value, table.columns[column].type).map { (column, $0) }
    }
  }

  func value(_ node: YAMLNode, _ type: ValueType) -> Value? {
    if node.isNull { return .null }
    guard let text = findings.text(node, "a value") else { return nil }
    do throws(TypeMismatch) {
      return try Value(text: text, as: type, form: .iso(zone: .utc))
    } catch {
      findings.add(node.mark, error.reason)
      return nil
    }
  }

  /// `{ name: room_latest, params: { room: Music }, rows: [...] }`
  func query(_ node: YAMLNode) -> Scenario.Expectation? {
    guard let reader = MappingReader(node, ScenarioGrammar.query, findings) else { return nil }
    let name = reader.requireText("name")
    let params = reader.entries("params")
    let rowNodes = reader.require("rows")?.sequence ?? []
    guard let name else { return nil }
    guard let index = pipeline.queries.firstIndex(where: { $0.name == name.text }) else {
      findings.add(
        name.node.mark, "there is no query `\(name.text)`\(Suggestion.text(for: name.text, among: pipeline.queries.map(\.name)))")
      return nil
    }
    let query = pipeline.queries[index]
    for entry in params where query.parameter(named: entry.key.text) == nil {
      let known = Suggestion.text(for: entry.key.text, among: query.parameters.map(\.name))
      findings.add(entry.key.mark, "`\(query.name)` has no parameter `\(entry.key.text)`\(known)")
    }
    let values = query.parameters.compactMap { parameter -> Value? in
      let given = params.first { $0.key.text == parameter.name }?.value
      do throws(ParameterError) {
        return try parameter.value(given.flatMap { $0.isNull ? nil : $0.scalar?.text })
      } catch {
        findings.add(given?.mark ?? node.mark, error.description)
        return nil
      }
    }
    let rows = rowNodes.map { node -> QueryExpectation.Row in
      guard let entries = node.mapping else {
        findings.add(node.mark, "a row is a mapping of columns")
        return []
      }
      return entries.compactMap { entry in
        guard let column = query.columnNames.firstIndex(of: entry.key.text) else {
          findings.add(
            entry.key.mark,
            "`\(query.name)` answers no column `\(entry.key.text)`\(Suggestion.text(for: entry.key.text, among: query.columnNames))"
          )
          return nil
        }
        return (column, cell(entry.value))
      }
    }
    return .query(QueryExpectation(query: index, parameters: values, rows: rows, line: node.mark.line))
  }

  private func cell(_ node: YAMLNode) -> AnswerCell {
    guard let scalar = node.scalar, !node.isNull else { return .null }
    if !scalar.isQuoted, let number = Int64(scalar.text) { return .integer(number) }
    return .text(scalar.text)
  }

  /// `{ of: talkers_by_day, board: ["2026-01-01"], top: [ { rank: 1, member: ana, score: 2 } ], whole: true }`
  func board(_ node: YAMLNode) -> Scenario.Expectation? {
    guard let reader = MappingReader(node, ScenarioGrammar.board, findings) else { return nil }
    let of = reader.requireText("of")
    let boardNodes = reader.elements("board")
    let places = reader.require("top")?.sequence ?? []
    let isWhole = reader.flag("whole") ?? false
    guard let of, let id = projection(of.text, of.node.mark) else { return nil }
    guard case .leaderboard(let board) = pipeline.projections[id].kind else {
      findings.add(of.node.mark, "`\(of.text)` is not a leaderboard")
      return nil
    }
    guard boardNodes.count == board.boardCount else {
      findings.add(node.mark, "a board of `\(of.text)` is named by \(board.boardCount) values")
      return nil
    }
    let columns = pipeline.projections[id].table.columns
    let values = zip(boardNodes, columns).compactMap { value($0, $1.type) }
    let top = places.compactMap { place -> BoardExpectation.Place? in
      guard let reader = MappingReader(place, ScenarioGrammar.place, findings) else { return nil }
      let rank = reader.text("rank")?.text
      let member = reader.require("member").flatMap { value($0, board.memberType) }
      let scores = reader.elements("score")
      if scores.count > board.scores.count {
        findings.add(
          scores[board.scores.count].mark, "`\(of.text)` has \(board.scores.count) scores, and here are \(scores.count)")
      }
      return member.map {
        BoardExpectation.Place(rank: rank, member: $0, scores: zip(scores, board.scores).compactMap { value($0, $1.type) })
      }
    }
    return .board(BoardExpectation(projection: id, board: values, top: top, isWhole: isWhole, line: node.mark.line))
  }

  /// `[ { projection: timeline, path: CreatedAt } ]`
  func deadLetters(_ node: YAMLNode) -> Scenario.Expectation {
    let letters = (node.sequence ?? [node]).compactMap { node -> (projection: String, path: String?)? in
      guard let reader = MappingReader(node, ScenarioGrammar.deadLetter, findings) else { return nil }
      let name = reader.requireText("projection")
      let path = reader.text("path")?.text
      guard let name else { return nil }
      if name.text != PipelineTable.timeToLiveSubject, projection(name.text, name.node.mark) == nil { return nil }
      return (name.text, path)
    }
    return .deadLetters(letters, line: node.mark.line)
  }

  /// `[ { effect: welcome, mail: { to: [ana@example.org] } } ]`
  func effects(_ node: YAMLNode) -> Scenario.Expectation {
    let entries = (node.sequence ?? [node]).compactMap { node -> EffectExpectation.Entry? in
      guard let reader = MappingReader(node, ScenarioGrammar.effect, findings) else { return nil }
      let name = reader.requireText("effect")
      let given = ScenarioGrammar.effect.keys.dropFirst().compactMap { key in reader.take(key).map { (kind: key, node: $0) } }
      guard let name else { return nil }
      guard let effect = pipeline.effects.first(where: { $0.name == name.text }) else {
        let known = Suggestion.text(for: name.text, among: pipeline.effects.map(\.name))
        findings.add(name.node.mark, "there is no effect `\(name.text)`\(known)")
        return nil
      }
      guard case .carryOut(let template) = effect.action else {
        findings.add(name.node.mark, "`\(name.text)` deletes items: look at the rows that are left")
        return nil
      }
      guard let first = given.first else { return EffectExpectation.Entry(effect: name.text, action: nil) }
      if given.count > 1 || first.kind != template.kind {
        findings.add(node.mark, "`\(name.text)` does one thing: say of it `\(template.kind): { ... }`")
      }
      return EffectExpectation.Entry(effect: name.text, action: (first.kind, expected(first.node)))
    }
    return .effects(EffectExpectation(entries: entries, line: node.mark.line))
  }

  /// Numbers, true, false and null as they are, everything else text; lists, and mappings of which only what is named counts.
  private func expected(_ node: YAMLNode) -> AttributeValue {
    switch node.content {
    case .scalar(let scalar):
      if scalar.isQuoted { return .string(scalar.text) }
      if node.isNull { return .null }
      if scalar.text == "true" || scalar.text == "false" { return .bool(scalar.text == "true") }
      return (try? Number(scalar.text)).map { .number($0) } ?? .string(scalar.text)
    case .sequence(let nodes): return .list(nodes.map(expected))
    case .mapping(let entries):
      return .map(AttributeMap(entries.map { AttributeMap.Entry(name: $0.key.text, value: expected($0.value)) }))
    }
  }
}
