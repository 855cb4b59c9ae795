internal import DynamoModel
internal import TableStore

extension JSONWriter {
  mutating func export(_ job: TableJob) {
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
    string(job.description.dynamoTableID)
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
