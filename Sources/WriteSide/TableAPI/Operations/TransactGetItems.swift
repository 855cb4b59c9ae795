internal import DynamoModel
internal import Expressions
internal import TableStore

enum TransactGetItems {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let elements = try body.objects("TransactItems")
    let returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    var gets: [(get: RequestBody?, table: String?)] = []
    for element in elements ?? [] {
      let get = try element.object("Get")
      gets.append((get, try get?.tableName()))
    }
    var constraints = Constraints()
    constraints.required(elements != nil, at: "transactItems")
    constraints.unquotedCount(elements?.count, .transactGetItemList, at: "TransactItems")
    for (place, element) in gets.enumerated() {
      let path = "transactItems.\(place + 1).member.get"
      constraints.required(element.get != nil, at: path)
      guard let get = element.get else { continue }
      constraints.table(element.table, at: "\(path).tableName")
      constraints.required(get.has("Key"), at: "\(path).key")
    }
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    try constraints.check()
    var reads: [(table: String, key: Item, projection: ProjectionExpression?)] = []
    for (get, table) in gets {
      guard let get, let table else { continue }
      var expressions = try ExpressionParameters(get, call.api.expressions, .transactGet)
      let key = try GivenItem(get, "Key", .transactGet)
      let projection = try expressions.projection()
      try expressions.checkAllUsed()
      reads.append((table, try key.get(), projection))
    }
    var keyed: [(TableHandle, key: Item)] = []
    for read in reads { keyed.append((try call.table(read.table), key: read.key)) }
    try TransactGetItems.check(keyed)
    for (read, (table, _)) in zip(reads, keyed) { try KeyPaths.check(read.projection?.paths ?? [], table.definition) }
    let found = try call.store.items(keyed)
    try TransactWriteItems.check(bytes: found.reduce(0) { $0 + ($1?.size ?? 0) })
    return .answer(
      Outcome.object { writer in
        writer.name("Responses")
        writer.beginArray()
        for (read, item) in zip(reads, found) {
          writer.beginObject()
          // Unlike GetItem, a projection that finds nothing gives no item.
          if let shown = item.map({ read.projection?.apply(to: $0) ?? $0 }), !shown.isEmpty {
            writer.name("Item")
            writer.item(shown)
          }
          writer.endObject()
        }
        writer.endArray()
        guard let wanted = ConsumedCapacity.Wanted(returnConsumedCapacity) else { return }
        var capacities: [ConsumedCapacity] = []
        for (read, item) in zip(reads, found) {
          // A transactional read costs twice a consistent one.
          let units = ConsumedCapacity.read(item?.size ?? 0, consistent: true) * 2
          if let place = capacities.firstIndex(where: { Text.equal($0.table, read.table) }) {
            capacities[place].tableUnits += units
          } else {
            var capacity = ConsumedCapacity(table: read.table, kind: .transactRead)
            capacity.tableUnits = units
            capacities.append(capacity)
          }
        }
        writer.consumedCapacities(capacities, ifWanted: wanted)
      })
  }

  /// What the schema says against one of the keys cancels the whole; no item may be read twice.
  static func check(_ reads: [(TableHandle, key: Item)]) throws(DynamoError) {
    var reasons: [DynamoError.CancellationReason] = []
    var seen = Set<[UInt8]>(minimumCapacity: reads.count)
    for (table, key) in reads {
      do throws(DynamoError) {
        try table.check(key: key)
        reasons.append(.none)
      } catch {
        reasons.append(.validationError(error.message))
      }
      guard seen.insert(Array(table.definition.name.utf8) + [0] + key.binary).inserted else {
        throw .validation("Transaction request cannot include multiple operations on one item")
      }
    }
    if reasons.hasValidationError { throw .cancelled(reasons, of: reads.count) }
  }
}
