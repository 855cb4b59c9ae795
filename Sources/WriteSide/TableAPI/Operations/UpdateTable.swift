internal import DynamoModel
internal import Synchronization
internal import TableStore

enum UpdateTable {
  private enum IndexChange {
    case create(IndexRequest)
    case update(String, TableDefinition.Throughput?, CapacityRequest)
    case delete(String)
  }

  private struct Change {
    let name: String
    let attributes: AttributeDefinitions
    let mode: String?
    let throughput: ThroughputRequest
    let indexes: [IndexChange]
    let stream: StreamRequest?
    let isProtected: Bool?
    let options: OptionsRequest
  }

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let change = try read(call.body)
    _ = try call.changeableTable(change.name)
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let now = store.now
      let before = Mutex<TableDefinition?>(nil)
      let table = try store.updateTable(change.name) { (definition) throws(DynamoError) in
        let old = definition
        before.withLock { $0 = old }
        try apply(change, to: &definition, now: now)
      }
      return Outcome.object { writer in
        writer.name("TableDescription")
        writer.table(table, .update(before: before.withLock { $0 } ?? table.definition))
      }
    }
  }

  private static func read(_ body: RequestBody) throws(DynamoError) -> Change {
    var constraints = Constraints()
    let name = try body.tableNameFirst()
    let attributes = try AttributeDefinitions(body, &constraints)
    constraints.name(name, at: "tableName")
    let mode = try body.string("BillingMode")
    constraints.oneOf(mode, .billingMode, at: "billingMode")
    let throughput = try ThroughputRequest(body, at: "provisionedThroughput", &constraints)
    var indexes: [IndexChange] = []
    for (place, update) in (try body.objects("GlobalSecondaryIndexUpdates") ?? []).enumerated() {
      indexes.append(try indexChange(update, at: "globalSecondaryIndexUpdates.\(place + 1).member", &constraints))
    }
    let stream = try StreamRequest(body, &constraints)
    let options = try OptionsRequest(body, &constraints)
    let isProtected = try body.bool("DeletionProtectionEnabled")
    try constraints.check()
    for parameter in ["ReplicaUpdates", "GlobalTableWitnessUpdates", "MultiRegionConsistency"] as [StaticString]
    where body.has(parameter) {
      throw .validation("The parameter \(parameter) is not supported by this server: it has one region")
    }
    let changesSomething = mode != nil || throughput.isGiven || !indexes.isEmpty || stream != nil || isProtected != nil
    guard changesSomething || options.isGiven else {
      throw .validation(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
          + "SSESpecification or ReplicaUpdates is required")
    }
    if let mode { _ = try billing(throughput, mode) }
    try stream?.check()
    try checkOncePerIndex(indexes)
    let starts = indexes.count { if case .update = $0 { false } else { true } }
    guard starts <= 1 else {
      throw DynamoError(
        .limitExceeded,
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
    }
    return Change(
      name: name, attributes: attributes, mode: mode, throughput: throughput, indexes: indexes, stream: stream,
      isProtected: isProtected, options: options)
  }

  private static func indexChange(
    _ body: RequestBody, at path: String, _ constraints: inout Constraints
  ) throws(DynamoError) -> IndexChange {
    let given = ["Create", "Delete", "Update"].count { (member: StaticString) in body.has(member) }
    guard given == 1 else {
      throw .invalidParameter(
        "\(given == 0 ? "One" : "Only one") of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
          + "GlobalSecondaryIndexUpdate.Delete \(given == 0 ? "must not be null" : "may be set")")
    }
    if let create = try body.object("Create") {
      return .create(try IndexRequest(create, .global, at: "\(path).create", &constraints))
    }
    if let delete = try body.object("Delete") {
      let name = try delete.string("IndexName")
      constraints.name(name, at: "\(path).delete.indexName")
      return .delete(name ?? "")
    }
    guard let update = try body.object("Update") else { preconditionFailure("one of them is given") }
    let name = try update.string("IndexName")
    constraints.name(name, at: "\(path).update.indexName")
    let throughput = try ThroughputRequest(update, at: "\(path).update.provisionedThroughput", &constraints)
    return .update(name ?? "", throughput.throughput, try CapacityRequest(update))
  }

  private static func billing(
    _ throughput: ThroughputRequest, _ mode: String
  ) throws(DynamoError) -> TableDefinition.Throughput? {
    try throughput.billing(mode, missing: "ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
  }

  private static func checkOncePerIndex(_ changes: [IndexChange]) throws(DynamoError) {
    let names = changes.map { change in
      switch change {
      case .create(let request): request.name
      case .update(let name, _, _), .delete(let name): name
      }
    }
    if let name = Text.firstRepeated(names) {
      throw .invalidParameter(
        "Only one global secondary index update per index is allowed simultaneously. Index: \(name)")
    }
  }

  /// On the definition as it is when the committer gets to it.
  private static func apply(_ change: Change, to definition: inout TableDefinition, now: Int64) throws(DynamoError) {
    if change.mode != nil || change.throughput.isGiven {
      let mode = change.mode ?? (definition.throughput == nil ? "PAY_PER_REQUEST" : "PROVISIONED")
      let billing = try billing(change.throughput, mode)
      if let billing, billing == definition.throughput, change.indexes.isEmpty, change.stream == nil {
        throw .validation(
          "The provisioned throughput for the table will not change. The requested value equals the current value. Current "
            + "ReadCapacityUnits provisioned for the table: \(billing.read). Requested ReadCapacityUnits: \(billing.read). Current "
            + "WriteCapacityUnits provisioned for the table: \(billing.write). Requested WriteCapacityUnits: \(billing.write). "
            + "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.")
      }
      definition.throughput = billing
    }
    if let stream = change.stream { try apply(stream, to: &definition) }
    try change.options.apply(to: &definition, now: now)
    if let isProtected = change.isProtected { OwnTags.protect(&definition, isProtected) }
    for index in change.indexes { try apply(index, change.attributes, to: &definition) }
    for index in definition.indexes.indices where definition.indexes[index].kind == .global {
      if definition.throughput == nil {
        definition.indexes[index].throughput = nil
      } else if definition.indexes[index].throughput == nil {
        throw .invalidParameter("ProvisionedThroughput is not specified for index: \(definition.indexes[index].name)")
      }
    }
  }

  private static func apply(_ stream: StreamRequest, to definition: inout TableDefinition) throws(DynamoError) {
    if stream.isEnabled {
      guard definition.stream == nil else {
        throw .validation("Table already has an enabled stream: TableName: \(definition.name)")
      }
      definition.stream = stream.view
    } else {
      guard definition.stream != nil else {
        throw .validation("Table has no stream to disable: TableName: \(definition.name)")
      }
      definition.stream = nil
    }
  }

  /// Throws when a key has an attribute of another type than it has in the key of the table or of one of its indexes.
  private static func checkNotRedefined(_ new: KeySchema, _ definition: TableDefinition) throws(DynamoError) {
    for old in [definition.key] + definition.indexes.map(\.key) {
      let isRedefined = { (attribute: KeyAttribute) in
        new.attributes.contains { Text.equal($0.name, attribute.name) && $0.type != attribute.type }
      }
      guard old.attributes.contains(where: isRedefined) else { continue }
      throw .invalidParameter(
        "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: "
          + "\(shown(old)) New schema: \(shown(new))")
    }
  }

  private static func shown(_ key: KeySchema) -> String {
    let elements = key.attributes.map { attribute in
      let role = key.partitions.contains(attribute) ? "HASH" : "RANGE"
      return "SchemaElement: key{\(attribute.name):\(attribute.type.rawValue):\(role)}"
    }
    return "Schema:[\(elements.joined(separator: ", "))]"
  }

  private static func apply(
    _ change: IndexChange, _ attributes: AttributeDefinitions, to definition: inout TableDefinition
  ) throws(DynamoError) {
    switch change {
    case .create(let request):
      guard definition.index(named: request.name) == nil else {
        throw .validation("Attempting to create an index which already exists")
      }
      try attributes.checkDuplicates()
      try request.checkThroughput(isProvisioned: definition.throughput != nil)
      let index = try request.definition(attributes, table: definition.key)
      try checkNotRedefined(index.key, definition)
      definition.indexes.append(index)
      try IndexRequest.check(definition.indexes)
    case .delete(let name):
      guard definition.index(named: name)?.kind == .global else {
        throw DynamoError(.resourceNotFound, "Requested resource not found")
      }
      definition.indexes.removeAll { Text.equal($0.name, name) }
    case .update(let name, let throughput, let capacity):
      guard let place = definition.indexes.firstIndex(where: { $0.kind == .global && Text.equal($0.name, name) }) else {
        throw DynamoError(.resourceNotFound, "Requested resource not found")
      }
      try capacity.apply(
        to: &definition.indexes[place].options, definition.indexes[place].throughput, of: "index \(name)")
      guard let throughput else { return }
      guard definition.throughput != nil else {
        throw ThroughputRequest.isPayPerRequest
      }
      guard definition.indexes[place].throughput != throughput else {
        throw .validation(
          "The provisioned throughput for the index \(name) will not change. The requested value equals the current value. "
            + "Current ReadCapacityUnits provisioned for the index: \(throughput.read). Requested ReadCapacityUnits: "
            + "\(throughput.read). Current WriteCapacityUnits provisioned for the index: \(throughput.write). Requested "
            + "WriteCapacityUnits: \(throughput.write). Refer to the Amazon DynamoDB Developer Guide for current limits and how "
            + "to request higher limits.")
      }
      definition.indexes[place].throughput = throughput
    }
  }
}
