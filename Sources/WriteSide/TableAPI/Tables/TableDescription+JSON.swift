internal import DynamoModel
internal import TableStore

extension JSONWriter {
  /// A table as DescribeTable and the operations that change it show it.
  ///
  /// `status` in place of the table's own is what DynamoDB shows while a change that is done here at once goes on there.
  mutating func table(
    _ table: TableDescription, status: String? = nil, more: (inout JSONWriter) -> Void = { _ in }
  ) {
    let definition = table.definition
    beginObject()
    name("AttributeDefinitions")
    array(definition.keyAttributes) { writer, attribute in
      writer.beginObject()
      writer.name("AttributeName")
      writer.string(attribute.name)
      writer.name("AttributeType")
      writer.string(attribute.type.rawValue)
      writer.endObject()
    }
    name("TableName")
    string(definition.name)
    name("KeySchema")
    keySchema(definition.key)
    name("TableStatus")
    string(status ?? table.status)
    name("CreationDateTime")
    seconds(table.createdAt)
    name("ProvisionedThroughput")
    throughput(definition.throughput)
    if definition.throughput == nil {
      name("BillingModeSummary")
      beginObject()
      name("BillingMode")
      string("PAY_PER_REQUEST")
      name("LastUpdateToPayPerRequestDateTime")
      seconds(table.createdAt)
      endObject()
    }
    name("TableSizeBytes")
    integer(table.sizeBytes)
    name("ItemCount")
    integer(table.itemCount)
    name("TableArn")
    string(table.arn)
    name("TableId")
    string(table.tableID)
    indexes(table, .global)
    indexes(table, .local)
    stream(table)
    options(definition.options)
    warmThroughput(definition.throughput)
    name("DeletionProtectionEnabled")
    bool(OwnTags.isProtected(definition))
    more(&self)
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

  private mutating func indexes(_ table: TableDescription, _ kind: IndexDefinition.Kind) {
    indexes(table.definition, kind) { writer, index in
      if kind == .global {
        writer.name("IndexStatus")
        writer.string(index.status.rawValue)
        if index.status == .creating {
          writer.name("Backfilling")
          writer.bool(true)
        }
      }
      let size = table.size(ofIndex: index.name)
      writer.name("IndexSizeBytes")
      writer.integer(size.bytes)
      writer.name("ItemCount")
      writer.integer(size.items)
      writer.name("IndexArn")
      writer.string("\(table.arn)/index/\(index.name)")
    }
  }

  /// The indexes of a kind, each as it was asked for, with what `more` adds; nothing when there are none.
  mutating func indexes(
    _ table: TableDefinition, _ kind: IndexDefinition.Kind, more: (inout JSONWriter, IndexDefinition) -> Void = { _, _ in }
  ) {
    let indexes = table.indexes.filter { $0.kind == kind }
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
      if kind == .global {
        writer.name("ProvisionedThroughput")
        writer.throughput(index.throughput)
      }
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

  /// What AWS says that a table takes at once: as provisioned, or what a new table that bills by request takes there.
  private mutating func warmThroughput(_ throughput: TableDefinition.Throughput?) {
    name("WarmThroughput")
    beginObject()
    name("ReadUnitsPerSecond")
    integer(throughput?.read ?? 12_000)
    name("WriteUnitsPerSecond")
    integer(throughput?.write ?? 4_000)
    name("Status")
    string("ACTIVE")
    endObject()
  }

  /// Zeros when the table bills by request, as DynamoDB shows it.
  mutating func throughput(_ throughput: TableDefinition.Throughput?) {
    beginObject()
    name("NumberOfDecreasesToday")
    integer(0)
    name("ReadCapacityUnits")
    integer(throughput?.read ?? 0)
    name("WriteCapacityUnits")
    integer(throughput?.write ?? 0)
    endObject()
  }

  /// Milliseconds as seconds with a fraction.
  mutating func seconds(_ milliseconds: Int64) {
    let fraction = String(milliseconds % 1000 + 1000).dropFirst()
    raw("\(milliseconds / 1000).\(fraction)".utf8)
  }
}
