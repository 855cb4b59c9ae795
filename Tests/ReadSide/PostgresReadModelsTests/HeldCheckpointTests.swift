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
    enum Moment: String, CaseIterable { case before, after, commit, lock }
    enum Projections: String { case all, aggregates, everything }

    /// Before or after a statement changes rows of the table, at the commit of that, or where it locks them.
    let moment: Moment
    let table: String
    /// Of those without boards: their locks would do for their groups, and for others too.
    let projections: Projections

    var description: String { "\(moment) \(table) of \(projections)" }

    var text: String {
      switch projections {
      case .all: StorePipelines.groups
      case .aggregates:
        StorePipelines.groups.split(separator: "\n", omittingEmptySubsequences: false)
          .filter { !$0.contains("leaderboard:") }.joined(separator: "\n")
      case .everything: StorePipelines.everything
      }
    }

    /// The trigger that runs a function there.
    func trigger(_ function: String) -> String {
      let (kind, more) = moment == .commit ? ("CONSTRAINT ", " DEFERRABLE INITIALLY DEFERRED") : ("", "")
      let changes = "\(moment == .before ? "BEFORE" : "AFTER") INSERT OR UPDATE OR DELETE ON \(table)"
      return "CREATE \(kind)TRIGGER hold \(changes)\(more) FOR EACH ROW EXECUTE FUNCTION \(function)"
    }
  }

  private static let shared = ["_lanes", "plays", "_groups", "_values", "rooms", "heard", "_digests"]
  private static let tables: [(projections: Step.Projections, tables: [String])] = [
    (.all, shared + ["_boards", "counted", "kept", "heard_last", "_journal"]), (.aggregates, shared),
    (.everything, ["_sessions", "changes", "_steps", "_dead_letters", "_outbox"]),
  ]
  static let steps =
    tables.flatMap { projections, tables in
      tables.flatMap { table in
        [Step.Moment.before, .after].map { Step(moment: $0, table: table, projections: projections) }
      }
    }
    + [Step.Projections.all, .everything].flatMap { projections in
      [
        Step(moment: .lock, table: "_keeps", projections: projections),
        Step(moment: .commit, table: "_lanes", projections: projections),
      ]
    }

  private static let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }

  /// Work on a thread of its own; what came of it.
  private final class Commit: Sendable {
    private let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) private var failure: (any Error)?
    nonisolated(unsafe) private var isOver = false

    init(_ work: @escaping () throws -> Void) {
      nonisolated(unsafe) let work = work
      Thread.detachNewThread {
        do { try work() } catch { self.failure = error }
        self.isOver = true
        self.done.signal()
      }
    }

    /// Waits for its end.
    func end() throws {
      done.wait()
      if let failure { throw failure }
    }

    /// To be asked while others wait, too.
    var hasEnded: Bool {
      guard done.wait(timeout: .now()) == .success else { return false }
      done.signal()
      return isOver
    }
  }

  /// Whether a session of this name waits for a lock.
  private func waits(_ name: String, for event: String, _ connection: PostgresConnection) throws -> Bool {
    try connection.run(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock' AND wait_event LIKE $2",
      .text(name), .text(event)
    ).int64(0, 0) > 0
  }

  private func wait(_ what: String, _ fact: () throws -> Bool) throws {
    let end = ContinuousClock.now + .seconds(20)
    while try !fact() {
      try #require(ContinuousClock.now < end, "\(what) does not come")
      usleep(2_000)
    }
  }

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

  /// What stands beside the rows: sessions' states, steps for the decider, effects.
  private static func beside(_ own: OwnSchema) throws -> [String] {
    let connection = try own.connection()
    defer { connection.close() }
    let rows = try connection.run(
      """
      SELECT 'session ' || projection || ' ' || partition || ' ' || encode(id, 'hex') || ' ' || encode(state, 'hex') FROM _sessions
      UNION ALL SELECT 'step ' || projection || ' ' || encode(stamp, 'hex') || ' ' || place || ' ' || encode(step, 'hex') FROM _steps
      UNION ALL SELECT 'effect ' || idempotency_key || ' ' || action || ' ' || state FROM _outbox ORDER BY 1
      """)
    return (0..<rows.count).map { rows.text($0, 0) ?? "" }
  }

  @Test(arguments: steps) func `a checkpoint that is held changes nothing of the outcome`(_ step: Step) throws {
    let seed = UInt64.random(in: 0 ... .max)
    let history = try Self.history(step.text, seed: seed, writes: 120)
    let quiet = try OwnSchema(step.text)
    let one = try quiet.worker()
    try one.takeAll(history)
    // A state may say what was stored before: of the same checkpoints it is the same.
    for limit in [8, .max] { for lane in Self.lanes { try one.checkpoint(lane, history, limit: limit) } }
    let expected = try quiet.everything() + Self.beside(quiet)

    let own = try OwnSchema(step.text)
    let name = "held-\(own.database.namespace.name)"
    let (held, other) = (try own.worker(name), try own.worker("other-\(name)"))
    try held.take(Self.lanes[0])
    try other.take(Self.lanes[1])
    try held.checkpoint(Self.lanes[0], history, limit: 8)
    try other.checkpoint(Self.lanes[1], history, limit: 8)
    let gate = Int64.random(in: 0 ... .max)
    let (watcher, holder) = (try own.connection(), try own.connection())
    if step.moment == .lock {
      try holder.execute("BEGIN; SELECT 1 FROM \(step.table) FOR UPDATE")
    } else {
      try own.execute(
        """
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('application_name') = '\(name)' THEN PERFORM pg_advisory_xact_lock_shared(\(gate)); END IF;
        RETURN coalesce(NEW, OLD); END $$;
        \(step.trigger("hold()"))
        """)
      try holder.run("SELECT pg_advisory_lock($1)", .bigint(gate))
    }
    let first = Commit { try held.checkpoint(Self.lanes[0], history) }
    try wait("the hold at \(step), seed \(seed)") {
      try #require(!first.hasEnded, "the checkpoint does not come by \(step), seed \(seed)")
      return try waits(name, for: step.moment == .lock ? "%" : "advisory", watcher)
    }
    let second = Commit { try other.checkpoint(Self.lanes[1], history) }
    try wait("the other's end, or its wait at \(step), seed \(seed)") {
      try second.hasEnded || waits("other-\(name)", for: "%", watcher)
    }
    #expect(!first.hasEnded)
    holder.close()
    try first.end()
    try second.end()
    let found = try own.everything() + Self.beside(own)
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
        return Commit { for _ in 0..<100 { try worker.checkpoint(lane, history, limit: 7) } }
      }
      for commit in commits { try commit.end() }
      let (found, expected) = (try own.everything(), try quiet.everything())
      #expect(found == expected, "seed \(seed): \(Set(found).symmetricDifference(expected).sorted().prefix(6))")
    }
  }
}
