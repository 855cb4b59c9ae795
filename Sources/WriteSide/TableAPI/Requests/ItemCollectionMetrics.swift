internal import DynamoModel
internal import TableStore

/// The size of an item collection, for tables with local indexes, as an estimate: between nothing and the whole table.
struct ItemCollectionMetrics: Sendable {
  let key: Item
  let gigabytesMax: Int

  /// Nil when the request does not ask, or the table has no local index.
  init?(_ wanted: String?, _ table: TableHandle, key: Item) {
    guard wanted == "SIZE", table.definition.indexes.contains(where: { $0.kind == .local }) else { return nil }
    var partition = Item()
    partition[table.definition.key.partition.name] = key[table.definition.key.partition.name]
    self.key = partition
    gigabytesMax = table.description.sizeBytes / (1 << 30) + 1
  }
}

extension JSONWriter {
  mutating func itemCollectionMetrics(_ metrics: ItemCollectionMetrics) {
    beginObject()
    name("ItemCollectionKey")
    item(metrics.key)
    name("SizeEstimateRangeGB")
    beginArray()
    double(0)
    double(Double(metrics.gigabytesMax))
    endArray()
    endObject()
  }
}
