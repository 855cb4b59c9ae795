internal import DynamoModel
internal import TableStore

enum UpdateContinuousBackups {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    let specification = try call.body.object("PointInTimeRecoverySpecification")
    let enabled = try specification?.bool("PointInTimeRecoveryEnabled")
    let days = try specification?.integer("RecoveryPeriodInDays")
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    constraints.required(specification != nil, at: "pointInTimeRecoverySpecification")
    if specification != nil {
      constraints.required(enabled != nil, at: "pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled")
    }
    constraints.range(days, .recoveryPeriodInDays, at: "pointInTimeRecoverySpecification.recoveryPeriodInDays")
    try constraints.check()
    let table = try call.backedTable(name ?? "")
    if enabled == false, days != nil {
      throw .validation("RecoveryPeriodInDays can only be specified when PointInTimeRecoveryEnabled is true")
    }
    return .control { () throws(DynamoError) -> [UInt8] in
      let now = call.store.now
      _ = try call.store.updateTable(table.definition.name) { (definition) throws(DynamoError) in
        definition.options.recoverableSince = enabled == true ? definition.options.recoverableSince ?? now : nil
        definition.options.recoveryDays = enabled == true ? days.map { Int64($0) } ?? definition.options.recoveryDays : nil
      }
      let changed = try call.backedTable(table.definition.name)
      let range = PointInTime.enabled(call, changed)
      return Outcome.object { $0.continuousBackups(changed.definition.options, range) }
    }
  }
}
