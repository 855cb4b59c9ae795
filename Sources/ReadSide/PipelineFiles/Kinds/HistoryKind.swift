internal import Expressions
internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// A row for each change of an item, or for each element that came into a list of it or left it.
  static let history = ProjectionKind(
    "history", keys: ["each", "when", "key", "columns", "zone", "day starts", "week starts", "keep"],
    read: { $0.items.readHistory($0.entry, $0.reader) },
    sentence: { projection, pipeline in
      guard case .history(let history) = projection.kind else { return nil }
      return pipeline.sentence(history, projection.table)
    })
}

extension CheckedItems {
  fileprivate func readHistory(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (Projection.Kind, SQLTable)? {
    let of = reader.require("history") == nil ? nil : itemList(reader, "history")
    let when = reader.take("when")
    let keyNode = reader.take("key")
    let keep = readHistoryKeep(reader)
    guard let of else { return nil }
    var inputs = (keyNode.map { $0.sequence ?? [$0] } ?? []).compactMap { inputSyntax($0, "a key column") }
    if keyNode == nil {
      inputs = rules[of[0]].rule.fields[..<rules[of[0]].rule.captureCount].map {
        InputSyntax(name: $0.name, expression: .path(.init(attribute: $0.name), offset: 0), node: reader.node, expected: nil)
      }
    }
    if inputs.isEmpty { findings.add(entry.key.mark, "a history needs a key of at least one column: give `key: [...]`") }
    let keyCount = inputs.count
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    if let node = reader.take("columns") {
      let nodes = node.mapping.map { $0.map { YAMLNode(.mapping([$0]), at: $0.key.mark) } } ?? node.sequence ?? [node]
      inputs += nodes.compactMap { inputSyntax($0, "a column") }
    }
    let calendar = calendar(reader, of: inputs)
    let triggers = historyTriggers(reader, of, when)
    let hasElements = triggers.contains { $0.isOfElements }
    if hasElements, let plain = triggers.first(where: { !$0.isOfElements }) {
      findings.add(
        plain.node.mark, "a history is of changes or of the elements of one list: write another one for the changes of the item")
    }
    let own = History.ownColumns(hasElements: hasElements)
    for input in inputs where own.contains(where: { $0.name == input.name }) {
      findings.add(input.node.mark, "`\(input.name)` is a column of its own here: write `{ other_name: \(input.name) }`")
    }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) })
    guard keyCount > 0, let sources = sources(triggers, inputs: inputs, calendar: calendar) else { return nil }
    checkHistory(entry, sources, keyCount: keyCount, hasElements: hasElements)
    if keep.rows != nil, let problem = laneProblem(sources, Array(0..<keyCount), of: .history) {
      findings.add(reader.node["keep"]?.mark ?? entry.key.mark, problem)
    }
    let history = History(
      sources: sources, keyCount: keyCount, hasElements: hasElements, keepRows: keep.rows, keepFor: keep.span)
    return (.history(history), historyTable(entry.key.text, history))
  }

  /// `each: [inserted, changed(state)]`; without it every change. Of several kinds of items each may say `item changed(state)`; what names none is of all.
  private func historyTriggers(_ reader: MappingReader, _ items: [RuleIndex], _ when: YAMLNode?) -> [TriggerSyntax] {
    let nodes = reader.elements("each")
    if !nodes.isEmpty { return triggers(nodes, items: items, when: when, takesLists: true) }
    return items.flatMap { rule in
      [.inserted, .changed([]), .removed].map { TriggerSyntax(rule: rule, event: $0, when: when, node: reader.node) }
    }
  }

  private func checkHistory(_ entry: YAMLNode.Entry, _ sources: [Source], keyCount: Int, hasElements: Bool) {
    for (place, source) in sources.enumerated() {
      guard let first = source.event?.list,
        let other = sources[place...].first(where: { $0.rule == source.rule && $0.event?.list != first })?.event?.list
      else { continue }
      findings.add(
        entry.key.mark,
        "a history is of the elements of one list, and these are two, `\(first.text)` and `\(other.text)`: write one for each"
      )
    }
    if !hasElements, let list = sources.lazy.compactMap(\.explosion).first {
      findings.add(
        entry.key.mark,
        "this reads elements of `\(list.text)`: a history of them is `each: added(\(list.text))` or `removed(...)`")
    }
    for input in sources[0].inputs[..<keyCount] {
      if !input.type.isOrdered {
        findings.add(entry.key.mark, "`\(input.name)` is json, which cannot be compared and so cannot be a key")
      }
      if input.expression.readsElement {
        findings.add(
          entry.key.mark, "`\(input.name)` is an element of the list, which a row of event `rewritten` has not: make it a column")
      }
    }
  }

  /// The key, what every history has, the columns; an index of a key's rows in their order, and one by time where rows go by their age.
  private func historyTable(_ name: String, _ history: History) -> SQLTable {
    let inputs = history.sources[0].inputs
    var columns = inputs[..<history.keyCount].map { SQLColumn(name: $0.name, type: $0.type, isNullable: false) }
    columns += History.ownColumns(hasElements: history.hasElements)
    for place in inputs.indices.dropFirst(history.keyCount) {
      let isNullable = history.sources.contains { $0.inputs[place].isOptional || $0.inputs[place].expression.readsElement }
      columns.append(SQLColumn(name: inputs[place].name, type: inputs[place].type, isNullable: isNullable))
    }
    columns += CheckedItems.traceColumns
    let position = columns.count - 1
    let shape = SQLTable(name: name, columns: columns, primaryKey: [position])
    let order = Array(0..<history.keyCount) + history.orderColumns(of: shape)
    var indexes = [SQLIndex(name: "\(name)_by_key", columns: order.map { .init(column: $0, isDescending: false) })]
    if history.keepFor != nil {
      indexes.append(SQLIndex(name: "\(name)_by_age", columns: [.init(column: history.keyCount, isDescending: false)]))
    }
    return SQLTable(
      name: name, columns: columns,
      primaryKey: history.hasElements ? [position, history.keyCount + 1, history.keyCount + 3] : [position], indexes: indexes)
  }

  /// `100`, `90d`, or a list of both.
  private func readHistoryKeep(_ reader: MappingReader) -> (rows: Int?, span: Int64?) {
    var keep: (rows: Int?, span: Int64?) = (nil, nil)
    for node in reader.elements("keep") {
      guard let text = findings.literal(node, "`keep`", [.number, .span]) else { continue }
      let isNumber = text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
      if isNumber ? keep.rows != nil : keep.span != nil {
        findings.add(node.mark, "`keep` says more than once \(isNumber ? "how many rows of a key" : "how long rows") are kept")
      } else if isNumber, let count = Int(text), (1...History.keepMax).contains(count) {
        keep.rows = count
      } else if isNumber {
        findings.add(node.mark, "`keep` takes a number from 1 to \(History.keepMax), not `\(text)`")
      } else if let span = SpanText.parse(text), span > 0 {
        keep.span = span
      } else {
        findings.add(
          node.mark, "write `keep: 100` (rows of each key) or `keep: 90d` (by their age), or a list of both, not `\(text)`")
      }
    }
    return keep
  }
}

extension TriggerSyntax {
  /// Whether it is about the elements of a list.
  fileprivate var isOfElements: Bool {
    switch event {
    case .added, .taken: true
    case .inserted, .changed, .removed, .expired: false
    }
  }
}
