import ChangeRecords
import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import ProjectionTestKit
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import SQLite
import StoreTestKit
import Testing

@testable import SQLiteReadModels

/// When the write-ahead log is moved into its file.
@Suite struct LogMovesTests {
  private let least = LogMoves.pagesMin
  private let most = LogMoves.pagesMax
  private let here = LogMoves.pagesHereMax

  @Test func `a short log stays, a long one is moved apart, and its rest by a commit`() {
    var moves = LogMoves()
    #expect(moves.committed(pages: least - 1, moved: 0, isMoving: false) == .none)
    #expect(moves.committed(pages: least, moved: 0, isMoving: false) == .moveApart)
    #expect(moves.committed(pages: least + 40, moved: 0, isMoving: true) == .none)
    #expect(moves.committed(pages: least + 80, moved: least, isMoving: false) == .moveHere)
    // The log began anew.
    #expect(moves.committed(pages: 60, moved: 0, isMoving: false) == .none)
    #expect(moves.committed(pages: least, moved: 0, isMoving: false) == .moveApart)
  }

  @Test func `what came meanwhile is moved apart again when it is much`() {
    var moves = LogMoves()
    #expect(moves.committed(pages: least, moved: 0, isMoving: false) == .moveApart)
    #expect(moves.committed(pages: least + here + 1, moved: least, isMoving: false) == .moveApart)
    #expect(moves.committed(pages: least + 2 * here + 1, moved: least + here + 1, isMoving: false) == .moveHere)
  }

  @Test func `what a reader holds back is not tried after each commit`() {
    var moves = LogMoves()
    #expect(moves.committed(pages: least, moved: 10, isMoving: false) == .moveApart)
    #expect(moves.committed(pages: least + here, moved: 10, isMoving: false) == .none)
    #expect(moves.committed(pages: least + here + 1, moved: 10, isMoving: false) == .moveApart)
  }

  @Test func `a log that grows faster than it is moved makes a commit wait`() {
    var moves = LogMoves()
    #expect(moves.committed(pages: most - 1, moved: 0, isMoving: true) == .none)
    #expect(moves.committed(pages: most, moved: 0, isMoving: true) == .moveHere)
    #expect(moves.committed(pages: most, moved: 0, isMoving: false) == .moveHere)
  }

  @Test func `under many commits the log stays bounded, and the file whole`() throws {
    let yaml = """
      pipeline: moved
      tables: { Tab: { key: { partition: id string } } }
      items: { play: { in: Tab, match: { id: "{id}" }, fields: { text: text } } }
      projections: { plays: { collection: play, key: [id], columns: [text] } }
      """
    let pipeline = try PipelineLoader.load(text: Array(yaml.utf8), file: "moved.yaml")
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let path = directory.path + "/read-model.db"
    let store = try SQLiteGeneration(path: path, pipeline: pipeline)
    let hand = LaneHand(store)
    var history = TestHistory(pipeline)
    var random = SeededGenerator(seed: 1)
    var (longest, items): (Int, [String: String]) = (0, [:])
    for round in 0..<120 {
      history.time += 1
      for _ in 0..<100 {
        let (id, text) = ("\(UInt32.random(in: 0..<40_000, using: &random))", String(repeating: "\(round % 10)", count: 900))
        items[id] = text
        history.put(["id": .string(id), "text": .string(text)])
      }
      try hand.checkpointAll(history)
      longest = max(longest, store.connection.logPages?.all ?? 0)
      if round % 7 == 0 {
        let reader = try SQLiteReader(path: path, pipeline: pipeline)
        let places = try reader.snapshot { try reader.places() }
        #expect(places.first?.position.sequence == SequenceNumber(history.entries[0][0].count))
        reader.close()
      }
    }
    #expect(longest >= least && longest < most + 1_000, "\(longest) pages")
    store.close()
    let reader = try SQLiteReader(checking: path, pipeline: pipeline)
    #expect(try reader.storageFaults(limit: 10) == [])
    var rows = 0
    let table = pipeline.projections[ProjectionID(rawValue: 0)].table
    let (id, text) = (try #require(table.column(named: "id")), try #require(table.column(named: "text")))
    try reader.storedRows(ProjectionID(rawValue: 0)) { row in
      rows += 1
      guard case .string(let id) = row.values[id], case .string(let text) = row.values[text] else { return }
      #expect(items[id] == text)
    }
    #expect(rows == items.count)
    reader.close()
  }
}
