internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// A change that is done here at once, and that a table is shown in as DynamoDB shows it, where it goes on for a while.
enum ShownChange {
  case creation
  /// `before`: the table's definition until then.
  case update(before: TableDefinition)
  case deletion

  var isCreation: Bool {
    if case .creation = self { true } else { false }
  }

  /// The definition of a table until it was changed.
  var before: TableDefinition? {
    if case .update(let before) = self { before } else { nil }
  }

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
    let isNew = change?.isCreation ?? false
    beginObject()
    if isWhole { attributeDefinitions(definition.keyAttributes) }
    member("TableName", definition.name)
    if isWhole {
      name("KeySchema")
      keySchema(definition.key)
    }
    member("TableStatus", status)
    if isWhole {
      name("CreationDateTime")
      seconds(table.createdAt)
    }
    name("ProvisionedThroughput")
    throughput(definition.throughput, definition.options)
    billing(table, isNew: status == ShownChange.creation.status)
    member("TableSizeBytes", table.sizeBytes)
    member("ItemCount", table.itemCount)
    member("TableArn", table.arn)
    member("TableId", table.dynamoTableID)
    if isWhole {
      globalIndexes(definition.indexes, table, change)
      indexes(definition.indexes, .local) { writer, index in writer.sizes(of: index, table) }
    }
    stream(table)
    options(definition.options, before: change?.before?.options)
    if isWhole { capacity(definition.options, definition.throughput, isNew: isNew) }
    member("DeletionProtectionEnabled", OwnTags.isProtected(definition))
    if let source = definition.options.restoredFrom {
      restoreSummary(source, isRunning: status == ShownChange.creation.status)
    }
    endObject()
  }

  private mutating func attributeDefinitions(_ attributes: [KeyAttribute]) {
    name("AttributeDefinitions")
    array(attributes) { writer, attribute in
      writer.beginObject()
      writer.member("AttributeName", attribute.name)
      writer.member("AttributeType", attribute.type.rawValue)
      writer.endObject()
    }
  }

  /// Nothing for a table that was always provisioned.
  private mutating func billing(_ table: TableDescription, isNew: Bool) {
    let since = table.definition.options.payPerRequestSince
    guard table.definition.throughput == nil || since != nil else { return }
    name("BillingModeSummary")
    beginObject()
    member("BillingMode", table.definition.throughput == nil ? "PAY_PER_REQUEST" : "PROVISIONED")
    if !isNew {
      name("LastUpdateToPayPerRequestDateTime")
      seconds(since ?? table.createdAt.rawValue)
    }
    endObject()
  }

  private mutating func stream(_ table: TableDescription) {
    if let view = table.definition.stream {
      name("StreamSpecification")
      beginObject()
      member("StreamEnabled", true)
      member("StreamViewType", view.rawValue)
      endObject()
    }
    if let label = table.streamLabel, let arn = table.streamARN {
      member("LatestStreamLabel", label)
      member("LatestStreamArn", arn)
    }
  }

  /// A new index is at first given its place, and then filled from the table.
  private mutating func globalIndexes(_ indexes: [IndexDefinition], _ table: TableDescription, _ change: ShownChange?) {
    self.indexes(indexes, .global) { writer, index in
      writer.name("ProvisionedThroughput")
      writer.throughput(index.throughput, index.options)
      writer.member(
        "IndexStatus", table.status == "CREATING" || change?.status == "CREATING" ? "CREATING" : index.status.rawValue)
      if index.status == .creating { writer.member("Backfilling", change == nil) }
      writer.sizes(of: index, table)
      writer.capacity(index.options, index.throughput, isNew: change?.isCreation ?? false)
    }
  }

  private mutating func sizes(of index: IndexDefinition, _ table: TableDescription) {
    let size = table.size(ofIndex: index.name)
    member("IndexSizeBytes", size.bytes)
    member("ItemCount", size.items)
    member("IndexArn", "\(table.arn)/index/\(index.name)")
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
      writer.member("IndexName", index.name)
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
    switch projection {
    case .all: member("ProjectionType", "ALL")
    case .keysOnly: member("ProjectionType", "KEYS_ONLY")
    case .include(let names):
      member("ProjectionType", "INCLUDE")
      name("NonKeyAttributes")
      array(names) { $0.string($1) }
    }
    endObject()
  }

  mutating func keySchema(_ key: KeySchema) {
    array(key.attributes) { writer, attribute in
      writer.beginObject()
      writer.member("AttributeName", attribute.name)
      writer.member("KeyType", key.partitions.contains(attribute) ? "HASH" : "RANGE")
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
    member("NumberOfDecreasesToday", 0)
    units(throughput)
    endObject()
  }

  /// Zeros when the table bills by request, as DynamoDB shows it.
  mutating func units(_ throughput: TableDefinition.Throughput?) {
    member("ReadCapacityUnits", throughput?.read ?? 0)
    member("WriteCapacityUnits", throughput?.write ?? 0)
  }

  mutating func seconds(_ time: LogTime) { seconds(time.rawValue) }

  /// Milliseconds as seconds with a fraction.
  mutating func seconds(_ milliseconds: Int64) {
    let fraction = String(milliseconds % 1000 + 1000).dropFirst()
    raw("\(milliseconds / 1000).\(fraction)".utf8)
  }
}
