internal import DynamoModel
internal import TableStore

/// Point-in-time recovery: what it can give is what the table's log can take back.
enum PointInTime {
  static let daysMax = 35

  /// The times that a table can be restored to, in milliseconds. Throws while recovery is disabled.
  static func range(_ call: Call, _ table: TableHandle) throws(DynamoError) -> ClosedRange<Int64> {
    guard let range = enabled(call, table) else {
      throw DynamoError(
        .pointInTimeRecoveryUnavailable, "Point in time recovery is not enabled for table '\(table.definition.name)'")
    }
    return range
  }

  static func enabled(_ call: Call, _ table: TableHandle) -> ClosedRange<Int64>? {
    guard let since = table.definition.options.recoverableSince else { return nil }
    let now = call.store.now
    let days = table.definition.options.recoveryDays ?? Int64(daysMax)
    let earliest = max(since, call.store.earliestMoment(table), now - days * 86_400_000)
    return min(earliest, now)...now
  }
}

enum DescribeContinuousBackups {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let table = try call.backedTable(name ?? "")
    let range = PointInTime.enabled(call, table)
    return .answer(Outcome.object { $0.continuousBackups(table.definition.options, range) })
  }
}

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
    constraints.range(days, 1, PointInTime.daysMax, at: "pointInTimeRecoverySpecification.recoveryPeriodInDays")
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

extension JSONWriter {
  fileprivate mutating func continuousBackups(_ options: TableOptions, _ range: ClosedRange<Int64>?) {
    name("ContinuousBackupsDescription")
    beginObject()
    name("ContinuousBackupsStatus")
    string("ENABLED")
    name("PointInTimeRecoveryDescription")
    beginObject()
    name("PointInTimeRecoveryStatus")
    string(range == nil ? "DISABLED" : "ENABLED")
    if let range {
      name("RecoveryPeriodInDays")
      integer(options.recoveryDays ?? Int64(PointInTime.daysMax))
      name("EarliestRestorableDateTime")
      seconds(range.lowerBound)
      name("LatestRestorableDateTime")
      seconds(range.upperBound)
    }
    endObject()
    endObject()
  }
}
