internal import DynamoModel
internal import Expressions
internal import Patterns
internal import Pipelines
internal import YAML

/// Reads the items of a file: the form of their keys, their fields, and their conditions.
struct ItemReader {
  let findings: Findings
  let tables: [TableDraft]
  let seasons: Seasons?

  func items(_ entries: [YAMLNode.Entry]) -> [RuleDraft] {
    var rules: [RuleDraft] = []
    for entry in entries {
      if let problem = Names.itemProblem(entry.key.text) { findings.add(entry.key.mark, problem) }
      guard let draft = readItem(entry, after: rules) else { continue }
      if draft.isWhole, let earlier = rules.first(where: { isShadowing($0, draft) }) {
        findings.add(
          entry.key.mark,
          "nothing is ever a `\(entry.key.text)`: every key that fits it fits `\(earlier.rule.name)`, which comes before it and has no `when`; put `\(entry.key.text)` first"
        )
      }
      rules.append(draft)
    }
    return rules
  }

  private func isShadowing(_ earlier: RuleDraft, _ later: RuleDraft) -> Bool {
    earlier.isWhole && earlier.rule.when == nil && earlier.rule.table == later.rule.table
      && ItemShadowing.shadows(earlier.templates, later.templates)
  }

  private func readItem(_ entry: YAMLNode.Entry, after rules: [RuleDraft]) -> RuleDraft? {
    guard let reader = MappingReader(entry.value, Grammar.item, findings) else { return nil }
    let name = entry.key.text
    let tableNode = reader.requireText("in")
    let table = tableNode.flatMap { text, node -> TableIndex? in
      if let index = tables.firstIndex(where: { Text.equal($0.definition.name, text) }) { return TableIndex(rawValue: index) }
      findings.add(node.mark, "there is no table `\(text)`\(Suggestion.text(for: text, among: tables.map(\.definition.name)))")
      return nil
    }
    let matches = reader.entries("match")
    let fieldEntries = reader.entries("fields")
    let captureEntries = reader.entries("capture")
    let whenNode = reader.take("when")
    guard let table else { return nil }
    let templates = matches.compactMap { readTemplate($0, of: table) }
    // With a part of the key unread its captures are unknown: they are not to be reported as missing.
    let isWhole = templates.count == matches.count
    var fields: [Field] = []
    for (_, template) in templates {
      for (index, capture) in template.captures.enumerated() {
        if fields.contains(where: { $0.name == capture.name }) {
          findings.add(entry.value.mark, "`\(capture.name)` is captured twice by the key of `\(name)`")
        }
        fields.append(
          Field(
            name: capture.name, type: capture.type, isOptional: template.optionalCaptures.contains(index),
            expression: .capture(fields.count),
            path: capture.name))
      }
    }
    let captureCount = fields.count
    var explosions: [String: ListExpression] = [:]
    // Fields see the key's captures; captures of patterns see fields too.
    for field in fieldEntries {
      add(
        readField(
          field,
          Scope(
            item: name, table: table, fields: Array(fields[..<captureCount]), explosions: [:], allowsAttributes: true,
            event: nil, calendar: CalendarSettings(seasons: seasons))),
        at: field.key, &fields, &explosions)
    }
    for capture in captureEntries {
      add(
        readCapture(
          capture,
          Scope(
            item: name, table: table, fields: fields, explosions: explosions, allowsAttributes: true, event: nil,
            calendar: CalendarSettings(seasons: seasons))),
        at: capture.key, &fields, &explosions)
    }
    var rule = ItemRule(name: name, table: table, fields: fields, captureCount: captureCount, when: nil)
    let draft = RuleDraft(rule: rule, templates: templates, explosions: explosions, isWhole: isWhole)
    guard let whenNode else { return draft }
    // The condition speaks of the rule by the index that it is about to get.
    let items = CheckedItems(findings: findings, tables: tables, rules: rules + [draft], seasons: seasons)
    let when = items.condition(whenNode, rules: [RuleIndex(rawValue: rules.count)], isOfChange: false)
    rule = ItemRule(name: name, table: table, fields: fields, captureCount: captureCount, when: when)
    return RuleDraft(rule: rule, templates: templates, explosions: explosions, isWhole: isWhole)
  }

  private func add(
    _ made: (Field, ListExpression?)?, at key: YAMLNode.Key, _ fields: inout [Field], _ explosions: inout [String: ListExpression]
  ) {
    findings.check(name: key)
    if fields.contains(where: { $0.name == key.text }) {
      findings.add(key.mark, "`\(key.text)` is already a capture or field of this item")
      return
    }
    guard let (field, explosion) = made else {
      // Known from here on, so that one error does not bring others with it.
      fields.append(Field(name: key.text, type: .string, isOptional: true, expression: .literal(.null), path: key.text))
      return
    }
    fields.append(field)
    if let explosion { explosions[field.name] = explosion }
  }

  private func readTemplate(_ entry: YAMLNode.Entry, of table: TableIndex) -> (attribute: String, template: KeyTemplate)? {
    guard tables[table].isWhole else { return nil }
    let key = tables[table].definition.key
    guard let attribute = key.attributes.first(where: { Text.equal($0.name, entry.key.text) }) else {
      let known = Suggestion.text(for: entry.key.text, among: key.attributes.map(\.name))
      findings.add(entry.key.mark, "`\(entry.key.text)` is not in the key of `\(tables[table].definition.name)`\(known)")
      return nil
    }
    guard let text = findings.text(entry.value, "a key's form"),
      let template = findings.found(entry.value, { () throws(SyntaxFailure) in try KeyTemplateParser.parse(text) })
    else { return nil }
    if attribute.type == .binary,
      !(template.captures.count == 1 && template.captures[0].type == .bytes && template.alternatives == [[.capture(0)]])
    {
      findings.add(entry.value.mark, "a key of bytes can only be captured whole: `{name:bytes}`")
    }
    return (attribute.name, template)
  }

  /// `RoomID`, `CreatedAt timestamp`, `lower(Nick) optional`, or the same as a mapping.
  private func readField(_ entry: YAMLNode.Entry, _ scope: Scope) -> (Field, ListExpression?)? {
    let node: YAMLNode
    var type: TypeSyntax?
    var isOptional = false
    var fallback: YAMLNode?
    if entry.value.mapping != nil {
      guard let reader = MappingReader(entry.value, Grammar.field, findings) else { return nil }
      let from = reader.require("from")
      if let (text, typeNode) = reader.text("type") {
        type = findings.found(typeNode) { () throws(SyntaxFailure) in
          var parser = try ExpressionParser(text, findings)
          let type = try parser.type(takesAny: true)
          try parser.expectEnd()
          return type
        }
      }
      if let (zone, zoneNode) = reader.literal("zone", [.text]) {
        if let written = type, written.type == .timestamp, case .iso(nil) = written.form {
          type = zoned(zone, zoneNode) ?? type
        } else if type?.type == .timestamp {
          findings.add(zoneNode.mark, "the type already says how the time is written: a zone has no effect")
        } else {
          findings.add(zoneNode.mark, "only a timestamp has a zone: give `type: timestamp`")
        }
      }
      isOptional = reader.flag("optional") ?? false
      fallback = reader.take("default")
      guard let from else { return nil }
      node = from
    } else {
      node = entry.value
    }
    guard let text = findings.text(node, "a field") else { return nil }
    return findings.found(node) { () throws(SyntaxFailure) -> (Field, ListExpression?)? in
      var parser = try ExpressionParser(text, findings)
      let syntax = try parser.expression()
      let start = parser.current.offset
      if let written = try parser.type(takesAny: true) {
        if type != nil { throw SyntaxFailure(offset: start, message: "the type is given here and under `type`") }
        type = written
      }
      if parser.take(word: "optional") { isOptional = true }
      try parser.expectEnd()
      let compiled = try ExpressionCompiler(scope: scope, tables: tables).compile(syntax, type)
      var expression = compiled.expression
      if let fallback, let text = findings.literal(fallback, "`default`") {
        do throws(TypeMismatch) {
          let value = try Value(text: text, as: compiled.type, form: type?.form ?? .iso(zone: nil))
          expression = .coalesce([expression, .literal(value)])
        } catch {
          findings.add(fallback.mark, "the default does not fit: \(error.reason)")
        }
      }
      let field = Field(
        name: entry.key.text, type: compiled.type, isOptional: isOptional, expression: expression, path: compiled.path)
      return (field, compiled.explosion)
    }
  }

  private func zoned(_ name: String, _ node: YAMLNode) -> TypeSyntax? {
    if let zone = Zone.named(name) { return TypeSyntax(type: .timestamp, form: .iso(zone: zone)) }
    findings.add(node.mark, "`\(name)` is not an IANA time zone (as `Europe/Paris` or `UTC`)")
    return nil
  }

  /// `{ from: text, pattern: '...', group: 1, type: string, optional: true }`
  private func readCapture(_ entry: YAMLNode.Entry, _ scope: Scope) -> (Field, ListExpression?)? {
    guard let reader = MappingReader(entry.value, Grammar.capture, findings) else { return nil }
    let from = reader.requireText("from")
    let patternText = reader.requireText("pattern")
    let group = reader.text("group")
    let typeText = reader.text("type")
    let isOptional = reader.flag("optional") ?? false
    guard let from, let patternText else { return nil }
    let pattern: Pattern
    do throws(PatternError) {
      pattern = try Pattern(patternText.text)
    } catch {
      findings.add(patternText.node, offset: error.offset ?? 0, "the pattern cannot be read: \(error.message)")
      return nil
    }
    var number = pattern.groupCount == 0 ? 0 : 1
    if let group {
      if let named = pattern.groupNames[group.text] ?? Int(group.text), (0...pattern.groupCount).contains(named) {
        number = named
      } else {
        findings.add(
          group.node.mark,
          "the pattern has no group `\(group.text)`\(Suggestion.text(for: group.text, among: pattern.groupNames.keys.sorted()))")
      }
    }
    var type = TypeSyntax(type: .string, form: .iso(zone: nil))
    if let typeText {
      type =
        findings.found(typeText.node) { () throws(SyntaxFailure) in
          var parser = try ExpressionParser(typeText.text, findings)
          let type = try parser.type()
          try parser.expectEnd()
          return type
        } ?? type
    }
    return findings.found(from.node) { () throws(SyntaxFailure) -> (Field, ListExpression?)? in
      var parser = try ExpressionParser(from.text, findings)
      let syntax = try parser.expression()
      try parser.expectEnd()
      let inner = try ExpressionCompiler(scope: scope, tables: tables).compile(
        syntax, TypeSyntax(type: .string, form: .iso(zone: nil)))
      let expression = ValueExpression.pattern(inner.expression, pattern, group: number, type.type, type.form)
      let field = Field(
        name: entry.key.text, type: type.type, isOptional: isOptional, expression: expression,
        path: "\(entry.key.text) of \(inner.path)")
      return (field, inner.explosion)
    }
  }
}
