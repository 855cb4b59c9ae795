internal import DynamoModel
internal import TableStore

extension JSONWriter {
  /// BackupDetails, or a summary, which has the table beside.
  mutating func backupMembers(_ job: TableJob, status: String? = nil) {
    name("BackupArn")
    string(job.arn)
    name("BackupName")
    string(job.text("name") ?? "")
    name("BackupCreationDateTime")
    seconds(job.createdAt)
    name("BackupSizeBytes")
    integer(job.sizeBytes)
    name("BackupStatus")
    string(status ?? (job.status == .done ? "AVAILABLE" : "CREATING"))
    name("BackupType")
    string("USER")
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
    name("TableName")
    string(table.definition.name)
    name("TableId")
    string(table.dynamoTableID)
    name("TableArn")
    string(table.arn)
    name("TableSizeBytes")
    integer(job.sizeBytes)
    name("ItemCount")
    integer(job.itemCount)
    name("KeySchema")
    keySchema(table.definition.key)
    name("TableCreationDateTime")
    seconds(table.createdAt)
    name("ProvisionedThroughput")
    beginObject()
    units(table.definition.throughput)
    endObject()
    name("BillingMode")
    string(table.definition.throughput == nil ? "PAY_PER_REQUEST" : "PROVISIONED")
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
      name("StreamEnabled")
      bool(true)
      name("StreamViewType")
      string(view.rawValue)
      endObject()
    }
    if let attribute = table.definition.timeToLive {
      name("TimeToLiveDescription")
      beginObject()
      name("TimeToLiveStatus")
      string("ENABLED")
      name("AttributeName")
      string(attribute)
      endObject()
    }
    options(table.definition.options)
  }
}
