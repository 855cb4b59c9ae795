internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Point-in-time recovery: what it can give is what the table's log can take back.
enum PointInTime {

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
    let days = table.definition.options.recoveryDays ?? Int64(ModelBounds.recoveryPeriodInDays.max)
    let earliest = max(since, call.store.earliestMoment(table).rawValue, now - days * 86_400_000)
    return min(earliest, now)...now
  }
}

extension JSONWriter {
  mutating func continuousBackups(_ options: TableOptions, _ range: ClosedRange<Int64>?) {
    name("ContinuousBackupsDescription")
    beginObject()
    member("ContinuousBackupsStatus", "ENABLED")
    name("PointInTimeRecoveryDescription")
    beginObject()
    member("PointInTimeRecoveryStatus", range == nil ? "DISABLED" : "ENABLED")
    if let range {
      member("RecoveryPeriodInDays", options.recoveryDays ?? Int64(ModelBounds.recoveryPeriodInDays.max))
      name("EarliestRestorableDateTime")
      seconds(range.lowerBound)
      name("LatestRestorableDateTime")
      seconds(range.upperBound)
    }
    endObject()
    endObject()
  }
}
