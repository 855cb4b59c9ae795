internal import DynamoModel
internal import TableStore

/// What a request took of a table, in capacity units: the DynamoDB guide's arithmetic on the real sizes.
struct ConsumedCapacity: Sendable {
  enum Wanted: Sendable {
    case total
    case indexes

    /// Nil when the request does not ask.
    init?(_ text: String?) {
      switch text {
      case "TOTAL": self = .total
      case "INDEXES": self = .indexes
      default: return nil
      }
    }
  }

  /// Transactions show beside the sum which kind of units it is.
  enum Kind: Sendable {
    case plain
    case transactRead
    case transactWrite
  }

  let table: String
  let kind: Kind
  var tableUnits = 0.0
  var indexUnits: [(name: String, kind: IndexDefinition.Kind, units: Double)] = []

  init(table: String, kind: Kind = .plain) {
    self.table = table
    self.kind = kind
  }

  static let readUnitBytes = 4096
  static let writeUnitBytes = 1024

  static func read(_ bytes: Int, consistent: Bool, atLeast: Int = 1) -> Double {
    Double(max(atLeast, (bytes + readUnitBytes - 1) / readUnitBytes)) * (consistent ? 1 : 0.5)
  }

  static func write(_ bytes: Int) -> Double { Double(max(1, (bytes + writeUnitBytes - 1) / writeUnitBytes)) }

  mutating func add(index: IndexDefinition, _ units: Double) { add(index: index.name, index.kind, units) }

  fileprivate mutating func add(index: String, _ kind: IndexDefinition.Kind, _ units: Double) {
    if let place = indexUnits.firstIndex(where: { Text.equal($0.name, index) }) {
      indexUnits[place].units += units
    } else {
      indexUnits.append((index, kind, units))
    }
  }

  /// One write: of the larger image, and of each index entry that it made, moved or took away.
  mutating func addWrite(old: Item?, new: Item?, _ definition: TableDefinition, factor: Double = 1) {
    tableUnits += ConsumedCapacity.write(max(old?.size ?? 0, new?.size ?? 0)) * factor
    for index in definition.indexes {
      let before = old.flatMap { ConsumedCapacity.entry($0, index, definition) }
      let after = new.flatMap { ConsumedCapacity.entry($0, index, definition) }
      if before == after { continue }
      var units = 0.0
      if let before, let after, index.key.key(of: before) == index.key.key(of: after) {
        units = ConsumedCapacity.write(max(before.size, after.size))
      } else {
        if let before { units += ConsumedCapacity.write(before.size) }
        if let after { units += ConsumedCapacity.write(after.size) }
      }
      add(index: index, units * factor)
    }
  }

  private static func entry(_ item: Item, _ index: IndexDefinition, _ definition: TableDefinition) -> Item? {
    guard index.key.key(of: item) != nil else { return nil }
    guard let names = index.projected(in: definition) else { return item }
    return Item(item.entries.filter { entry in names.contains { Text.equal($0, entry.name) } })
  }

  var totalUnits: Double { tableUnits + indexUnits.reduce(0) { $0 + $1.units } }
}

extension [ConsumedCapacity] {
  /// What a write transaction took of each table: twice what its writes take by themselves, or, when it had been carried out
  /// before, twice what reading its items takes.
  init(transaction results: [WriteResult], _ definitions: [TableDefinition]) {
    self = []
    for (result, definition) in zip(results, definitions) {
      var capacity: ConsumedCapacity
      if let bytes = result.replayedBytes {
        capacity = ConsumedCapacity(table: definition.name, kind: .transactRead)
        capacity.tableUnits = ConsumedCapacity.read(bytes, consistent: true) * 2
      } else {
        capacity = ConsumedCapacity(table: definition.name, kind: .transactWrite)
        capacity.addWrite(old: result.old, new: result.new, definition, factor: 2)
      }
      merge(capacity)
    }
  }

  /// Adds to the table's own, or puts it after the others.
  mutating func merge(_ capacity: ConsumedCapacity) {
    guard let place = firstIndex(where: { Text.equal($0.table, capacity.table) }) else { return append(capacity) }
    self[place].tableUnits += capacity.tableUnits
    for index in capacity.indexUnits { self[place].add(index: index.name, index.kind, index.units) }
  }
}

extension JSONWriter {
  mutating func consumedCapacity(_ capacity: ConsumedCapacity, _ wanted: ConsumedCapacity.Wanted) {
    beginObject()
    members(capacity.totalUnits, capacity.kind)
    if wanted == .indexes {
      for kind in [IndexDefinition.Kind.global, .local] {
        let indexes = capacity.indexUnits.filter { $0.kind == kind }
        if indexes.isEmpty { continue }
        name(kind == .global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes")
        beginObject()
        for index in indexes {
          name(text: index.name)
          units(index.units, capacity.kind)
        }
        endObject()
      }
      name("Table")
      units(capacity.tableUnits, capacity.kind)
    }
    member("TableName", capacity.table)
    endObject()
  }

  private mutating func units(_ units: Double, _ kind: ConsumedCapacity.Kind) {
    beginObject()
    members(units, kind)
    endObject()
  }

  private mutating func members(_ units: Double, _ kind: ConsumedCapacity.Kind) {
    member("CapacityUnits", units)
    switch kind {
    case .plain: break
    case .transactRead: member("ReadCapacityUnits", units)
    case .transactWrite: member("WriteCapacityUnits", units)
    }
  }

  /// Writes the member when the request asked for it.
  mutating func consumedCapacity(_ capacity: ConsumedCapacity, ifWanted wanted: ConsumedCapacity.Wanted?) {
    guard let wanted else { return }
    name("ConsumedCapacity")
    consumedCapacity(capacity, wanted)
  }

  mutating func consumedCapacities(_ capacities: [ConsumedCapacity], ifWanted wanted: ConsumedCapacity.Wanted?) {
    guard let wanted else { return }
    name("ConsumedCapacity")
    array(capacities) { $0.consumedCapacity($1, wanted) }
  }
}
