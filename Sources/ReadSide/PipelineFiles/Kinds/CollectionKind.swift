internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// A row for each item that exists now.
  static let collection = ProjectionKind(
    "collection", keys: ["key", "columns", "latest by", "order", "when", "zone", "day starts", "week starts", "unreadable"],
    read: { $0.items.readCollection($0.entry, $0.reader) },
    sentence: { projection, pipeline in
      guard case .collection(let collection) = projection.kind else { return nil }
      return pipeline.sentence(collection, projection.table)
    })
}

extension CheckedItems {
  fileprivate func readCollection(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (Projection.Kind, SQLTable)? {
    let of = reader.require("collection") == nil ? nil : itemList(reader, "collection")
    let keepsUnreadable = word(reader, "unreadable", ["drop": false, "keep": true]) ?? false
    let latestNode = reader.take("latest by")
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
    let columnCount = inputs.count - keyCount
    var latestBy: Int?
    if let latestNode, let written = inputSyntax(latestNode, name: "latest by", "what the latest goes by") {
      let latest = InputSyntax(
        name: written.expression.canonical, expression: written.expression, node: latestNode, expected: nil)
      latestBy = inputs.firstIndex { $0.isSame(as: latest) } ?? inputs.count
      if latestBy == inputs.count { inputs.append(latest) }
    }
    let named = inputs[..<(keyCount + columnCount)]
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    if let latestBy { inputs[latestBy].isKeyed = true }
    let orders = reader.entries("order")
    for order in orders {
      for name in (order.value.sequence ?? [order.value]).compactMap({ $0.scalar?.text.split(separator: " ").first }) {
        for index in inputs.indices where inputs[index].name == name { inputs[index].isKeyed = true }
      }
    }
    guard let of, keyCount > 0 else { return nil }
    checkDistinct(named.map { ($0.name, $0.node.mark) })
    let calendar = calendar(reader, of: inputs)
    guard let sources = sources(of, when: whenNode, inputs: inputs, calendar: calendar) else { return nil }
    for source in sources {
      guard let list = source.explosion, !source.inputs[..<keyCount].contains(where: \.expression.readsElement) else { continue }
      findings.add(
        entry.key.mark,
        "an item gives a row for each element of `\(list.text)`: the element belongs in the key")
    }
    if let latestBy, let latestNode {
      let type = sources[0].inputs[latestBy].type
      if !type.isOrdered {
        findings.add(latestNode.mark, "\(type.rawValue) cannot be compared: `latest by` needs a type that can")
      }
      if latestBy < keyCount { findings.add(latestNode.mark, "all items of one key have the same `\(inputs[latestBy].name)`") }
      if keepsUnreadable {
        findings.add(latestNode.mark, "`unreadable: keep` is for collections in which each item has a row of its own")
      }
    }
    var columns = named.indices.map { place in
      let isNullable = place >= keyCount && sources.contains { $0.inputs[place].isOptional }
      return SQLColumn(name: sources[0].inputs[place].name, type: sources[0].inputs[place].type, isNullable: isNullable)
    }
    for column in columns[..<keyCount] where !column.type.isOrdered {
      findings.add(entry.key.mark, "`\(column.name)` is json, which cannot be compared and so cannot be a key")
    }
    columns.append(SQLColumn(name: "_item", type: .bytes, isNullable: false))
    var indexes = orders.compactMap { readOrder($0, entry.key.text, columns) }
    if keepsUnreadable, latestBy == nil {
      indexes.append(
        SQLIndex(name: "\(entry.key.text)_by_item", columns: [.init(column: columns.count - 1, isDescending: false)]))
    }
    let table = SQLTable(
      name: entry.key.text, columns: columns + CheckedItems.traceColumns,
      primaryKey: Array(0..<keyCount) + (latestBy == nil ? [columns.count - 1] : []), indexes: indexes,
      keepsState: latestBy != nil)
    let collection = Collection(
      sources: sources, keyCount: keyCount, keepsUnreadable: keepsUnreadable, columnCount: columnCount, latestBy: latestBy)
    return (.collection(collection), table)
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
