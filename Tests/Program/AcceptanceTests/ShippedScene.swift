import ChangeLog
import ChangeRecords
import DynamoClient
import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import Projections
import RandomTestKit
import ReadModels
import SQLite
import SQLiteReadModels
import Synchronization
import TableStore
import Testing
import Workers

/// Writes to all tables of three shipped pipelines, as their files are, what the tables have to hold after them, and the comparison with a replay.
final class ShippedScene: Sendable {
  /// The pipelines; each has one table.
  static let tables = [
    "chat-rooms": ChatWriter.table, "session-store-single": LoginWriter.table, "game-scores": GameWriter.table,
  ]
  static var names: [String] { tables.keys.sorted() }
  static var pipelines: [String] { names.map(Program.pipeline) }
  static func pipeline(of table: String) -> String? { tables.first { $0.value == table }?.key }

  /// Between two writes of one writer: a dozen processes have two cores.
  private static let pause = Duration.milliseconds(40)

  struct Acknowledged: Sendable {
    let write: TableWrite
    let position: Position
  }

  private struct State {
    var acknowledged: [Acknowledged] = []
    /// By table and key, what is there when all effects have been carried out.
    var items: [String: [String: Item]] = [:]
    var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
  }

  let folder: TestFolder
  let seed: UInt64
  private let state = Mutex(State())

  init(seed: UInt64) throws {
    self.seed = seed
    folder = try TestFolder()
  }

  static func key(_ item: Item) -> String {
    [item["PK"], item["SK"]].map { if case .string(let text)? = $0 { text } else { "?" } }.joined(separator: "|")
  }

  /// Two writers for each of some tables, until the task is cancelled.
  func writers(_ tables: Set<String>, _ endpoint: String) -> Task<Void, Never> {
    let client = DynamoClient(endpoint: endpoint)
    var sources: [any TableWriter] = []
    for number in 0..<2 {
      let (name, seed) = ("w\(number)", seed &+ UInt64(number) &* 1_000)
      if tables.contains(ChatWriter.table) { sources.append(ChatWriter(name, seed: seed &+ 1)) }
      if tables.contains(LoginWriter.table) { sources.append(LoginWriter(name, seed: seed &+ 2)) }
      if tables.contains(GameWriter.table) { sources.append(GameWriter(name, seed: seed &+ 3)) }
    }
    let all = sources
    return Task {
      await withTaskGroup(of: Void.self) { group in
        for source in all {
          group.addTask { [self] in
            var source = source
            while !Task.isCancelled {
              await perform(source.next(), client)
              try? await Task.sleep(for: ShippedScene.pause)
            }
          }
        }
      }
    }
  }

  /// Carries a write out, again where nobody knows whether it was: all of them say how an item is from then on.
  @discardableResult
  func perform(_ write: TableWrite, _ client: DynamoClient) async -> Position? {
    // What has begun ends: whether a write took place would be unknown otherwise.
    await Task {
      while true {
        do {
          let answer = try await client.call(write.isRemoval ? "DeleteItem" : "PutItem") { writer in
            writer.member("TableName", write.table)
            writer.name(write.isRemoval ? "Key" : "Item")
            writer.item(write.item)
          }
          let position = answer.headers["x-afterimage-position"].flatMap { Position($0) }
          note(write, position)
          return position
        } catch let error as ClientError where error.isPassing {
          continue
        } catch {
          Issue.record("a write was refused: \(error)")
          return nil
        }
      }
    }.value
  }

  /// `position` is nil of a write that changed nothing.
  private func note(_ write: TableWrite, _ position: Position?) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if let position { state.acknowledged.append(Acknowledged(write: write, position: position)) }
      if let takes = write.takes {
        state.items[write.table] = state.items[write.table]?.filter { !takes($0.value) }
      }
      state.items[write.table, default: [:]][ShippedScene.key(write.item)] = write.isRemoval ? nil : write.item
      guard let waiter = state.waiter, state.acknowledged.count >= waiter.count else { return nil }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  /// Waits for so many more writes.
  func more(_ count: Int) async {
    await withCheckedContinuation { continuation in
      state.withLock { $0.waiter = ($0.acknowledged.count + count, continuation) }
    }
  }

  var acknowledged: [Acknowledged] { state.withLock { $0.acknowledged } }

  /// The keys of what is in a table when all effects have been carried out.
  func expected(_ table: String) -> Set<String> { state.withLock { Set(($0.items[table] ?? [:]).keys) } }

  /// Every session of a table has come to its end.
  func expireAll(_ table: String) { state.withLock { $0.items[table] = [:] } }

  /// The keys of what is in a table.
  func scan(_ table: String, _ client: DynamoClient) async throws -> Set<String> {
    var keys: Set<String> = []
    var start: Item?
    repeat {
      let from = start
      let answer = try await client.call("Scan") { writer in
        writer.member("TableName", table)
        writer.member("ProjectionExpression", "PK, SK")
        if let from {
          writer.name("ExclusiveStartKey")
          writer.item(from)
        }
      }
      let body = answer.body
      func text(_ item: Int, _ name: String) -> String {
        body.member(item, name).flatMap { body.member($0, "S") }.map { body.string($0) } ?? ""
      }
      if let items = body.member(body.root, "Items") {
        body.forEachElement(items) { (item) in keys.insert("\(text(item, "PK"))|\(text(item, "SK"))") }
      }
      start = body.member(body.root, "LastEvaluatedKey").map { key in
        ["PK": .string(text(key, "PK")), "SK": .string(text(key, "SK"))]
      }
    } while start != nil
    return keys
  }

  /// Waits until all effects have been carried out, and every record been applied.
  func peace(_ fleet: Fleet) async throws {
    for pipeline in ShippedScene.names { try await peace(fleet, in: pipeline) }
  }

  /// The same of one pipeline.
  func peace(_ fleet: Fleet, in pipeline: String) async throws {
    let table = ShippedScene.tables[pipeline] ?? ""
    let client = DynamoClient(endpoint: fleet.tables.tables)
    let models = ShippedModels(fleet)
    var (left, missing): (Set<String>, Set<String>) = ([], [])
    do {
      try await fleet.wait("the items of \(table) are those that effects leave") {
        let there = try await scan(table, client)
        (left, missing) = (there.subtracting(expected(table)), expected(table).subtracting(there))
        return left.isEmpty && missing.isEmpty
      }
    } catch {
      let waiting = try models.waiting(pipeline)
      Issue.record(
        "\(table): left \(left.sorted().prefix(5)), missing \(missing.sorted().prefix(5)); \(waiting) effects and steps wait")
      throw error
    }
    try await fleet.wait("\(pipeline) has applied everything") {
      try models.waiting(pipeline) == 0 && models.items(pipeline) == expected(table).count
    }
  }

  /// Holds read models against a replay of the logs after the fleet has stopped: rows, digests, and the keys of the effects that were carried out.
  func compare(_ fleet: Fleet) async throws {
    let store = try TableStore(path: folder.file("tables") + "/tables")
    defer { store.close() }
    let models = ShippedModels(fleet)
    for (name, table) in ShippedScene.tables {
      let log = EmbeddedLog(store, table: table)
      try await check(log)
      let pipeline = try PipelineLoader.load(Program.pipeline(name))
      let path = folder.file("replay-\(name).db")
      var replay = Replay(store: try SQLiteGeneration(path: path, pipeline: pipeline), logs: [log], isSettled: true)
      try await replay.catchUp()
      let undisturbed = try SQLiteReader(path: path, pipeline: pipeline).checkRows(of: pipeline)
      let checks = try models.checks(name, pipeline)
      // Sessions have gone with their children, and rooms may have.
      #expect(checks.count == undisturbed.count && checks.count(where: { $0.found.rows > 0 }) >= checks.count / 3)
      for (check, quiet) in zip(checks, undisturbed) {
        #expect(check.isFine, "\(name): \(check.findings)")
        #expect(check.found == quiet.found, "\(name): \(check.projection) differs from a quiet replay")
      }
      let owed = try ShippedScene.effects(path)
      let sent = try models.sent(name)
      let different = sent.symmetricDifference(owed).sorted()
      #expect(different.isEmpty, "\(name): the effects differ from those of a quiet replay: \(different.prefix(5))")
    }
  }

  /// Every acknowledged write is where it was acknowledged.
  private func check(_ log: EmbeddedLog) async throws {
    let writes = acknowledged.filter { $0.write.table == log.table }
    #expect(writes.count > 100)
    for written in writes {
      let position = written.position
      let cursor = LogCursor(tableID: position.tableID, sequence: position.sequence.previous)
      let batch = try await log.read(
        partition: position.partition, after: cursor, limit: ReadLimit(records: 1, bytes: 1), wait: .zero)
      let record = try batch.bytes.withUnsafeBytes { try StoredRecord.decode($0, sequence: position.sequence) }
      let image = written.write.isRemoval ? nil : written.write.item
      #expect(record.newImage == image, "an acknowledged write is not at \(position)")
    }
  }

  /// The keys of all effects of a replay, which carries none out.
  private static func effects(_ path: String) throws -> Set<String> {
    let connection = try Connection(path: path, options: .readOnly)
    defer { connection.close() }
    let statement = try connection.prepare("SELECT idempotency_key FROM _outbox")
    var keys: Set<String> = []
    while try statement.step() { keys.insert(statement.text(0) ?? "") }
    return keys
  }
}

/// The read models of the shipped pipelines in a fleet's database.
struct ShippedModels {
  private let database: PostgresDatabase

  init(_ fleet: Fleet) { database = PostgresDatabase(fleet.database.settings()) }

  func generation(_ pipeline: String) throws -> Generation {
    guard let current = try database.stores.pipeline(pipeline).current() else { throw ReaderError.notReady }
    return current
  }

  /// What a question to the catalogue of a pipeline and its current generation answers.
  func ask(_ pipeline: String, _ sql: String) throws -> PostgresResult {
    let connection = try PostgresConnection(database.settings)
    defer { connection.close() }
    let schemas = [database.schema(of: try generation(pipeline)), "afterimage.\(pipeline)"]
    try connection.execute("SET search_path = \(schemas.map(PostgresConnection.identifier).joined(separator: ", "))")
    return try connection.run([PostgresQuery(sql)])[0]
  }

  func count(_ pipeline: String, _ sql: String) throws -> Int { Int(try ask(pipeline, sql).int64(0, 0)) }

  /// Effects and steps of the decider that wait.
  func waiting(_ pipeline: String) throws -> Int {
    try count(pipeline, "SELECT (SELECT count(*) FROM _outbox) + (SELECT count(*) FROM _steps)")
  }

  /// How many items of the pipeline's table the rows know.
  func items(_ pipeline: String) throws -> Int {
    let projections = [
      "chat-rooms": ["rooms", "room_timeline", "room_members"],
      "session-store-single": ["customer_sessions", "session_children"],
      "game-scores": ["players", "plays"],
    ]
    let counts = (projections[pipeline] ?? []).map { "(SELECT count(*) FROM \($0))" }
    return try count(pipeline, "SELECT \(counts.joined(separator: " + "))")
  }

  /// The idempotency keys of what was carried out. They are short enough to stand in the ledger as they are.
  func sent(_ pipeline: String) throws -> Set<String> {
    let rows = try ask(pipeline, "SELECT key_id FROM sent")
    return Set((0..<rows.count).map { String(decoding: rows.bytes($0, 0) ?? [], as: UTF8.self) })
  }

  func checks(_ name: String, _ pipeline: Pipeline) throws -> [RowCheck] {
    try database.reader(try generation(name), pipeline).checkRows(of: pipeline)
  }
}
