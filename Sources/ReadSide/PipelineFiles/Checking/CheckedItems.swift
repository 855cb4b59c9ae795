internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// The tables and items of a pipeline, names resolved and types settled: what projections, effects and queries are checked
/// against. A value; what is wrong with a file goes to `findings`.
struct CheckedItems {
  let findings: Findings
  let tables: [TableDraft]
  let rules: [RuleDraft]
  /// Of the file; nil where it lists none.
  let seasons: Seasons?

  /// The tables first, then the items, which are of tables.
  init(_ syntax: PipelineSyntax, _ findings: Findings) {
    let tables = TableReader(findings: findings).tables(syntax.tables)
    let seasons = syntax.seasons.flatMap { SeasonsReader(findings: findings).read($0) }
    let reader = ItemReader(findings: findings, tables: tables, seasons: seasons)
    self.init(findings: findings, tables: tables, rules: reader.items(syntax.items), seasons: seasons)
  }

  init(findings: Findings, tables: [TableDraft], rules: [RuleDraft], seasons: Seasons?) {
    self.findings = findings
    self.tables = tables
    self.rules = rules
    self.seasons = seasons
  }

  func scope(_ rule: RuleIndex, event: Source.Event?, calendar: CalendarSettings? = nil) -> Scope {
    let draft = rules[rule]
    return Scope(
      item: draft.rule.name, table: draft.rule.table, fields: draft.rule.fields, explosions: draft.explosions,
      allowsAttributes: !draft.isWhole, event: event, calendar: calendar ?? CalendarSettings(seasons: seasons))
  }

  func compiler(_ scope: Scope) -> ExpressionCompiler { ExpressionCompiler(scope: scope, tables: tables) }

  func rule(named name: String) -> RuleIndex? {
    rules.firstIndex { $0.rule.name == name }.map { RuleIndex(rawValue: $0) }
  }

  /// The index of an item's rule, with a finding when there is none.
  func item(_ name: String, _ node: YAMLNode) -> RuleIndex? {
    if let rule = rule(named: name) { return rule }
    findings.add(node.mark, "there is no item `\(name)`\(Suggestion.text(for: name, among: rules.map(\.rule.name)))")
    return nil
  }

  /// What the word at a key means.
  func word<Meaning>(_ reader: MappingReader, _ key: String, _ known: [String: Meaning]) -> Meaning? {
    guard let (text, node) = reader.text(key) else { return nil }
    if let meaning = known[text] { return meaning }
    findings.add(node.mark, "`\(key)` cannot be `\(text)`\(Suggestion.text(for: text, among: known.keys.sorted()))")
    return nil
  }

  /// Reads a condition over images under one of the rules. Where lists are taken apart (`takesElements`) it may be about an element.
  func condition(
    _ node: YAMLNode, rules indexes: [RuleIndex], isOfChange: Bool, takesElements: Bool = false
  ) -> Condition? {
    guard let (text, expression) = findings.condition(node) else { return nil }
    var bindings: [Condition.FieldBinding] = []
    var list: ListExpression?
    for whole in expression.paths {
      var path = whole
      if isOfChange, path.root == "old" || path.root == "new" {
        guard let rest = path.rest else {
          findings.add(node.mark, "say which member of `\(path.root)` is meant: `\(path.root).name`")
          continue
        }
        path = rest
      }
      for index in indexes {
        if takesElements, whole.elements.count == 1, let found = rules[index].explosions[path.root],
          list == nil || list == found, let field = rules[index].rule.field(named: path.root)
        {
          list = found
          bindings.append(Condition.FieldBinding(rule: index, name: field.name, expression: field.expression))
        } else if path.elements.count == 1, let list = rules[index].explosions[path.root] {
          findings.add(
            node.mark,
            "`\(path.root)` is one element of `\(list.text)`, and a condition is about the item: write `contains(\(list.text), ...)`"
          )
        } else if path.elements.count == 1, let field = rules[index].rule.field(named: path.root) {
          bindings.append(Condition.FieldBinding(rule: index, name: field.name, expression: field.expression))
        } else if let problem = tables[rules[index].rule.table].problem(reading: path.root) {
          findings.add(node.mark, problem)
        }
      }
    }
    return Condition(text: text, expression: expression, fields: bindings, isOfChange: isOfChange, list: list)
  }
}

/// A table as far as it could be read.
struct TableDraft {
  let definition: TableDefinition
  /// The number of partitions that the file demands.
  let partitions: Int?
  /// Whether its key could be read.
  let isWhole: Bool

  /// What is wrong with reading an attribute of the table; nil when nothing is.
  func problem(reading name: String) -> String? {
    if definition.privateAttributes.contains(where: { Text.equal($0, name) }) {
      return "`\(name)` is private: no record carries it, so nothing can be made of it"
    }
    let keys = definition.keyAttributes.map(\.name)
    if !keys.contains(where: { Text.equal($0, name) }), let key = keys.first(where: { $0.lowercased() == name.lowercased() }) {
      return "`\(definition.name)` has no attribute `\(name)`; did you mean `\(key)`?"
    }
    return nil
  }
}

extension [TableDraft] {
  subscript(index: TableIndex) -> TableDraft { self[index.rawValue] }
}

extension [RuleDraft] {
  subscript(index: RuleIndex) -> RuleDraft { self[index.rawValue] }
}

/// An item's rule as far as it could be read.
struct RuleDraft {
  let rule: ItemRule
  let templates: [(attribute: String, template: KeyTemplate)]
  /// The lists that fields take apart, by field.
  let explosions: [String: ListExpression]
  /// Whether every part of its key could be read.
  let isWhole: Bool
}
