internal import DynamoModel
internal import Expressions
internal import TableStore

/// What Query and Scan share: index, selection, filter, page.
struct ReadParameters {
  let table: String?
  let index: String?
  let limit: Int?
  let consistent: Bool
  let returnConsumedCapacity: String?
  private let select: String?
  private let body: RequestBody

  init(_ body: RequestBody) throws(DynamoError) {
    self.body = body
    table = try body.tableName()
    index = try body.string("IndexName")
    limit = try body.integer("Limit")
    consistent = try body.bool("ConsistentRead") ?? false
    returnConsumedCapacity = try body.string("ReturnConsumedCapacity")
    select = try body.string("Select")
  }

  /// `quotesLimit`: whether a Limit out of range is quoted.
  func check(quotesLimit: Bool, _ constraints: inout Constraints) {
    constraints.table(table, at: "tableName")
    constraints.name(index, at: "indexName", isRequired: false)
    if quotesLimit {
      constraints.range(limit, .positiveIntegerObject, at: "limit")
    } else if let limit, limit < 1 {
      constraints.failUnquoted(at: "Limit", "Member must have value greater than or equal to 1")
    }
    constraints.returnConsumedCapacity(returnConsumedCapacity)
    constraints.oneOf(select, .select, at: "select")
  }

  /// Checks of Select that need no table. `countsErrors`: whether a projection that is missing is told as one of the checks of the service
  /// model.
  func checkSelect(countsErrors: Bool) throws(DynamoError) {
    let projections = ["ProjectionExpression", "AttributesToGet"] as [StaticString]
    let projection = projections.first { body.has($0) }
    if let select, let projection, select != "SPECIFIC_ATTRIBUTES" {
      throw .validation("Cannot specify the \(projection) when choosing to get \(select == "COUNT" ? "only the Count" : select)")
    }
    if select == "SPECIFIC_ATTRIBUTES", projection == nil {
      let error = DynamoError.validation(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
      throw countsErrors ? error.counted : error
    }
    if select == "ALL_PROJECTED_ATTRIBUTES", index == nil {
      throw .invalidParameter("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    }
  }

  var countsOnly: Bool { select == "COUNT" }

  func indexDefinition(_ table: TableHandle) throws(DynamoError) -> IndexDefinition? {
    try ReadParameters.index(index, table, consistent: consistent)
  }

  static func index(_ index: String?, _ table: TableHandle, consistent: Bool) throws(DynamoError) -> IndexDefinition? {
    guard let index else { return nil }
    guard let definition = table.definition.index(named: index) else {
      throw .validation("The table does not have the specified index: \(index)")
    }
    guard definition.kind == .local || !consistent else {
      throw .validation("Consistent reads are not supported on global secondary indexes")
    }
    try checkFilled(definition)
    return definition
  }

  /// Throws for an index that is not filled yet.
  static func checkFilled(_ index: IndexDefinition) throws(DynamoError) {
    guard index.status != .creating else {
      throw .validation("Cannot read from backfilling global secondary index: \(index.name)")
    }
  }

  /// Whether items found through the index must be read whole from the table: a local index gives what it does not hold. A
  /// global one does not, and says so.
  func fetches(_ index: IndexDefinition?, _ table: TableHandle, _ projection: ProjectionExpression?) throws(DynamoError) -> Bool {
    guard let index, index.projection != .all else { return false }
    if select == "ALL_ATTRIBUTES" {
      guard index.kind == .local else {
        throw .invalidParameter(
          "Select type ALL_ATTRIBUTES is not supported for global secondary index \(index.name) because its projection type is not ALL"
        )
      }
      return true
    }
    let outside = ReadParameters.outside(index, table, projection?.paths ?? [])
    guard !outside.isEmpty else { return false }
    guard index.kind == .local else { throw ReadParameters.notProjected(outside, by: index) }
    return true
  }

  static func notProjected(_ attributes: [String], by index: IndexDefinition) -> DynamoError {
    .invalidParameter("Global secondary index \(index.name) does not project [\(attributes.joined(separator: ", "))]")
  }

  /// The attributes of paths that an index does not hold.
  static func outside(_ index: IndexDefinition, _ table: TableHandle, _ paths: [DocumentPath]) -> [String] {
    guard let held = index.projected(in: table.definition) else { return [] }
    return paths.map(\.root).filter { root in !held.contains { Text.equal($0, root) } }
  }

  /// ExclusiveStartKey as it was sent.
  func givenStart() throws(DynamoError) -> Item? {
    do throws(DynamoError) {
      return try body.item("ExclusiveStartKey")
    } catch {
      guard error.code == .validation else { throw error }
      throw .validation("The provided starting key is invalid: \(error.message)")
    }
  }

  /// Throws unless a start key has exactly the key attributes of the table and of the index.
  func check(start key: Item?, _ table: TableHandle, _ index: IndexDefinition?, _ error: DynamoError) throws(DynamoError) {
    guard let key else { return }
    let attributes = ReadParameters.pageAttributes(table.definition, index)
    guard key.count == attributes.count,
      attributes.allSatisfy({ attribute in key[attribute.name].map(attribute.type.accepts) ?? false })
    else { throw error }
  }

  static let invalidStart = DynamoError.validation("The provided starting key is invalid")

  /// The attributes that say where a page ended: the table's key and the index's, each once.
  static func pageAttributes(_ table: TableDefinition, _ index: IndexDefinition?) -> [KeyAttribute] {
    var attributes = table.key.attributes
    for attribute in index?.key.attributes ?? [] where !attributes.contains(where: { Text.equal($0.name, attribute.name) }) {
      attributes.append(attribute)
    }
    return attributes
  }
}
