internal import ChangeRecords
internal import ChangeLog
internal import DynamoModel
internal import Foundation
package import Pipelines
package import ReadModels
package import Services
internal import SQLite
internal import SQLiteReadModels

/// A pipeline's current read model, for readers: one connection that cannot write, on a thread of its own, and the boards in memory.
///
/// Every answer is made in one snapshot together with the positions and the time that it is true for. When another generation
/// becomes current the next answer is from that one, whole.
package actor PipelineView {
  package nonisolated let name: String
  private let executor: BlockingExecutor
  private let current: @Sendable () async throws -> Generation?
  private let load: @Sendable (String) throws -> Pipeline
  private let changed: Signal
  private var open: Open?

  package static let queryTimeMax = Duration.seconds(5)
  package static let queryRowsMax = 100_000
  package static let freshnessWaitMax = Duration.seconds(5)

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  struct Open {
    let generation: Generation
    let pipeline: Pipeline
    let connection: Connection
    var ranks: [Int: RankIndex]
  }

  /// `current` tells the generation that readers are to see, `load` reads its copy of the pipeline file, `changed` is announced
  /// after each checkpoint.
  package init(
    name: String, changed: Signal, current: @escaping @Sendable () async throws -> Generation?,
    load: @escaping @Sendable (String) throws -> Pipeline
  ) {
    self.name = name
    self.changed = changed
    self.current = current
    self.load = load
    executor = BlockingExecutor("view \(name)")
  }

  /// Runs `body` in a snapshot of the current generation that holds at least the records at these positions.
  func read<Result>(
    atLeast positions: [Position] = [], _ body: (inout Open, inout JSONWriter) throws -> Result
  ) async throws -> (Result, JSONWriter) {
    let deadline = ContinuousClock.now + PipelineView.freshnessWaitMax
    while true {
      let ticket = changed.ticket
      var open = try await opened()
      do {
        try open.connection.begin(.deferred)
        defer { try? open.connection.rollback() }
        if try PipelineView.holds(positions, open.connection) {
          for index in open.ranks.values { try index.follow(open.connection) }
          var writer = JSONWriter()
          writer.beginObject()
          let result = try body(&open, &writer)
          try PipelineView.appendValidity(open, &writer)
          writer.endObject()
          return (result, writer)
        }
      } catch let error as SQLiteError {
        throw PipelineView.error(error)
      }
      guard ContinuousClock.now < deadline else {
        throw QueryError(
          503, "NotYet",
          "the read model has not reached \(positions.map(\.description).joined(separator: ",")) within \(PipelineView.freshnessWaitMax)"
        )
      }
      await changed.wait(since: ticket, timeout: .milliseconds(50))
    }
  }

  private static func error(_ error: SQLiteError) -> QueryError {
    error.isInterrupted
      ? QueryError(
        503, "QueryTimeout", "the query took longer than \(queryTimeMax): ask for less, or add an order that serves it")
      : QueryError(500, "QueryFailed", error.message)
  }

  private func opened() async throws -> Open {
    guard let generation = try await current() else {
      throw QueryError(503, "NotReady", "pipeline \(name) has no read model yet")
    }
    if let open, open.generation.number == generation.number { return open }
    let pipeline = try load(generation.directory)
    let notReady = QueryError(503, "NotReady", "the read model of \(name) cannot be opened yet")
    let connection: Connection
    let isReady: Bool
    do throws(SQLiteError) {
      connection = try Connection(path: generation.databasePath, options: .readOnly)
      // The file is there a moment before its tables, which come all at once.
      let tables = try connection.statement("SELECT count(*) FROM sqlite_schema WHERE name = '_meta'")
      isReady = try tables.step() && tables.int64(0) > 0
      tables.reset()
    } catch {
      throw notReady
    }
    guard isReady else { throw notReady }
    var ranks: [Int: RankIndex] = [:]
    for index in pipeline.projections.indices { ranks[index] = RankIndex(pipeline, projection: index) }
    let opened = Open(generation: generation, pipeline: pipeline, connection: connection, ranks: ranks)
    open = opened
    return opened
  }

  /// Whether the rows hold the records at the positions. A position of a table made anew meanwhile is never held.
  private static func holds(_ positions: [Position], _ connection: Connection) throws(SQLiteError) -> Bool {
    for position in positions {
      let lane = try connection.statement(
        "SELECT count(*) FROM _lanes WHERE table_id = ?1 AND partition = ?2 AND sequence >= ?3")
      try lane.bind(1, position.tableID.description)
      try lane.bind(2, Int64(position.partition))
      try lane.bind(3, Int64(position.sequence))
      defer { lane.reset() }
      guard try lane.step(), lane.int64(0) > 0 else { return false }
    }
    return true
  }

  /// `position`: by table the position of each partition; `time`: all records earlier than this are in; `generation`.
  static func appendValidity(_ open: Open, _ writer: inout JSONWriter) throws(SQLiteError) {
    let lanes = try open.connection.statement(
      "SELECT table_name, table_id, partition, sequence, watermark FROM _lanes ORDER BY table_name, partition")
    var byTable: [(table: String, positions: [String])] = []
    var watermark = Int64.max
    while try lanes.step() {
      let table = lanes.text(0) ?? ""
      let position = "\(lanes.text(1) ?? ""):\(lanes.int64(2)):\(lanes.int64(3))"
      if byTable.last?.table == table {
        byTable[byTable.count - 1].positions.append(position)
      } else {
        byTable.append((table, [position]))
      }
      watermark = min(watermark, lanes.int64(4))
    }
    writer.name("position")
    writer.beginObject()
    for (table, positions) in byTable {
      writer.name(table)
      writer.array(positions) { $0.string($1) }
    }
    writer.endObject()
    writer.name("time")
    if byTable.isEmpty || watermark == .min {
      writer.null()
    } else {
      writer.string(Timestamp.text(watermark))
    }
    writer.name("generation")
    writer.integer(open.generation.number)
  }

  /// Lets go of the files, so that a generation can be removed.
  package func close() {
    open?.connection.close()
    open = nil
  }
}
