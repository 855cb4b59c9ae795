import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import LiteralTestKit
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

/// Rank indexes follow what every lane has committed, in whatever order lanes commit.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct JournalTests {
  private static let text = """
    pipeline: ranked
    tables: { Tab: { key: { partition: PK string } } }
    items: { play: { in: Tab, match: { PK: "{name}" }, fields: { points: Points integer, room: Room } } }
    projections:
      best: { leaderboard: name, of: play, board: [room], score: max(points) }

    """

  private func ranks(_ reader: any GenerationReader, _ room: String) throws -> [String] {
    try reader.snapshot {
      let page = try reader.ranks(ProjectionID(rawValue: 0))?.board([.string(room)])?.page(from: 0, limit: 100) ?? []
      return page.map { "\($0.member) \($0.score)" }
    }
  }

  @Test func `an entry that commits late is not missed`() throws {
    let own = try OwnSchema(Self.text)
    var history = TestHistory(own.pipeline, partitions: 2)
    let names = (0..<40).map { "p\($0)" }
    func put(_ name: String, _ points: Int64) {
      let key: Item = ["PK": .string(name)]
      // Boards of one lane each, which do not wait for one another.
      let room = "r\(history.partition(of: key))"
      history.put(["PK": .string(name), "Points": .number(Number(points)), "Room": .string(room)])
    }
    for name in names { put(name, 1) }
    let workers = try ["slow", "quick"].map { try own.worker("\($0)-\(own.database.namespace.name)") }
    let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }
    for (worker, lane) in zip(workers, lanes) { try worker.checkpoint(lane, history) }
    let follower = try own.reader()
    let before = try (0..<2).map { try ranks(follower, "r\($0)").count }
    #expect(before.reduce(0, +) == names.count && !before.contains(0))
    for name in names { put(name, 2) }
    // The first lane's checkpoint stands still when its journal is written.
    let gate = Int64.random(in: 0 ... .max)
    try own.execute(
      """
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('application_name') = 'slow-\(own.database.namespace.name)' THEN PERFORM pg_advisory_xact_lock_shared(\(gate));
      END IF; RETURN NEW; END $$;
      CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON _digests FOR EACH ROW EXECUTE FUNCTION hold()
      """)
    let holder = try own.connection()
    try holder.run("SELECT pg_advisory_lock($1)", .bigint(gate))
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) let slow = workers[0]
    let given = history
    Thread.detachNewThread {
      _ = try? slow.checkpoint(lanes[0], given)
      done.signal()
    }
    let end = ContinuousClock.now + .seconds(20)
    while try holder.run(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'advisory'",
      .text("slow-\(own.database.namespace.name)")
    ).int64(0, 0) == 0 {
      try #require(ContinuousClock.now < end)
      usleep(2_000)
    }
    try workers[1].checkpoint(lanes[1], history)
    #expect(try ranks(follower, "r1").allSatisfy { $0.hasSuffix(" 2") })
    #expect(try ranks(follower, "r0").allSatisfy { $0.hasSuffix(" 1") })
    holder.close()
    done.wait()
    #expect(try follower.snapshot { try follower.entriesToFollow(ProjectionID(rawValue: 0)) } == before[0])
    #expect(try ranks(follower, "r0").allSatisfy { $0.hasSuffix(" 2") } && ranks(follower, "r0").count == before[0])
  }

  @Test func `a journal that has gone back is not followed: the boards are loaded`() throws {
    let own = try OwnSchema(Self.text)
    var history = TestHistory(own.pipeline)
    let lane = LaneID(table: 0, partition: 0)
    let worker = try own.worker()
    for number in 0..<5 {
      history.put(["PK": .string("p\(number)"), "Points": .number(Number(1)), "Room": .string("r")])
      try worker.checkpoint(lane, history)
    }
    let follower = try own.reader()
    #expect(try ranks(follower, "r").count == 5)
    // As after a failover that lost the last commits.
    try own.execute(
      "DELETE FROM best WHERE member = 'p4'; DELETE FROM _journal WHERE number = 5; UPDATE _journals SET last = 4")
    #expect(try follower.snapshot { try follower.entriesToFollow(ProjectionID(rawValue: 0)) } == nil)
    #expect(try ranks(follower, "r").count == 4)
  }

  @Test func `on a new connection the boards are loaded, whatever the journal's numbers say`() throws {
    let own = try OwnSchema(Self.text)
    var history = TestHistory(own.pipeline)
    let worker = try own.worker()
    for number in 0..<5 {
      history.put(["PK": .string("p\(number)"), "Points": .number(Number(1)), "Room": .string("r")])
      try worker.checkpoint(LaneID(table: 0, partition: 0), history)
    }
    let follower = try own.reader(named: "follower")
    #expect(try ranks(follower, "r").count == 5)
    let version = try follower.snapshot { try follower.version() }
    // As after a failover that lost the last commits, and other commits since: the number is the same, and what it stands for is not.
    try own.execute(
      """
      DELETE FROM best WHERE member = 'p4'; UPDATE best SET score = 7 WHERE member = 'p1';
      UPDATE _journal SET keys = (SELECT keys FROM _journal WHERE number = 2) WHERE number = 5;
      SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'follower-\(own.database.namespace.name)'
      """)
    #expect(try ranks(follower, "r") == ["p1 7", "p0 1", "p2 1", "p3 1"])
    #expect(try follower.snapshot { try follower.version() } != version)
  }
}
