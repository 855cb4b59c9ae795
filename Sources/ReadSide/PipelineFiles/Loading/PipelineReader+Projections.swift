internal import Expressions
internal import Pipelines
internal import YAML

extension PipelineReader {
  static let kinds = ["collection", "aggregate", "sessions", "session", "leaderboard"]

  func readProjections() {
    projections = Array(repeating: nil, count: projectionEntries.count)
    for entry in projectionEntries {
      findings.check(name: entry.key)
      if rule(named: entry.key.text) != nil {
        findings.add(entry.key.mark, "`\(entry.key.text)` is already the name of an item: changes could not tell them apart")
      }
    }
    // Boards may show columns of collections, so these come first.
    for isBoard in [false, true] {
      for (index, entry) in projectionEntries.enumerated() where (entry.value["leaderboard"] != nil) == isBoard {
        projections[index] = readProjection(entry)
      }
    }
  }

  private func readProjection(_ entry: YAMLNode.Entry) -> Projection? {
    guard let reader = MappingReader(entry.value, "a projection", findings) else { return nil }
    let about = reader.text("about")?.text ?? ""
    let kinds = PipelineReader.kinds.filter { entry.value[$0] != nil }
    reader.refuse(["time", "lateness", "season", "history", "ahead", "split when", "unreadable"])
    if kinds.isEmpty, entry.value["history"] != nil { return nil }
    guard let kind = kinds.first, kinds.count == 1 else {
      let names = PipelineReader.kinds.map { "`\($0)`" }.joined(separator: ", ")
      let unknown = (entry.value.mapping ?? []).first.flatMap { Suggestion.closest(to: $0.key.text, among: PipelineReader.kinds) }
      let hint = kinds.isEmpty ? unknown.map { "; did you mean `\($0)`?" } ?? "" : ""
      findings.add(entry.key.mark, "a projection is exactly one of \(names)\(hint)")
      return nil
    }
    let made: (Projection.Kind, SQLTable)?
    switch kind {
    case "collection": made = readCollection(entry, reader)
    case "aggregate": made = readAggregate(entry, reader)
    case "sessions": made = readSessions(entry, reader)
    case "session": made = readItemSessions(entry, reader)
    case "leaderboard": made = readLeaderboard(entry, reader)
    default: return nil
    }
    reader.finish()
    guard let (projection, table) = made else { return nil }
    if let problem = Names.problem(table) { findings.add(entry.key.mark, problem) }
    return Projection(
      name: entry.key.text, about: about, kind: projection, table: table, fingerprint: fingerprints?.projection(entry) ?? "")
  }

  /// Compiles the inputs for one source. Nil when one of them has an error.
  func source(
    rule: Int, event: Source.Event?, when: Condition?, inputs: [InputSyntax], zone: Zone = .utc
  ) -> Source? {
    let scope = scope(rule, allowsCommit: event != nil, zone: zone)
    var compiled: [Input] = []
    var explosion: ListExpression?
    for input in inputs {
      let made = found(input.node) { () throws(SyntaxFailure) -> Compiled? in
        let expected = input.expected.map { TypeSyntax(type: $0, form: .iso(zone: nil)) }
        return try compiler(scope).compile(input.expression, expected)
      }
      guard let made else { continue }
      if let list = made.explosion {
        if let explosion, explosion != list {
          findings.add(input.node.mark, "two lists are taken apart here: only one can be")
        }
        explosion = list
      }
      compiled.append(
        Input(
          name: input.name, type: made.type, isOptional: made.isOptional, expression: made.expression, path: made.path,
          isKeyed: input.isKeyed))
    }
    guard compiled.count == inputs.count else { return nil }
    return Source(table: rules[rule].rule.table, rule: rule, event: event, when: when, inputs: compiled, explosion: explosion)
  }

  /// Compiles the same inputs for several changes; their types have to agree.
  func sources(_ triggers: [TriggerSyntax], inputs: [InputSyntax], zone: Zone = .utc) -> [Source]? {
    var sources: [Source] = []
    for trigger in triggers {
      let when = trigger.when.flatMap { condition($0, rules: [trigger.rule], isOfChange: true) }
      guard let source = source(rule: trigger.rule, event: event(trigger), when: when, inputs: inputs, zone: zone) else {
        return nil
      }
      if let first = sources.first {
        for (index, input) in source.inputs.enumerated() where input.type != first.inputs[index].type {
          findings.add(
            inputs[index].node.mark,
            "`\(input.name)` is \(first.inputs[index].type.rawValue) of `\(rules[first.rule].rule.name)` and \(input.type.rawValue) of `\(rules[source.rule].rule.name)`"
          )
          return nil
        }
      }
      sources.append(source)
    }
    return sources.isEmpty ? nil : sources
  }

  /// What a projection is over: `of:` items or `each:` changes, exactly one.
  enum Over {
    case items(Int, when: YAMLNode?)
    case changes([TriggerSyntax])
  }

  func over(_ reader: MappingReader) -> Over? {
    let of = reader.text("of")
    let each = reader.elements("each")
    let when = reader.take("when")
    switch (of, each.isEmpty) {
    case (let of?, true):
      guard let rule = item(of.text, of.node) else { return nil }
      return .items(rule, when: when)
    case (nil, false):
      let triggers = triggers(each, when: when)
      return triggers.isEmpty ? nil : .changes(triggers)
    case (_?, false):
      findings.add(reader.node.mark, "either `of` (the items that exist now) or `each` (what happened), not both")
      return nil
    case (nil, true):
      findings.add(reader.node.mark, "\(reader.what) needs `of` (the items that exist now) or `each` (what happened)")
      return nil
    }
  }

  /// The index of an item's rule, with a finding when there is none.
  func item(_ name: String, _ node: YAMLNode) -> Int? {
    if let rule = rule(named: name) { return rule }
    findings.add(node.mark, "there is no item `\(name)`\(Suggestion.text(for: name, among: rules.map(\.rule.name)))")
    return nil
  }

  func sources(_ over: Over, inputs: [InputSyntax], zone: Zone = .utc) -> [Source]? {
    switch over {
    case .items(let rule, let when):
      let held = when.flatMap { condition($0, rules: [rule], isOfChange: false) }
      return source(rule: rule, event: nil, when: held, inputs: inputs, zone: zone).map { [$0] }
    case .changes(let triggers): return sources(triggers, inputs: inputs, zone: zone)
    }
  }

  /// The zone of `day of ...` in a projection.
  func zone(_ reader: MappingReader) -> Zone {
    guard let (name, node) = reader.text("zone") else { return .utc }
    if let zone = Zone.named(name) { return zone }
    findings.add(node.mark, "`\(name)` is not an IANA time zone (as `Europe/Paris` or `UTC`)")
    return .utc
  }

  /// Two columns of one name are an error.
  func checkDistinct(_ names: [(name: String, mark: Mark)]) {
    var seen: Set<String> = []
    for (name, mark) in names where !seen.insert(name).inserted { findings.add(mark, "there are two columns `\(name)`") }
  }

  static let traceColumns = [
    SQLColumn(name: "_at", type: .timestamp, isNullable: false), SQLColumn(name: "_order", type: .integer, isNullable: false),
    SQLColumn(name: "_position", type: .string, isNullable: false),
  ]

  /// Compiles written columns against compiled sources: adds their inputs to `inputs` and answers how they refer to them.
  func inputs(of columns: [ColumnSyntax], _ inputs: inout [InputSyntax]) -> [(argument: Int?, order: Int?)] {
    func place(_ syntax: ExpressionSyntax?, _ column: ColumnSyntax) -> Int? {
      guard let syntax else { return nil }
      let input = InputSyntax(name: syntax.canonical, expression: syntax, node: column.node, expected: nil)
      if let same = inputs.firstIndex(where: { $0.expression.canonical == syntax.canonical && $0.expected == nil }) {
        return same
      }
      inputs.append(input)
      return inputs.count - 1
    }
    return columns.map { column in
      let argument = place(column.argument, column)
      if let argument, [.min, .max, .distinct].contains(column.function) { inputs[argument].isKeyed = true }
      return (argument, place(column.order, column))
    }
  }

  /// The columns with their types, once the inputs' types are known.
  func aggregateColumns(
    _ columns: [ColumnSyntax], _ places: [(argument: Int?, order: Int?)], _ source: Source, isOverItems: Bool
  ) -> [AggregateColumn] {
    zip(columns, places).map { column, place in
      let input = place.argument.map { source.inputs[$0] }
      var type = input?.type ?? .integer
      switch column.function {
      case .sum where !type.isNumeric:
        findings.add(column.node.mark, "`sum` needs an integer or decimal, and this is \(type.rawValue)")
      case .min where !type.isOrdered, .max where !type.isOrdered:
        findings.add(column.node.mark, "\(type.rawValue) cannot be compared: `\(column.function.rawValue)` needs a type that can")
      case .first, .last:
        if isOverItems, place.order == nil {
          findings.add(
            column.node.mark,
            "over items `\(column.function.rawValue)` needs an order that is in the item: write `\(column.function.rawValue)(field by time)`"
          )
        }
        if let order = place.order, !source.inputs[order].type.isOrdered {
          findings.add(column.node.mark, "\(source.inputs[order].type.rawValue) cannot be an order")
        }
      case .distinct: type = .integer
      default: break
      }
      return AggregateColumn(name: column.name, function: column.function, type: type, input: place.argument, order: place.order)
    }
  }

  func sqlColumn(_ column: AggregateColumn) -> SQLColumn {
    let isNullable: Bool
    switch column.function {
    case .count, .distinct, .duration, .durationMilliseconds: isNullable = false
    // A sum that does not fit its type is null until it fits again.
    case .sum, .min, .max, .first, .last, .current: isNullable = true
    }
    return SQLColumn(name: column.name, type: column.type, isNullable: isNullable)
  }
}
