internal import DynamoModel

/// TableClass, SSESpecification, OnDemandThroughput and WarmThroughput of CreateTable and UpdateTable.
struct OptionsRequest {
  private let tableClass: String?
  private let encrypts: Bool?
  private let key: String?
  private let capacity: CapacityRequest

  var isGiven: Bool { tableClass != nil || encrypts != nil || capacity.isGiven }

  init(
    _ body: RequestBody, encryption member: StaticString = "SSESpecification", _ constraints: inout Constraints
  ) throws(DynamoError) {
    tableClass = try body.string("TableClass")
    constraints.oneOf(tableClass, .tableClass, at: "tableClass")
    let encryption = try body.object(member)
    constraints.oneOf(try encryption?.string("SSEType"), .sseType, at: "sSESpecification.sSEType")
    encrypts = try encryption.map { (given) throws(DynamoError) in try given.bool("Enabled") ?? false }
    key = try encryption?.string("KMSMasterKeyId")
    capacity = try CapacityRequest(body)
  }

  /// `now`, in milliseconds since 1970, when a table is changed that was there before.
  func apply(to definition: inout TableDefinition, now: Int64? = nil) throws(DynamoError) {
    if let tableClass {
      definition.options.tableClass = tableClass
      definition.options.tableClassChangedAt = now
    }
    if let encrypts { definition.options.encryptionKey = encrypts ? OptionsRequest.arn(ofKey: key ?? "alias/aws/dynamodb") : nil }
    try capacity.apply(to: &definition.options, definition.throughput, of: "table")
  }

  /// A key may be named by its id, its alias, or its ARN; it is shown by its ARN.
  private static func arn(ofKey key: String) -> String {
    if key.utf8.starts(with: "arn:".utf8) { return key }
    return "arn:aws:kms:us-east-1:000000000000:" + (key.utf8.starts(with: "alias/".utf8) ? key : "key/\(key)")
  }
}

extension JSONWriter {
  /// `before`: the options until then, of a table that is being changed.
  mutating func options(_ options: TableOptions, before: TableOptions? = nil) {
    if let tableClass = options.tableClass {
      name("TableClassSummary")
      beginObject()
      member("TableClass", tableClass)
      if let changedAt = options.tableClassChangedAt {
        name("LastUpdateDateTime")
        seconds(changedAt)
      }
      endObject()
    }
    let isChanging = before.map { $0.encryptionKey != options.encryptionKey } ?? false
    if let key = options.encryptionKey ?? before?.encryptionKey {
      name("SSEDescription")
      beginObject()
      member("Status", isChanging ? "UPDATING" : "ENABLED")
      member("SSEType", "KMS")
      member("KMSMasterKeyArn", key)
      endObject()
    }
  }
}
