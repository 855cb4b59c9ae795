import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import MemoryReadModels
import PipelineFiles
import Pipelines
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import SQLiteReadModels
import StoreTestKit
import Testing
import Workers

/// One log into all stores gives equal rows, whatever the batches, restarts and partitions.
@Suite struct ReplayEqualityTests {
  static let names = [
    "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
    "session-store-single",
  ]

  /// What the steps of a scenario write, as a log.
  private func history(_ scenario: Scenario, of pipeline: Pipeline, partitions: Int) -> TestHistory {
    var history = TestHistory(pipeline, partitions: partitions)
    for step in scenario.steps {
      history.time = max(history.time, LogTime(rawValue: step.time.milliseconds))
      if history.order == 1 { history.time = LogTime(rawValue: step.time.milliseconds) }
      for write in step.writes { apply(write, to: &history) }
    }
    history.time += 86_400_000 * 3
    return history
  }

  private func apply(_ write: Scenario.Write, to history: inout TestHistory) {
    switch write {
    case .put(let table, let item): history.put(item, table: table)
    case .update(let table, let key, let set, let remove): history.update(key, set: set, remove: remove, table: table)
    case .delete(let table, let key): history.delete(key, table: table)
    case .batch(let writes): for write in writes { apply(write, to: &history) }
    }
  }

  /// Everything that a reader sees of the rows, dead letters and boards.
  private func everything(_ reader: any GenerationReader, _ pipeline: Pipeline) throws -> [String] {
    var all: [String] = []
    for id in pipeline.projections.ids {
      let projection = pipeline.projections[id]
      try reader.rows(id, where: [], newest: nil, limit: .max) { all.append("\(projection.name): \($0)") }
      let latest = try reader.latestBoard(id)
      all.append("latest of \(projection.name): \(String(describing: latest))")
      if let latest { all.append("top: \(try reader.top(id, board: latest, limit: 100))") }
    }
    try reader.deadLetters(limit: 1_000) { all.append("letter: \($0)") }
    all += zip(pipeline.projections, try reader.digests()).map { "digest of \($0.name): \($1)" }
    all += try reader.deadLetterCounts().map { "\($0)" } + reader.places().map { "\($0.position) \($0.watermark)" }
    return all.sorted()
  }

  private func effects(_ store: any GenerationStore) throws -> [String] {
    try store.effects(Set(EffectState.allCases), after: .none, limit: .max).map {
      "\($0.pending.idempotencyKey) \($0.pending.at) \($0.pending.order) \($0.pending.action.json)"
    }.sorted()
  }

  @Test(arguments: names, [1, 3])
  func `a replay gives all stores the same rows`(_ name: String, _ partitions: Int) async throws {
    let folder = (0..<4).reduce(URL(filePath: #filePath)) { folder, _ in folder.deletingLastPathComponent() }
      .appending(path: "pipelines/\(name)").path
    let pipeline = try PipelineLoader.load(folder)
    var rows = 0
    for scenario in try ScenarioLoader.load(folder, of: pipeline) {
      let history = history(scenario, of: pipeline, partitions: partitions)
      let directory = TemporaryDirectory()
      try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
      let path = directory.path + "/read-model.db"
      var sqlite = Replay(store: try SQLiteGeneration(path: path, pipeline: pipeline), logs: history.logs)
      try await sqlite.catchUp()
      let expected = try everything(try SQLiteReader(path: path, pipeline: pipeline), pipeline)
      let expectedEffects = try effects(sqlite.store)
      rows += expected.count
      for (number, paces) in [(0, (restart: Int?.none, checkpoint: Int?.none)), (1, (1, nil)), (2, (nil, 2))] {
        let models = MemoryReadModels()
        let generation = Generation(number: number, fingerprint: "", state: .current, store: "\(number)")
        var memory = Replay(
          store: try models.stores.generation(generation, pipeline), logs: history.logs, batchRecords: 3,
          restartEvery: paces.restart, checkpointEvery: paces.checkpoint)
        try await memory.catchUp()
        let found = try everything(try models.reader(generation, pipeline), pipeline)
        #expect(found == expected, "\(scenario.name), \(number): \(Set(found).symmetricDifference(expected).sorted().prefix(6))")
        #expect(try effects(memory.store) == expectedEffects, "\(scenario.name), \(number)")
      }
      if PostgresCluster.isAvailable {
        let database = PostgresDatabase(
          try PostgresCluster.shared().settings(), namespace: try Namespace("r\(UInt32.random(in: 0 ... .max))"))
        let generation = Generation(number: 1, fingerprint: "", state: .current, store: name)
        var postgres = Replay(
          store: try database.stores.generation(generation, pipeline), logs: history.logs, batchRecords: 7, restartEvery: 11)
        try await postgres.catchUp()
        let found = try everything(try database.reader(generation, pipeline), pipeline)
        #expect(
          found == expected,
          "\(scenario.name) in PostgreSQL: \(Set(found).symmetricDifference(expected).sorted().prefix(6))")
        #expect(try effects(postgres.store) == expectedEffects, "\(scenario.name) in PostgreSQL")
      }
    }
    #expect(rows > 10)
  }
}
