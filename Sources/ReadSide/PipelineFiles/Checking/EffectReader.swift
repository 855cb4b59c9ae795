internal import Expressions
internal import Pipelines
internal import YAML

/// Reads effects: the transition that sets each off, and what it does.
struct EffectReader {
  let projections: CheckedProjections

  private var findings: Findings { projections.findings }
  private var items: CheckedItems { projections.items }

  func effects(_ entries: [YAMLNode.Entry]) -> [Effect] {
    entries.compactMap { entry in
      findings.check(name: entry.key)
      return readEffect(entry)
    }
  }

  private enum TriggerOf {
    case change(TriggerSyntax)
    case session(ProjectionID, [SessionEnd])
    case boardClosed(ProjectionID)
  }

  private func readEffect(_ entry: YAMLNode.Entry) -> Effect? {
    guard let reader = MappingReader(entry.value, Grammar.effect, findings) else { return nil }
    let about = reader.text("about")?.text ?? ""
    let when = reader.take("when")
    let trigger = reader.require("each").flatMap { effectTrigger($0, when) }
    let deletes = reader.require("delete")
    let retry = readRetry(reader)
    guard let trigger, let deletes else { return nil }
    if deletes.scalar?.text == "item" {
      checkItem(trigger, deletes)
      guard let made = made(trigger, inputs: []) else { return nil }
      return Effect(name: entry.key.text, about: about, trigger: made, action: .deleteItem, retry: retry)
    }
    var inputs: [InputSyntax] = []
    let selections = (deletes.sequence ?? [deletes]).compactMap { readSelection($0, trigger, &inputs) }
    guard let made = made(trigger, inputs: inputs) else { return nil }
    for selection in selections {
      for equality in selection.equals {
        if let type = type(of: equality.input, made) { checkType(selection, equality, type, at: deletes) }
      }
    }
    return Effect(name: entry.key.text, about: about, trigger: made, action: .deleteRows(selections), retry: retry)
  }

  /// The trigger with what it reads compiled; nil when that cannot be.
  private func made(_ trigger: TriggerOf, inputs: [InputSyntax]) -> Effect.Trigger? {
    switch trigger {
    case .change(let syntax): items.sources([syntax], inputs: inputs)?.first.map { .change($0) }
    case .session(let id, let ends): .session(projection: id, ends: ends)
    case .boardClosed(let id): .boardClosed(projection: id)
    }
  }

  private func type(of input: Int, _ trigger: Effect.Trigger) -> ValueType? {
    switch trigger {
    case .change(let source): source.inputs[input].type
    case .session(let id, _), .boardClosed(let id): projections[id]?.table.columns[input].type
    }
  }

  /// `delete: item` needs one item that is still there.
  private func checkItem(_ trigger: TriggerOf, _ deletes: YAMLNode) {
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
  private func effectTrigger(_ node: YAMLNode, _ when: YAMLNode?) -> TriggerOf? {
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
      guard case .sessions = projection.kind else {
        findings.add(
          node.mark,
          "`\(name)` is not a sessions projection or leaderboard: effects are of items, of sessions and of boards that close")
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
    let triggers = items.triggers([node], when: when)
    guard triggers.count <= 1 else {
      findings.add(node.mark, "an effect has one trigger: write one for each")
      return nil
    }
    return triggers.first.map { .change($0) }
  }

  /// `{ rows: timeline, where: room = :room }`
  private func readSelection(_ node: YAMLNode, _ trigger: TriggerOf, _ inputs: inout [InputSyntax]) -> Effect.RowSelection? {
    guard let reader = MappingReader(node, Grammar.rows, findings) else { return nil }
    let rows = reader.requireText("rows")
    let condition = reader.requireText("where")
    guard let rows, let condition, let id = projections.id(named: rows) else { return nil }
    guard let projection = projections[id] else { return nil }
    guard case .collection(let collection) = projection.kind else {
      findings.add(rows.node.mark, "`\(rows.text)` is not a collection: only a collection's rows come from items")
      return nil
    }
    var all = inputs
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
        equals.append(.init(column: column, input: try input(name, trigger, in: condition.node, &all)))
      } while parser.take(word: "and") || parser.take(word: "AND")
      try parser.expectEnd()
      return equals
    }
    inputs = all
    return equals.map { Effect.RowSelection(projection: id, table: collection.source.table, equals: $0) }
  }

  private func input(
    _ name: ExpressionToken, _ trigger: TriggerOf, in node: YAMLNode, _ inputs: inout [InputSyntax]
  ) throws(SyntaxFailure) -> Int {
    switch trigger {
    case .change(let syntax):
      let fields = items.rules[syntax.rule].rule.fields.map(\.name)
      guard fields.contains(name.text) else {
        let known = Suggestion.text(for: name.text, among: fields)
        throw SyntaxFailure(
          offset: name.offset, message: "`\(items.rules[syntax.rule].rule.name)` has no field `\(name.text)`\(known)")
      }
      if let known = inputs.firstIndex(where: { $0.name == name.text }) { return known }
      inputs.append(
        InputSyntax(
          name: name.text, expression: .path(.init(attribute: name.text), offset: name.offset), node: node, expected: nil))
      return inputs.count - 1
    case .boardClosed(let id):
      guard let projection = projections[id], case .leaderboard(let board) = projection.kind else { return 0 }
      let names = projection.table.columns[..<board.boardCount].map(\.name)
      guard let column = names.firstIndex(of: name.text) else {
        let known = Suggestion.text(for: name.text, among: names)
        throw SyntaxFailure(
          offset: name.offset, message: "the boards of `\(projection.name)` have no column `\(name.text)`\(known)")
      }
      return column
    case .session(let id, _):
      guard let table = projections[id]?.table else { return 0 }
      let columns = table.columns.map(\.name).filter { !$0.hasPrefix("_") }
      guard columns.contains(name.text), let column = table.column(named: name.text) else {
        let known = Suggestion.text(for: name.text, among: columns)
        throw SyntaxFailure(offset: name.offset, message: "`\(table.name)` has no column `\(name.text)`\(known)")
      }
      return column
    }
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
