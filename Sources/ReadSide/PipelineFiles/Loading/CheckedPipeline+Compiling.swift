internal import DynamoModel
internal import Expressions
internal import Pipelines

/// The third phase: a checked pipeline as typed values that are ready to be evaluated.
extension CheckedPipeline {
  /// Nil when anything was found. `text` is the file's.
  func compiled(from text: String) -> Pipeline? {
    guard items.findings.all.isEmpty, let name = syntax.name else { return nil }
    return Pipeline(
      name: name, about: syntax.about, text: items.findings.parameters.text(text),
      parameters: items.findings.parameters.all, tables: items.tables.indices.map { table(TableIndex(rawValue: $0)) },
      items: items.rules.map(\.rule),
      projections: projections.projections.compactMap { $0 }, effects: effects, queries: queries,
      metrics: metrics, dashboard: tiles, fingerprint: syntax.fingerprints.whole, effectsFingerprint: syntax.fingerprints.effects)
  }

  private func table(_ index: TableIndex) -> PipelineTable {
    let draft = items.tables[index]
    var names = draft.definition.key.attributes.map(\.name)
    for name in attributes(of: index) where !names.contains(where: { Text.equal($0, name) }) { names.append(name) }
    let candidates = items.rules.enumerated().filter { $1.rule.table == index }.map { place, rule in
      ItemMatcher.Candidate(rule: RuleIndex(rawValue: place), templates: rule.templates, when: rule.rule.when)
    }
    return PipelineTable(
      definition: draft.definition, partitions: draft.partitions, attributes: AttributeNames(names), attributeNames: names,
      matcher: ItemMatcher(candidates: candidates))
  }

  /// The attributes of a table that any rule, projection or effect reads, with repetitions.
  private func attributes(of table: TableIndex) -> [String] {
    // What a TTL is of a wrong type is said of every item.
    var names = [items.tables[table].definition.timeToLive].compactMap { $0 }
    for draft in items.rules where draft.rule.table == table {
      names += draft.rule.fields.flatMap(\.expression.attributeNames)
      names += draft.explosions.values.map(\.path.root).sorted()
      names += draft.rule.when?.attributeNames ?? []
    }
    for projection in projections.projections.compactMap({ $0 }) {
      for source in projection.sources where source.table == table { names += attributes(of: source) }
      guard case .sessions(let sessions) = projection.kind, sessions.sources[0].table == table else { continue }
      names += sessions.endWhen?.attributeNames ?? []
      names += sessions.splits.flatMap(\.attributeNames)
      guard case .item(_, let touches) = sessions.subject else { continue }
      for touch in touches { names += touch.event.attributeNames + (touch.when?.attributeNames ?? []) }
    }
    for effect in effects {
      if case .change(let source) = effect.trigger, source.table == table { names += attributes(of: source) }
    }
    return names
  }

  private func attributes(of source: Source) -> [String] {
    source.inputs.flatMap(\.expression.attributeNames) + (source.event?.attributeNames ?? [])
      + (source.when?.attributeNames ?? [])
  }
}
