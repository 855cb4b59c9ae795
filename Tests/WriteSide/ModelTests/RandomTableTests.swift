import ChangeRecords
import DynamoModel
import Expressions
import Foundation
import RandomTestKit
import RecordLiteralTestKit
import StoreTestKit
import Synchronization
import TableStore
import Testing

/// Random operations on a table with indexes, by the engine and by the plain model beside it: outcomes, items, indexes and records
/// agree. `AFTERIMAGE_MODEL_OPERATIONS` sets their number; a failure prints the seed.
@Suite struct RandomTableTests {
  static let operations = Int(ProcessInfo.processInfo.environment["AFTERIMAGE_MODEL_OPERATIONS"] ?? "") ?? 20_000
  /// Operations of one table.
  static let run = 5_000
  /// Operations that the engine has at once.
  static let chunk = 200

  static let definition = TableDefinition(
    name: "T", key: KeySchema(partition: .init(name: "pk", type: .string), sort: .init(name: "sk", type: .number)),
    indexes: [
      IndexDefinition(
        name: "by_g", kind: .global,
        key: KeySchema(partition: .init(name: "g", type: .string), sort: .init(name: "sk", type: .number)),
        projection: .all),
      IndexDefinition(
        name: "by_h", kind: .global,
        key: KeySchema(partition: .init(name: "h", type: .number), sort: .init(name: "pk", type: .string)),
        projection: .keysOnly),
      IndexDefinition(
        name: "by_pk_h", kind: .local,
        key: KeySchema(partition: .init(name: "pk", type: .string), sort: .init(name: "h", type: .number)),
        projection: .include(["a"])),
    ], partitions: 3)

  @Test func `the engine agrees with the plain model`() async throws {
    for round in 0..<max(1, Self.operations / Self.run) {
      try await agree(seed: UInt64(round) + 1, count: min(Self.operations, Self.run))
    }
  }

  private func agree(seed: UInt64, count: Int) async throws {
    let directory = TemporaryDirectory()
    let store = try TableStore(path: directory.path)
    defer { store.close() }
    _ = try store.createTable(Self.definition)
    var generator = ModelGenerator(random: SeededGenerator(seed: seed))
    var model = ModelTable()
    var done = 0
    while done < count {
      var wanted: [[ModelTable.Outcome]] = []
      var transactions: [WriteTransaction] = []
      for _ in 0..<Self.chunk {
        let actions = Self.actions(&generator)
        wanted.append(model.apply(actions))
        transactions.append(
          WriteTransaction(actions: try actions.map { try Self.engine($0) }, isTransaction: actions.count > 1))
      }
      let found = await Self.write(transactions, store)
      for (place, (wanted, found)) in zip(wanted, found).enumerated() {
        try #require(wanted == found, "seed \(seed), operation \(done + place)")
      }
      done += Self.chunk
      try compare(store, model, "seed \(seed) after \(done)")
    }
    try await compareRecords(store, model, "seed \(seed)")
  }

  // MARK: Operations

  private static func actions(_ generator: inout ModelGenerator) -> [ModelTable.Action] {
    var actions: [ModelTable.Action] = []
    for _ in 0..<(generator.chance(10) ? 1 + generator.below(4) : 1) {
      let key = generator.key()
      if actions.contains(where: { ModelTable.name($0.key) == ModelTable.name(key) }) { continue }
      let condition = generator.chance(3) ? generator.condition() : nil
      let operation: ModelTable.Operation
      switch generator.below(10) {
      case 0, 1, 2: operation = .put(generator.tableItem(key))
      case 3: operation = .delete
      case 4 where condition != nil: operation = .check
      default: operation = .update(generator.update())
      }
      actions.append(.init(key: key, operation: operation, condition: condition))
    }
    return actions
  }

  private static func engine(_ action: ModelTable.Action) throws -> WriteAction {
    var writer = ModelText()
    let conditionText = action.condition.map { $0.text(&writer) }
    var updateText: String?
    if case .update(let update) = action.operation { updateText = update.text(&writer) }
    var placeholders = Placeholders(
      names: writer.names.map { (placeholder: $0.key, name: $0.value) },
      values: AttributeMap(try writer.values.enumerated().map { .init(name: ":v\($0.offset)", value: try $0.element.engine()) }))
    let condition = try conditionText.map { try ParsedCondition($0).resolved(&placeholders) }
    let key = try engineMap(action.key)
    var item: Item?
    if case .put(let put) = action.operation { item = try engineMap(put) }
    var update: UpdateExpression?
    var refusal: DynamoError?
    if let updateText {
      do throws(DynamoError) {
        update = try ParsedUpdate(updateText).resolved(&placeholders)
      } catch {
        refusal = error
      }
    }
    let (isDelete, put, change, refused) = (action.operation.isDelete, item, update, refusal)
    return WriteAction(table: "T", key: key, isUpdate: updateText != nil) { (current) throws(DynamoError) -> WriteChange in
      if let condition, !condition.evaluate(on: current) { throw DynamoError(.conditionalCheckFailed, "") }
      if let refused { throw refused }
      if let put { return .put(put) }
      if isDelete { return .delete }
      guard let change else { return .keep }
      guard let changed = try change.apply(to: current, key: key) else { return .keep }
      return .put(changed)
    }
  }

  private static func write(_ transactions: [WriteTransaction], _ store: TableStore) async -> [[ModelTable.Outcome]] {
    await withCheckedContinuation { continuation in
      let found = Mutex<[Int: [ModelTable.Outcome]]>([:])
      for (place, transaction) in transactions.enumerated() {
        store.write(transaction) { result in
          let all: [Int: [ModelTable.Outcome]]? = found.withLock { found in
            found[place] = outcomes(result, transaction)
            return found.count == transactions.count ? found : nil
          }
          if let all { continuation.resume(returning: transactions.indices.map { all[$0]! }) }
        }
      }
    }
  }

  private static func outcomes(
    _ result: Result<[WriteResult], DynamoError>, _ transaction: WriteTransaction
  ) -> [ModelTable.Outcome] {
    switch result {
    case .success: return transaction.actions.map { _ in .done }
    case .failure(let error):
      switch error.code {
      case .conditionalCheckFailed: return [.conditionFailed]
      case .transactionCanceled:
        return error.cancellationReasons.map { reason in
          switch reason.code {
          case "None": .done
          case "ConditionalCheckFailed": .conditionFailed
          default: .refused
          }
        }
      default: return [.refused]
      }
    }
  }

  // MARK: Comparing

  private func compare(_ store: TableStore, _ model: ModelTable, _ place: String) throws {
    let table = try #require(store.table("T"))
    var found: [Item] = []
    try store.scan(table, index: nil, segment: nil, after: nil) { (item) throws(DynamoError) in
      found.append(item)
      return true
    }
    let sorted = { (items: [Item]) in items.sorted { Bytes.less($0.binary, $1.binary) } }
    let wanted = try model.items.values.map { try engineMap($0) }
    try #require(sorted(found) == sorted(wanted), "items, \(place)")
    #expect(table.description.itemCount == wanted.count)
    for value in ["x", "y"] {
      try compare(
        store, table, "by_g", [.string(value)], model.index("g", .text(PlainText(value)), sort: "sk"), place, inOrder: "sk")
    }
    for value in 0..<3 {
      let hits = model.index("h", .number(value * 1000), sort: "pk")
      try compare(store, table, "by_h", [.number(Number(Int64(value)))], hits, place, only: ["pk", "sk", "h"], inOrder: "pk")
    }
    for value in 0..<6 {
      try compare(
        store, table, "by_pk_h", [.string("p\(value)")], model.index("pk", .text(PlainText("p\(value)")), sort: "h"), place,
        only: ["pk", "sk", "h", "a"], inOrder: "h")
    }
  }

  private func compare(
    _ store: TableStore, _ table: TableHandle, _ name: String, _ partition: [AttributeValue], _ wanted: [ModelItem],
    _ place: String,
    only names: [String]? = nil, inOrder sort: String
  ) throws {
    let index = try #require(table.definition.index(named: name))
    var found: [Item] = []
    try store.query(table, index: index, partition: partition, range: .all, forward: true, after: nil) {
      (item) throws(DynamoError) in
      found.append(item)
      return true
    }
    let shown = try wanted.map { item in try engineMap(names.map { names in item.filter { names.contains($0.key) } } ?? item) }
    // Items with one sort value come in an order of their own.
    try #require(found.map { $0[sort] } == shown.map { $0[sort] }, "order of \(name), \(place)")
    let sorted = { (items: [Item]) in items.sorted { Bytes.less($0.binary, $1.binary) } }
    try #require(sorted(found) == sorted(shown), "\(name), \(place)")
    #expect(table.description.size(ofIndex: name).items >= found.count)
  }

  private func compareRecords(_ store: TableStore, _ model: ModelTable, _ place: String) async throws {
    var found: [[UInt8]: [ChangeRecord]] = [:]
    for partition in try await store.records("T") {
      for (place, record) in partition.enumerated() {
        #expect(record.sequence == SequenceNumber(place + 1))
        found[record.keys.binary, default: []].append(record)
      }
    }
    var wanted = 0
    for (_, events) in model.history {
      let first: ModelItem =
        switch events[0] {
        case .insert(let item), .remove(let item), .modify(let item, _): item
        }
      let key = try engineMap(first.filter { $0.key == "pk" || $0.key == "sk" })
      let records = found[key.binary] ?? []
      try #require(records.count == events.count, "records of \(key), \(place)")
      for (record, event) in zip(records, events) {
        switch event {
        case .insert(let item):
          let new = try engineMap(item)
          try #require(record.kind == .insert && record.oldImage == nil && record.newImage == new, "\(place)")
        case .modify(let old, let new):
          let (before, after) = (try engineMap(old), try engineMap(new))
          try #require(record.kind == .modify && record.oldImage == before && record.newImage == after, "\(place)")
        case .remove(let old):
          let before = try engineMap(old)
          try #require(record.kind == .remove && record.oldImage == before && record.newImage == nil, "\(place)")
        }
      }
      wanted += 1
    }
    #expect(found.count == wanted)
  }
}

extension ModelTable.Operation {
  fileprivate var isDelete: Bool {
    if case .delete = self { true } else { false }
  }
}
