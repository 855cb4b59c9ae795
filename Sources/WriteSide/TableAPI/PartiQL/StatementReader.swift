internal import DynamoModel
internal import Expressions
internal import TableStore

/// Answers a SELECT: through the key when the clause names partition keys, else by a scan.
struct StatementReader {
  private let call: Call
  private let table: TableHandle
  private let select: PartiQLSelect
  private let consistent: Bool
  private let limit: Int?
  private let index: IndexDefinition?
  /// Whether items found through a local index are read whole from the table: it gives what it does not hold.
  private let fetches: Bool

  init(
    _ call: Call, _ table: TableHandle, _ select: PartiQLSelect, consistent: Bool, limit: Int?
  ) throws(DynamoError) {
    self.call = call
    self.table = table
    self.select = select
    self.consistent = consistent
    self.limit = limit
    index = try StatementReader.index(select.index, table, consistent: consistent)
    let outside = index.map { ReadParameters.outside($0, table, select.paths ?? []) } ?? []
    if let index, index.kind == .global, !outside.isEmpty {
      throw ReadParameters.notProjected(outside, by: index)
    }
    fetches = !outside.isEmpty
  }

  /// The errors are others than those of Query and Scan.
  private static func index(_ name: String?, _ table: TableHandle, consistent: Bool) throws(DynamoError) -> IndexDefinition? {
    guard let name else { return nil }
    guard let index = table.definition.index(named: name) else {
      throw .validation("The table does not have the specified index")
    }
    try checkKey(of: index)
    guard index.kind == .local || !consistent else {
      throw .validation("Strongly consistent read is not supported on Global Secondary Indexes")
    }
    try ReadParameters.checkFilled(index)
    return index
  }

  /// Statements are not for indexes with several attributes in a part of their key.
  static func checkKey(of index: IndexDefinition?) throws(DynamoError) {
    guard let key = index?.key, key.partitions.count > 1 || key.sorts.count > 1 else { return }
    throw .validation(
      "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys.")
  }

  /// Throws when a clause that names keys of an index asks for what the index does not hold.
  private func checkFilter(_ schema: KeySchema) throws(DynamoError) {
    guard let index else { return }
    let paths = select.condition.attributes(beside: schema).map { DocumentPath(attribute: $0) }
    let outside = ReadParameters.outside(index, table, paths)
    guard !outside.isEmpty else { return }
    throw .invalidParameter(
      "Secondary index \(index.name) does not project one or more filter attributes: [\(outside.joined(separator: ", "))]")
  }

  func answer(_ body: RequestBody, from token: PageToken?, _ wanted: ConsumedCapacity.Wanted?) throws(DynamoError) -> [UInt8] {
    let schema = index?.key ?? table.definition.key
    let keys = select.condition.keys(schema)
    try checkOrder(schema, hasKeys: keys != nil)
    if keys != nil { try checkFilter(schema) }
    let attributes = ReadParameters.pageAttributes(table.definition, index)
    if let last = token?.last, !attributes.allSatisfy({ $0.type.accepts(last[$0.name] ?? .null) }) {
      throw .validation("The provided starting key is invalid")
    }
    var page = Page(
      limit: limit, filter: select.condition.condition, projection: nil, countsOnly: false, pageAttributes: attributes)
    let next = try read(&page, schema, keys, from: token)
    let full = page
    return Outcome.object { writer in
      writer.name("Items")
      writer.array(full.items) { $0.item(select.shown($1)) }
      if let next {
        writer.member("NextToken", next.text(statement: body))
        if let last = next.last {
          writer.name("LastEvaluatedKey")
          writer.item(last)
        }
      }
      writer.consumedCapacity(full.capacity(table.definition.name, index, consistent: consistent), ifWanted: wanted)
    }
  }

  private func read(
    _ page: inout Page, _ schema: KeySchema, _ keys: (partitions: [[AttributeValue]], sort: SortCondition?)?,
    from token: PageToken?
  ) throws(DynamoError) -> PageToken? {
    guard let keys else {
      try call.store.scan(table, index: index, segment: nil, after: token?.last) { (item) throws(DynamoError) in
        try take(item, &page)
      }
      return page.lastKey.map { PageToken(partition: 0, last: $0) }
    }
    let forward = !(select.order.first?.isDescending ?? false)
    for place in (token?.partition ?? 0)..<max(keys.partitions.count, token?.partition ?? 0) {
      let partition = keys.partitions[place]
      for (value, attribute) in zip(partition, schema.partitions) where !attribute.type.accepts(value) {
        throw .invalidParameter("Condition parameter type does not match schema type")
      }
      let after = place == token?.partition ? token?.last : nil
      try call.store.query(
        table, index: index, partition: partition, range: SortRange(keys.sort), forward: forward, after: after
      ) { (item) throws(DynamoError) in try take(item, &page) }
      if let last = page.lastKey { return PageToken(partition: place, last: last) }
    }
    return nil
  }

  private func take(_ item: Item, _ page: inout Page) throws(DynamoError) -> Bool {
    page.take(item, fetched: fetches ? try Query.whole(item, table, call) : nil)
  }

  private func checkOrder(_ schema: KeySchema, hasKeys: Bool) throws(DynamoError) {
    guard !select.order.isEmpty else { return }
    guard hasKeys else { throw .validation("Must have WHERE clause in the statement when using ORDER BY clause.") }
    for (attribute, _) in select.order where !schema.attributes.contains(where: { Text.equal($0.name, attribute) }) {
      throw .validation("Variable reference \(attribute) in ORDER BY clause must be part of the primary key")
    }
  }
}
