internal import DynamoModel
internal import Expressions

/// The parameters from before expressions, read and checked. Conditions come in the order of their attributes' names.
enum LegacyParameters {
  /// `Expected`; nil without it, or when it is empty.
  static func expected(_ body: RequestBody) throws(DynamoError) -> ConditionExpression? {
    try condition(body, "Expected", expected)
  }

  /// `QueryFilter` or `ScanFilter`.
  static func filter(_ body: RequestBody, _ parameter: StaticString) throws(DynamoError) -> ConditionExpression? {
    try condition(body, parameter) { (name, body) throws(DynamoError) in try comparison(name, body) }
  }

  static func keyConditions(_ body: RequestBody) throws(DynamoError) -> KeyConditionExpression? {
    guard let given = try conditions(body, "KeyConditions", comparison) else { return nil }
    return try KeyConditionExpression(legacy: given)
  }

  static func updates(_ body: RequestBody) throws(DynamoError) -> UpdateExpression? {
    guard let members = try body.map("AttributeUpdates") else { return nil }
    var updates: [LegacyUpdate] = []
    for (name, node) in members {
      try AttributeMap.check(name: name)
      let entry = try RequestBody(body.tape, node)
      let action = try entry.string("Action").flatMap(LegacyUpdate.Action.init(rawValue:)) ?? .put
      let update = LegacyUpdate(attribute: name, action: action, value: try value(entry))
      try update.check()
      updates.append(update)
    }
    return UpdateExpression(legacy: updates)
  }

  static func attributesToGet(_ body: RequestBody) throws(DynamoError) -> ProjectionExpression? {
    guard let names = try body.strings("AttributesToGet") else { return nil }
    for name in names { try AttributeMap.check(name: name) }
    if let name = Text.firstRepeated(names) { throw .invalidParameter("Duplicate value in attribute name: \(name)") }
    return ProjectionExpression(attributes: names)
  }

  // MARK: Conditions

  private typealias Reader = (String, RequestBody) throws(DynamoError) -> LegacyCondition

  private static func conditions(
    _ body: RequestBody, _ parameter: StaticString, _ read: Reader
  ) throws(DynamoError) -> [LegacyCondition]? {
    guard let members = try body.map(parameter) else { return nil }
    var conditions: [LegacyCondition] = []
    for (name, node) in members.sorted(by: { Text.less($0.name, $1.name) }) {
      try AttributeMap.check(name: name)
      conditions.append(try read(name, try RequestBody(body.tape, node)))
    }
    return conditions
  }

  private static func condition(
    _ body: RequestBody, _ parameter: StaticString, _ read: Reader
  ) throws(DynamoError) -> ConditionExpression? {
    let given = try conditions(body, parameter, read)
    let conditions = given ?? []
    if let conditional = try body.string("ConditionalOperator") {
      guard given != nil else { throw .validation("ConditionalOperator cannot be used without Filter or Expected") }
      guard conditions.count > 1 else {
        throw .validation("ConditionalOperator can only be used when Filter or Expected has two or more elements")
      }
      return ConditionExpression(legacy: conditions, any: conditional == "OR")
    }
    return conditions.isEmpty ? nil : ConditionExpression(legacy: conditions, any: false)
  }

  private static func comparison(_ name: String, _ body: RequestBody) throws(DynamoError) -> LegacyCondition {
    let comparator = try body.string("ComparisonOperator").flatMap(LegacyCondition.Comparator.init(rawValue:)) ?? .equal
    let condition = LegacyCondition(attribute: name, comparator: comparator, values: try values(body) ?? [])
    try condition.check()
    return condition
  }

  private static func expected(_ name: String, _ body: RequestBody) throws(DynamoError) -> LegacyCondition {
    let value = try value(body)
    let list = try values(body)
    let exists = try body.bool("Exists")
    if value != nil, list != nil {
      throw .invalidParameter("Value and AttributeValueList cannot be used together for Attribute: \(name)")
    }
    guard let comparator = try body.string("ComparisonOperator").flatMap(LegacyCondition.Comparator.init(rawValue:)) else {
      guard list == nil else {
        throw .invalidParameter("AttributeValueList can only be used with a ComparisonOperator for Attribute: \(name)")
      }
      return try expected(name, exists: exists, value)
    }
    guard exists == nil else {
      throw .invalidParameter("Exists and ComparisonOperator cannot be used together for Attribute: \(name)")
    }
    let given = list ?? value.map { [$0] }
    guard given != nil || comparator == .null || comparator == .notNull else {
      throw .invalidParameter(
        "Value or AttributeValueList must be used with ComparisonOperator: \(comparator.rawValue) for Attribute: \(name)")
    }
    let condition = LegacyCondition(attribute: name, comparator: comparator, values: given ?? [])
    try condition.check()
    return condition
  }

  private static func expected(
    _ name: String, exists: Bool?, _ value: AttributeValue?
  ) throws(DynamoError) -> LegacyCondition {
    switch (exists ?? true, value) {
    case (true, let value?): return LegacyCondition(attribute: name, comparator: .equal, values: [value])
    case (true, nil):
      throw .invalidParameter(
        "Value must be provided when Exists is \(exists.map { "\($0)" } ?? "null") for Attribute: \(name)")
    case (false, nil): return LegacyCondition(attribute: name, comparator: .null, values: [])
    case (false, _?): throw .invalidParameter("Value cannot be used when Exists is false for Attribute: \(name)")
    }
  }

  private static func value(_ body: RequestBody) throws(DynamoError) -> AttributeValue? {
    guard let node = body.member("Value") else { return nil }
    return try AttributeValue(json: body.tape, node)
  }

  private static func values(_ body: RequestBody) throws(DynamoError) -> [AttributeValue]? {
    guard let nodes = try body.list("AttributeValueList") else { return nil }
    var values: [AttributeValue] = []
    for node in nodes { values.append(try AttributeValue(json: body.tape, node)) }
    return values
  }
}
