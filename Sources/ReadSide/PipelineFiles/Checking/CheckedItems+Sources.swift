internal import Expressions
internal import Pipelines
internal import YAML

/// What feeds projections: sources and their inputs, compiled.
extension CheckedItems {
  /// Compiles the inputs for one source. Nil when one of them has an error.
  func source(
    rule: RuleIndex, event: Source.Event?, when: Condition?, inputs: [InputSyntax], calendar: CalendarSettings? = nil
  ) -> Source? {
    let scope = scope(rule, event: event, calendar: calendar)
    var compiled: [Input] = []
    let list = event?.list
    if let list, let other = when?.list, other != list {
      findings.add(
        inputs.first?.node.mark ?? Mark(line: 1, column: 1),
        "the condition is about an element of `\(other.text)`, and the rows are of elements of `\(list.text)`")
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
              : "this is an element of `\(list.text)`, and the rows are of elements of `\(explosion.text)`")
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
  func sources(_ triggers: [TriggerSyntax], inputs: [InputSyntax], calendar: CalendarSettings? = nil) -> [Source]? {
    agreeing(triggers, inputs) { trigger in
      let when = trigger.when.flatMap { condition($0, rules: [trigger.rule], isOfChange: true, takesElements: true) }
      return source(rule: trigger.rule, event: event(trigger), when: when, inputs: inputs, calendar: calendar)
    }
  }

  /// Compiles the same inputs for the items of several rules; their types have to agree.
  func sources(
    _ items: [RuleIndex], when: YAMLNode?, inputs: [InputSyntax], calendar: CalendarSettings? = nil, takesElements: Bool = true
  ) -> [Source]? {
    agreeing(items, inputs) { rule in
      let held = when.flatMap { condition($0, rules: [rule], isOfChange: false, takesElements: takesElements) }
      return source(rule: rule, event: nil, when: held, inputs: inputs, calendar: calendar)
    }
  }

  private func agreeing<Feed>(_ feeds: [Feed], _ inputs: [InputSyntax], _ compile: (Feed) -> Source?) -> [Source]? {
    var sources: [Source] = []
    for feed in feeds {
      guard let source = compile(feed) else { return nil }
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

  /// The kinds of items of a key, each once; nil, with findings, when one of them is wrong.
  func itemList(_ reader: MappingReader, _ key: String) -> [RuleIndex]? {
    let nodes = reader.elements(key)
    if nodes.isEmpty, let node = reader.take(key) { findings.add(node.mark, "`\(key)` needs at least one kind of item") }
    var found: [RuleIndex] = []
    for node in nodes {
      guard let text = findings.text(node, "an item"), let rule = item(text, node) else { continue }
      if found.contains(rule) { findings.add(node.mark, "`\(text)` stands here twice") } else { found.append(rule) }
    }
    return found.isEmpty || found.count < nodes.count ? nil : found
  }

  /// What a projection is over: `of:` items or `each:` changes, exactly one.
  enum Over {
    case items([RuleIndex], when: YAMLNode?)
    case changes([TriggerSyntax])
  }

  func over(_ reader: MappingReader) -> Over? {
    let hasItems = reader.take("of") != nil
    let of = itemList(reader, "of")
    let each = reader.elements("each")
    let when = reader.take("when")
    switch (hasItems, each.isEmpty) {
    case (true, true): return of.map { .items($0, when: when) }
    case (false, false):
      let triggers = triggers(each, when: when)
      return triggers.isEmpty ? nil : .changes(triggers)
    case (true, false):
      findings.add(reader.node.mark, "either `of` (the items that exist now) or `each` (what happened), not both")
      return nil
    case (false, true):
      findings.add(reader.node.mark, "\(reader.what) needs `of` (the items that exist now) or `each` (what happened)")
      return nil
    }
  }

  func sources(_ over: Over, inputs: [InputSyntax], calendar: CalendarSettings? = nil) -> [Source]? {
    switch over {
    case .items(let items, let when): return sources(items, when: when, inputs: inputs, calendar: calendar)
    case .changes(let triggers): return sources(triggers, inputs: inputs, calendar: calendar)
    }
  }

  /// The zone of `day of ...` in a projection, and when its days and weeks start.
  func calendar(_ reader: MappingReader, of inputs: [InputSyntax]) -> CalendarSettings {
    var settings = CalendarSettings(seasons: seasons)
    let periods = inputs.flatMap(\.expression.periods)
    func check(_ key: String, _ node: YAMLNode, isTaken: Bool, by what: String) {
      if !isTaken { findings.add(node.mark, "`\(key)` has no effect here: no column is \(what)") }
    }
    if let (name, node) = reader.literal("zone", [.text]) {
      let isTaken = periods.contains { $0.kind.takesZone && !$0.hasZone }
      check("zone", node, isTaken: isTaken, by: "a calendar period (as `day of ...`) without a zone of its own")
      if let zone = Zone.named(name) {
        settings.zone = zone
      } else {
        findings.add(node.mark, "`\(name)` is not an IANA time zone (as `Europe/Paris` or `UTC`)")
      }
    }
    var second: Int64 = 0
    if let (text, node) = reader.literal("day starts", [.text]) {
      let isTaken = periods.contains { $0.kind.takesDayStarts }
      check("day starts", node, isTaken: isTaken, by: "a day, week, month, quarter or year")
      if let given = CheckedItems.secondOfDay(text) {
        second = given
      } else {
        findings.add(node.mark, "`\(text)` is not a time of day: write `06:00`, from 00:00 to 23:59")
      }
    }
    var weekday: Int64 = 0
    if let (text, node) = reader.literal("week starts", [.text]) {
      check("week starts", node, isTaken: periods.contains { $0.kind.takesWeekStarts }, by: "a week")
      if let place = CalendarStarts.weekdays.firstIndex(of: text.lowercased()) {
        weekday = Int64(place)
      } else {
        findings.add(node.mark, "`\(text)` is not a day of the week\(Suggestion.text(for: text, among: CalendarStarts.weekdays))")
      }
    }
    settings.starts = CalendarStarts(second: second, weekday: weekday)
    return settings
  }

  /// `06:30` in seconds.
  private static func secondOfDay(_ text: String) -> Int64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let hour = Int64(parts[0]), let minute = Int64(parts[1]), hour < 24, minute < 60
    else { return nil }
    return hour * 3_600 + minute * 60
  }
}
