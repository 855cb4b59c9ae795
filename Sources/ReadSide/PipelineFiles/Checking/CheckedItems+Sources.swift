internal import Expressions
internal import Pipelines
internal import YAML

/// What feeds projections: sources and their inputs, compiled.
extension CheckedItems {
  /// Compiles the inputs for one source. Nil when one of them has an error.
  func source(
    rule: RuleIndex, event: Source.Event?, when: Condition?, inputs: [InputSyntax], zone: Zone = .utc
  ) -> Source? {
    let scope = scope(rule, event: event, zone: zone)
    var compiled: [Input] = []
    let list = event?.list
    if let list, let other = when?.list, other != list {
      findings.add(
        inputs.first?.node.mark ?? Mark(line: 1, column: 1),
        "the condition is about an element of `\(other.path.text)`, and the rows are of elements of `\(list.path.text)`")
    }
    var explosion = list ?? when?.list
    for input in inputs {
      let made = findings.found(input.node) { () throws(SyntaxFailure) -> Compiled? in
        let expected = input.expected.map { TypeSyntax(type: $0, form: .iso(zone: nil)) }
        return try compiler(scope).compile(input.expression, expected)
      }
      guard let made else { continue }
      if let list = made.explosion {
        if let explosion, explosion != list {
          findings.add(
            input.node.mark,
            event?.list == nil
              ? "two lists are taken apart here: only one can be"
              : "this is an element of `\(list.path.text)`, and the rows are of elements of `\(explosion.path.text)`")
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
      let when = trigger.when.flatMap { condition($0, rules: [trigger.rule], isOfChange: true, takesElements: true) }
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
    case items(RuleIndex, when: YAMLNode?)
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

  func sources(_ over: Over, inputs: [InputSyntax], zone: Zone = .utc) -> [Source]? {
    switch over {
    case .items(let rule, let when):
      let held = when.flatMap { condition($0, rules: [rule], isOfChange: false, takesElements: true) }
      return source(rule: rule, event: nil, when: held, inputs: inputs, zone: zone).map { [$0] }
    case .changes(let triggers): return sources(triggers, inputs: inputs, zone: zone)
    }
  }

  /// The zone of `day of ...` in a projection.
  func zone(_ reader: MappingReader, of inputs: [InputSyntax]) -> Zone {
    guard let (name, node) = reader.literal("zone", [.text]) else { return .utc }
    if !inputs.contains(where: \.expression.takesZone) {
      findings.add(
        node.mark, "`zone` has no effect here: no column is a calendar period (as `day of ...`) without a zone of its own")
    }
    if let zone = Zone.named(name) { return zone }
    findings.add(node.mark, "`\(name)` is not an IANA time zone (as `Europe/Paris` or `UTC`)")
    return .utc
  }
}
