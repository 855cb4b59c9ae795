internal import DynamoModel

/// TableClass, SSESpecification and OnDemandThroughput of CreateTable and UpdateTable.
struct OptionsRequest {
  private let tableClass: String?
  private let encrypts: Bool?
  private let key: String?
  private let onDemand: (reads: Int, writes: Int)?

  var isGiven: Bool { tableClass != nil || encrypts != nil || onDemand != nil }

  init(
    _ body: RequestBody, encryption member: StaticString = "SSESpecification", _ constraints: inout Constraints
  ) throws(DynamoError) {
    tableClass = try body.string("TableClass")
    constraints.oneOf(tableClass, ["STANDARD", "STANDARD_INFREQUENT_ACCESS"], at: "tableClass")
    let encryption = try body.object(member)
    constraints.oneOf(try encryption?.string("SSEType"), ["AES256", "KMS"], at: "sSESpecification.sSEType")
    encrypts = try encryption.map { (given) throws(DynamoError) in try given.bool("Enabled") ?? false }
    key = try encryption?.string("KMSMasterKeyId")
    let units = try body.object("OnDemandThroughput")
    onDemand = try units.map { (given) throws(DynamoError) in
      (try given.integer("MaxReadRequestUnits") ?? -1, try given.integer("MaxWriteRequestUnits") ?? -1)
    }
  }

  func apply(to options: inout TableOptions) {
    if let tableClass { options.tableClass = tableClass == "STANDARD" ? nil : tableClass }
    if let encrypts { options.encryptionKey = encrypts ? key ?? OptionsRequest.ownersKey : nil }
    if let onDemand {
      options.onDemandReads = Int64(onDemand.reads)
      options.onDemandWrites = Int64(onDemand.writes)
    }
  }

  /// The key that encryption without a named one is shown with.
  private static let ownersKey = "arn:aws:kms:us-east-1:000000000000:alias/aws/dynamodb"
}

extension JSONWriter {
  mutating func options(_ options: TableOptions) {
    if let tableClass = options.tableClass {
      name("TableClassSummary")
      beginObject()
      name("TableClass")
      string(tableClass)
      endObject()
    }
    if let key = options.encryptionKey {
      name("SSEDescription")
      beginObject()
      name("Status")
      string("ENABLED")
      name("SSEType")
      string("KMS")
      name("KMSMasterKeyArn")
      string(key)
      endObject()
    }
    if let reads = options.onDemandReads, let writes = options.onDemandWrites {
      name("OnDemandThroughput")
      beginObject()
      name("MaxReadRequestUnits")
      integer(reads)
      name("MaxWriteRequestUnits")
      integer(writes)
      endObject()
    }
  }
}
