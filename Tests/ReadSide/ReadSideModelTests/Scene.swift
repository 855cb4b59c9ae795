import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import Projections
import ReadModels
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import Workers

/// A table store of its own with a pipeline's tables, under a clock that the history sets.
final class Scene {
  let pipeline: Pipeline
  let store: TableStore
  let time: ManualTime
  let directory = TemporaryDirectory()
  private let clocks: ClockDraw
  private let partitions: Int
  private var generations = 0
  /// Nil where read models are SQLite files.
  private let schemas: TrialSchemas?

  init(
    _ pipeline: Pipeline, start: Int64, partitions: Int, clocks: ClockDraw = .live, readModels kind: StoreKind = .sqlite
  ) throws {
    self.pipeline = pipeline
    schemas = kind == .postgres ? try TrialSchemas() : nil
    self.clocks = clocks
    time = ManualTime(wall: start)
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    store = try TableStore(path: directory.path + "/tables", options: .init(time: time, sweepsExpired: false))
    self.partitions = partitions
    for table in pipeline.tables { try create(table.name) }
  }

  private func create(_ name: String) throws {
    for table in pipeline.tables where table.name == name {
      var definition = table.definition
      definition.partitions = table.partitions ?? partitions
      definition.stream = .newAndOldImages
      _ = try store.createTable(definition, clock: clocks.history.contains(name) ? .history : .live)
    }
  }

  deinit { store.close() }

  func perform(_ step: HistoryStep) async throws {
    switch step {
    case .advance(let milliseconds):
      time.advance(milliseconds)
      _ = try store.removeDue()
    case .recreate(let table):
      _ = try store.deleteTable(table)
      try create(table)
    case .together(let writes):
      let actions = writes.compactMap { action($0) }
      // A transaction has one time, or none.
      let given = actions.filter { clocks.history.contains($0.table) }
      try await write(given)
      try await write(actions.filter { !clocks.history.contains($0.table) })
    case .put, .update, .delete: try await write([action(step)].compactMap { $0 })
    }
  }

  /// All tables have clocks of one kind.
  private func write(_ actions: [WriteAction]) async throws {
    guard let first = actions.first else { return }
    _ = try await store.write(
      WriteTransaction(actions: actions, isTransaction: actions.count > 1, time: givenTime(first.table)))
  }

  /// What a write brings to a history clock.
  private func givenTime(_ table: String) -> LogTime? {
    clocks.history.contains(table) ? LogTime(rawValue: max(0, time.wall() - clocks.lag)) : nil
  }

  /// The write of a step that is one.
  private func action(_ step: HistoryStep) -> WriteAction? {
    switch step {
    case .advance, .recreate, .together: return nil
    case .put(let table, let item):
      let key = pipeline.tables.first { $0.name == table }!.definition.key
      let names = Set(key.attributes.map(\.name))
      return WriteAction(table: table, key: Item(item.entries.filter { names.contains($0.name) })) { _ in .put(item) }
    case .update(let table, let key, let set, let remove):
      return WriteAction(table: table, key: key) { (current) -> WriteChange in
        var item = current ?? key
        for entry in set.entries { item[entry.name] = entry.value }
        for name in remove { item[name] = nil }
        return .put(item)
      }
    case .delete(let table, let key): return WriteAction(table: table, key: key) { _ in .delete }
    }
  }

  /// Lets the watermarks reach the clock. To a history clock a write that changes nothing brings it.
  func settle() async throws {
    try store.settleClock()
    for table in pipeline.tables where clocks.history.contains(table.name) {
      var key = Item()
      for attribute in table.definition.key.attributes {
        switch attribute.type {
        case .string: key[attribute.name] = .string("-")
        case .number: key[attribute.name] = .number(Number(-7))
        case .binary: key[attribute.name] = .binary([7])
        }
      }
      try await write([WriteAction(table: table.name, key: key) { _ in .keep }])
    }
  }

  /// Applies what there is, carries out the effects that are due, and so on until nothing more comes.
  func carryOut(_ replay: inout Replay) async throws {
    while true {
      let removed = try store.removeDue()
      try await settle()
      try await replay.catchUp()
      var due: [PendingEffect] = []
      for name in EffectRules.names(of: pipeline) {
        due += try replay.store.dueEffects(DueEffects(effect: name, now: .max, limit: 1_000))
      }
      for effect in due {
        switch effect.action.kind {
        case .deleteItem(let table, let key, let seen, let through): try await delete(table, key, seen: seen, through: through)
        case .deleteRows(let rows):
          for selection in rows {
            for item in try replay.store.items(of: selection, for: effect) {
              try await delete(selection.table, item.key, seen: Item(), through: item.position)
            }
          }
        case .carryOut: break
        }
        try replay.store.settle([(effect, .done)])
      }
      if due.isEmpty, removed == 0 { return }
    }
  }

  private func delete(_ table: String, _ key: Item, seen: Item, through: Position) async throws {
    let action = WriteAction(table: table, key: key, seenThrough: through) { (current) -> WriteChange in
      guard let current, seen.entries.allSatisfy({ current[$0.name] == $0.value }) else { return .keep }
      return .delete
    }
    _ = try await store.write(WriteTransaction(actions: [action], cause: .service))
  }

  /// All changes in their order, and by table the least watermark of its partitions.
  func changes() async throws -> (changes: [PlainChange], watermarks: [TableIndex: Instant]) {
    var all: [PlainChange] = []
    var watermarks: [TableIndex: Instant] = [:]
    for table in pipeline.tables.indexes {
      let name = pipeline.tables[table].name
      let log = EmbeddedLog(store, table: name)
      let tableID = try await log.describe().tableID
      for (partition, records) in try await store.records(name).enumerated() {
        all += records.map { PlainChange($0, table: table, tableID, partition: partition, of: pipeline) }
        let end = LogCursor(tableID: tableID, sequence: SequenceNumber(records.count))
        let batch = try await log.read(partition: partition, after: end, limit: .standard, wait: .zero)
        watermarks[table] = min(watermarks[table] ?? .distantFuture, Instant(batch.watermark))
      }
    }
    return (all.sorted { $0.stamp < $1.stamp }, watermarks)
  }

  /// Works the pipeline's lanes over what the logs hold, into a read model of its own.
  func replay(_ way: Way) throws -> (replay: Replay, model: TrialModel) {
    generations += 1
    let model =
      try schemas.map { try TrialModel.postgres(pipeline, $0) }
      ?? .sqlite(pipeline, path: directory.path + "/read-model-\(generations).db")
    var replay = Replay(
      store: model.store,
      logs: pipeline.tables.map { table -> any ChangeLog in
        let log = EmbeddedLog(store, table: table.name)
        return way.redelivers ? RepeatingLog(log) : log
      },
      batchRecords: way.batchRecords, restartEvery: way.restartEvery, checkpointEvery: way.checkpointEvery,
      isSettled: way.isSettled, sessionsMax: way.sessionsMax ?? .max)
    if let seed = way.interleaving {
      var draw = Draw(seed: seed)
      replay.choose = { draw.below($0) }
    }
    return (replay, model)
  }
}

/// How the lanes are worked.
struct Way: CustomStringConvertible {
  var batchRecords = 4_096
  var restartEvery: Int?
  var checkpointEvery: Int?
  var redelivers = false
  var interleaving: UInt64?
  /// The lanes follow while the history is being made.
  var isLive = false
  /// The decider learns that the logs have stopped, and does not wait for the watermark.
  var isSettled = true
  /// Sessions of a projection that stay in memory in each lane.
  var sessionsMax: Int?

  var description: String {
    var words = ["batches of \(batchRecords)"]
    if let restartEvery { words.append("restarted every \(restartEvery) records") }
    if let checkpointEvery { words.append("a checkpoint every \(checkpointEvery) records") }
    if redelivers { words.append("redelivered") }
    if let interleaving { words.append("interleaving \(interleaving)") }
    if isLive { words.append("live") }
    if !isSettled { words.append("not settled") }
    if let sessionsMax { words.append("\(sessionsMax) sessions in memory") }
    return words.joined(separator: ", ")
  }

  static func drawn(_ draw: inout Draw) -> Way {
    var way = Way()
    way.batchRecords = draw.pick([1, 2, 7, 4_096])
    switch draw.below(3) {
    case 0: way.restartEvery = 1 + draw.below(5)
    case 1: way.checkpointEvery = draw.pick([1, 2, 7])
    default: break
    }
    way.redelivers = draw.chance(4)
    if !draw.chance(3) { way.interleaving = UInt64(draw.below(1_000_000)) }
    way.isLive = draw.chance(3)
    way.isSettled = draw.chance(2)
    if draw.chance(2) { way.sessionsMax = draw.pick([0, 1, 3]) }
    return way
  }
}

/// A log that delivers at least once: some records before the cursor come again, and each twice.
struct RepeatingLog: ChangeLog {
  let log: any ChangeLog

  init(_ log: any ChangeLog) { self.log = log }

  var table: String { log.table }

  func describe() async throws(LogError) -> LogDescription { try await log.describe() }
  func bounds(partition: Int) async throws(LogError) -> LogBounds { try await log.bounds(partition: partition) }
  func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor {
    try await log.cursor(partition: partition, time: time)
  }

  func read(partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration) async throws(LogError) -> RecordBatch {
    var before = cursor
    before.sequence = before.sequence.earlier(by: 3)
    let more = ReadLimit(records: limit.records + 3, bytes: limit.bytes)
    var batch = try await log.read(partition: partition, after: before, limit: more, wait: wait)
    batch.entries = batch.entries.flatMap { [$0, $0] } + batch.entries
    return batch
  }
}
