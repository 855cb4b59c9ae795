internal import DynamoModel
internal import Expressions
internal import TableStore

/// A put, update, delete or check of one item, as PutItem, UpdateItem, DeleteItem and TransactWriteItems have it: read from
/// the request first, then bound to its table.
struct ItemChange {
  enum Kind {
    case put(Item)
    case update(UpdateExpression?, key: Item)
    case delete(key: Item)
    case check(key: Item)
  }

  let table: String
  let kind: Kind
  let condition: ConditionExpression?
  let returnsOldOnFailure: Bool

  private static let failed = "The conditional request failed"

  // MARK: Reading

  static func put(
    _ body: RequestBody, _ cache: ExpressionCache, table: String, form: ExpressionForm = .write
  ) throws(DynamoError) -> ItemChange {
    var expressions = try ExpressionParameters(body, cache, form)
    let item = try GivenItem(body, "Item", form)
    guard item.size <= TableHandle.itemBytesMax else { throw .itemTooLarge }
    let condition = try expressions.condition()
    try expressions.checkAllUsed()
    return try ItemChange(table: table, kind: .put(try item.get()), condition: condition, body)
  }

  static func delete(
    _ body: RequestBody, _ cache: ExpressionCache, table: String, form: ExpressionForm = .write
  ) throws(DynamoError) -> ItemChange {
    try keyed(body, cache, table: table, form) { .delete(key: $0) }
  }

  static func check(_ body: RequestBody, _ cache: ExpressionCache, table: String) throws(DynamoError) -> ItemChange {
    try keyed(body, cache, table: table, .transactWrite) { .check(key: $0) }
  }

  private static func keyed(
    _ body: RequestBody, _ cache: ExpressionCache, table: String, _ form: ExpressionForm, kind: (Item) -> Kind
  ) throws(DynamoError) -> ItemChange {
    var expressions = try ExpressionParameters(body, cache, form)
    let key = try GivenItem(body, "Key", form)
    let condition = try expressions.condition()
    try expressions.checkAllUsed()
    return try ItemChange(table: table, kind: kind(try key.get()), condition: condition, body)
  }

  static func update(
    _ body: RequestBody, _ cache: ExpressionCache, table: String, form: ExpressionForm = .update
  ) throws(DynamoError) -> ItemChange {
    var expressions = try ExpressionParameters(body, cache, form)
    let key = try GivenItem(body, "Key", form)
    let update = try expressions.update()
    let condition = try expressions.condition()
    try expressions.checkAllUsed()
    return try ItemChange(table: table, kind: .update(update, key: try key.get()), condition: condition, body)
  }

  private init(table: String, kind: Kind, condition: ConditionExpression?, _ body: RequestBody) throws(DynamoError) {
    self.table = table
    self.kind = kind
    self.condition = condition
    returnsOldOnFailure = try body.string("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
  }

  // MARK: Binding

  /// The item's key. Throws what the schema says against the change.
  func key(in table: TableHandle) throws(DynamoError) -> Item {
    let key = try schemaKey(in: table)
    try KeyPaths.check(condition?.paths ?? [], table.definition)
    return key
  }

  private func schemaKey(in table: TableHandle) throws(DynamoError) -> Item {
    switch kind {
    case .put(let item):
      let key = try table.key(ofPut: item)
      // The committer checks it too, but after the condition.
      if condition != nil { try table.checkIndexKeys(ofPut: item) }
      return key
    case .delete(let key), .check(let key):
      try table.check(key: key)
      return key
    case .update(let update, let key):
      try table.check(key: key)
      for path in update?.paths ?? [] where table.definition.key.attributes.contains(where: { Text.equal($0.name, path.root) }) {
        throw .invalidParameter("Cannot update attribute \(path.root). This attribute is part of the key")
      }
      for (name, value) in update?.givenValues ?? [] { try table.checkIndexKey(name, updatedTo: value) }
      try KeyPaths.check(update?.allPaths ?? [], table.definition)
      return key
    }
  }

  func action(_ table: TableHandle, key: Item, needsOld: Bool) -> WriteAction {
    let kind = kind
    let condition = condition
    let returnsOld = returnsOldOnFailure
    let needsCurrent: Bool =
      switch kind {
      case .put, .delete: condition != nil || needsOld
      case .update, .check: true
      }
    var isUpdate = false
    if case .update = kind { isUpdate = true }
    return WriteAction(table: self.table, key: key, needsCurrent: needsCurrent, isUpdate: isUpdate) {
      (current) throws(DynamoError) -> WriteChange in
      if let condition, !condition.evaluate(on: current) {
        throw DynamoError(.conditionalCheckFailed, ItemChange.failed, item: returnsOld ? current : nil)
      }
      switch kind {
      case .put(let item): return .put(item)
      case .delete: return .delete
      case .check: return .keep
      case .update(let update?, let key):
        guard let item = try update.apply(to: current, key: key) else { return .keep }
        let max = TableHandle.itemBytesMax
        guard item.size + update.overheadMax <= max || update.size(making: item) <= max else { throw .updateTooLarge }
        return .put(item)
      case .update(nil, let key): return .put(current ?? key)
      }
    }
  }
}
