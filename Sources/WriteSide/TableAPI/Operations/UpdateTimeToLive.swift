internal import DynamoModel
internal import TableStore

enum UpdateTimeToLive {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let given = try body.tableName()
    let specification = try body.object("TimeToLiveSpecification")
    let attribute = try specification?.string("AttributeName")
    let enabled = try specification?.bool("Enabled")
    var constraints = Constraints()
    constraints.name(given, at: "tableName")
    constraints.required(specification != nil, at: "timeToLiveSpecification")
    if specification != nil {
      constraints.required(attribute != nil, at: "timeToLiveSpecification.attributeName")
      constraints.required(enabled != nil, at: "timeToLiveSpecification.enabled")
      constraints.length(attribute, .timeToLiveAttributeName, at: "timeToLiveSpecification.attributeName")
    }
    try constraints.check()
    guard let name = given, let attribute, let enabled else { return .answer(Outcome.empty) }
    _ = try call.changeableTable(name)
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      _ = try store.updateTable(name) { (definition) throws(DynamoError) in
        try apply(attribute, enabled, to: &definition)
      }
      return Outcome.object { writer in
        writer.name("TimeToLiveSpecification")
        writer.beginObject()
        writer.member("AttributeName", attribute)
        writer.member("Enabled", enabled)
        writer.endObject()
      }
    }
  }

  private static func apply(
    _ attribute: String, _ enabled: Bool, to definition: inout TableDefinition
  ) throws(DynamoError) {
    switch (definition.timeToLive, enabled) {
    case (nil, true): definition.timeToLive = attribute
    case (nil, false): throw .validation("TimeToLive is already disabled")
    case (let current?, _) where !Text.equal(current, attribute):
      throw .validation("TimeToLive is active on a different AttributeName: current AttributeName is \(current)")
    case (_?, true): throw .validation("TimeToLive is already enabled")
    case (_?, false): definition.timeToLive = nil
    }
  }
}
