package import ChangeRecords
package import DynamoModel

/// How a table's commit times come about.
package enum TableClock: String, Sendable {
  /// From the committer: max(last, wall clock).
  case live
  /// Each write brings its time; the watermark of every partition is the last time given.
  case history
}

/// A table as the store keeps it: the definition and what only the store knows.
struct StoredTable: Sendable {
  let id: TableNumber
  /// Changes only in a recovery.
  var tableID: TableID
  var definition: TableDefinition
  var indexNumbers: [String: UInt16]
  var nextIndexNumber: UInt16
  let createdAt: LogTime
  var clock: TableClock
  /// The streams of the table, the one enabled last at the end. Disabled ones stay while they are readable.
  var streams: [StoredStream] = []
  /// A restore or import is writing its items: it is shown as CREATING, and not open to its clients yet.
  var isFilling = false
  /// TTL was enabled, and the items that were there before may not have their entries yet.
  var isFillingTimeToLive = false
  /// Set when the table is deleted: only its log is left then.
  var isDropped = false
}

/// A table as its clients see it.
package struct TableDescription: Sendable {
  package let definition: TableDefinition
  package let status: String
  /// Milliseconds since 1970.
  package let createdAt: LogTime
  package let itemCount: Int
  package let sizeBytes: Int
  let indexProgress: [UInt16: TableProgress.IndexProgress]
  let indexNumbers: [String: UInt16]
  let number: TableNumber
  package let clock: TableClock
  package let tableID: TableID
  package let streamLabel: String?

  /// A UUID that the table keeps for its life. Made when asked for: a description goes with every request.
  package var dynamoTableID: String {
    let digits = Array("\(tableID)")
    let tail = String(number.rawValue, radix: 16)
    return "\(String(digits[0..<8]))-\(String(digits[8..<12]))-4\(String(digits[13..<16]))-8000-"
      + String(repeating: "0", count: 12 - tail.count) + tail
  }

  /// The items of an index, and the stored bytes of what it shows of them.
  package func size(ofIndex name: String) -> (items: Int, bytes: Int) {
    let counts = indexNumbers[name].flatMap { indexProgress[$0] } ?? .init()
    return (counts.itemCount, counts.sizeBytes)
  }

  package var arn: String { TableDescription.arn(definition.name) }

  package static func arn(_ table: String) -> String { "arn:aws:dynamodb:us-east-1:000000000000:table/\(table)" }

  package var streamARN: String? { streamLabel.map { "\(arn)/stream/\($0)" } }
}

/// A table looked up for one request: its definition at that moment.
package struct TableHandle: Sendable {
  let stored: StoredTable
  /// Where its numbers are; those of a table that is being made are given.
  private let state: StoreState?
  private let given: TableDescription?

  init(stored: StoredTable, state: StoreState) {
    self.stored = stored
    self.state = state
    given = nil
  }

  init(stored: StoredTable, description: TableDescription) {
    self.stored = stored
    state = nil
    given = description
  }

  /// As of now; made when asked for, which few requests do.
  package var description: TableDescription {
    guard let description = given ?? state?.describe(stored) else { preconditionFailure("one of them is given") }
    return description
  }

  package var definition: TableDefinition { stored.definition }
  /// False while a restore or import is writing its items.
  package var isOpen: Bool { !stored.isFilling }
}

extension StoredTable {
  /// The record in the store's catalogue: an item in its stored form, so that later versions can add attributes.
  var binary: [UInt8] {
    var item = Item()
    item["id"] = .number(Number(Int64(id.rawValue)))
    item["tableId"] = .string(tableID.description)
    item["name"] = .string(definition.name)
    item["key"] = StoredTable.encode(definition.key)
    item["indexes"] = .list(definition.indexes.map { encode($0) })
    item["nextIndexNumber"] = .number(Number(Int64(nextIndexNumber)))
    item["createdAt"] = .number(Number(createdAt.rawValue))
    item["clock"] = .string(clock.rawValue)
    item["partitions"] = .number(Number(Int64(definition.partitions)))
    item["private"] = .list(definition.privateAttributes.map { .string($0) })
    item["tags"] = .list(definition.tags.map { .list([.string($0.key), .string($0.value)]) })
    item["dropped"] = .bool(isDropped)
    if isFilling { item["filling"] = .bool(true) }
    if isFillingTimeToLive { item["fillingTimeToLive"] = .bool(true) }
    if let stream = definition.stream { item["stream"] = .string(stream.rawValue) }
    item["streams"] = .list(streams.map(\.value))
    if let attribute = definition.timeToLive { item["timeToLive"] = .string(attribute) }
    if let throughput = definition.throughput {
      item["throughput"] = .list([.number(Number(Int64(throughput.read))), .number(Number(Int64(throughput.write)))])
    }
    if !definition.options.values.isEmpty { item["options"] = .map(definition.options.values) }
    return item.binary
  }

  private static func encode(_ key: KeySchema) -> AttributeValue {
    let pair = { (attribute: KeyAttribute) in
      AttributeValue.list([.string(attribute.name), .string(attribute.type.rawValue)])
    }
    if key.partitions.count == 1, key.sorts.count <= 1 { return .list(key.attributes.map(pair)) }
    return .map(["partitions": .list(key.partitions.map(pair)), "sorts": .list(key.sorts.map(pair))])
  }

  private func encode(_ index: IndexDefinition) -> AttributeValue {
    var map: AttributeMap = [
      "name": .string(index.name), "kind": .string(index.kind.rawValue), "key": StoredTable.encode(index.key),
      "status": .string(index.status.rawValue), "number": .number(Number(Int64(indexNumbers[index.name] ?? 0))),
    ]
    switch index.projection {
    case .all: map["projection"] = .string("ALL")
    case .keysOnly: map["projection"] = .string("KEYS_ONLY")
    case .include(let names): map["projection"] = .list(names.map { .string($0) })
    }
    if let throughput = index.throughput {
      map["throughput"] = .list([.number(Number(Int64(throughput.read))), .number(Number(Int64(throughput.write)))])
    }
    if !index.options.values.isEmpty { map["options"] = .map(index.options.values) }
    return .map(map)
  }

  init?(binary: [UInt8]) {
    guard let item = Item(binary: binary), let id = item["id"]?.int, let key = StoredTable.key(item["key"]),
      let tableID = item["tableId"]?.text.flatMap({ TableID($0) }), let name = item["name"]?.text,
      let clock = item["clock"]?.text.flatMap(TableClock.init(rawValue:)), let partitions = item["partitions"]?.int,
      let createdAt = item["createdAt"]?.int, let nextIndexNumber = item["nextIndexNumber"]?.int
    else { return nil }
    self.id = TableNumber(rawValue: UInt32(clamping: id))
    self.tableID = tableID
    self.createdAt = LogTime(rawValue: Int64(createdAt))
    self.clock = clock
    self.nextIndexNumber = UInt16(nextIndexNumber)
    streams = (item["streams"]?.elements ?? []).compactMap(StoredStream.init)
    isDropped = item["dropped"] == .bool(true)
    isFilling = item["filling"] == .bool(true)
    isFillingTimeToLive = item["fillingTimeToLive"] == .bool(true)
    definition = TableDefinition(name: name, key: key, partitions: partitions)
    indexNumbers = [:]
    for value in item["indexes"]?.elements ?? [] {
      guard case .map(let map) = value, let index = StoredTable.index(map) else { return nil }
      definition.indexes.append(index)
      indexNumbers[index.name] = UInt16(map["number"]?.int ?? 0)
    }
    definition.stream = item["stream"]?.text.flatMap(StreamViewType.init(rawValue:))
    definition.timeToLive = item["timeToLive"]?.text
    if case .map(let options)? = item["options"] { definition.options = TableOptions(values: options) }
    definition.privateAttributes = (item["private"]?.elements ?? []).compactMap(\.text)
    definition.tags = (item["tags"]?.elements ?? []).compactMap { tag in
      guard let parts = tag.elements, parts.count == 2, let key = parts[0].text, let value = parts[1].text else { return nil }
      return .init(key: key, value: value)
    }
    if let both = item["throughput"]?.elements, both.count == 2, let read = both[0].int, let write = both[1].int {
      definition.throughput = .init(read: read, write: write)
    }
  }

  private static func key(_ value: AttributeValue?) -> KeySchema? {
    if case .map(let map)? = value {
      let partitions = attributes(map["partitions"])
      return partitions.isEmpty ? nil : KeySchema(partitions: partitions, sorts: attributes(map["sorts"]))
    }
    let attributes = attributes(value)
    guard let first = attributes.first else { return nil }
    return KeySchema(partition: first, sort: attributes.count > 1 ? attributes[1] : nil)
  }

  private static func attributes(_ value: AttributeValue?) -> [KeyAttribute] {
    (value?.elements ?? []).compactMap { pair -> KeyAttribute? in
      guard let parts = pair.elements, parts.count == 2, let name = parts[0].text,
        let type = parts[1].text.flatMap(KeyType.init(rawValue:))
      else { return nil }
      return KeyAttribute(name: name, type: type)
    }
  }

  private static func index(_ map: AttributeMap) -> IndexDefinition? {
    guard let name = map["name"]?.text, let kind = map["kind"]?.text.flatMap(IndexDefinition.Kind.init(rawValue:)),
      let key = key(map["key"]), let status = map["status"]?.text.flatMap(IndexDefinition.Status.init(rawValue:))
    else { return nil }
    let projection: IndexProjection
    switch map["projection"] {
    case .list(let names): projection = .include(names.compactMap(\.text))
    case .some(.string(let text)) where text == "KEYS_ONLY": projection = .keysOnly
    default: projection = .all
    }
    var throughput: TableDefinition.Throughput?
    if let both = map["throughput"]?.elements, both.count == 2, let read = both[0].int, let write = both[1].int {
      throughput = .init(read: read, write: write)
    }
    var index = IndexDefinition(
      name: name, kind: kind, key: key, projection: projection, status: status, throughput: throughput)
    if case .map(let options)? = map["options"] { index.options = TableOptions(values: options) }
    return index
  }
}

extension AttributeValue {
  fileprivate var text: String? {
    if case .string(let text) = self { text } else { nil }
  }
  fileprivate var int: Int? {
    if case .number(let number) = self { number.int64.map { Int($0) } } else { nil }
  }
  fileprivate var elements: [AttributeValue]? {
    if case .list(let values) = self { values } else { nil }
  }
}
