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
    constraints.oneOf(
      view, ["NEW_IMAGE", "NEW_AND_OLD_IMAGES"], at: "incrementalExportSpecification.exportViewType")
    constraints.required(arn != nil, at: "tableArn")
    constraints.count(arn?.utf16.count, 1, 1024, shown: arn ?? "", at: "tableArn")
    Transfers.check(bucket: bucket, at: "s3Bucket", &constraints)
    constraints.count(prefix?.utf16.count, 0, 1024, shown: prefix ?? "", at: "s3Prefix")
    constraints.oneOf(format, ["DYNAMODB_JSON", "ION"], at: "exportFormat")
    constraints.oneOf(type, ["FULL_EXPORT", "INCREMENTAL_EXPORT"], at: "exportType")
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

enum DescribeExport {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let arn = try call.body.string("ExportArn")
    var constraints = Constraints()
    constraints.required(arn != nil, at: "exportArn")
    constraints.count(arn?.utf16.count, 37, 1024, shown: arn ?? "", at: "exportArn")
    try constraints.check()
    guard let job = call.store.job(arn: arn ?? ""), job.kind == .export else {
      throw DynamoError(.exportNotFound, "Export not found: \(arn ?? "")")
    }
    try call.authorize(job.description.definition.name)
    return .answer(Outcome.object { $0.export(job) })
  }
}

enum ListExports {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    try Transfers.list(call, .export, "ExportSummaries") { writer, job in
      writer.name("ExportArn")
      writer.string(job.arn)
      writer.name("ExportStatus")
      writer.string(Transfers.status(job))
      writer.name("ExportType")
      writer.string(job.text("type") ?? "")
    }
  }
}

extension JSONWriter {
  fileprivate mutating func export(_ job: TableJob) {
    name("ExportDescription")
    beginObject()
    name("ExportArn")
    string(job.arn)
    name("ExportStatus")
    string(Transfers.status(job))
    name("StartTime")
    seconds(job.createdAt)
    if let endedAt = job.endedAt {
      name("EndTime")
      seconds(endedAt)
    }
    name("TableArn")
    string(job.description.arn)
    name("TableId")
    string(job.description.tableID)
    name("ExportTime")
    seconds(job.integer("time") ?? 0)
    name("ClientToken")
    string(job.text("clientToken") ?? "")
    name("S3Bucket")
    string(job.text("bucket") ?? "")
    name("S3Prefix")
    string(job.text("prefix") ?? "")
    name("ExportFormat")
    string(job.text("format") ?? "")
    name("ExportType")
    string(job.text("type") ?? "")
    if let from = job.integer("from") {
      name("IncrementalExportSpecification")
      beginObject()
      name("ExportFromTime")
      seconds(from)
      name("ExportToTime")
      seconds(job.integer("time") ?? 0)
      name("ExportViewType")
      string(job.text("view") ?? "")
      endObject()
    }
    if job.status == .done {
      let id = job.arn.split(separator: "/").last ?? ""
      let prefix = job.text("prefix").map { $0.isEmpty ? "" : $0 + "/" } ?? ""
      name("ExportManifest")
      string("\(prefix)AWSDynamoDB/\(id)/manifest-summary.json")
      name("ItemCount")
      integer(job.itemCount)
      name("BilledSizeBytes")
      integer(job.sizeBytes)
    }
    if job.status == .failed {
      name("FailureCode")
      string("S3NoSuchBucket")
      name("FailureMessage")
      string(job.failure ?? "")
    }
    endObject()
  }
}
