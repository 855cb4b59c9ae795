internal import DynamoModel
internal import TableStore

/// Contributor insights of tables and global indexes: whether they are asked for is kept and shown. What they would count is
/// CloudWatch's, a service beside the database.
enum ContributorInsights {

  /// The table and the global index that a request names; both must be there.
  private static func place(_ call: Call, _ constraints: Constraints) throws(DynamoError) -> (table: TableHandle, index: String?)
  {
    let name = try call.body.tableName()
    let index = try call.body.string("IndexName")
    var constraints = constraints
    constraints.name(name, at: "tableName")
    constraints.name(index, at: "indexName", isRequired: false)
    try constraints.check()
    let table = try call.controlTable(name ?? "")
    if let index, table.definition.index(named: index)?.kind != .global {
      throw DynamoError(.resourceNotFound, "Requested resource not found: Index: \(index) not found")
    }
    return (table, index)
  }

  static func describe(_ call: Call) throws(DynamoError) -> Outcome {
    let (table, index) = try place(call, Constraints())
    return .answer(
      Outcome.object { writer in
        let insights = table.definition.insights(index)
        writer.summary(table.definition.name, index, status: insights?.isEnabled == true ? "ENABLED" : "DISABLED", insights)
        guard let insights else { return }
        writer.name("LastUpdateDateTime")
        writer.seconds(insights.changedAt)
      })
  }

  static func update(_ call: Call) throws(DynamoError) -> Outcome {
    let action = try call.body.string("ContributorInsightsAction")
    let mode = try call.body.string("ContributorInsightsMode")
    var constraints = Constraints()
    constraints.required(action != nil, at: "contributorInsightsAction")
    constraints.oneOf(action, .contributorInsightsAction, at: "contributorInsightsAction")
    constraints.oneOf(mode, .contributorInsightsMode, at: "contributorInsightsMode")
    let (table, index) = try place(call, constraints)
    _ = try call.changeableTable(table.definition.name)
    let (store, name, isEnabled) = (call.store, table.definition.name, action == "ENABLE")
    return .control { () throws(DynamoError) -> [UInt8] in
      let now = store.now
      let changed = try store.updateTable(name) { (definition) throws(DynamoError) in
        let mode = mode ?? definition.insights(index)?.mode ?? ModelEnumeration.contributorInsightsMode.values[0]
        definition.setInsights(index, (isEnabled: isEnabled, mode: mode, changedAt: now))
      }
      return Outcome.object { writer in
        writer.summary(
          name, index, status: isEnabled ? "ENABLING" : "DISABLING", changed.definition.insights(index))
      }
    }
  }

  /// A page of the tables and indexes that insights were ever asked for; the token names the last one shown.
  static func list(_ call: Call) throws(DynamoError) -> Outcome {
    let wanted = try call.body.tableName()
    var constraints = Constraints()
    constraints.name(wanted, at: "tableName", isRequired: false)
    let limit = try call.body.integer("MaxResults")
    constraints.range(limit, .listContributorInsightsLimit, at: "maxResults")
    let token = try call.body.string("NextToken")
    try constraints.check()
    let names = call.store.tableNames(after: nil, limit: .max, where: call.sees).names
    let tables = names.filter { name in wanted.map { Text.equal($0, name) } ?? true }.compactMap {
      call.store.table($0)?.definition
    }
    var found: [(table: String, index: String?, insights: TableOptions.Insights)] = []
    for table in tables {
      for index in [nil] + table.indexes.map({ Optional($0.name) }) {
        if let insights = table.insights(index) { found.append((table.name, index, insights)) }
      }
    }
    if let token {
      guard let place = found.firstIndex(where: { Text.equal("\($0.table)/\($0.index ?? "")", token) }) else {
        throw .validation("Invalid NextToken")
      }
      found.removeFirst(place + 1)
    }
    let size = limit.flatMap { $0 > 0 ? $0 : nil } ?? ModelBounds.listContributorInsightsLimit.max
    let shown = Array(found.prefix(size))
    let more = shown.count < found.count
    return .answer(
      Outcome.object { writer in
        writer.name("ContributorInsightsSummaries")
        writer.array(shown) { writer, one in
          writer.beginObject()
          writer.summary(one.table, one.index, status: one.insights.isEnabled ? "ENABLED" : "DISABLED", one.insights)
          writer.endObject()
        }
        if more, let last = shown.last { writer.member("NextToken", "\(last.table)/\(last.index ?? "")") }
      })
  }
}

extension TableDefinition {
  /// Those of an index, without one the table's own.
  fileprivate func insights(_ index: String?) -> TableOptions.Insights? {
    index.map { self.index(named: $0)?.options.insights } ?? options.insights
  }

  fileprivate mutating func setInsights(_ index: String?, _ insights: TableOptions.Insights) {
    guard let index else {
      options.insights = insights
      return
    }
    if let place = indexes.firstIndex(where: { Text.equal($0.name, index) }) { indexes[place].options.insights = insights }
  }
}

extension JSONWriter {
  fileprivate mutating func summary(_ table: String, _ index: String?, status: String, _ insights: TableOptions.Insights?) {
    member("TableName", table)
    if let index { member("IndexName", index) }
    member("ContributorInsightsStatus", status)
    if let insights { member("ContributorInsightsMode", insights.mode) }
  }
}
