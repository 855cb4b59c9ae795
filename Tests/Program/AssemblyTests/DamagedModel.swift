import Assembly
import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import LiteralTestKit
import PipelineFiles
import Pipelines
import ProjectionTestKit
import Projections
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import SQLite
import SQLiteReadModels
import StoreTestKit
import Workers

/// A pipeline's read model in a data directory, made of the first part of a history and left as a kill leaves it: most of it in the file, the last
/// checkpoints in its write-ahead log.
struct DamagedModel {
  static let name = "flipped"

  static let text = """
    pipeline: flipped
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { room: Room optional, points: Points integer optional, amount: Amount decimal optional, who: Who optional }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, points, amount] }
      rooms:
        aggregate: [room]
        of: play
        columns: { c: count, total: sum(points), least: min(points), names: distinct(who), last_who: last(who by points) }
      sittings: { sessions: name, touch: [play inserted, play changed], gap: 1m, columns: { points: sum(points) } }
      logins: { session: play, key: [name, n], gap: 5m, one live per: room, expire: delete item }
      hours: { leaderboard: who, each: play inserted, board: [hour of commit], score: count, keep: [3 boards, 2 members] }
      best: { leaderboard: who, of: play, board: [room], score: max(points) }
    effects:
      gone: { each: play removed, delete: { rows: plays, where: room = :room } }

    """

  let pipeline: Pipeline
  /// All of the history, and its first part.
  let whole: TestHistory
  let part: TestHistory
  /// What a reader sees and the outbox holds after the first part and after all.
  private(set) var afterPart: [String] = []
  private(set) var afterAll: [String] = []
  private(set) var catalog: [String] = []
  let data = TemporaryDirectory()

  /// `isMoved`: what stands in the write-ahead logs was moved into the files, and is still there.
  static func made(seed: UInt64, isMoved: Bool) async throws -> DamagedModel {
    var made = try DamagedModel(seed: seed)
    try await made.fill(isMoved: isMoved)
    return made
  }

  private init(seed: UInt64) throws {
    pipeline = try ProjectionTestKit.pipeline(DamagedModel.text)
    var random = SeededGenerator(seed: seed)
    var history = TestHistory(pipeline, partitions: 2)
    DamagedModel.write(600, to: &history, &random)
    part = history
    DamagedModel.write(300, to: &history, &random)
    history.time += 10_800_000
    whole = history
  }

  private static func write(_ count: Int, to history: inout TestHistory, _ random: inout SeededGenerator) {
    for _ in 0..<count {
      history.time += [0, 1, 900, 30_000].randomElement(using: &random) ?? 0
      let key: Item = [
        "PK": .string("U:\(Int.random(in: 0..<40, using: &random))"), "SK": .string("\(Int.random(in: 0..<4, using: &random))"),
      ]
      if Int.random(in: 0..<6, using: &random) == 0 {
        history.delete(key)
        continue
      }
      var item = key
      item["Room"] = .string("r\(Int.random(in: 0..<9, using: &random))")
      item["Who"] = .string("w\(Int.random(in: 0..<12, using: &random))")
      item["Points"] = .number(Number(Int64.random(in: 0..<1_000, using: &random)))
      item["Amount"] = .number(Number(Int64.random(in: 0..<1_000_000, using: &random)))
      history.put(item)
    }
  }

  private mutating func fill(isMoved: Bool) async throws {
    let live = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: live.path + "/data", withIntermediateDirectories: true)
    let store = try SQLitePipelineStore(directory: live.path + "/data/read-models/\(DamagedModel.name)")
    let generation = try store.generation(for: pipeline.fingerprint, definition: DamagedModel.text)
    let names = EffectRules.names(of: pipeline)
    let places = (0..<2).map { LogPlace(tableID: TestHistory.tableID(0), partition: $0, sequence: 0, watermark: 0) }
    try store.activate(names, at: places)
    _ = try store.setPaused(names[0], true)
    try store.recordSent((0..<60).map { "key \($0)" }, at: 1_000)
    do {
      var replay = Replay(
        store: try SQLiteGeneration(path: generation.databasePath, pipeline: pipeline), logs: part.logs, checkpointEvery: 50)
      try await replay.catchUp()
      replay.store.close()
    }
    // The last of it stays in the write-ahead log: each lane goes on for a while.
    let open = try SQLiteGeneration(path: generation.databasePath, pipeline: pipeline)
    let hand = LaneHand(open)
    try hand.checkpoint(LaneID(table: 0, partition: 0), whole, limit: 60)
    try hand.checkpoint(LaneID(table: 0, partition: 1), whole, limit: 60)
    if isMoved {
      for path in [generation.databasePath, live.path + "/data/read-models/\(DamagedModel.name)/catalog.db"] {
        let mover = try Connection(path: path)
        let (frames, moved) = try mover.checkpoint(.passive)
        guard frames > 0, moved == frames else { throw CocoaError(.fileWriteUnknown) }
        mover.close()
      }
    }
    try FileManager.default.copyItem(atPath: live.path + "/data", toPath: data.path)
    open.close()
    for name in try DamagedModel.files(data.path) where name.hasSuffix("-shm") {
      try FileManager.default.removeItem(atPath: data.path + "/" + name)
    }
    let copy = try copy()
    catalog = try seenInCatalog(copy.path)
    afterPart = try seen(copy.path)
    afterAll = try await goneOn(copy.path)
  }

  func copy() throws -> TemporaryDirectory {
    let copy = TemporaryDirectory()
    try FileManager.default.copyItem(atPath: data.path, toPath: copy.path)
    return copy
  }

  /// Paths of all files below a folder, from there.
  static func files(_ path: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder) && !isFolder.boolValue
    }.sorted()
  }

  func modelPath(_ data: String) -> String { "\(data)/read-models/\(DamagedModel.name)/generation-0001/read-model.db" }

  /// Everything that a reader sees, where the lanes stand first.
  func seen(_ data: String) throws -> [String] {
    let reader = try SQLiteReader(path: modelPath(data), pipeline: pipeline)
    defer { reader.close() }
    return try reader.snapshot {
      var all = try reader.places().map { "place: \($0.position) \($0.watermark)" }
      all.append("decided: \(try reader.decided().sorted { $0.key < $1.key })")
      for (id, projection) in zip(pipeline.projections.ids, pipeline.projections) {
        var rows: [String] = []
        try reader.rows(id, where: [], newest: nil, limit: .max) { rows.append("\(projection.name): \($0)") }
        all += rows.sorted()
        guard case .leaderboard = projection.kind else { continue }
        let latest = try reader.latestBoard(id)
        all.append("latest of \(projection.name): \(String(describing: latest))")
        for board in latest.map({ [$0] }) ?? [] {
          all.append("top: \(try reader.top(id, board: board, limit: 100))")
          all.append("ranks: \(try reader.ranks(id)?.board(board)?.page(from: 0, limit: 100) ?? [])")
          all.append("closed: \(String(describing: try reader.closedAt(id, board: board)))")
        }
      }
      try reader.deadLetters(limit: 1_000) { all.append("letter: \($0)") }
      return all
    }
  }

  /// Goes on to the end of the history; what is there then, the outbox too.
  func goneOn(_ data: String) async throws -> [String] {
    let store = try SQLiteGeneration(path: modelPath(data), pipeline: pipeline)
    defer { store.close() }
    var replay = Replay(store: store, logs: whole.logs, checkpointEvery: 40)
    try await replay.catchUp()
    let effects = try store.effects(Set(EffectState.allCases), after: 0, limit: .max).map {
      "effect: \($0.pending.idempotencyKey) \($0.pending.at) \($0.pending.order) \($0.pending.action.json) \($0.state)"
    }
    return try seen(data) + effects.sorted()
  }

  func seenInCatalog(_ data: String) throws -> [String] {
    let store = try SQLitePipelineStore(directory: "\(data)/read-models/\(DamagedModel.name)")
    let activations = try store.activations().places.sorted { $0.key < $1.key }
    return try store.generations().map { "\($0.number) \($0.fingerprint) \($0.state)" } + activations.map { "\($0)" }
      + store.paused().sorted() + store.sent(among: (0..<70).map { "key \($0)" }).sorted().map { "sent: \($0)" }
  }
}
