internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML
internal import Spelling

extension ProjectionKind {
  /// Sessions that are items.
  static let session = ProjectionKind(
    "session",
    keys: [
      "key", "when", "touch", "gap", "max", "cut", "deadline", "end", "one live per", "revive", "expire", "columns",
    ],
    read: { $0.items.readItemSessions($0.entry, $0.reader) },
    sentence: { projection, pipeline in
      guard case .sessions(let sessions) = projection.kind, case .item = sessions.subject else { return nil }
      return pipeline.sentence(sessions)
    })
}

extension CheckedItems {
  fileprivate func readItemSessions(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (Projection.Kind, SQLTable)? {
    guard reader.require("session") != nil, let items = itemList(reader, "session") else { return nil }
    let rule = items[0]
    let keyNode = reader.take("key")
    var inputs = (keyNode.map { $0.sequence ?? [$0] } ?? []).compactMap { inputSyntax($0, "a session's key") }
    if inputs.isEmpty {
      inputs = rules[rule].rule.fields[..<rules[rule].rule.captureCount].map {
        InputSyntax(name: $0.name, expression: .path(.init(attribute: $0.name), offset: 0), node: reader.node, expected: nil)
      }
      if inputs.isEmpty {
        findings.add(entry.key.mark, "`\(rules[rule].rule.name)` captures nothing in its key: give `key: [...]`")
      }
    }
    let keyCount = inputs.count
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    let whenNode = reader.take("when")
    let touches = triggers(reader.elements("touch"), items: items).compactMap { trigger -> Sessions.Touch? in
      let when = trigger.when.flatMap { condition($0, rules: [trigger.rule], isOfChange: true) }
      switch trigger.event {
      case .changed: return Sessions.Touch(rule: trigger.rule, event: event(trigger), when: when)
      case .inserted:
        // An item begins its session in any case.
        if let node = trigger.when {
          findings.add(
            node.mark, "an item that is inserted begins its session in any case: a `when` for that is the projection's own")
        }
        return nil
      default:
        findings.add(trigger.node.mark, "only `changed(...)` touches a session that is an item: its end is `end:`")
        return nil
      }
    }
    let limits = readLimits(reader)
    let endWhen = readItemEnd(reader, items)
    let deadline = readDeadline(reader, rule)
    let deadlinePlace = deadline.map { _ in inputs.count }
    if let deadline { inputs.append(deadline.input) }
    let liveGroup = readLiveGroup(reader).map { place($0, &inputs) }
    let revives = readRevive(reader, hasGroup: !liveGroup.isEmpty)
    var expiresItem = false
    if let (text, node) = reader.text("expire") {
      expiresItem = text == "delete item"
      if !expiresItem { findings.add(node.mark, "`expire` can be `delete item`, not `\(text)`") }
    }
    let columns = columnSyntax(reader.entries("columns"), sessions: true, isItem: true, CheckedItems.sessionColumns)
    checkDistinct(inputs[..<keyCount].map { ($0.name, $0.node.mark) } + columns.map { ($0.name, $0.mark) })
    let places = self.inputs(of: columns, &inputs)
    if expiresItem, limits.gap == nil, limits.max == nil, limits.cut == nil, deadline == nil {
      findings.add(entry.key.mark, "nothing makes this session expire: give `gap`, `max`, `cut` or `deadline`")
    }
    guard keyCount > 0, let sources = sources(items, when: whenNode, inputs: inputs, takesElements: false) else { return nil }
    if sources.contains(where: { $0.explosion != nil }) {
      findings.add(entry.key.mark, "a session's item cannot take a list apart")
    }
    if let problem = laneProblem(sources, Array(0..<keyCount)) { findings.add(entry.key.mark, problem) }
    for source in sources { checkItemKey(source, keyCount: keyCount, at: keyNode?.mark ?? entry.key.mark) }
    let source = sources[0]
    let made = aggregateColumns(columns, places, source, isOverItems: false)
    let sessions = Sessions(
      subject: .item(sources, touches: touches), keyCount: keyCount, gap: limits.gap, max: limits.max, cut: limits.cut, ends: [],
      endWhen: endWhen, deadline: deadlinePlace, keepsGreatestDeadline: deadline?.keepsGreatest ?? false, liveGroup: liveGroup,
      isFoldedByDecider: !liveGroup.isEmpty && laneProblem(sources, liveGroup) != nil, revivesOnTouch: revives, columns: made,
      expiresItem: expiresItem)
    return (.sessions(sessions), sessionTable(entry.key.text, source.inputs[..<keyCount], made))
  }

  /// `end: removed` says what is so anyway; `end: when state = 'closed'` is a condition of the image.
  private func readItemEnd(_ reader: MappingReader, _ items: [RuleIndex]) -> Condition? {
    var made: Condition?
    for node in reader.elements("end") {
      guard let text = findings.text(node, "an end") else { continue }
      if text == "removed" { continue }
      guard text.hasPrefix("when ") else {
        findings.add(node.mark, "the end of a session that is an item is `removed` or `when <condition>`")
        continue
      }
      let scalar = YAMLNode.Scalar(text: String(text.dropFirst(5)), isQuoted: node.scalar?.isQuoted ?? false)
      if made != nil { findings.add(node.mark, "join the conditions with OR: there can be one `when`") }
      made = condition(
        YAMLNode(.scalar(scalar), at: Mark(line: node.mark.line, column: node.mark.column + 5)), rules: items, isOfChange: false)
    }
    return made
  }

  /// `expires_at`, `last + 30m`, `max(last + 30m)`
  private func readDeadline(_ reader: MappingReader, _ rule: RuleIndex) -> (input: InputSyntax, keepsGreatest: Bool)? {
    guard let (_, node) = reader.text("deadline"), let input = inputSyntax(node, name: "deadline", "a deadline") else {
      return nil
    }
    var expression = input.expression
    var keepsGreatest = false
    if case .call("max", let arguments, _) = expression, arguments.count == 1 {
      (expression, keepsGreatest) = (arguments[0], true)
    }
    let draft = rules[rule].rule
    if let name = expression.simpleName, draft.field(named: name) == nil,
      Spelling.nearest(to: name, among: draft.fields.map(\.name)) == nil
    {
      findings.add(
        node.mark,
        "`\(name)` is not a field of `\(draft.name)`: declare it, as `\(name == name.lowercased() ? name : "expires_at"): \(name) timestamp(seconds) optional`"
      )
    }
    return (InputSyntax(name: "deadline", expression: expression, node: node, expected: .timestamp), keepsGreatest)
  }

  /// `revive: touch`
  private func readRevive(_ reader: MappingReader, hasGroup: Bool) -> Bool {
    guard let (text, node) = reader.text("revive") else { return false }
    if text != "touch" { findings.add(node.mark, "`revive` can be `touch`, not `\(text)`") }
    if !hasGroup { findings.add(node.mark, "`revive` says what a touch of a superseded session does: it needs `one live per`") }
    return true
  }

  /// A session that is an item is named by the item's key: with a part of it missing, two items would be one session.
  private func checkItemKey(_ source: Source, keyCount: Int, at mark: Mark) {
    let draft = rules[source.rule].rule
    let held = source.inputs[..<keyCount].compactMap { input -> Int? in
      if case .capture(let index) = input.expression { return index }
      return nil
    }
    let missing = draft.fields[..<draft.captureCount].enumerated().filter { !held.contains($0.offset) }.map {
      "`\($0.element.name)`"
    }
    let key = tables[source.table].definition.key
    let unread = key.attributes.filter { attribute in
      !rules[source.rule].templates.contains { Text.equal($0.attribute, attribute.name) }
        && !source.inputs[..<keyCount].contains {
          if case .attribute(let path, _, _) = $0.expression {
            path.elements.count == 1 && Text.equal(path.root, attribute.name)
          } else {
            false
          }
        }
    }.map { "`\($0.name)`" }
    guard !missing.isEmpty || !unread.isEmpty else { return }
    findings.add(
      mark,
      "a session that is an item is named by the item's whole key: add \((missing + unread).joined(separator: ", ")) to `key`, or several `\(draft.name)` items would be one session"
    )
  }
}
