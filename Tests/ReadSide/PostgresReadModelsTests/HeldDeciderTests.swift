import ChangeLog
import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

/// The decider and a lane commit at once, and one of them is held at some step of its checkpoint: whatever the step and whoever is held, the rows are those
/// of one after the other.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct HeldDeciderTests {
  enum Holder: String, Sendable { case decider, lane }

  /// Leaderboards that keep their latest boards have a lock that would do for all others.
  enum Boards: String, CaseIterable, Sendable {
    case kept, all

    var pipeline: String {
      switch self {
      case .kept: HeldDeciderTests.pipeline
      case .all: HeldDeciderTests.pipeline.replacing(/, keep: .* }/, with: " }")
      }
    }
  }

  struct Step: CustomStringConvertible, Sendable {
    let holder: Holder
    let moment: CheckpointHold.Moment
    let table: String
    let boards: Boards

    var description: String { "the \(holder) \(moment) \(table) of \(boards)" }
  }

  /// Sessions of which one is live, boards that close by the log's clock and are corrected late, some of which go for good, groups with a condition, and
  /// groups that empty.
  private static let pipeline = """
    pipeline: p
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { room: Room, points: Points integer, who: Who, at: At timestamp(milliseconds) }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, points] }
      rooms: { aggregate: [room], of: play, columns: { c: count, least: min(points), names: distinct(who) } }
      logins: { session: play, key: [name, n], gap: 20m, one live per: room, columns: { touches: count } }
      hours: { leaderboard: who, each: play inserted, board: [hour of commit], score: count, keep: 1 boards }
      played: { leaderboard: who, of: play, board: [hour of at], score: max(points) }
      latest: { leaderboard: who, of: play, board: [hour of at], score: sum(points), keep: [1 boards, 2 members] }
    effects:
      crowded: { each: rooms, when: c >= 3, delete: { rows: plays, where: room = :room } }
      passed: { each: hours closed, delete: { rows: plays, where: room = :hour } }
      gone: { each: logins ended, delete: { rows: plays, where: room = :name } }

    """

  private static let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }

  private static let tables: [(boards: Boards, holder: Holder, last: String, tables: [String])] = [
    (
      .kept, .decider, "_decided",
      ["_steps", "_sessions", "logins", "_watched", "_boards", "played", "_groups", "_outbox", "_digests"]
    ), (.kept, .lane, "_lanes", ["_lanes", "plays", "_steps", "_boards", "_groups", "rooms", "played", "latest", "_digests"]),
    (.all, .decider, "_decided", ["_boards", "played", "_groups"]), (.all, .lane, "_lanes", ["_groups", "rooms", "played"]),
  ]
  static let steps =
    tables.flatMap { boards, holder, last, tables in
      tables.flatMap { table in
        [CheckpointHold.Moment.before, .after].map { Step(holder: holder, moment: $0, table: table, boards: boards) }
      } + [Step(holder: holder, moment: .commit, table: last, boards: boards)]
    }
    + [Holder.decider, .lane].map { Step(holder: $0, moment: .lock, table: "_keeps", boards: .kept) }

  /// Records of two hours and a half, and the time at which they end; then those of as many more, of which some belong to hours that have passed.
  private static func history(
    _ boards: Boards, _ random: inout SeededGenerator
  ) throws -> (history: TestHistory, middle: LogTime) {
    var history = TestHistory(try ProjectionTestKit.pipeline(boards.pipeline), partitions: 2)
    var middle = history.time
    let hour: Int64 = 3_600_000
    for half in 0..<2 {
      for _ in 0..<75 {
        history.time += 120_000
        let key: Item = [
          "PK": .string("U:\(["ana", "ben", "cyd", "dan", "eve"].randomElement(using: &random) ?? "")"),
          "SK": .string("\(Int.random(in: 0..<3, using: &random))"),
        ]
        if Int.random(in: 0..<4, using: &random) == 0 {
          history.delete(key)
          continue
        }
        var item = key
        item["Room"] = .string("r\(Int.random(in: 0..<3, using: &random))")
        item["Who"] = .string("w\(Int.random(in: 0..<4, using: &random))")
        item["Points"] = .number(Number(Int64.random(in: 0..<9, using: &random)))
        item["At"] = .number(Number(history.time.rawValue - Int64([0, 0, 1, 2].randomElement(using: &random) ?? 0) * hour))
        history.put(item)
      }
      if half > 0 { break }
      // Every item goes to another room: those of before are empty for the decider, and some come to them again.
      for name in ["ana", "ben", "cyd", "dan", "eve"] {
        for room in 0..<3 {
          history.time += 1_000
          history.put([
            "PK": .string("U:\(name)"), "SK": .string("\(room)"), "Room": .string("s\(room)"), "Who": .string("w\(room)"),
            "Points": .number(Number(Int64(10 + room))), "At": .number(Number(history.time.rawValue - Int64(room) * hour)),
          ])
        }
      }
      middle = history.time
    }
    return (history, middle)
  }

  /// A history, and what comes of it while nobody is held: the same for all cases of these boards.
  private struct Quiet: Sendable {
    let seed: UInt64
    let history: TestHistory
    let middle: LogTime
    let expected: [String]

    init(_ boards: Boards) throws {
      seed = UInt64.random(in: 0 ... .max)
      var random = SeededGenerator(seed: seed)
      (history, middle) = try HeldDeciderTests.history(boards, &random)
      let own = try OwnSchema(boards.pipeline)
      let one = try own.worker()
      for lane in HeldDeciderTests.lanes { try HeldDeciderTests.begin(lane, one, history, middle) }
      let decider = try DeciderHand(one.store)
      try decider.checkpoint(below: Instant(middle))
      try one.checkpoint(HeldDeciderTests.lanes[0], history)
      try HeldDeciderTests.end(one, decider, history)
      expected = try own.everything() + own.beside()
    }
  }

  private static let quiet = Dictionary(
    uniqueKeysWithValues: Boards.allCases.map { boards in (boards, Result { try Quiet(boards) }) })

  /// A lane takes the records of the first half.
  private static func begin(_ lane: LaneID, _ hand: LaneHand, _ history: TestHistory, _ middle: LogTime) throws {
    let all = history.batch(lane.table, lane.partition, after: .beforeAll).entries
    try hand.take(lane)
    try hand.checkpoint(lane, history, limit: all.count { $0.time <= middle }, watermark: middle)
  }

  /// What is left after the decider's checkpoint of the first half and the first lane's of the second.
  private static func end(_ other: LaneHand, _ decider: DeciderHand, _ history: TestHistory) throws {
    try other.checkpoint(lanes[1], history)
    try decider.checkpoint(below: Instant(history.time))
  }

  @Test(arguments: steps) func `a checkpoint that is held changes nothing of the outcome`(_ step: Step) throws {
    let quiet = try #require(Self.quiet[step.boards]).get()
    let own = try OwnSchema(step.boards.pipeline)
    let name = own.database.namespace.name
    let (deciding, folding, other) = (try own.worker("decider-\(name)"), try own.worker("lane-\(name)"), try own.worker())
    for (lane, hand) in zip(Self.lanes, [folding, other]) { try Self.begin(lane, hand, quiet.history, quiet.middle) }
    let decider = try DeciderHand(deciding.store)
    let prepared = try decider.prepare(below: Instant(quiet.middle))
    let (held, free): (Holder, Holder) = step.holder == .decider ? (.decider, .lane) : (.lane, .decider)
    let hold = try CheckpointHold(
      own, step.moment, of: step.table, by: "\(held)-\(name)", saying: "\(step), seed \(quiet.seed)")
    func commit(_ who: Holder) throws {
      switch who {
      case .decider: try decider.commit(prepared)
      case .lane: try folding.checkpoint(Self.lanes[0], quiet.history)
      }
    }
    try hold.run({ try commit(held) }, beside: { try commit(free) }, by: "\(free)-\(name)")
    try Self.end(other, decider, quiet.history)
    let found = try own.everything() + own.beside()
    #expect(
      found == quiet.expected,
      "seed \(quiet.seed), \(step): \(Set(found).symmetricDifference(quiet.expected).sorted().prefix(6))")
  }
}
