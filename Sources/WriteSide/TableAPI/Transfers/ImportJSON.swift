internal import DynamoModel
internal import TableStore

extension JSONWriter {
  mutating func importMembers(_ job: TableJob) {
    member("ImportArn", job.arn)
    member("ImportStatus", Transfers.status(job))
    member("TableArn", job.description.arn)
    name("S3BucketSource")
    beginObject()
    member("S3Bucket", job.text("bucket") ?? "")
    member("S3KeyPrefix", job.text("prefix") ?? "")
    endObject()
    member("InputFormat", job.text("format") ?? "")
    name("StartTime")
    seconds(job.createdAt)
    if let endedAt = job.endedAt {
      name("EndTime")
      seconds(endedAt)
    }
  }

  mutating func imported(_ job: TableJob) {
    name("ImportTableDescription")
    beginObject()
    importMembers(job)
    member("TableId", job.description.dynamoTableID)
    member("ClientToken", job.text("clientToken") ?? "")
    member("InputCompressionType", job.text("compression") ?? "NONE")
    member("ErrorCount", job.errorCount)
    member("ProcessedItemCount", job.itemCount + job.errorCount)
    member("ImportedItemCount", job.itemCount)
    member("ProcessedSizeBytes", job.sizeBytes)
    if let failure = job.failure {
      member("FailureCode", job.status == .failed ? "S3NoSuchBucket" : "ItemValidationError")
      member("FailureMessage", failure)
    }
    endObject()
  }
}
