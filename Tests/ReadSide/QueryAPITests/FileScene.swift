import ChangeRecords
import DynamoModel
import Foundation
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import SQLiteReadModels
import Services
import Synchronization

@testable import QueryAPI

/// A pipeline at work in SQLite files, and views of it. Its generations are 1 and, after `rebuild`, the next.
final class FileScene {
  let pipeline: Pipeline
  let changed = Signal()
  let current: Current
  private(set) var history: TestHistory
  private var hand: LaneHand
  private let directory = FileManager.default.temporaryDirectory.appending(path: "afterimage-boards-\(UUID())").path

  /// The generation that readers see.
  final class Current: Sendable {
    private let value: Mutex<Generation>

    init(_ generation: Generation) { value = Mutex(generation) }

    var generation: Generation {
      get { value.withLock { $0 } }
      set { value.withLock { $0 = newValue } }
    }
  }

  init(_ yaml: String = Scene.yaml) throws {
    pipeline = try ProjectionTestKit.pipeline(yaml)
    history = TestHistory(pipeline)
    let first = Generation(number: 1, fingerprint: pipeline.fingerprint, state: .current, store: directory)
    current = Current(first)
    hand = try FileScene.hand(first, pipeline)
    try hand.checkpointAll(history)
  }

  deinit {
    hand.store.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  private static func hand(_ generation: Generation, _ pipeline: Pipeline) throws -> LaneHand {
    try FileManager.default.createDirectory(atPath: generation.directory, withIntermediateDirectories: true)
    return LaneHand(try ReadModelStores.sqlite.generation(generation, pipeline))
  }

  /// A view with readers of its own.
  func view() -> PipelineView {
    let (current, pipeline) = (current, pipeline)
    return PipelineView(
      name: "scene", changed: changed, current: { current.generation }, known: { current.generation },
      definition: { (pipeline, 0) }, load: { _ in pipeline },
      opening: { try SQLiteReader(path: $0.databasePath, pipeline: $1) })
  }

  /// Writes and commits what was written.
  func write(_ body: (inout TestHistory) -> Void) throws {
    body(&history)
    try hand.checkpointAll(history)
    changed.announce()
  }

  /// A play of a member in a room.
  func play(_ name: String, _ number: Int, room: String = "r", points: Int64 = 1) throws {
    try write { FileScene.play(name, number, room: room, points: points, &$0) }
  }

  static func play(_ name: String, _ number: Int, room: String, points: Int64, _ history: inout TestHistory) {
    history.time += 1
    history.put([
      "PK": .string("U:\(name)"), "SK": .string("\(number)"), "Room": .string(room), "Points": .number(Number(points)),
    ])
  }

  /// Builds another generation from the whole history, and makes it the one that readers see.
  func rebuild() throws {
    let next = Generation(
      number: current.generation.number + 1, fingerprint: pipeline.fingerprint, state: .current, store: directory)
    let new = try FileScene.hand(next, pipeline)
    try new.checkpointAll(history)
    current.generation = next
    hand.store.close()
    hand = new
    changed.announce()
  }
}

extension BoardRequest {
  init(_ leaderboard: String, _ question: BoardQuestion, board: [String]? = nil) {
    self.init(leaderboard: leaderboard, board: board, question: question, positions: [])
  }
}
