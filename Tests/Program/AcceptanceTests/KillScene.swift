import ChangeLog
import ChangeRecords
import DynamoClient
import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import Projections
import ReadModels
import RecordLiteralTestKit
import SQLiteReadModels
import Synchronization
import TableStore
import Testing
import Workers

/// What the kill tests share: a pipeline that does everything, writers, the wait for peace, and the comparison with a replay.
struct KillScene {
  let table: String
  let folder: TestFolder
  let acknowledged = Acknowledged()

  /// Writes the pipeline into a folder of its own.
  init(table: String) throws {
    self.table = table
    folder = try TestFolder()
    _ = try folder.write("pipeline/pipeline.yaml", KillScene.yaml(table))
  }

  /// The same pipeline in another folder, with a column more.
  func writeEdited(_ folder: String, column: String = "least: min(points)") throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let text = KillScene.yaml(table).replacingOccurrences(of: "visitors: count,", with: "visitors: count, \(column),")
    try text.write(toFile: folder + "/pipeline.yaml", atomically: true, encoding: .utf8)
  }

  var pipeline: String { folder.file("pipeline") }

  private static func yaml(_ table: String) -> String {
    """
    pipeline: killed
    tables:
      \(table): { key: { partition: visitor string } }
    items:
      visit: { in: \(table), match: { visitor: "{name}" }, fields: { room: room, points: points integer, seen: seen integer } }
    projections:
      here:
        collection: visit
        key: [room, name]
        columns: [points]
      rooms:
        aggregate: [room]
        of: visit
        columns: { visitors: count, points: sum(points), best: max(points), different: distinct(points) }
      presence:
        session: visit
        key: [name]
        touch: changed(seen)
        gap: 400ms
        expire: delete item
        columns: { touches: count, rooms: distinct(room) }
      board:
        leaderboard: name
        each: visit inserted, visit changed(seen)
        board: [room]
        score: sum(points)
    queries:
      rooms: { sql: "SELECT room, visitors, points, best FROM rooms ORDER BY room" }
    """
  }

  /// Four writers, until their task is cancelled.
  func writers(_ endpoint: String) -> Task<Void, Never> {
    let client = DynamoClient(endpoint: endpoint)
    let scene = self
    return Task {
      await withTaskGroup(of: Void.self) { group in
        for writer in 0..<4 { group.addTask { await scene.write(client, writer) } }
      }
    }
  }

  /// `said` gives what the processes have said. Waits until every session has ended, every item is gone, and the read model has applied that.
  func peace(_ endpoint: String, _ models: KilledModels, said: () -> String) async throws {
    let client = DynamoClient(endpoint: endpoint)
    let limit = ContinuousClock.now + .seconds(60)
    var left = -1
    while left != 0, ContinuousClock.now < limit {
      let answer = try await client.call("Scan") { writer in
        writer.member("TableName", table)
        writer.member("Select", "COUNT")
      }
      left = answer.body.member(answer.body.root, "Count").flatMap { Int(answer.body.text($0)) } ?? -1
      if left != 0 { try await Task.sleep(for: .milliseconds(20)) }
    }
    #expect(left == 0, "items whose sessions have expired are still there\n\(said())")
    // The last record of each item is its removal: when no row is left, every record has been applied.
    var rows: Int64 = -1
    while rows != 0, ContinuousClock.now < limit {
      rows = try models.count(
        """
        SELECT (SELECT count(*) FROM here) + (SELECT count(*) FROM presence WHERE status = 'active')
        + (SELECT count(*) FROM _outbox WHERE state = 'pending')
        """)
      if rows != 0 { try await Task.sleep(for: .milliseconds(20)) }
    }
    #expect(rows == 0, "rows of items that are gone are still there\n\(said())")
  }

  private func write(_ client: DynamoClient, _ writer: Int) async {
    var number = 0
    while !Task.isCancelled {
      number += 1
      let item: Item = [
        "visitor": .string("v\(writer)-\(Int.random(in: 0..<25))"), "room": .string("room\(Int.random(in: 0..<3))"),
        "points": .number(Number(Int64.random(in: 0..<10))), "seen": .number(Number(Int64.random(in: 0..<1_000_000_000))),
      ]
      do {
        let answer = try await client.call("PutItem") { writer in
          writer.member("TableName", table)
          writer.name("Item")
          writer.item(item)
        }
        if let position = answer.headers["x-afterimage-position"].flatMap({ Position($0) }) { acknowledged.add(position, item) }
      } catch let error as ClientError where error.isPassing {
        // The process was killed under the request, which may or may not have been carried out.
        continue
      } catch {
        if !Task.isCancelled { Issue.record("a write was refused: \(error)") }
        return
      }
    }
  }

  /// Holds the read models against a replay of the log in the data directory `tables`. `relayed`: the sequence numbers on the topic, by partition. `said` is
  /// what `pipeline digest` of another version says of rows that this one does not read.
  func compare(
    tables: String, models: KilledModels, relayed: [[SequenceNumber]]? = nil, pipeline other: String? = nil, said: String? = nil
  ) async throws {
    let acknowledged = acknowledged.all
    let pipeline = try PipelineLoader.load(other ?? self.pipeline)
    let store = try TableStore(path: tables + "/tables")
    defer { store.close() }
    let log = EmbeddedLog(store, table: table)
    for (partition, sequences) in (relayed ?? []).enumerated() {
      let last = try await log.bounds(partition: partition).last
      #expect(sequences == (0..<last).map { $0 + 1 }, "what stands on the topic is not each record once and in order")
    }
    #expect(acknowledged.count > KillTests.rounds)
    for (position, item) in acknowledged {
      let cursor = LogCursor(tableID: position.tableID, sequence: position.sequence.previous)
      let batch = try await log.read(
        partition: position.partition, after: cursor, limit: ReadLimit(records: 1, bytes: 1), wait: .zero)
      let record = try batch.bytes.withUnsafeBytes { try StoredRecord.decode($0, sequence: position.sequence) }
      #expect(record.newImage == item, "an acknowledged write is not at \(position)")
    }
    let path = folder.file("replay.db")
    var replay = Replay(store: try SQLiteGeneration(path: path, pipeline: pipeline), logs: [log])
    try await replay.catchUp()
    let undisturbed = try SQLiteReader(path: path, pipeline: pipeline).checkRows(of: pipeline)
    #expect(undisturbed[2].found.rows > 50, "the run opened \(undisturbed[2].found.rows) sessions")
    for digest in undisturbed.map(\.found) where said != nil {
      #expect(said?.contains("\(digest.rows) rows  \(digest.digits)") == true, "\(said ?? "")")
    }
    let checks = said == nil ? try models.checks(pipeline) : []
    for (check, digest) in zip(checks, undisturbed.map(\.found)) {
      #expect(check.isFine, "\(check.findings)")
      #expect(check.found == digest, "\(check.projection) differs from an undisturbed replay")
    }
    #expect(try models.count("SELECT count(*) FROM _outbox WHERE state NOT IN ('done', 'suppressed')") == 0)
  }
}

final class Acknowledged: Sendable {
  private struct State {
    var writes: [(Position, Item)] = []
    var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
  }

  private let state = Mutex(State())

  func add(_ position: Position, _ item: Item) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.writes.append((position, item))
      guard let waiter = state.waiter, state.writes.count >= waiter.count else { return nil }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  /// Waits for so many more writes.
  func more(_ count: Int) async {
    await withCheckedContinuation { continuation in
      state.withLock { $0.waiter = ($0.writes.count + count, continuation) }
    }
  }

  var all: [(Position, Item)] { state.withLock { $0.writes } }
}
