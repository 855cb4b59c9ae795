import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import LiteralTestKit
import Postgres
import PostgresReadModels
import PostgresTestKit
import Pipelines
import ProjectionTestKit
import ReadModelConformance
import ReadModels
import RecordLiteralTestKit
import Testing

/// Two workers commit lanes that touch the same groups and boards. One of them is held at some step of its checkpoint while the other one comes to its
/// end, or to the first one's locks: whatever the step, the rows are those of one after the other.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct HeldCheckpointTests {
  /// Where a checkpoint is held.
  struct Step: CustomStringConvertible, Sendable {
    enum Projections: String, CaseIterable, Sendable {
      case all, aggregates, everything

      var text: String {
        switch self {
        case .all: StorePipelines.groups
        case .aggregates:
          StorePipelines.groups.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.contains("leaderboard:") }.joined(separator: "\n")
        case .everything: StorePipelines.everything
        }
      }
    }

    let moment: CheckpointHold.Moment
    let table: String
    /// Of those without boards: their locks would do for their groups, and for others too.
    let projections: Projections

    var description: String { "\(moment) \(table) of \(projections)" }
  }

  private static let shared = ["_lanes", "plays", "_groups", "_values", "rooms", "heard", "_digests"]
  private static let tables: [(projections: Step.Projections, tables: [String])] = [
    (.all, shared + ["_boards", "counted", "kept", "heard_last", "_journal"]), (.aggregates, shared),
    (.everything, ["_sessions", "changes", "_steps", "_dead_letters", "_outbox"]),
  ]
  static let steps =
    tables.flatMap { projections, tables in
      tables.flatMap { table in
        [CheckpointHold.Moment.before, .after].map { Step(moment: $0, table: table, projections: projections) }
      }
    }
    + [Step.Projections.all, .everything].flatMap { projections in
      [
        Step(moment: .lock, table: "_keeps", projections: projections),
        Step(moment: .commit, table: "_lanes", projections: projections),
      ]
    }

  private static let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }

  /// Random writes, then groups of so many values that their states do not hold them, some of which go again: one name's are enough, for each lane has one.
  private static func history(_ text: String, seed: UInt64, writes: Int) throws -> TestHistory {
    var history = try StorePipelines.random(text, seed: seed, writes: writes, partitions: 2)
    for number in 0..<120 {
      history.time += 3
      let key: Item = [
        "PK": .string("U:\(["ana", "ben", "cyd", "dan", "eve"][number % 5])"), "SK": .string("\(number % 80 + 10)"),
      ]
      if number >= 80, number % 3 == 0 {
        history.delete(key)
        continue
      }
      var item = key
      item["Room"] = .string("r\(number % 2)")
      item["Who"] = .string(String(repeating: "who", count: 20) + "\(number % 100)")
      // What is not a number is a dead letter.
      item["Points"] = number % 11 == 0 ? .string("many") : .number(Number(Int64(number * 7 % 50)))
      history.put(item)
    }
    return history
  }

  /// A history, and what comes of it while nobody is held: the same for all cases of a pipeline.
  private struct Quiet: Sendable {
    let seed: UInt64
    let history: TestHistory
    let expected: [String]

    init(_ projections: Step.Projections) throws {
      seed = UInt64.random(in: 0 ... .max)
      history = try HeldCheckpointTests.history(projections.text, seed: seed, writes: 120)
      let own = try OwnSchema(projections.text)
      let one = try own.worker()
      try one.takeAll(history)
      // A state may say what was stored before: of the same checkpoints it is the same.
      for limit in [8, .max] {
        for lane in HeldCheckpointTests.lanes { try one.checkpoint(lane, history, limit: limit) }
      }
      expected = try own.everything() + own.beside()
    }
  }

  private static let quiet = Dictionary(
    uniqueKeysWithValues: Step.Projections.allCases.map { kind in (kind, Result { try Quiet(kind) }) })

  @Test(arguments: steps) func `a checkpoint that is held changes nothing of the outcome`(_ step: Step) throws {
    let quiet = try #require(Self.quiet[step.projections]).get()
    let (seed, history, expected) = (quiet.seed, quiet.history, quiet.expected)
    let own = try OwnSchema(step.projections.text)
    let name = "held-\(own.database.namespace.name)"
    let (held, other) = (try own.worker(name), try own.worker("other-\(name)"))
    try held.take(Self.lanes[0])
    try other.take(Self.lanes[1])
    try held.checkpoint(Self.lanes[0], history, limit: 8)
    try other.checkpoint(Self.lanes[1], history, limit: 8)
    let hold = try CheckpointHold(own, step.moment, of: step.table, by: name, saying: "\(step), seed \(seed)")
    try hold.run(
      { try held.checkpoint(Self.lanes[0], history) }, beside: { try other.checkpoint(Self.lanes[1], history) },
      by: "other-\(name)")
    let found = try own.everything() + own.beside()
    #expect(found == expected, "seed \(seed), \(step): \(Set(found).symmetricDifference(expected).sorted().prefix(6))")
  }

  @Test func `two workers that never wait for one another but for locks come to the rows of one`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    for text in [StorePipelines.groups, StorePipelines.everything] {
      let history = try Self.history(text, seed: seed, writes: 500)
      let quiet = try OwnSchema(text)
      let one = try quiet.worker()
      try one.takeAll(history)
      for lane in Self.lanes { try one.checkpoint(lane, history) }
      let own = try OwnSchema(text)
      let commits = try Self.lanes.map { lane in
        let worker = try own.worker()
        try worker.take(lane)
        return CheckpointHold.Commit { for _ in 0..<100 { try worker.checkpoint(lane, history, limit: 7) } }
      }
      for commit in commits { try commit.end() }
      let (found, expected) = (try own.everything(), try quiet.everything())
      #expect(found == expected, "seed \(seed): \(Set(found).symmetricDifference(expected).sorted().prefix(6))")
    }
  }
}
