internal import DynamoModel
internal import Expressions
internal import TableStore

/// One page of a Query or Scan as it fills: at most `limit` items looked at, and none after the one with which what was read is more
/// than 1 MB, both before the filter.
struct Page {
  static let bytesMax = 1 << 20

  private let limit: Int
  private let filter: ConditionExpression?
  private let projection: ProjectionExpression?
  private let countsOnly: Bool
  private let pageAttributes: [KeyAttribute]

  private(set) var items: [Item] = []
  private var count = 0
  private var scanned = 0
  private var bytes = 0
  /// Of the items that were read whole from the table.
  private var fetchedBytes = 0
  /// 4 KB units of the items that were read whole from the table.
  private var fetchedUnits = 0.0
  private var last: Item?
  private var hasMore = false

  init(
    limit: Int?, filter: ConditionExpression?, projection: ProjectionExpression?, countsOnly: Bool, pageAttributes: [KeyAttribute]
  ) {
    self.limit = limit ?? .max
    self.filter = filter
    self.projection = projection
    self.countsOnly = countsOnly
    self.pageAttributes = pageAttributes
  }

  /// Takes the next item; false when the page is full with it.
  mutating func take(_ item: Item, fetched: Item? = nil) -> Bool {
    let whole = fetched ?? item
    bytes += item.size
    scanned += 1
    if let fetched {
      fetchedBytes += fetched.size
      fetchedUnits += ConsumedCapacity.read(fetched.size, consistent: true)
    }
    if filter?.evaluate(on: whole) ?? true {
      count += 1
      if !countsOnly { items.append(projection?.apply(to: whole) ?? whole) }
    }
    last = item
    hasMore = scanned >= limit || bytes + fetchedBytes > Page.bytesMax
    return !hasMore
  }

  /// The key to go on after; nil when there is nothing more, as far as the page saw.
  var lastKey: Item? {
    guard hasMore, let last else { return nil }
    var key = Item()
    for attribute in pageAttributes { key[attribute.name] = last[attribute.name] }
    return key
  }

  func write(to writer: inout JSONWriter) {
    if !countsOnly {
      writer.name("Items")
      writer.array(items) { $0.item($1) }
    }
    writer.member("Count", count)
    writer.member("ScannedCount", scanned)
    if let lastKey {
      writer.name("LastEvaluatedKey")
      writer.item(lastKey)
    }
  }

  /// What the page took, by the bytes that were read.
  func capacity(_ table: String, _ index: IndexDefinition?, consistent: Bool) -> ConsumedCapacity {
    var capacity = ConsumedCapacity(table: table)
    let units = ConsumedCapacity.read(bytes, consistent: consistent, atLeast: 1)
    guard let index else {
      capacity.tableUnits = units
      return capacity
    }
    capacity.add(index: index, units)
    capacity.tableUnits = fetchedUnits * (consistent ? 1 : 0.5)
    return capacity
  }
}
