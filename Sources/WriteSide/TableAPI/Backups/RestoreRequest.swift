internal import DynamoModel
internal import TableStore

/// What RestoreTableFromBackup and RestoreTableToPointInTime share: the new table's name and what is overridden of the old one's
/// definition. Stream, TTL, tags and policies do not come along, as on AWS, nor do contributor insights and the limits and history of
/// its capacity.
struct RestoreRequest {
  let name: String
  private let mode: String?
  private let throughput: ThroughputRequest
  private let globals: [IndexRequest]?
  private let locals: [IndexRequest]?
  private let options: OptionsRequest

  init(_ body: RequestBody, _ constraints: inout Constraints) throws(DynamoError) {
    let name = try body.string("TargetTableName")
    constraints.name(name, at: "targetTableName")
    self.name = name ?? ""
    mode = try body.string("BillingModeOverride")
    constraints.oneOf(mode, .billingMode, at: "billingModeOverride")
    throughput = try ThroughputRequest(
      body, "ProvisionedThroughputOverride", at: "provisionedThroughputOverride", &constraints)
    func indexes(_ member: StaticString, _ kind: IndexDefinition.Kind, _ path: String) throws(DynamoError) -> [IndexRequest]? {
      guard let given = try body.objects(member) else { return nil }
      var indexes: [IndexRequest] = []
      for (place, element) in given.enumerated() {
        indexes.append(try IndexRequest(element, kind, at: "\(path).\(place + 1).member", &constraints))
      }
      return indexes
    }
    globals = try indexes("GlobalSecondaryIndexOverride", .global, "globalSecondaryIndexOverride")
    locals = try indexes("LocalSecondaryIndexOverride", .local, "localSecondaryIndexOverride")
    options = try OptionsRequest(body, encryption: "SSESpecificationOverride", &constraints)
  }

  func definition(from source: TableDefinition, _ place: RestoreSource) throws(DynamoError) -> TableDefinition {
    var made = TableDefinition(
      name: name, key: source.key, indexes: source.indexes, privateAttributes: source.privateAttributes,
      partitions: source.partitions, throughput: source.throughput)
    made.options.tableClass = source.options.tableClass
    made.options.encryptionKey = source.options.encryptionKey
    made.options.restoredFrom = place
    for (requests, kind) in [(globals, IndexDefinition.Kind.global), (locals, .local)] {
      guard let requests else { continue }
      for request in requests where source.index(named: request.name)?.kind != kind {
        throw .invalidParameter("The index \(request.name) is not one of the source table's")
      }
      made.indexes.removeAll { index in index.kind == kind && !requests.contains { Text.equal($0.name, index.name) } }
    }
    if mode != nil || throughput.isGiven {
      made.throughput = try throughput.billing(mode ?? (throughput.isGiven ? "PROVISIONED" : nil))
    }
    try options.apply(to: &made)
    for index in made.indexes.indices {
      made.indexes[index].status = .active
      made.indexes[index].options = TableOptions()
      guard made.indexes[index].kind == .global else { continue }
      let request = globals?.first { Text.equal($0.name, made.indexes[index].name) }
      let given = request?.throughput.throughput ?? made.indexes[index].throughput
      made.indexes[index].throughput = made.throughput == nil ? nil : given ?? made.throughput
      try request?.applyCapacity(to: &made.indexes[index])
    }
    return made
  }
}

extension JSONWriter {
  mutating func restoreSummary(_ source: RestoreSource, isRunning: Bool) {
    name("RestoreSummary")
    beginObject()
    if let backup = source.backup { member("SourceBackupArn", backup) }
    member("SourceTableArn", source.table)
    name("RestoreDateTime")
    seconds(source.time)
    member("RestoreInProgress", isRunning)
    endObject()
  }
}
