import ChangeLog
import ChangeRecords
import Foundation
import LiteralTestKit
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import Projections
import ReadModelConformance
import ReadModels
import RecordLiteralTestKit
import Testing

/// Checkpoints whose transaction fails, or whose connection is lost: what was committed is there once.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct FaultTests {
  private static let lane = LaneID(table: 0, partition: 0)

  private func history() throws -> TestHistory {
    try StorePipelines.random(StorePipelines.everything, seed: .random(in: 0 ... .max), writes: 80, partitions: 1)
  }

  /// The rows of the whole history, committed without any fault.
  private func expected(_ history: TestHistory) throws -> [String] {
    let quiet = try OwnSchema(StorePipelines.everything)
    try quiet.worker().checkpoint(Self.lane, history)
    return try quiet.everything()
  }

  /// Has the next so many writes to a table do something that PL/pgSQL says. The count outlives the transactions that it ends.
  private func fault(_ own: OwnSchema, on table: String, times: Int, constraint: Bool = false, _ statement: String) throws {
    let trigger =
      constraint
      ? "CONSTRAINT TRIGGER fault AFTER UPDATE ON \(table) DEFERRABLE INITIALLY DEFERRED"
      : "TRIGGER fault BEFORE INSERT OR UPDATE ON \(table)"
    try own.execute(
      """
      CREATE SEQUENCE faults;
      CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('faults') <= \(times) THEN \(statement); END IF; RETURN NEW; END $$;
      CREATE \(trigger) FOR EACH ROW EXECUTE FUNCTION fault()
      """)
  }

  private func failure(_ body: () throws -> Void) -> ReadModelError? {
    do {
      try body()
      return nil
    } catch {
      return error as? ReadModelError
    }
  }

  private func isSuperseded(_ error: ReadModelError?) -> Bool { if case .superseded? = error { true } else { false } }

  @Test(arguments: ["40P01", "40001"]) func `a deadlock or a failure to serialise begins it again`(_ state: String) throws {
    let history = try history()
    let own = try OwnSchema(StorePipelines.everything)
    let worker = try own.worker()
    try worker.take(Self.lane)
    try fault(own, on: "_digests", times: 3, "RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '\(state)'")
    try worker.checkpoint(Self.lane, history)
    #expect(try own.everything() == expected(history))
    #expect(try own.connection().run("SELECT last_value FROM faults").int64(0, 0) > 3)
  }

  @Test func `a connection that is lost on the way is made again, and the checkpoint with it`() throws {
    let history = try history()
    let own = try OwnSchema(StorePipelines.everything)
    let worker = try own.worker()
    try worker.take(Self.lane)
    try fault(own, on: "rooms", times: 1, "PERFORM pg_terminate_backend(pg_backend_pid())")
    try worker.checkpoint(Self.lane, history)
    #expect(try own.everything() == expected(history))
  }

  @Test func `a connection that is lost while the server commits: the lane is taken anew, and nothing was done`() throws {
    let history = try history()
    let own = try OwnSchema(StorePipelines.everything)
    let worker = try own.worker()
    try worker.take(Self.lane)
    try fault(own, on: "_lanes", times: 1, constraint: true, "PERFORM pg_terminate_backend(pg_backend_pid())")
    let before = try own.everything()
    let error = failure { try worker.checkpoint(Self.lane, history) }
    #expect(isSuperseded(error), "\(error as Any)")
    #expect(try own.everything() == before)
    try worker.take(Self.lane)
    try worker.checkpoint(Self.lane, history)
    #expect(try own.everything() == expected(history))
  }

  @Test func `a commit whose answer is lost: the lane is taken anew, and everything was done once`() throws {
    let history = try history()
    let cluster = try PostgresCluster.shared()
    let proxy = try CuttingProxy(cluster)
    let own = try OwnSchema(StorePipelines.everything, settings: proxy.settings)
    let worker = try own.worker()
    try worker.checkpoint(Self.lane, history, limit: 20)
    proxy.cut(1)
    let error = failure { try worker.checkpoint(Self.lane, history) }
    #expect(isSuperseded(error), "\(error as Any)")
    #expect(try own.everything() == expected(history))
    // Whoever takes the lane anew sees that nothing is left to do.
    try worker.take(Self.lane)
    #expect(
      worker.positions[Self.lane]?.cursor.sequence
        == history.batch(0, 0, after: .beforeAll, limit: .max, watermark: nil).end.sequence)
    try worker.checkpoint(Self.lane, history)
    #expect(try own.everything() == expected(history))
    // So with the decider, and where another generation becomes the current one.
    let decider = try worker.store.takeDecider(sessionsMax: .max)
    proxy.cut(1)
    let late = failure { _ = try worker.store.checkpoint(DeciderCheckpoint(epoch: decider.epoch)) }
    #expect(isSuperseded(late), "\(late as Any)")
    let catalog = try own.database.stores.pipeline("p")
    let before = try catalog.current()
    proxy.cut(1)
    let swap = failure { try catalog.makeCurrent(own.generation) }
    guard case .storage? = swap else {
      Issue.record("\(swap as Any)")
      return
    }
    #expect(try catalog.current() == before)
  }

  @Test func `a server that is killed in the middle, and again`() throws {
    let history = try history()
    let cluster = try PostgresCluster()
    let own = try OwnSchema(StorePipelines.everything, settings: cluster.settings())
    let worker = try own.worker()
    try worker.checkpoint(Self.lane, history, limit: 20)
    for _ in 0..<2 {
      cluster.kill()
      let error = failure { try worker.checkpoint(Self.lane, history, limit: 20) }
      guard case .storage? = error else {
        Issue.record("\(error as Any)")
        return
      }
      try cluster.start()
      try worker.take(Self.lane)
    }
    try worker.checkpoint(Self.lane, history)
    #expect(try own.everything() == expected(history))
  }

  /// Settings of a role whose commits are as it says.
  private func settings(_ cluster: PostgresCluster, commits: String) throws -> PostgresSettings {
    let role = "commits\(UInt32.random(in: 0 ... .max))"
    let administrator = try PostgresConnection(cluster.settings())
    defer { administrator.close() }
    try administrator.execute(
      "CREATE ROLE \(role) LOGIN; GRANT CREATE ON DATABASE postgres TO \(role); ALTER ROLE \(role) SET synchronous_commit = \(commits)"
    )
    var settings = cluster.settings()
    settings.conninfo = settings.conninfo.replacingOccurrences(of: "user=\(PostgresCluster.user)", with: "user=\(role)")
    return settings
  }

  @Test func `a checkpoint that was answered outlives the server, though its role's commits wait for no disk`() throws {
    let history = try history()
    let cluster = try PostgresCluster()
    let own = try OwnSchema(StorePipelines.everything, settings: try settings(cluster, commits: "off"))
    let worker = try own.worker()
    try worker.take(Self.lane)
    let connection = try own.connection()
    #expect(try connection.run("SELECT current_setting('synchronous_commit')").text(0, 0) == "off")
    // What waits for no disk is written by this process of the server's, and by nobody else.
    let writer = try PostgresConnection(cluster.settings()).run(
      "SELECT pid::bigint FROM pg_stat_activity WHERE backend_type = 'walwriter'")
    kill(pid_t(writer.int64(0, 0)), SIGSTOP)
    try worker.checkpoint(Self.lane, history)
    cluster.kill()
    try cluster.start()
    #expect(try own.everything() == expected(history))
  }

  @Test(arguments: ["off", "local", "remote_write", "on", "remote_apply"])
  func `commits of workers wait for the disk at least, and for what the role waits for`(_ setting: String) throws {
    let own = try OwnSchema(StorePipelines.everything, settings: try settings(try PostgresCluster.shared(), commits: setting))
    let worker = try own.worker()
    try worker.take(Self.lane)
    try own.execute("CREATE TABLE seen (setting text)")
    try fault(own, on: "_lanes", times: 1, "INSERT INTO seen VALUES (current_setting('synchronous_commit'))")
    try worker.checkpoint(Self.lane, try history())
    #expect(try own.connection().run("SELECT setting FROM seen").text(0, 0) == (setting == "off" ? "local" : setting))
  }

  @Test func `a database that takes no writes changes nothing, and goes on when it does again`() throws {
    let history = try history()
    let cluster = try PostgresCluster()
    let own = try OwnSchema(StorePipelines.everything, settings: cluster.settings())
    let worker = try own.worker()
    try worker.checkpoint(Self.lane, history, limit: 20)
    let before = try own.everything()
    let late = try worker.prepare(Self.lane, history)
    func setReadOnly(_ isOn: Bool) throws {
      let administrator = try PostgresConnection(cluster.settings())
      try administrator.execute("SET default_transaction_read_only = off")
      try administrator.execute("ALTER SYSTEM SET default_transaction_read_only = \(isOn ? "on" : "off")")
      try administrator.execute("SELECT pg_reload_conf()")
      while try PostgresConnection(cluster.settings()).run("SELECT current_setting('default_transaction_read_only')").text(0, 0)
        != (isOn ? "on" : "off")
      {}
    }
    try setReadOnly(true)
    let error = failure { _ = try worker.store.checkpoint(late) }
    #expect("\(error as Any)".contains("25006") && "\(error as Any)".contains("read-only"), "\(error as Any)")
    #expect(try own.everything() == before)
    try setReadOnly(false)
    _ = try worker.store.checkpoint(late)
    #expect(try own.everything() == expected(history))
  }

  @Test func `a schema of another version, or of another definition, is refused by name`() throws {
    let own = try OwnSchema(StorePipelines.everything)
    _ = try own.worker()
    try own.execute("UPDATE _meta SET value = '999' WHERE key = 'version'")
    let error = failure { _ = try own.worker() }
    #expect("\(error as Any)".contains("999") && "\(error as Any)".contains(own.database.schema(of: own.generation)))
    guard case .otherVersion? = error else {
      Issue.record("\(error as Any)")
      return
    }
  }

  @Test(arguments: [1, 300, 5_000]) func `what is too large for one statement goes in several`(_ bytes: Int) throws {
    let history = try history()
    let own = try OwnSchema(StorePipelines.everything)
    let worker = try own.worker()
    let store = try #require(worker.store as? PostgresGeneration)
    try worker.take(Self.lane)
    let sent = store.statementsSent
    store.statementBytesMax = bytes
    try worker.checkpoint(Self.lane, history)
    #expect(bytes > 1 || store.statementsSent - sent > 60)
    #expect(try own.everything() == expected(history))
    let quiet = try OwnSchema(StorePipelines.everything)
    let other = try quiet.worker()
    try other.checkpoint(Self.lane, history)
    func waiting(_ hand: LaneHand) throws -> [String] {
      try hand.store.effects(Set(EffectState.allCases), after: .none, limit: .max).map { "\($0.pending.action.json)" }
    }
    #expect(try waiting(worker) == waiting(other))
    let taken = try [worker, other].map {
      try $0.store.takeLane(Self.lane, start: LogCursor(tableID: TestHistory.tableID(0), sequence: 0), sessionsMax: .max)
    }
    let (left, right) = (taken[0].sessions, taken[1].sessions)
    #expect(left.mapValues { $0.entries.map(\.key) } == right.mapValues { $0.entries.map(\.key) } && !left.isEmpty)
    let logins = try #require(own.pipeline.projection(named: "logins"))
    #expect(try worker.store.stepsWaiting(logins) == other.store.stepsWaiting(logins))
  }

  @Test func `a checkpoint has as many statements for many rows as for few`() throws {
    var (counts, waits): ([Int], [Int]) = ([], [])
    for (writes, partitions) in [(60, 1), (3_000, 1)] {
      let history = try StorePipelines.random(StorePipelines.groups, seed: 7, writes: writes, partitions: partitions)
      let own = try OwnSchema(StorePipelines.groups)
      let worker = try own.worker()
      try worker.checkpoint(Self.lane, history, limit: 40)
      let store = try #require(worker.store as? PostgresGeneration)
      let (before, waitsBefore) = (store.statementsSent, store.roundTrips)
      try worker.checkpoint(Self.lane, history)
      counts.append(store.statementsSent - before)
      waits.append(store.roundTrips - waitsBefore)
    }
    #expect(counts[1] <= counts[0] + 12, "\(counts)")
    #expect(counts[1] < 150, "\(counts)")
    // Others wait for what it has locked as long as it waits for answers.
    #expect(waits[1] <= waits[0] + 4, "\(waits)")
    #expect(waits[1] < 20, "\(waits) of \(counts)")
  }
}
