internal import DynamoModel
internal import TableStore

extension JSONWriter {
  /// BackupDetails, or a summary, which has the table beside.
  mutating func backupMembers(_ job: TableJob, status: String? = nil) {
    member("BackupArn", job.arn)
    member("BackupName", job.text("name") ?? "")
    name("BackupCreationDateTime")
    seconds(job.createdAt)
    member("BackupSizeBytes", job.sizeBytes)
    member("BackupStatus", status ?? (job.status == .done ? "AVAILABLE" : "CREATING"))
    member("BackupType", "USER")
  }

  mutating func backupDetails(_ job: TableJob, status: String? = nil) {
    name("BackupDetails")
    beginObject()
    backupMembers(job, status: status)
    endObject()
  }

  mutating func backupDescription(_ job: TableJob, status: String? = nil) {
    let table = job.description
    name("BackupDescription")
    beginObject()
    backupDetails(job, status: status)
    name("SourceTableDetails")
    beginObject()
    member("TableName", table.definition.name)
    member("TableId", table.dynamoTableID)
    member("TableArn", table.arn)
    member("TableSizeBytes", job.sizeBytes)
    member("ItemCount", job.itemCount)
    name("KeySchema")
    keySchema(table.definition.key)
    name("TableCreationDateTime")
    seconds(table.createdAt)
    name("ProvisionedThroughput")
    beginObject()
    units(table.definition.throughput)
    endObject()
    member("BillingMode", table.definition.throughput == nil ? "PAY_PER_REQUEST" : "PROVISIONED")
    endObject()
    name("SourceTableFeatureDetails")
    beginObject()
    features(table)
    endObject()
    endObject()
  }

  private mutating func features(_ table: TableDescription) {
    indexes(table.definition.indexes, .global) { writer, index in
      writer.name("ProvisionedThroughput")
      writer.beginObject()
      writer.units(index.throughput)
      writer.endObject()
    }
    indexes(table.definition.indexes, .local)
    if let view = table.definition.stream {
      name("StreamDescription")
      beginObject()
      member("StreamEnabled", true)
      member("StreamViewType", view.rawValue)
      endObject()
    }
    if let attribute = table.definition.timeToLive {
      name("TimeToLiveDescription")
      beginObject()
      member("TimeToLiveStatus", "ENABLED")
      member("AttributeName", attribute)
      endObject()
    }
    options(table.definition.options)
  }
}
