internal import DynamoModel
internal import TableStore

extension JSONWriter {
  mutating func importMembers(_ job: TableJob) {
    name("ImportArn")
    string(job.arn)
    name("ImportStatus")
    string(Transfers.status(job))
    name("TableArn")
    string(job.description.arn)
    name("S3BucketSource")
    beginObject()
    name("S3Bucket")
    string(job.text("bucket") ?? "")
    name("S3KeyPrefix")
    string(job.text("prefix") ?? "")
    endObject()
    name("InputFormat")
    string(job.text("format") ?? "")
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
    name("TableId")
    string(job.description.dynamoTableID)
    name("ClientToken")
    string(job.text("clientToken") ?? "")
    name("InputCompressionType")
    string(job.text("compression") ?? "NONE")
    name("ErrorCount")
    integer(job.errorCount)
    name("ProcessedItemCount")
    integer(job.itemCount + job.errorCount)
    name("ImportedItemCount")
    integer(job.itemCount)
    name("ProcessedSizeBytes")
    integer(job.sizeBytes)
    if let failure = job.failure {
      name("FailureCode")
      string(job.status == .failed ? "S3NoSuchBucket" : "ItemValidationError")
      name("FailureMessage")
      string(failure)
    }
    endObject()
  }
}
