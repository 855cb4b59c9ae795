import ChangeRecords
import DynamoModel
import Foundation
import LiteralTestKit
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import Projections
import ReadModels
import RecordLiteralTestKit
import Services
import Synchronization
import Testing

@testable import QueryAPI

/// A fact has not come about within the limit.
struct NotSeen: Error, CustomStringConvertible {
  let description: String
}

/// Waits for a fact, with a limit.
func see(_ what: String, _ isSo: @Sendable () -> Bool) async throws {
  let limit = ContinuousClock.now + .seconds(30)
  while !isSo() {
    guard ContinuousClock.now < limit else { throw NotSeen(description: what) }
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// A pipeline at work in memory, and the view of it.
final class Scene: Sendable {
  static let yaml = """
    pipeline: scene
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      person: { in: Tab, match: { PK: "U:{name}", SK: profile }, fields: { nick: Nick optional } }
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional, points: Points integer } }
    projections:
      people: { collection: person, key: [name], columns: [nick] }
      sittings: { sessions: [name, room], touch: play inserted, gap: 1m }
      best: { leaderboard: name, of: play, board: [room], score: sum(points), floor: 2, show: { from: people, columns: [nick] } }
      every_play: { leaderboard: name, of: play, score: count, ties: competition }
      hours: { leaderboard: name, each: play inserted, board: [hour of commit], score: count }
    dashboard:
      - leaderboard: { title: The best, of: best, board: latest, top: 2 }
      - number: { title: Plays, sql: "SELECT count(*) FROM people" }
    queries:
      everybody: { params: { least: integer 0..9 = 1 }, sql: "SELECT name FROM people WHERE :least > 0" }

    """

  let models = MemoryReadModels()
  let pipeline: Pipeline
  let changed = Signal()
  let current = Mutex<Generation?>(Generation(number: 1, fingerprint: "", state: .current, store: "one"))
  private let history: Mutex<TestHistory>

  init(_ yaml: String = Scene.yaml) throws {
    pipeline = try ProjectionTestKit.pipeline(yaml)
    history = Mutex(TestHistory(pipeline))
  }

  var view: PipelineView {
    PipelineView(
      name: "scene", changed: changed, current: { [self] in current.withLock { $0 } },
      known: { [self] in current.withLock { $0 } },
      definition: { nil },
      load: { [pipeline] _ in pipeline }, opening: { [models] in try models.reader($0, $1) })
  }

  /// Writes and commits what was written; of one table alone, when it is named.
  func write(only table: TableIndex? = nil, _ body: (inout TestHistory) -> Void) throws {
    let now = history.withLock { history in
      body(&history)
      return history
    }
    let generation = current.withLock { $0 } ?? Generation(number: 1, fingerprint: "", state: .current, store: "one")
    let hand = LaneHand(try models.stores.generation(generation, pipeline))
    if let table { try hand.checkpoint(LaneID(table: table, partition: 0), now) } else { try hand.checkpointAll(now) }
    changed.announce()
  }

  func play(_ name: String, _ n: Int = 1, room: String = "r", points: Int64) throws {
    try write { history in
      history.time += 1
      history.put(["PK": .string("U:\(name)"), "SK": .string("\(n)"), "Room": .string(room), "Points": .number(Number(points))])
    }
  }
}

extension PipelineView {
  /// The answer to a question about a leaderboard. What is answered at once, an error too, must be the same.
  func leaderboard(
    _ name: String, board: [String]?, _ question: BoardQuestion, atLeast positions: [Position]
  ) async throws -> [UInt8] {
    let request = BoardRequest(leaderboard: name, board: board, question: question, positions: positions)
    let quick = Result { try boardAtOnce(request) }
    do {
      let bytes = try await self.board(request)
      let known = try quick.get()
      #expect(known == nil || known == bytes, "\(request)")
      return bytes
    } catch {
      if case .failure(let other) = quick { #expect("\(other)" == "\(error)", "\(request)") }
      throw error
    }
  }
}

/// A part of an answer, as JSON without blanks.
func member(_ name: String, of bytes: [UInt8]) throws -> String {
  let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
  guard let value = object?[name] else { return "missing" }
  let data = try JSONSerialization.data(
    withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes])
  return String(decoding: data, as: UTF8.self)
}
