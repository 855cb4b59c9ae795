package import ChangeRecords
package import DynamoModel

/// A backup, export, import or restore of a table: what was asked, and how far it is. Kept in the store until it is deleted.
package struct TableJob: Sendable {
  package enum Kind: String, Sendable {
    case backup
    case export
    case restore
    /// `import` is a word of the language.
    case imports = "import"
  }

  package enum Status: String, Sendable {
    case running
    case done
    case failed
  }

  package let id: TableNumber
  package let kind: Kind
  package let arn: String
  /// Milliseconds since 1970.
  package let createdAt: LogTime
  package var endedAt: LogTime?
  package var status = Status.running
  package var itemCount = 0
  /// Stored bytes of the items.
  package var sizeBytes = 0
  package var errorCount = 0
  package var failure: String?
  /// What the client gave beside: names, places, formats. By names of the caller's own.
  package var parameters: AttributeMap
  /// The table that it is of, as it was; of a restore or import the one that is made.
  let table: StoredTable

  /// The table as its clients saw it when the job began.
  package var description: TableDescription {
    TableDescription(
      definition: table.definition, status: "ACTIVE", createdAt: table.createdAt, itemCount: itemCount, sizeBytes: sizeBytes,
      indexProgress: [:], indexNumbers: table.indexNumbers, number: table.id, clock: table.clock, tableID: table.tableID,
      streamLabel: table.streams.last?.label)
  }

  package func text(_ name: String) -> String? {
    if case .string(let text)? = parameters[name] { text } else { nil }
  }

  package func integer(_ name: String) -> Int64? {
    if case .number(let number)? = parameters[name] { number.int64 } else { nil }
  }

  // MARK: In the store

  var binary: [UInt8] {
    var item: Item = [
      "id": .number(Number(Int64(id.rawValue))), "kind": .string(kind.rawValue), "arn": .string(arn),
      "createdAt": .number(Number(createdAt.rawValue)), "status": .string(status.rawValue),
      "itemCount": .number(Number(Int64(itemCount))),
      "sizeBytes": .number(Number(Int64(sizeBytes))), "errorCount": .number(Number(Int64(errorCount))),
      "parameters": .map(parameters), "table": .binary(table.binary),
    ]
    if let endedAt { item["endedAt"] = .number(Number(endedAt.rawValue)) }
    if let failure { item["failure"] = .string(failure) }
    return item.binary
  }

  init(
    id: TableNumber, kind: Kind, arn: String, createdAt: LogTime, parameters: AttributeMap, table: StoredTable
  ) {
    (self.id, self.kind, self.arn, self.createdAt) = (id, kind, arn, createdAt)
    (self.parameters, self.table) = (parameters, table)
  }

  init?(binary: [UInt8]) {
    guard let item = Item(binary: binary) else { return nil }
    func integer(_ name: String) -> Int64? {
      if case .number(let number)? = item[name] { number.int64 } else { nil }
    }
    func text(_ name: String) -> String? {
      if case .string(let text)? = item[name] { text } else { nil }
    }
    guard let id = integer("id"), let kind = text("kind").flatMap(Kind.init), let arn = text("arn"),
      let createdAt = integer("createdAt").map(LogTime.init(rawValue:)), let status = text("status").flatMap(Status.init),
      case .map(let parameters)? = item["parameters"], case .binary(let table)? = item["table"],
      let table = StoredTable(binary: table)
    else { return nil }
    self.init(
      id: TableNumber(rawValue: UInt32(clamping: id)), kind: kind, arn: arn, createdAt: createdAt,
      parameters: parameters, table: table)
    self.status = status
    endedAt = integer("endedAt").map(LogTime.init(rawValue:))
    itemCount = Int(integer("itemCount") ?? 0)
    sizeBytes = Int(integer("sizeBytes") ?? 0)
    errorCount = Int(integer("errorCount") ?? 0)
    failure = text("failure")
  }
}
