internal import DynamoModel
internal import TableStore

extension JSONWriter {
  mutating func export(_ job: TableJob) {
    name("ExportDescription")
    beginObject()
    member("ExportArn", job.arn)
    member("ExportStatus", Transfers.status(job))
    name("StartTime")
    seconds(job.createdAt)
    if let endedAt = job.endedAt {
      name("EndTime")
      seconds(endedAt)
    }
    member("TableArn", job.description.arn)
    member("TableId", job.description.dynamoTableID)
    name("ExportTime")
    seconds(job.integer("time") ?? 0)
    member("ClientToken", job.text("clientToken") ?? "")
    member("S3Bucket", job.text("bucket") ?? "")
    member("S3Prefix", job.text("prefix") ?? "")
    member("ExportFormat", job.text("format") ?? "")
    member("ExportType", job.text("type") ?? "")
    if let from = job.integer("from") {
      name("IncrementalExportSpecification")
      beginObject()
      name("ExportFromTime")
      seconds(from)
      name("ExportToTime")
      seconds(job.integer("time") ?? 0)
      member("ExportViewType", job.text("view") ?? "")
      endObject()
    }
    if job.status == .done {
      let id = job.arn.split(separator: "/").last ?? ""
      let prefix = job.text("prefix").map { $0.isEmpty ? "" : $0 + "/" } ?? ""
      member("ExportManifest", "\(prefix)AWSDynamoDB/\(id)/manifest-summary.json")
      member("ItemCount", job.itemCount)
      member("BilledSizeBytes", job.sizeBytes)
    }
    if job.status == .failed {
      member("FailureCode", "S3NoSuchBucket")
      member("FailureMessage", job.failure ?? "")
    }
    endObject()
  }
}
