internal import DynamoModel
internal import TableStore

/// A change that is done here at once, and that a table is shown in as DynamoDB shows it, where it goes on for a while.
enum ShownChange {
  case creation
  /// `before`: the table's definition until then.
  case update(before: TableDefinition)
  case deletion

  var status: String {
    switch self {
    case .creation: "CREATING"
    case .update: "UPDATING"
    case .deletion: "DELETING"
    }
  }
}

extension TableDefinition {
  /// As it is shown while a change goes on: with the capacity that it had, and with the indexes that it loses.
  fileprivate func shown(during change: ShownChange?) -> TableDefinition {
    guard case .update(let before) = change else { return self }
    var shown = self
    if throughput != nil { shown.throughput = before.throughput ?? throughput }
    for place in shown.indexes.indices {
      guard let now = shown.indexes[place].throughput, let old = before.index(named: shown.indexes[place].name)?.throughput,
        now != old
      else { continue }
      shown.indexes[place].throughput = old
      shown.indexes[place].status = .updating
    }
    for var index in before.indexes where self.index(named: index.name) == nil {
      index.status = .deleting
      shown.indexes.append(index)
    }
    return shown
  }
}

extension JSONWriter {
  /// A table as DescribeTable and the operations that change it show it; of one that is being deleted DynamoDB leaves out what
  /// it is made of.
  mutating func table(_ table: TableDescription, _ change: ShownChange? = nil) {
    let definition = table.definition.shown(during: change)
    let status = change?.status ?? table.status
    let isWhole = status != ShownChange.deletion.status
    beginObject()
    if isWhole { attributeDefinitions(definition.keyAttributes) }
    name("TableName")
    string(definition.name)
    if isWhole {
      name("KeySchema")
      keySchema(definition.key)
    }
    name("TableStatus")
    string(status)
    if isWhole {
      name("CreationDateTime")
      seconds(table.createdAt)
    }
    name("ProvisionedThroughput")
    throughput(definition.throughput, definition.options)
    billing(table, isNew: status == ShownChange.creation.status)
    name("TableSizeBytes")
    integer(table.sizeBytes)
    name("ItemCount")
    integer(table.itemCount)
    name("TableArn")
    string(table.arn)
    name("TableId")
    string(table.dynamoTableID)
    if isWhole {
      globalIndexes(definition.indexes, table, change)
      indexes(definition.indexes, .local) { writer, index in writer.sizes(of: index, table) }
    }
    stream(table)
    options(definition.options)
    if isWhole { capacity(definition.options, definition.throughput) }
    name("DeletionProtectionEnabled")
    bool(OwnTags.isProtected(definition))
    if let source = definition.options.restoredFrom {
      restoreSummary(source, isRunning: status == ShownChange.creation.status)
    }
    endObject()
  }

  private mutating func attributeDefinitions(_ attributes: [KeyAttribute]) {
    name("AttributeDefinitions")
    array(attributes) { writer, attribute in
      writer.beginObject()
      writer.name("AttributeName")
      writer.string(attribute.name)
      writer.name("AttributeType")
      writer.string(attribute.type.rawValue)
      writer.endObject()
    }
  }

  /// Nothing for a table that was always provisioned.
  private mutating func billing(_ table: TableDescription, isNew: Bool) {
    let since = table.definition.options.payPerRequestSince
    guard table.definition.throughput == nil || since != nil else { return }
    name("BillingModeSummary")
    beginObject()
    name("BillingMode")
    string(table.definition.throughput == nil ? "PAY_PER_REQUEST" : "PROVISIONED")
    if !isNew {
      name("LastUpdateToPayPerRequestDateTime")
      seconds(since ?? table.createdAt)
    }
    endObject()
  }

  private mutating func stream(_ table: TableDescription) {
    if let view = table.definition.stream {
      name("StreamSpecification")
      beginObject()
      name("StreamEnabled")
      bool(true)
      name("StreamViewType")
      string(view.rawValue)
      endObject()
    }
    if let label = table.streamLabel, let arn = table.streamARN {
      name("LatestStreamLabel")
      string(label)
      name("LatestStreamArn")
      string(arn)
    }
  }

  /// A new index is at first given its place, and then filled from the table.
  private mutating func globalIndexes(_ indexes: [IndexDefinition], _ table: TableDescription, _ change: ShownChange?) {
    self.indexes(indexes, .global) { writer, index in
      writer.name("ProvisionedThroughput")
      writer.throughput(index.throughput, index.options)
      writer.name("IndexStatus")
      writer.string(table.status == "CREATING" || change?.status == "CREATING" ? "CREATING" : index.status.rawValue)
      if index.status == .creating {
        writer.name("Backfilling")
        writer.bool(change == nil)
      }
      writer.sizes(of: index, table)
      writer.capacity(index.options, index.throughput)
    }
  }

  private mutating func sizes(of index: IndexDefinition, _ table: TableDescription) {
    let size = table.size(ofIndex: index.name)
    name("IndexSizeBytes")
    integer(size.bytes)
    name("ItemCount")
    integer(size.items)
    name("IndexArn")
    string("\(table.arn)/index/\(index.name)")
  }

  /// The indexes of a kind, each as it was asked for, with what `more` adds; nothing when there are none.
  mutating func indexes(
    _ indexes: [IndexDefinition], _ kind: IndexDefinition.Kind, more: (inout JSONWriter, IndexDefinition) -> Void = { _, _ in }
  ) {
    let indexes = indexes.filter { $0.kind == kind }
    guard !indexes.isEmpty else { return }
    if kind == .global { name("GlobalSecondaryIndexes") } else { name("LocalSecondaryIndexes") }
    array(indexes) { writer, index in
      writer.beginObject()
      writer.name("IndexName")
      writer.string(index.name)
      writer.name("KeySchema")
      writer.keySchema(index.key)
      writer.name("Projection")
      writer.projection(index.projection)
      more(&writer, index)
      writer.endObject()
    }
  }

  mutating func projection(_ projection: IndexProjection) {
    beginObject()
    name("ProjectionType")
    switch projection {
    case .all: string("ALL")
    case .keysOnly: string("KEYS_ONLY")
    case .include(let names):
      string("INCLUDE")
      name("NonKeyAttributes")
      array(names) { $0.string($1) }
    }
    endObject()
  }

  mutating func keySchema(_ key: KeySchema) {
    array(key.attributes) { writer, attribute in
      writer.beginObject()
      writer.name("AttributeName")
      writer.string(attribute.name)
      writer.name("KeyType")
      writer.string(key.partitions.contains(attribute) ? "HASH" : "RANGE")
      writer.endObject()
    }
  }

  private mutating func throughput(_ throughput: TableDefinition.Throughput?, _ options: TableOptions) {
    beginObject()
    if let increasedAt = options.increasedAt {
      name("LastIncreaseDateTime")
      seconds(increasedAt)
    }
    if let decreasedAt = options.decreasedAt {
      name("LastDecreaseDateTime")
      seconds(decreasedAt)
    }
    name("NumberOfDecreasesToday")
    integer(0)
    units(throughput)
    endObject()
  }

  /// Zeros when the table bills by request, as DynamoDB shows it.
  mutating func units(_ throughput: TableDefinition.Throughput?) {
    name("ReadCapacityUnits")
    integer(throughput?.read ?? 0)
    name("WriteCapacityUnits")
    integer(throughput?.write ?? 0)
  }

  /// Milliseconds as seconds with a fraction.
  mutating func seconds(_ milliseconds: Int64) {
    let fraction = String(milliseconds % 1000 + 1000).dropFirst()
    raw("\(milliseconds / 1000).\(fraction)".utf8)
  }
}
