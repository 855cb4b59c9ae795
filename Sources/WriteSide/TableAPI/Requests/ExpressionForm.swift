internal import DynamoModel
internal import Expressions

/// Which expressions an operation has, and which parameters from before expressions.
struct ExpressionForm {
  /// Expressions that take values, in the order of DynamoDB's error text.
  let own: [StaticString]
  /// Whether there is a projection expression too, which takes names only.
  let projects: Bool
  /// In the order of DynamoDB's error text.
  let legacy: [StaticString]
  /// Whether placeholders that come without any expression are passed over rather than refused.
  var ignoresIdlePlaceholders = false
  /// Whether what is wrong with the expressions is worded as one of the checks of the service model.
  var countsErrors = false

  static let write = ExpressionForm(
    own: ["ConditionExpression"], projects: false, legacy: ["Expected", "ConditionalOperator"], countsErrors: true)
  static let update = ExpressionForm(
    own: ["UpdateExpression", "ConditionExpression"], projects: false,
    legacy: ["AttributeUpdates", "Expected", "ConditionalOperator"], countsErrors: true)
  static let get = ExpressionForm(own: [], projects: true, legacy: ["AttributesToGet"])
  static let query = ExpressionForm(
    own: ["FilterExpression", "KeyConditionExpression"], projects: true,
    legacy: ["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"])
  static let scan = ExpressionForm(
    own: ["FilterExpression"], projects: true, legacy: ["AttributesToGet", "ScanFilter", "ConditionalOperator"])
  /// Parts of transactions have no parameters from before expressions, and do not mind placeholders without an expression.
  static let transactWrite = ExpressionForm(
    own: ["ConditionExpression"], projects: false, legacy: [], ignoresIdlePlaceholders: true)
  static let transactUpdate = ExpressionForm(
    own: ["UpdateExpression", "ConditionExpression"], projects: false, legacy: [], ignoresIdlePlaceholders: true)
  static let transactGet = ExpressionForm(own: [], projects: true, legacy: [], ignoresIdlePlaceholders: true)

  /// Does work on the expressions; its errors get the wording of the operation.
  func worded<Value>(_ work: () throws(DynamoError) -> Value) throws(DynamoError) -> Value {
    do throws(DynamoError) {
      return try work()
    } catch {
      throw countsErrors ? error.counted : error
    }
  }

  /// The same of work on values: of its errors only those about the content of a value are worded so.
  func wordedValues<Value>(_ work: () throws(DynamoError) -> Value) throws(DynamoError) -> Value {
    do throws(DynamoError) {
      return try work()
    } catch {
      throw countsErrors && error.isOfContent ? error.counted : error
    }
  }

  var all: [StaticString] { (projects ? ["ProjectionExpression"] : []) + own }

  /// Throws when a request has both kinds, be it in different parts. KeyConditions is older than KeyConditionExpression only:
  /// the other expressions came before that one and go with either.
  func checkNotMixed(_ parts: [RequestBody]) throws(DynamoError) {
    let isThere = { (name: StaticString) in parts.contains { $0.has(name) } }
    let given = legacy.filter(isThere)
    guard !given.isEmpty else { return }
    let old = given.map { "\($0)" }.filter { $0 != "KeyConditions" || isThere("KeyConditionExpression") }
    guard !old.isEmpty else { return }
    let new = all.filter(isThere).map { "\($0)" }
    guard !new.isEmpty else { return }
    throw .validation(
      "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        + "{\(old.joined(separator: ", "))} Expression parameters: {\(new.joined(separator: ", "))}")
  }

  /// The service model's checks of the parameters from before expressions. `path` goes before each member, as in
  /// `requestItems.T.member.`.
  func check(_ body: RequestBody, at path: String = "", _ constraints: inout Constraints) throws(DynamoError) {
    for parameter in legacy where body.has(parameter) {
      switch "\(parameter)" {
      case "ConditionalOperator":
        constraints.oneOf(try body.string(parameter), .conditionalOperator, at: "\(path)conditionalOperator")
      case "AttributesToGet":
        let names = try body.strings(parameter)
        constraints.count(names?.count, .attributeNameList, shown: "[]", at: "\(path)attributesToGet")
      case "AttributeUpdates":
        for (name, node) in try body.map(parameter) ?? [] {
          let update = try RequestBody(body.tape, node)
          constraints.oneOf(
            try update.string("Action"), .attributeAction, at: "\(path)attributeUpdates.\(name).member.action")
        }
      case "Expected": try checkConditions(body, parameter, at: "\(path)expected", isRequired: false, &constraints)
      case "KeyConditions": try checkConditions(body, parameter, at: "\(path)keyConditions", isRequired: true, &constraints)
      case "QueryFilter": try checkConditions(body, parameter, at: "\(path)queryFilter", isRequired: true, &constraints)
      default: try checkConditions(body, parameter, at: "\(path)scanFilter", isRequired: true, &constraints)
      }
    }
  }

  private func checkConditions(
    _ body: RequestBody, _ parameter: StaticString, at path: String, isRequired: Bool, _ constraints: inout Constraints
  ) throws(DynamoError) {
    for (name, node) in try body.map(parameter) ?? [] {
      let comparator = try RequestBody(body.tape, node).string("ComparisonOperator")
      let place = "\(path).\(name).member.comparisonOperator"
      if isRequired { constraints.required(comparator != nil, at: place) }
      constraints.oneOf(comparator, .comparisonOperator, at: place)
    }
  }
}
