internal import AccessKeys
internal import DynamoModel
internal import Expressions
internal import TableStore

/// A PartiQL statement of a request: its text, parameters and options, checked, then read.
struct StatementRequest {
  let statement: PartiQLStatement
  let returnsOldOnFailure: Bool
  let consistent: Bool

  /// The service model's checks. `path` goes before each member, as in `statements.1.member.`.
  static func check(_ body: RequestBody, at path: String = "", _ constraints: inout Constraints) throws(DynamoError) {
    let text = try body.string("Statement")
    constraints.required(text != nil, at: "\(path)statement")
    constraints.length(text, .partiQLStatement, at: "\(path)statement")
    constraints.count(try body.list("Parameters")?.count, .preparedStatementParameters, shown: "[]", at: "\(path)parameters")
    constraints.returnOnFailure(
      try body.string("ReturnValuesOnConditionCheckFailure"), at: "\(path)returnValuesOnConditionCheckFailure")
  }

  init(_ body: RequestBody) throws(DynamoError) {
    var parameters: [AttributeValue] = []
    for node in try body.list("Parameters") ?? [] {
      do throws(DynamoError) {
        parameters.append(try AttributeValue(json: body.tape, node))
      } catch {
        try AttributeValue.checkExponents(body.tape, node)
        throw error
      }
    }
    statement = try PartiQLStatement(try body.string("Statement") ?? "", parameters: parameters)
    returnsOldOnFailure = try body.string("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    consistent = try body.bool("ConsistentRead") ?? false
  }

  var tableName: String { RequestBody.tableName(statement.table) }

  /// The statement's table, which the caller must be allowed to read or to write.
  func table(_ call: Call) throws(DynamoError) -> TableHandle {
    try call.table(tableName, statement.isRead ? .read : .write)
  }

  /// The key of the one item that a SELECT names, for batches and transactions. Whether it is a key of the table is for the read to say.
  func itemKey(_ select: PartiQLSelect, _ table: TableHandle, _ operation: String) throws(DynamoError) -> Item {
    try StatementReader.checkKey(of: select.index.flatMap { table.definition.index(named: $0) })
    guard select.index == nil, !select.condition.hasFunctions, let found = select.condition.item(table.definition.key) else {
      throw .validation("Select statements within \(operation) must specify the primary key in the where clause.")
    }
    return found.key
  }

  // MARK: Writes

  private static let failed = "The conditional request failed"

  /// The change that the statement makes. Nil for a SELECT.
  func action(_ table: TableHandle) throws(DynamoError) -> WriteAction? {
    let returnsOld = returnsOldOnFailure
    let name = table.definition.name
    switch statement.kind {
    case .select: return nil
    case .insert(let item):
      return WriteAction(table: name, key: try table.key(ofPut: item)) { (current) throws(DynamoError) -> WriteChange in
        guard current == nil else {
          throw DynamoError(.duplicateItem, "Duplicate primary key exists in table", item: returnsOld ? current : nil)
        }
        return .put(item)
      }
    case .exists(let select):
      let (key, rest) = try named(select.condition, table)
      return WriteAction(table: name, key: key) { (current) throws(DynamoError) -> WriteChange in
        guard current != nil, rest?.evaluate(on: current) ?? true else {
          throw DynamoError(.conditionalCheckFailed, StatementRequest.failed, item: returnsOld ? current : nil)
        }
        return .keep
      }
    case .update(let update, let condition, _):
      let (key, rest) = try named(condition, table)
      for path in update.paths where table.definition.key.attributes.contains(where: { Text.equal($0.name, path.root) }) {
        throw .invalidParameter("Cannot update attribute \(path.root). This attribute is part of the key")
      }
      return WriteAction(table: name, key: key, isUpdate: true) { (current) throws(DynamoError) -> WriteChange in
        guard let current, rest?.evaluate(on: current) ?? true else {
          throw DynamoError(.conditionalCheckFailed, StatementRequest.failed, item: returnsOld ? current : nil)
        }
        return .put(try update.apply(to: current, key: key) ?? current)
      }
    case .delete(let condition, _):
      let (key, rest) = try named(condition, table)
      return WriteAction(table: name, key: key) { (current) throws(DynamoError) -> WriteChange in
        guard let current else { return .keep }
        guard rest?.evaluate(on: current) ?? true else {
          throw DynamoError(.conditionalCheckFailed, StatementRequest.failed, item: returnsOld ? current : nil)
        }
        return .delete
      }
    }
  }

  private func named(
    _ condition: PartiQLWhere, _ table: TableHandle
  ) throws(DynamoError) -> (key: Item, rest: ConditionExpression?) {
    guard let found = condition.item(table.definition.key) else {
      throw .validation("Where clause does not contain a mandatory equality on all key attributes")
    }
    try table.check(key: found.key)
    return found
  }

  /// What the statement gives back of its change; nil when it does not ask, or asks for what was modified and nothing of it is there.
  func returned(_ result: WriteResult) -> Item? {
    let item: Item? =
      switch statement.kind {
      case .update(_, _, .allOld?), .delete(_, .allOld?): result.old
      case .update(_, _, .allNew?): result.new
      case .update(let update, _, .modifiedOld?): result.old.map { update.touchedBefore($0) }
      case .update(let update, _, .modifiedNew?): result.new.map { update.touchedAfter($0) }
      default: nil
      }
    return item?.isEmpty == true ? nil : item
  }
}
