internal import DynamoModel
internal import Expressions
internal import TableStore

enum Query {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let parameters = try ReadParameters(body)
    let forward = try body.bool("ScanIndexForward") ?? true
    var constraints = Constraints()
    parameters.check(quotesLimit: false, &constraints)
    try ExpressionForm.query.check(body, &constraints)
    try constraints.check()
    var expressions = try ExpressionParameters(body, call.api.expressions, .query)
    let start = try parameters.givenStart()
    try parameters.checkSelect(countsErrors: true)
    let filter = try expressions.filter()
    let keyCondition = try expressions.keyCondition()
    let projection = try expressions.projection()
    guard let keyCondition else {
      throw .validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    }
    try expressions.checkAllUsed()

    let table = try call.table(parameters.table ?? "")
    let index = try parameters.indexDefinition(table)
    let schema = index?.key ?? table.definition.key
    let fetches = try parameters.fetches(index, table, projection)
    try parameters.check(start: start, table, index, ReadParameters.invalidStart)
    let asked = try keyCondition.resolved(for: schema)
    try KeyPaths.check((filter?.paths ?? []) + (projection?.paths ?? []), table.definition)
    try checkFilter(filter, schema, isLegacy: body.has("QueryFilter"))
    if let start {
      guard index != nil || schema.sort != nil else {
        throw .validation("The query can return at most one row and cannot be restarted")
      }
      guard asked.holds(start, schema) else {
        throw .validation("The provided starting key is outside query boundaries based on provided conditions")
      }
    }
    var page = Page(
      limit: parameters.limit, filter: filter, projection: projection, countsOnly: parameters.countsOnly,
      pageAttributes: ReadParameters.pageAttributes(table.definition, index))
    try call.store.query(
      table, index: index, partition: asked.partition, leading: asked.leading, range: SortRange(asked.sort), forward: forward,
      after: start
    ) { (item) throws(DynamoError) in
      page.take(item, fetched: fetches ? try whole(item, table, call) : nil)
    }
    return .answer(
      Outcome.object { writer in
        page.write(to: &writer)
        writer.consumedCapacity(
          page.capacity(table.definition.name, index, consistent: parameters.consistent),
          ifWanted: .init(parameters.returnConsumedCapacity))
      })
  }

  /// The item in the table of one found through a local index.
  static func whole(_ item: Item, _ table: TableHandle, _ call: Call) throws(DynamoError) -> Item {
    guard let key = table.definition.key.key(of: item) else { return item }
    return try call.store.item(table, key: key) ?? item
  }

  private static func checkFilter(_ filter: ConditionExpression?, _ schema: KeySchema, isLegacy: Bool) throws(DynamoError) {
    for path in filter?.paths ?? [] where schema.attributes.contains(where: { Text.equal($0.name, path.root) }) {
      throw .validation(
        "\(isLegacy ? "QueryFilter" as String : "Filter Expression") can only contain non-primary key attributes: "
          + "Primary key attribute: \(path.root)")
    }
  }
}

extension SortRange {
  init(_ condition: SortCondition?) {
    self =
      switch condition {
      case nil: .all
      case .equal(let value): .equal(value)
      case .less(let value): .less(value)
      case .lessOrEqual(let value): .lessOrEqual(value)
      case .greater(let value): .greater(value)
      case .greaterOrEqual(let value): .greaterOrEqual(value)
      case .between(let low, let high): .between(low, high)
      case .beginsWith(let value): .prefix(value)
      }
  }
}
