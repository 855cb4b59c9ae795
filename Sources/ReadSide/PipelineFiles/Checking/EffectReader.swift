internal import Expressions
internal import Pipelines
internal import YAML

/// Reads effects: the transition that sets each off, and what it does.
struct EffectReader {
  let projections: CheckedProjections

  var findings: Findings { projections.findings }
  private var items: CheckedItems { projections.items }

  func effects(_ entries: [YAMLNode.Entry]) -> [Effect] {
    entries.compactMap { entry in
      findings.check(name: entry.key)
      return readEffect(entry)
    }
  }

  private func readEffect(_ entry: YAMLNode.Entry) -> Effect? {
    guard let reader = MappingReader(entry.value, Grammar.effect, findings) else { return nil }
    let about = reader.text("about")?.text ?? ""
    let when = reader.take("when")
    let trigger = reader.require("each").flatMap { effectTrigger($0, when) }
    let chosen = action(entry, reader)
    let retry = readRetry(reader)
    let isDeletion = chosen?.key == "delete"
    let perHour = reader.integer("per hour", Effect.perHourMaxRange)
    for key in ["per hour", "idempotency key"] where isDeletion {
      if let node = reader.take(key) {
        findings.add(node.mark, "a deletion ends by itself, and is carried out once: it takes no `\(key)`")
      }
    }
    guard let trigger, let chosen else { return nil }
    var values = TransitionValues(projections, trigger)
    guard let action = readAction(chosen.key, chosen.node, &values) else { return nil }
    let identity = readValues("idempotency key", reader, &values)
    let sequence = readValues("order by", reader, &values)
    guard let made = values.compiled() else { return nil }
    check(action, at: chosen.node, values, made)
    return Effect(
      name: entry.key.text, about: about, trigger: made, action: action, retry: retry, identity: identity, sequence: sequence,
      perHourMax: isDeletion ? nil : perHour ?? Effect.perHourMaxUsual)
  }

  /// The words for what an effect does.
  static let actions = ["delete", "put", "update", "webhook", "topic", "mail"]

  /// The one thing that the effect does.
  private func action(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (key: String, node: YAMLNode)? {
    let all = EffectReader.actions.compactMap { key in reader.take(key).map { (key: key, node: $0) } }
    if all.count == 1 { return all[0] }
    let words = EffectReader.actions.map { "`\($0)`" }.joined(separator: ", ")
    findings.add(
      all.isEmpty ? entry.value.mark : all[1].node.mark,
      all.isEmpty
        ? "an effect does one of \(words)"
        : "an effect does one thing, and this does `\(all[0].key)` too: write two effects, with the same `order by` where one follows the other"
    )
    return nil
  }

  private func readAction(_ key: String, _ node: YAMLNode, _ values: inout TransitionValues) -> Effect.Action? {
    guard key == "delete" else { return readTemplate(key, node, &values).map { .carryOut($0) } }
    if node.scalar?.text == "item" {
      checkItem(values.trigger, node)
      return .deleteItem
    }
    return .deleteRows((node.sequence ?? [node]).compactMap { readSelection($0, &values) })
  }

  /// What depends on the types of the values.
  private func check(_ action: Effect.Action, at node: YAMLNode, _ values: TransitionValues, _ trigger: Effect.Trigger) {
    switch action {
    case .deleteItem: break
    case .deleteRows(let selections):
      for selection in selections {
        for equality in selection.equals {
          if let type = values.type(of: equality.input, trigger) { checkType(selection, equality, type, at: node) }
        }
      }
    case .carryOut(let template): check(template, at: node, values, trigger)
    }
  }

  /// A list of values, or one, at a key; nil when there is none.
  private func readValues(_ key: String, _ reader: MappingReader, _ values: inout TransitionValues) -> [Int]? {
    guard let node = reader.take(key) else { return nil }
    return (node.sequence ?? [node]).compactMap { node in
      guard let text = findings.text(node, "a value of `\(key)`") else { return nil }
      if node.scalar?.isQuoted == true {
        findings.add(node.mark, "`\(key)` is made of values of the transition, and this is a text")
        return nil
      }
      return findings.found(node) { () throws(SyntaxFailure) -> Int? in
        var parser = try ExpressionParser(text, findings)
        let syntax = try parser.expression()
        try parser.expectEnd()
        return try values.input(syntax, in: node)
      }
    }
  }

  /// `delete: item` needs one item that is still there.
  private func checkItem(_ trigger: EffectTriggerSyntax, _ deletes: YAMLNode) {
    switch trigger {
    case .change(let syntax):
      switch syntax.event {
      case .inserted, .changed, .added, .taken: break
      case .removed, .expired: findings.add(deletes.mark, "the item is gone already: an effect of its removal cannot delete it")
      }
    case .session(let id, _):
      if let projection = projections[id], projection.isOfTouches {
        findings.add(deletes.mark, "the sessions of `\(projection.name)` come from touches: none of them is one item")
      }
    case .conditionTurned:
      findings.add(deletes.mark, "a row of an aggregate is not an item: write `delete: { rows: ..., where: ... }`")
    case .boardClosed: findings.add(deletes.mark, "a board is not an item: write `delete: { rows: ..., where: ... }`")
    }
  }

  private func checkType(
    _ selection: Effect.RowSelection, _ equality: Effect.RowSelection.Equality, _ type: ValueType, at node: YAMLNode
  ) {
    guard let column = projections[selection.projection]?.table.columns[equality.column], column.type != type else {
      return
    }
    findings.add(node.mark, "`\(column.name)` is \(column.type.rawValue) and is compared with \(type.rawValue)")
  }

  /// `room removed`, or of sessions `logins expired`, `logins ended`, `logins superseded`.
  private func effectTrigger(_ node: YAMLNode, _ when: YAMLNode?) -> EffectTriggerSyntax? {
    if let words = node.scalar?.text.split(separator: " ").map(String.init), let name = words.first,
      let id = projections.id(named: name), items.rule(named: name) == nil
    {
      guard let projection = projections[id] else { return nil }
      if case .leaderboard(let board) = projection.kind {
        if let when { findings.add(when.mark, "an effect of a board takes no `when`") }
        guard words.count == 2, words[1] == "closed" else {
          findings.add(node.mark, "say what happened to the board: `\(name) closed`")
          return nil
        }
        guard !board.windows.isEmpty else {
          findings.add(node.mark, "the boards of `\(name)` have no calendar period, so they never close")
          return nil
        }
        return .boardClosed(id)
      }
      if case .aggregate = projection.kind { return turned(id, projection, at: node, when: when) }
      guard case .sessions = projection.kind else {
        findings.add(
          node.mark,
          "`\(name)` is a collection or history: effects are of items, of sessions, of boards that close and of aggregates whose condition turns true"
        )
        return nil
      }
      if let when { findings.add(when.mark, "an effect of a session takes no `when`") }
      let known = ["expired", "ended"] + SessionEnd.allCases.map(\.rawValue)
      guard words.count == 2, known.contains(words[1]) else {
        let ends = SessionEnd.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        findings.add(
          node.mark, "say what happened to the session: `\(name) expired`, `\(name) ended`, or one of the ends \(ends)")
        return nil
      }
      return .session(id, SessionEnd.allCases.filter { $0.status.rawValue == words[1] || $0.rawValue == words[1] })
    }
    let triggers = items.triggers([node], when: when, takesLists: true)
    guard triggers.count <= 1 else {
      findings.add(node.mark, "an effect has one trigger: write one for each")
      return nil
    }
    return triggers.first.map { .change($0) }
  }

  /// `each: books` with `when: readers >= 10`: a condition over an aggregate's columns turns true.
  private func turned(
    _ id: ProjectionID, _ projection: Projection, at node: YAMLNode, when: YAMLNode?
  ) -> EffectTriggerSyntax? {
    guard node.scalar?.text == projection.name, let when else {
      findings.add(
        node.mark, "of an aggregate a condition turns true: write `each: \(projection.name)` and `when:` with the condition")
      return nil
    }
    guard let (text, expression) = findings.condition(when) else { return nil }
    let shown = projection.table.columns.enumerated().filter { !$1.name.hasPrefix("_") }
    // Two columns of one name are a finding of the projection.
    let columns = Dictionary(shown.map { ($1.name, $0) }) { first, _ in first }
    for path in expression.paths where path.elements.count > 1 || columns[path.root] == nil {
      findings.add(
        when.mark,
        "`\(projection.name)` has no column `\(path.text)`\(Suggestion.text(for: path.text, among: shown.map(\.element.name)))")
    }
    return .conditionTurned(id, RowCondition(text: text, expression: expression, columns: columns))
  }

  /// `{ rows: timeline, where: room = :room }`
  private func readSelection(_ node: YAMLNode, _ values: inout TransitionValues) -> Effect.RowSelection? {
    guard let reader = MappingReader(node, Grammar.rows, findings) else { return nil }
    let rows = reader.requireText("rows")
    let condition = reader.requireText("where")
    guard let rows, let condition, let id = projections.id(named: rows) else { return nil }
    guard let projection = projections[id] else { return nil }
    guard case .collection(let collection) = projection.kind else {
      findings.add(rows.node.mark, "`\(rows.text)` is not a collection: only a collection's rows come from items")
      return nil
    }
    if collection.latestBy != nil {
      findings.add(
        rows.node.mark,
        "`\(rows.text)` has rows of the latest items alone, and those behind them would stay: name a collection without `latest by`"
      )
    }
    var all = values
    let equals = findings.found(condition.node) { () throws(SyntaxFailure) -> [Effect.RowSelection.Equality]? in
      var parser = try ExpressionParser(condition.text, findings)
      var equals: [Effect.RowSelection.Equality] = []
      repeat {
        let word = try parser.name("a column")
        let known = projection.table.columns.map(\.name).filter { !$0.hasPrefix("_") }
        guard known.contains(word.text), let column = projection.table.column(named: word.text) else {
          throw SyntaxFailure(
            offset: word.offset,
            message: "`\(rows.text)` has no column `\(word.text)`\(Suggestion.text(for: word.text, among: known))")
        }
        try parser.expect(sign: "=")
        try parser.expect(sign: ":")
        let name = try parser.name("the name of a field")
        if case .change(let syntax) = all.trigger { try checkField(name, syntax) }
        let path = ExpressionSyntax.path(.init(attribute: name.text), offset: name.offset)
        let input = try all.input(path, in: condition.node)
        if case .boardClosed = all.trigger, name.text == TransitionValues.closedAt {
          throw SyntaxFailure(offset: name.offset, message: "the boards' own columns choose rows, and not `\(name.text)`")
        }
        equals.append(.init(column: column, input: input))
      } while parser.take(word: "and") || parser.take(word: "AND")
      try parser.expectEnd()
      return equals
    }
    values = all
    guard let table = collection.table else {
      findings.add(rows.node.mark, "the rows of `\(rows.text)` come from items of several tables: delete the rows of one")
      return nil
    }
    return equals.map { Effect.RowSelection(projection: id, table: table, equals: $0) }
  }

  /// Rows are chosen by fields, not by attributes.
  private func checkField(_ name: ExpressionToken, _ syntax: TriggerSyntax) throws(SyntaxFailure) {
    let rule = items.rules[syntax.rule].rule
    guard rule.field(named: name.text) == nil else { return }
    throw SyntaxFailure(
      offset: name.offset,
      message: "`\(rule.name)` has no field `\(name.text)`\(Suggestion.text(for: name.text, among: rule.fields.map(\.name)))")
  }

  /// `{ attempts: 20, first: 200ms, most: 1m }`
  private func readRetry(_ reader: MappingReader) -> Effect.Retry {
    var retry = Effect.Retry.standard
    guard let node = reader.take("retry"), let inner = MappingReader(node, Grammar.retry, findings) else { return retry }
    if let attempts = inner.integer("attempts", 1...1_000) { retry.attempts = attempts }
    let first = inner.milliseconds("first", Effect.Retry.waitMillisecondsRange)
    let most = inner.milliseconds("most", Effect.Retry.waitMillisecondsRange)
    if let first { retry.firstWaitMilliseconds = first }
    if let most { retry.waitMillisecondsMax = most }
    if first != nil || most != nil, retry.firstWaitMilliseconds > retry.waitMillisecondsMax {
      findings.add(node.mark, "the first wait (`first`) is longer than the longest (`most`)")
    }
    return retry
  }
}

extension Projection {
  /// Whether its rows are sessions that touches make, and not items.
  fileprivate var isOfTouches: Bool {
    if case .sessions(let sessions) = kind, case .touches = sessions.subject { return true }
    return false
  }
}
