internal import DynamoModel
internal import Expressions
internal import TableStore

enum BatchGetItem {
  static let answerBytesMax = 16 << 20

  private struct Part {
    let table: TableHandle
    /// The table's name, or its ARN, as the request has it.
    let given: String
    let body: RequestBody
    let keys: [Item]
    let projection: ProjectionExpression?
    let consistent: Bool
  }

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let requests = try body.map("RequestItems")
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    var parts: [(name: String, given: String, body: RequestBody, keys: [Int])] = []
    for (name, node) in requests ?? [] {
      let part = try RequestBody(body.tape, node)
      parts.append((RequestBody.tableName(name), name, part, try part.list("Keys") ?? []))
    }
    try check(body, requests == nil ? nil : parts, returnConsumedCapacity)

    try ExpressionForm.get.checkNotMixed(parts.map(\.body))
    var read: [(name: String, keys: [Item], projection: ProjectionExpression?, consistent: Bool)] = []
    for (name, _, part, nodes) in parts {
      var expressions = try ExpressionParameters(part, call.api.expressions, .get)
      var given: [GivenItem] = []
      for node in nodes { given.append(try GivenItem(body.tape, node, .get)) }
      let projection = try expressions.projection()
      try expressions.checkAllUsed()
      let keys = try given.map { (key) throws(DynamoError) in try key.get() }
      try Duplicates.check(keys)
      read.append((name, keys, projection, try part.bool("ConsistentRead") ?? false))
    }
    var prepared: [Part] = []
    for (index, part) in read.enumerated() {
      let table = try call.table(part.name)
      try KeyPaths.check(part.projection?.paths ?? [], table.definition)
      prepared.append(
        Part(
          table: table, given: parts[index].given, body: parts[index].body, keys: part.keys, projection: part.projection,
          consistent: part.consistent))
    }
    let found = try call.store.items(prepared.flatMap { part in part.keys.map { (part.table, key: $0) } })
    return .answer(answer(prepared, found, ConsumedCapacity.Wanted(returnConsumedCapacity)))
  }

  private static func check(
    _ body: RequestBody, _ parts: [(name: String, given: String, body: RequestBody, keys: [Int])]?,
    _ returnConsumedCapacity: String?
  ) throws(DynamoError) {
    var constraints = Constraints()
    constraints.required(parts != nil, at: "requestItems")
    constraints.unquotedCount(parts?.count, .batchGetRequestMap, at: "RequestItems")
    constraints.tables((parts ?? []).map(\.name), shown: Shown.value(body, "RequestItems"), at: "requestItems")
    for part in parts ?? [] {
      constraints.required(part.body.has("Keys"), at: "requestItems.\(part.name).member.keys")
      if part.body.has("Keys") {
        constraints.unquotedCount(part.keys.count, .keyList, at: "RequestItems.\(part.name).member.Keys")
      }
      try ExpressionForm.get.check(part.body, at: "requestItems.\(part.name).member.", &constraints)
    }
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    try constraints.check()
    try Duplicates.check(tables: (parts ?? []).map(\.name))
    if (parts ?? []).reduce(0, { $0 + $1.keys.count }) > ModelBounds.keyList.max {
      throw .validation("Too many items requested for the BatchGetItem call")
    }
  }

  private static func answer(_ parts: [Part], _ found: [Item?], _ wanted: ConsumedCapacity.Wanted?) -> [UInt8] {
    var bytes = 0
    var place = 0
    var capacities: [ConsumedCapacity] = []
    var unprocessed: [(part: Part, keys: [Item])] = []
    return Outcome.object { writer in
      writer.name("Responses")
      writer.beginObject()
      for part in parts {
        var capacity = ConsumedCapacity(table: part.table.definition.name)
        var left: [Item] = []
        writer.name(text: part.given)
        writer.beginArray()
        for key in part.keys {
          let item = found[place]
          place += 1
          let size = item?.size ?? 0
          guard bytes + size <= answerBytesMax else {
            left.append(key)
            continue
          }
          bytes += size
          capacity.tableUnits += ConsumedCapacity.read(size, consistent: part.consistent)
          if let item { writer.item(part.projection?.apply(to: item) ?? item) }
        }
        writer.endArray()
        capacities.append(capacity)
        if !left.isEmpty { unprocessed.append((part, left)) }
      }
      writer.endObject()
      writer.name("UnprocessedKeys")
      writer.beginObject()
      for (part, keys) in unprocessed {
        writer.name(text: part.given)
        writer.unprocessed(part.body, keys)
      }
      writer.endObject()
      writer.consumedCapacities(capacities, ifWanted: wanted)
    }
  }
}

extension JSONWriter {
  /// The keys that are left, with the part's other parameters as they came.
  fileprivate mutating func unprocessed(_ body: RequestBody, _ keys: [Item]) {
    beginObject()
    name("Keys")
    array(keys) { $0.item($1) }
    for parameter: StaticString in ["ProjectionExpression", "ExpressionAttributeNames", "AttributesToGet", "ConsistentRead"] {
      guard let node = body.member(parameter) else { continue }
      name(parameter)
      if body.tape.isString(node) { string(body.tape.string(node)) } else { raw(Array(body.tape.text(node).utf8)) }
    }
    endObject()
  }
}
