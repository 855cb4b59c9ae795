internal import Expressions
internal import Pipelines
internal import YAML

/// `comment inserted`, `comment changed(text)`: one kind of item and what happens to it.
struct TriggerSyntax {
  enum Event {
    case inserted, removed, expired
    case changed([DocumentPath])
    /// Elements of a list that came or went: of histories and effects.
    case added(DocumentPath)
    case taken(DocumentPath)
  }

  /// The words of the grammar.
  static let events = ["inserted", "changed", "removed", "expired"]

  let rule: RuleIndex
  let event: Event
  let when: YAMLNode?
  let node: YAMLNode
}

extension CheckedItems {
  /// The triggers of `each`, `touch` or `end`: a text with commas, a list, or mappings `{ change: ..., when: ... }`. `items` are what
  /// an event without an item's name is about. `takesLists` allows elements that came into a list or left it.
  func triggers(
    _ nodes: [YAMLNode], items: [RuleIndex] = [], when: YAMLNode? = nil, takesLists: Bool = false
  ) -> [TriggerSyntax] {
    nodes.flatMap { node -> [TriggerSyntax] in
      if node.mapping != nil {
        guard let reader = MappingReader(node, Grammar.change, findings) else { return [] }
        let change = reader.require("change")
        let own = reader.take("when")
        if let own, when != nil {
          findings.add(
            own.mark, "the change has a `when`, and so has the rule around it: write both conditions here, joined by AND")
        }
        return change.map { triggers($0, items: items, when: own ?? when, takesLists: takesLists) } ?? []
      }
      return triggers(node, items: items, when: when, takesLists: takesLists)
    }
  }

  private func triggers(_ node: YAMLNode, items: [RuleIndex], when: YAMLNode?, takesLists: Bool) -> [TriggerSyntax] {
    guard let text = findings.text(node, "a change") else { return [] }
    return findings.found(node) { () throws(SyntaxFailure) -> [TriggerSyntax]? in
      var parser = try ExpressionParser(text, findings)
      var made: [TriggerSyntax] = []
      var subjects = items
      repeat {
        var word = try parser.name("an item and what happens to it, as `comment inserted`,")
        let isElements = word.text == "added" && parser.current.text == "("
        if !isElements, !TriggerSyntax.events.contains(word.text) || parser.current.kind == .word {
          guard let named = self.rule(named: word.text) else {
            if !items.isEmpty, parser.current.kind != .word { throw unknown(word, takesLists) }
            throw SyntaxFailure(
              offset: word.offset,
              message: "there is no item `\(word.text)`\(Suggestion.text(for: word.text, among: rules.map(\.rule.name)))")
          }
          if !items.isEmpty, !items.contains(named) {
            let own = items.map { "`\(rules[$0].rule.name)`" }.joined(separator: " or ")
            throw SyntaxFailure(
              offset: word.offset, message: "this is about \(own): changes of other items do not count here")
          }
          subjects = [named]
          word = try parser.name("what happens (\(TriggerSyntax.events.joined(separator: ", ")))")
        }
        guard !subjects.isEmpty else {
          throw SyntaxFailure(offset: word.offset, message: "of which item? write `comment \(word.text)`")
        }
        let event: TriggerSyntax.Event
        switch word.text {
        case "inserted": event = .inserted
        case "added" where parser.current.text == "(": event = .added(try listPath(&parser, word, takesLists))
        case "removed" where parser.current.text == "(": event = .taken(try listPath(&parser, word, takesLists))
        case "removed": event = .removed
        case "expired": event = .expired
        case "changed": event = .changed(try changedPaths(&parser))
        default:
          throw unknown(word, takesLists)
        }
        made += subjects.map { TriggerSyntax(rule: $0, event: event, when: when, node: node) }
      } while parser.take(sign: ",")
      try parser.expectEnd()
      return made
    } ?? []
  }

  private func changedPaths(_ parser: inout ExpressionParser) throws(SyntaxFailure) -> [DocumentPath] {
    guard parser.take(sign: "(") else { return [] }
    var paths: [DocumentPath] = []
    repeat { paths.append(try parser.path()) } while parser.take(sign: ",")
    try parser.expect(sign: ")")
    return paths
  }

  private func unknown(_ word: ExpressionToken, _ takesLists: Bool) -> SyntaxFailure {
    let known = TriggerSyntax.events + (takesLists ? ["added(list)", "removed(list)"] : [])
    return SyntaxFailure(
      offset: word.offset, message: "`\(word.text)` is not a change of an item\(Suggestion.text(for: word.text, among: known))")
  }

  /// `(members)`
  private func listPath(
    _ parser: inout ExpressionParser, _ word: ExpressionToken, _ isTaken: Bool
  ) throws(SyntaxFailure) -> DocumentPath {
    guard isTaken else {
      throw SyntaxFailure(
        offset: word.offset,
        message: "only a history (`history: ...`) is of the elements that a change added or removed, and effects are")
    }
    try parser.expect(sign: "(")
    let path = try parser.path()
    try parser.expect(sign: ")")
    return path
  }

  /// The list that `added(...)` or `removed(...)` names: by a field that takes it apart, by one that holds it, or by the attribute.
  private func list(_ path: DocumentPath, _ trigger: TriggerSyntax) -> ListExpression {
    let draft = rules[trigger.rule]
    if path.elements.count == 1, let field = draft.rule.field(named: path.root) {
      if let list = draft.explosions[field.name] { return list }
      if case .attribute(let path, _, _) = field.expression { return ListExpression(path: path) }
      if case .json(.attribute(let path, _, _), let inner, _, _) = field.expression {
        return ListExpression(path: path, form: .json(inner))
      }
      findings.add(
        trigger.node.mark,
        "`\(path.root)` is not a list of `\(draft.rule.name)`: name the attribute, or a field that takes it apart with `explode`")
    } else if let problem = tables[draft.rule.table].problem(reading: path.root) {
      findings.add(trigger.node.mark, problem)
    }
    return ListExpression(path: path)
  }

  /// The event with its names settled.
  func event(_ trigger: TriggerSyntax) -> Source.Event {
    switch trigger.event {
    case .inserted: return .inserted
    case .removed: return .removed
    case .expired: return .expired
    case .added(let path): return .added(list(path, trigger))
    case .taken(let path): return .taken(list(path, trigger))
    case .changed(let paths):
      let rule = rules[trigger.rule].rule
      return .changed(
        paths.compactMap { path in
          if path.elements.count == 1, let field = rule.field(named: path.root) {
            if let index = rule.fields.firstIndex(where: { $0.name == field.name }), index < rule.captureCount {
              findings.add(trigger.node.mark, "`\(path.root)` is a part of the key, which never changes")
              return nil
            }
            // Of a list that is taken apart the whole is compared: one change is one event, however many elements it brings.
            if let list = rules[trigger.rule].explosions[field.name] { return .attribute(list.path) }
            return .field(field.expression)
          }
          if let problem = tables[rule.table].problem(reading: path.root) {
            findings.add(trigger.node.mark, problem)
            return nil
          }
          return .attribute(path)
        })
    }
  }
}
