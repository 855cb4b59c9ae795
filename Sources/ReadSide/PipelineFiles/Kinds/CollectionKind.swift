internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// A row for each item that exists now.
  static let collection = ProjectionKind(
    "collection", keys: ["key", "columns", "order", "when", "zone"], read: { $0.items.readCollection($0.entry, $0.reader) },
    sentence: { projection, pipeline in
      guard case .collection(let collection) = projection.kind else { return nil }
      return pipeline.sentence(collection, projection.table)
    })
}

extension CheckedItems {
  fileprivate func readCollection(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (Projection.Kind, SQLTable)? {
    let of = reader.requireText("collection")
    let whenNode = reader.take("when")
    var inputs = reader.elements("key").compactMap { inputSyntax($0, "a key column") }
    let keyCount = inputs.count
    if reader.require("key") != nil, keyCount == 0 {
      findings.add(entry.key.mark, "a collection needs a key of at least one column")
    }
    if let node = reader.take("columns") {
      let nodes = node.mapping.map { $0.map { YAMLNode(.mapping([$0]), at: $0.key.mark) } } ?? node.sequence ?? [node]
      inputs += nodes.compactMap { inputSyntax($0, "a column") }
    }
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    let orders = reader.entries("order")
    for order in orders {
      for name in (order.value.sequence ?? [order.value]).compactMap({ $0.scalar?.text.split(separator: " ").first }) {
        for index in inputs.indices where inputs[index].name == name { inputs[index].isKeyed = true }
      }
    }
    guard let of, let rule = item(of.text, of.node), keyCount > 0 else { return nil }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) })
    let when = whenNode.flatMap { condition($0, rules: [rule], isOfChange: false, takesElements: true) }
    let zone = zone(reader, of: inputs)
    guard let source = source(rule: rule, event: nil, when: when, inputs: inputs, zone: zone) else { return nil }
    if source.explosion != nil,
      !source.inputs[..<keyCount].contains(where: { if case .element = $0.expression { true } else { false } })
    {
      findings.add(
        entry.key.mark,
        "an item gives a row for each element of `\(source.explosion?.path.text ?? "")`: the element belongs in the key")
    }
    var columns = source.inputs.enumerated().map {
      SQLColumn(name: $1.name, type: $1.type, isNullable: $0 >= keyCount && $1.isOptional)
    }
    for column in columns[..<keyCount] where !column.type.isOrdered {
      findings.add(entry.key.mark, "`\(column.name)` is json, which cannot be compared and so cannot be a key")
    }
    columns.append(SQLColumn(name: "_item", type: .bytes, isNullable: false))
    let indexes = orders.compactMap { readOrder($0, entry.key.text, columns) }
    let table = SQLTable(
      name: entry.key.text, columns: columns + CheckedItems.traceColumns, primaryKey: Array(0..<keyCount) + [columns.count - 1],
      indexes: indexes)
    return (.collection(Collection(source: source, keyCount: keyCount)), table)
  }

  /// `newest: [room, sent desc]`
  private func readOrder(_ entry: YAMLNode.Entry, _ table: String, _ columns: [SQLColumn]) -> SQLIndex? {
    findings.check(name: entry.key)
    let parts = (entry.value.sequence ?? [entry.value]).compactMap { node -> SQLIndex.Part? in
      guard let text = findings.text(node, "a column of an order") else { return nil }
      let words = text.split(separator: " ").map(String.init)
      guard let name = words.first, words.count <= 2, words.count == 1 || words[1] == "desc" || words[1] == "asc" else {
        findings.add(node.mark, "write `column` or `column desc`")
        return nil
      }
      guard let place = columns.firstIndex(where: { $0.name == name && name != "_item" }) else {
        findings.add(
          node.mark, "there is no column `\(name)` here\(Suggestion.text(for: name, among: columns.dropLast().map(\.name)))")
        return nil
      }
      return SQLIndex.Part(column: place, isDescending: words.last == "desc")
    }
    return parts.isEmpty ? nil : SQLIndex(name: "\(table)_\(entry.key.text)", columns: parts)
  }
}
