import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import SQLite
import SQLiteReadModels
import StoreTestKit
import Testing

@Suite struct BoardTrimTests {
  @Test func `a board whose last member is gone for good leaves nothing behind, but for one that has to close`() throws {
    let yaml = """
      pipeline: trimmed
      tables: { Tab: { key: { partition: id string } } }
      items: { play: { in: Tab, match: { id: "{id}" }, fields: { room: room, who: who } } }
      projections:
        rooms: { leaderboard: who, of: play, board: [room], score: count }
        hours: { leaderboard: who, each: play inserted, board: [hour of commit], score: count }
      """
    let pipeline = try PipelineLoader.load(text: Array(yaml.utf8), file: "trimmed.yaml")
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let path = directory.path + "/read-model.db"
    let store = try SQLiteGeneration(path: path, pipeline: pipeline)
    defer { store.close() }
    let hand = LaneHand(store)
    var history = TestHistory(pipeline)
    for number in 0..<20 {
      history.put(["id": .string("\(number)"), "room": .string("room \(number / 2)"), "who": .string("w\(number)")])
    }
    for number in 0..<15 {
      history.time += 1
      history.delete(["id": .string("\(number)")])
    }
    try hand.checkpointAll(history)
    let file = try Connection(path: path, options: .readOnly)
    defer { file.close() }
    func boards(_ projection: Int64) throws -> Int64 {
      let count = try file.prepare("SELECT count(*) FROM _boards WHERE projection = ?1")
      try count.bind(1, projection)
      _ = try count.step()
      return count.int64(0)
    }
    #expect(try boards(0) == 10)
    var decider = DeciderCheckpoint(epoch: try store.takeDecider(sessionsMax: .max).epoch)
    // Not yet for good: another lane might bring an earlier change.
    for id in pipeline.projections.ids { decider.trim[id] = Instant(TestHistory.start + 1) }
    _ = try store.checkpoint(decider)
    #expect(try boards(0) == 10)
    for id in pipeline.projections.ids { decider.trim[id] = .distantFuture }
    _ = try store.checkpoint(decider)
    #expect(try boards(0) == 3)
    #expect(try boards(1) == 1)
    history.time += 1
    history.put(["id": .string("again"), "room": .string("room 0"), "who": .string("w")])
    try hand.checkpointAll(history)
    #expect(try boards(0) == 4)
  }
}
