internal import DynamoModel
internal import TableStore

/// Writes a table, as it was at a time, to the directory that stands in for S3.
enum ExportTableToPointInTime {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("TableArn")
    let time = try body.milliseconds("ExportTime")
    let bucket = try body.string("S3Bucket")
    let prefix = try body.string("S3Prefix")
    let format = try body.string("ExportFormat") ?? "DYNAMODB_JSON"
    let type = try body.string("ExportType") ?? "FULL_EXPORT"
    let span = try body.object("IncrementalExportSpecification")
    let from = try span?.milliseconds("ExportFromTime")
    let until = try span?.milliseconds("ExportToTime")
    let view = try span?.string("ExportViewType") ?? "NEW_AND_OLD_IMAGES"
    var constraints = Constraints()
    constraints.oneOf(view, .exportViewType, at: "incrementalExportSpecification.exportViewType")
    constraints.required(arn != nil, at: "tableArn")
    constraints.length(arn, .tableArn, at: "tableArn")
    Transfers.check(bucket: bucket, at: "s3Bucket", &constraints)
    constraints.length(prefix, .s3Prefix, at: "s3Prefix")
    constraints.oneOf(format, .exportFormat, at: "exportFormat")
    constraints.oneOf(type, .exportType, at: "exportType")
    try constraints.check()
    guard format == "DYNAMODB_JSON" else {
      throw .validation("ExportFormat ION is not supported by this server: DYNAMODB_JSON is")
    }
    guard (type == "INCREMENTAL_EXPORT") == (span != nil), span == nil || time == nil else {
      throw .validation(
        "IncrementalExportSpecification must be given with ExportType INCREMENTAL_EXPORT, and only with it; ExportTime is for a "
          + "FULL_EXPORT")
    }
    let table = try call.backedTable(RequestBody.tableName(arn ?? ""))
    let range = try PointInTime.range(call, table)
    guard time.map(range.contains) ?? true else {
      throw DynamoError(
        .invalidExportTime, "Export time must be between EarliestRestorableDateTime and LatestRestorableDateTime")
    }
    var end = time
    if span != nil {
      guard let from, range.contains(from), range.contains(until ?? range.upperBound), from < until ?? range.upperBound else {
        throw DynamoError(
          .invalidExportTime,
          "ExportFromTime must be before ExportToTime, and both between EarliestRestorableDateTime and LatestRestorableDateTime")
      }
      end = until ?? range.upperBound
    }
    var parameters: AttributeMap = [
      "bucket": .string(bucket ?? ""), "prefix": .string(prefix ?? ""), "format": .string(format), "type": .string(type),
      "clientToken": .string(try body.string("ClientToken") ?? ""),
    ]
    if let from {
      parameters["from"] = .number(Number(from))
      parameters["view"] = .string(view)
    }
    let (store, all, moment) = (call.store, parameters, end)
    return .control { () throws(DynamoError) -> [UInt8] in
      let job = try store.createExport(table, at: moment, all)
      return Outcome.object { $0.export(job) }
    }
  }
}
