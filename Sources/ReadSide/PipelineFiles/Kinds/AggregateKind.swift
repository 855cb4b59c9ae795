internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// A row for each group, of items or of changes.
  static let aggregate = ProjectionKind(
    "aggregate", keys: ["of", "each", "when", "zone", "day starts", "week starts", "columns"],
    read: { $0.items.readAggregate($0.entry, $0.reader) },
    sentence: { projection, pipeline in
      guard case .aggregate(let aggregate) = projection.kind else { return nil }
      return pipeline.sentence(aggregate)
    })
}

extension CheckedItems {
  fileprivate func readAggregate(_ entry: YAMLNode.Entry, _ reader: MappingReader) -> (Projection.Kind, SQLTable)? {
    let groups = reader.elements("aggregate")
    var inputs = groups.compactMap { inputSyntax($0, "a group column") }
    let keyCount = inputs.count
    for index in 0..<keyCount { inputs[index].isKeyed = true }
    let over = over(reader)
    let columns = columnSyntax(reader.entries("columns"), sessions: false, [])
    if groups.isEmpty {
      findings.add(entry.key.mark, "an aggregate needs a group of at least one column: for one total, add up in the query")
    }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) } + columns.map { ($0.name, $0.mark) })
    let places = self.inputs(of: columns, &inputs)
    let calendar = calendar(reader, of: inputs)
    guard let over, keyCount > 0, let sources = sources(over, inputs: inputs, calendar: calendar) else { return nil }
    var isOverItems = false
    if case .items = over { isOverItems = true }
    for input in sources[0].inputs[..<keyCount] where !input.type.isOrdered {
      findings.add(entry.key.mark, "`\(input.name)` is json, which cannot be compared and so cannot be a group")
    }
    let made = aggregateColumns(columns, places, sources[0], isOverItems: isOverItems)
    let keys = sources[0].inputs[..<keyCount].map { SQLColumn(name: $0.name, type: $0.type, isNullable: false) }
    let table = SQLTable(
      name: entry.key.text, columns: keys + made.map(sqlColumn) + CheckedItems.traceColumns, primaryKey: Array(0..<keyCount),
      keepsState: true)
    return (.aggregate(Aggregate(isOverItems: isOverItems, sources: sources, keyCount: keyCount, columns: made)), table)
  }
}
