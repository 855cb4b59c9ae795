internal import DynamoModel
internal import TableStore

enum CreateTable {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    _ = try call.body.requiredTableName()
    let (definition, clock) = try read(call.body, call.api.settings)
    try call.authorize(definition.name)
    let store = call.store
    return .control { () throws(DynamoError) -> [UInt8] in
      let table = try store.createTable(definition, clock: clock)
      return Outcome.object { writer in
        writer.name("TableDescription")
        writer.table(table, .creation)
      }
    }
  }

  /// The definition that a request's members mean, checked.
  static func read(
    _ body: RequestBody, _ settings: TableAPI.Settings
  ) throws(DynamoError) -> (TableDefinition, TableClock) {
    var constraints = Constraints()
    constraints.required(body.has("AttributeDefinitions"), at: "attributeDefinitions")
    let attributes = try AttributeDefinitions(body, &constraints)
    let name = try body.tableName()
    constraints.name(name, at: "tableName")
    let mode = try body.string("BillingMode")
    constraints.oneOf(mode, .billingMode, at: "billingMode")
    let throughput = try ThroughputRequest(body, at: "provisionedThroughput", &constraints)
    let keySchema = try KeySchemaElements(body, at: "keySchema", &constraints)
    let indexes =
      try IndexRequest.list(body, "GlobalSecondaryIndexes", .global, at: "globalSecondaryIndexes", constraints: &constraints)
      + IndexRequest.list(body, "LocalSecondaryIndexes", .local, at: "localSecondaryIndexes", constraints: &constraints)
    let stream = try StreamRequest(body, &constraints)
    let tags = try OwnTags.read(body, &constraints)
    let options = try OptionsRequest(body, &constraints)
    let policy = try body.string("ResourcePolicy")
    let isProtected = try body.bool("DeletionProtectionEnabled") ?? false
    try constraints.check()

    if let policy { try ResourcePolicy.check(policy) }
    let billing = try throughput.billing(mode)
    try keySchema.check()
    try attributes.checkDuplicates()
    let key = try keySchema.schema(attributes)
    for index in indexes where index.kind == .global { try checkThroughput(index, mode) }
    var definitions: [IndexDefinition] = []
    for index in indexes { definitions.append(try index.definition(attributes, table: key)) }
    try IndexRequest.check(definitions)
    try checkAllUsed(attributes, keySchema, definitions)
    try stream?.check()

    var definition = TableDefinition(
      name: name ?? "", key: key, indexes: definitions, stream: stream?.view,
      privateAttributes: try OwnTags.privateAttributes(tags, key),
      partitions: try OwnTags.partitions(tags, default: settings.partitionsDefault), throughput: billing, tags: tags)
    OwnTags.protect(&definition, isProtected)
    try options.apply(to: &definition)
    if let policy { definition.options.setPolicy("", (policy, ResourcePolicy.revision())) }
    return (definition, try OwnTags.clock(tags))
  }

  private static func checkThroughput(_ index: IndexRequest, _ mode: String?) throws(DynamoError) {
    try index.throughput.checkBounds(index: index.name)
    if mode == "PAY_PER_REQUEST" {
      guard !index.throughput.isGiven else {
        throw .invalidParameter(
          "ProvisionedThroughput should not be specified for index: \(index.name) when BillingMode is PAY_PER_REQUEST")
      }
    } else if !index.throughput.isGiven {
      throw .invalidParameter("ProvisionedThroughput is not specified for index: \(index.name)")
    }
  }

  private static func checkAllUsed(
    _ attributes: AttributeDefinitions, _ key: KeySchemaElements, _ indexes: [IndexDefinition]
  ) throws(DynamoError) {
    var used = key.names
    for attribute in indexes.flatMap(\.key.attributes) where !used.contains(where: { Text.equal($0, attribute.name) }) {
      used.append(attribute.name)
    }
    guard attributes.attributes.count > used.count else { return }
    if indexes.isEmpty {
      throw .invalidParameter(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
    }
    throw .invalidParameter(
      "Some AttributeDefinitions are not used. AttributeDefinitions: \(attributes.names), "
        + "keys used: \(AttributeDefinitions.list(used))")
  }
}
