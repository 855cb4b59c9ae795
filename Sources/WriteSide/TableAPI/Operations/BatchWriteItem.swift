internal import DynamoModel
internal import TableStore

enum BatchWriteItem {
  private enum Write {
    case put(Item)
    case delete(Item)
  }

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let requests = try body.map("RequestItems")
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    let returnItemCollectionMetrics = try body.string("ReturnItemCollectionMetrics")
    var parts: [(table: String, writes: [RequestBody])] = []
    for (name, node) in requests ?? [] {
      guard body.tape.kind(node) == .array else { throw .unexpectedJSON(body.tape, node, wanted: .list) }
      var writes: [RequestBody] = []
      try body.tape.forEachElement(node) { (element) throws(DynamoError) in writes.append(try RequestBody(body.tape, element)) }
      parts.append((RequestBody.tableName(name), writes))
    }
    var constraints = Constraints()
    constraints.required(requests != nil, at: "requestItems")
    constraints.unquotedCount(requests?.count, .batchWriteItemRequestMap, at: "RequestItems")
    constraints.tables(parts.map(\.table), shown: Shown.value(body, "RequestItems"), at: "requestItems")
    for part in parts {
      constraints.unquotedCount(part.writes.count, .writeRequests, at: "RequestItems.\(part.table).member")
      for (place, write) in part.writes.enumerated() {
        let path = "requestItems.\(part.table).member.\(place + 1).member"
        if let put = try write.object("PutRequest") { constraints.required(put.has("Item"), at: "\(path).putRequest.item") }
        if let delete = try write.object("DeleteRequest") {
          constraints.required(delete.has("Key"), at: "\(path).deleteRequest.key")
        }
      }
    }
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    constraints.returnItemCollectionMetrics(returnItemCollectionMetrics)
    try constraints.check()
    try Duplicates.check(tables: parts.map(\.table))
    guard parts.reduce(0, { $0 + $1.writes.count }) <= ModelBounds.writeRequests.max else {
      throw .validation("Too many items requested for the BatchWriteItem call")
    }
    var writes: [(table: String, writes: [Write])] = []
    for part in parts { writes.append((part.table, try part.writes.map(read))) }
    return try outcome(
      call, writes, ConsumedCapacity.Wanted(returnConsumedCapacity), metricsWanted: returnItemCollectionMetrics)
  }

  private static func read(_ body: RequestBody) throws(DynamoError) -> Write {
    switch (try body.object("PutRequest"), try body.object("DeleteRequest")) {
    case (let put?, nil):
      let item = try put.item("Item") ?? Item()
      guard item.size <= TableHandle.itemBytesMax else { throw .itemTooLarge }
      return .put(item)
    case (nil, let delete?): return .delete(try delete.item("Key") ?? Item())
    case (nil, nil):
      throw .validation("Supplied WriteRequest is empty, must contain exactly one of PutRequest or DeleteRequest")
    default:
      throw .validation(
        "Supplied WriteRequest has more than one operation set, must contain exactly one of PutRequest or DeleteRequest")
    }
  }

  private static func outcome(
    _ call: Call, _ parts: [(table: String, writes: [Write])], _ wanted: ConsumedCapacity.Wanted?, metricsWanted: String?
  ) throws(DynamoError) -> Outcome {
    var tables: [TableHandle] = []
    for part in parts { tables.append(try call.table(part.table)) }
    var actions: [WriteAction] = []
    var places: [Int] = []
    var metrics: [(table: String, metrics: [ItemCollectionMetrics])] = []
    for (place, part) in parts.enumerated() {
      var keys: [Item] = []
      for write in part.writes {
        let key: Item
        switch write {
        case .put(let item):
          // Unlike PutItem, a batch does not say what is wrong with the item's key.
          guard let found = tables[place].definition.key.key(of: item) else { throw TableHandle.keyMismatch }
          try tables[place].check(key: found)
          key = found
          actions.append(WriteAction(table: part.table, key: key, needsCurrent: wanted != nil) { _ in .put(item) })
        case .delete(let given):
          try tables[place].check(key: given)
          key = given
          actions.append(WriteAction(table: part.table, key: key, needsCurrent: wanted != nil) { _ in .delete })
        }
        keys.append(key)
        places.append(place)
      }
      try Duplicates.check(keys)
      let all = keys.compactMap { ItemCollectionMetrics(metricsWanted, tables[place], key: $0) }
      if !all.isEmpty { metrics.append((part.table, all)) }
    }
    let definitions = tables.map(\.definition)
    let (whichTable, collections) = (places, metrics)
    return .write(WriteTransaction(actions: actions, times: call.times)) { results in
      Outcome.object { writer in
        writer.name("UnprocessedItems")
        writer.beginObject()
        writer.endObject()
        writer.itemCollectionMetrics(collections)
        guard wanted != nil else { return }
        var capacities = definitions.map { ConsumedCapacity(table: $0.name) }
        for (result, place) in zip(results, whichTable) {
          capacities[place].addWrite(old: result.old, new: result.new, definitions[place])
        }
        writer.consumedCapacities(capacities, ifWanted: wanted)
      }
    }
  }
}

extension JSONWriter {
  /// For each table the metrics of its item collections; nothing when there are none.
  mutating func itemCollectionMetrics(_ all: [(table: String, metrics: [ItemCollectionMetrics])]) {
    guard !all.isEmpty else { return }
    name("ItemCollectionMetrics")
    beginObject()
    for (table, metrics) in all {
      name(text: table)
      array(metrics) { $0.itemCollectionMetrics($1) }
    }
    endObject()
  }
}
