import DynamoClient
import Foundation
import KafkaTestKit
import Postgres
import PostgresTestKit
import RandomTestKit
import ReadModels
import Testing

/// Several workers on three shipped pipelines, their files as they are, through Kafka and PostgreSQL, as real processes.
@Suite(.serialized, .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct ShippedFleetTests {
  /// 20 in `make soak`.
  private static let kills = KillTests.rounds > 10 ? 20 : 4
  /// The group's time-out of a session, and one second.
  private static let takeOverMax = Duration.seconds(3)
  /// The lease of whoever leads, and how often the others ask for it.
  private static let leadMax = Duration.seconds(6)
  /// Within this time a query process shows what is written to the lanes of a worker that lives.
  private static let freshMax = Duration.seconds(1)
  /// So much later what takes longest may come: a dozen processes have two cores.
  private static let margin = Duration.seconds(2)
  private static let decider = "session-store-single"

  private static func text(_ durations: [Duration]) -> String {
    let sorted = durations.sorted()
    guard let last = sorted.last else { return "none" }
    func seconds(_ duration: Duration) -> String { duration.formatted(.units(allowed: [.milliseconds])) }
    let (half, most) = (sorted[sorted.count / 2], sorted[min(sorted.count - 1, sorted.count * 99 / 100)])
    return "p50 \(seconds(half)), p99 \(seconds(most)), longest \(seconds(last)), of \(sorted.count)"
  }

  private static func start(_ scene: ShippedScene, workers: Int) async throws -> (Fleet, EffectCounter) {
    let all = ShippedScene.pipelines
    let fleet = try await Fleet(scene.folder, pipeline: all[0], others: Array(all.dropFirst()), workers: 0, queries: 2)
    let counter = try EffectCounter(fleet.tables.tables)
    fleet.effectsEndpoint = counter.url
    for worker in 0..<workers { try await fleet.start(worker) }
    try await fleet.settled()
    return (fleet, counter)
  }

  /// What a kill has led to.
  private struct TakenOver {
    /// Of each lane, how long until another worker had applied it further.
    var lanes: [Duration] = []
    /// How long until another worker led the decider and had decided more; nil where the dead one did not lead.
    var decider: Duration?
    var end = ContinuousClock.now
  }

  private static func takenOver(
    _ fleet: Fleet, _ watch: LaneWatch, lanes: Set<String>, hasLed: Bool, since killed: ContinuousClock.Instant, process: pid_t
  ) async throws -> TakenOver {
    var left = lanes
    var taken = TakenOver()
    let (before, decided) = (try watch.places(), try watch.decided())
    let end = killed + Fleet.waitMax
    while !left.isEmpty || hasLed && taken.decider == nil {
      try #require(.now < end, "nobody has taken over \(left.sorted()), or the lead: \(fleet.said)")
      let (places, now) = (try watch.places(), ContinuousClock.now)
      for lane in left {
        guard let old = before[lane], let new = places[lane], new.epoch > old.epoch else { continue }
        guard (new.sequence, new.watermark) > (old.sequence, old.watermark) else { continue }
        left.remove(lane)
        taken.lanes.append(killed.duration(to: now))
        taken.end = now
      }
      if hasLed, taken.decider == nil, let leader = try watch.leader(decider), leader != process, try watch.decided() > decided {
        taken.decider = killed.duration(to: .now)
      }
      try await Task.sleep(for: .milliseconds(25))
    }
    return taken
  }

  @Test(.timeLimit(.minutes(30)))
  func `workers are killed, all are stopped while sessions become overdue, and nothing is lost or done twice`() async throws {
    let given = ProcessInfo.processInfo.environment["AFTERIMAGE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 1...UInt64.max)
    print("ShippedFleetTests: seed \(seed), \(Self.kills) kills")
    let scene = try ShippedScene(seed: seed)
    let (fleet, counter) = try await Self.start(scene, workers: 3)
    let logins = scene.writers([LoginWriter.table], fleet.tables.tables)
    let others = scene.writers([ChatWriter.table, GameWriter.table], fleet.tables.tables)
    var audit = try await killWorkers(fleet, scene)
    try await readersHear(fleet)
    logins.cancel()
    await logins.value
    audit.add(try await toZero(fleet, scene, counter))
    others.cancel()
    await others.value
    try await scene.peace(fleet)
    try await fleet.sameStatus()
    let again = try audit.check(counter)
    print(
      "ShippedFleetTests: \(scene.acknowledged.count) writes, \(counter.asked.count) deletions by effects; "
        + "asked for again after each kill, and after the stop of all: \(again)")
    await fleet.stop()
    try await scene.compare(fleet)
  }

  private func killWorkers(_ fleet: Fleet, _ scene: ShippedScene) async throws -> EffectAudit {
    var generator = SeededGenerator(seed: scene.seed)
    let probe = try await FreshnessProbe(scene, tables: fleet.tables.tables, page: fleet.queries[1].page)
    let watch = try LaneWatch(fleet)
    defer { watch.close() }
    var audit = EffectAudit()
    var (lanes, deciders): ([Duration], [Duration]) = ([], [])
    var (calm, dying, coming): ([FreshnessProbe.Window], [FreshnessProbe.Window], [FreshnessProbe.Window]) = ([], [], [])
    var returning: [FreshnessProbe.Window] = []
    for round in 0..<Self.kills {
      let owners = try await fleet.settled()
      let begin = ContinuousClock.now
      await scene.more(Int.random(in: 200...500, using: &generator))
      let leaders = try ShippedScene.names.map { try watch.leader($0) }
      let chosen = round % 2 == 0 ? fleet.worker(try watch.leader(Self.decider)) : nil
      let victim = chosen ?? Int.random(in: 0..<3, using: &generator)
      let process = try #require(fleet.workers[victim]).child.identifier
      let led = zip(ShippedScene.names, leaders).filter { $0.1 == process }.compactMap { ShippedScene.tables[$0.0] }
      let killed = ContinuousClock.now
      await fleet.kill(victim)
      audit.add(EffectAudit.End(begin: killed, end: .now, tables: Set(led)))
      let partitions = Set((0..<Fleet.partitions).filter { owners["\(GameWriter.table)[\($0)]"] != victim })
      if round % 4 == 3 {
        // The same one comes back before the others notice: the group waits for the dead one's session to be over, and the others' lanes go on.
        await scene.more(Int.random(in: 1...50, using: &generator))
        try await fleet.start(victim)
        try await fleet.settled()
        returning.append(FreshnessProbe.Window(partitions: partitions, begin: killed, end: .now))
        continue
      }
      calm.append(FreshnessProbe.Window(partitions: partitions, begin: begin, end: killed - .milliseconds(500)))
      let lost = Set(owners.filter { $0.value == victim }.keys)
      let taken = try await Self.takenOver(
        fleet, watch, lanes: lost, hasLed: led.contains(LoginWriter.table), since: killed, process: process)
      lanes += taken.lanes
      if let decider = taken.decider { deciders.append(decider) }
      dying.append(FreshnessProbe.Window(partitions: partitions, begin: killed, end: taken.end + .milliseconds(500)))
      try await fleet.settled()
      let started = ContinuousClock.now
      try await fleet.start(victim)
      try await fleet.settled()
      coming.append(FreshnessProbe.Window(partitions: partitions, begin: started, end: .now))
    }
    try await fleet.settled()
    await probe.stop()
    let (quiet, during, back) = (probe.took(calm), probe.took(dying), probe.took(returning))
    print(
      "ShippedFleetTests: lanes of a killed worker were applied again after: \(Self.text(lanes)); "
        + "the decider's work went on after: \(Self.text(deciders)); a write was shown after: \(Self.text(quiet)); "
        + "elsewhere after a kill: \(Self.text(during)), where the worker was started again at once: \(Self.text(back)); "
        + "when a worker came: \(Self.text(probe.took(coming)))")
    try #require(lanes.count >= Self.kills && !deciders.isEmpty && quiet.count > 5 && during.count > 10 && !back.isEmpty)
    // What other work on the machine adds, by what it adds while nobody dies. On a quiet machine that is a third of a second.
    let load = quiet.last ?? .zero
    for took in [during, back] { #expect(took[took.count * 9 / 10] < Self.freshMax + load, "\(took)") }
    let margin = Self.margin + load * 2
    for took in lanes { #expect(took < Self.takeOverMax + margin) }
    for took in deciders { #expect(took < Self.leadMax + margin) }
    for took in during + back { #expect(took < Self.freshMax + margin) }
    return audit
  }

  /// Pages hear of changes through either query process, and those of one when the other is killed.
  private func readersHear(_ fleet: Fleet) async throws {
    let readers = try fleet.queries.map { try EventReader("\($0.page)/v1/events") }
    func heard(_ reader: EventReader) -> [Int] {
      let lines = reader.output.split(separator: "\n").filter { $0.hasPrefix("data:") }
      return ShippedScene.names.map { name in lines.count { $0.contains("\"\(name)\"") } }
    }
    for reader in readers { try await fleet.wait("events of all pipelines come") { heard(reader).allSatisfy { $0 > 1 } } }
    await fleet.killQuery(0)
    #expect(try await readers[0].ended())
    let before = heard(readers[1])
    try await fleet.wait("the other's readers hear of what is new in every pipeline") {
      zip(heard(readers[1]), before).allSatisfy { $0 > $1 }
    }
    try await fleet.startQuery()
  }

  /// All workers are stopped while every session becomes overdue by the tables' clock, and come back. Answers when they were stopped.
  private func toZero(_ fleet: Fleet, _ scene: ShippedScene, _ counter: EffectCounter) async throws -> EffectAudit.End {
    let models = ShippedModels(fleet)
    let clocks = try await SkewedClockTests.Clocks(scene.folder)
    try await scene.peace(fleet, in: Self.decider)
    let live = "SELECT count(*) FROM logins WHERE status = 'active'"
    let here = "SELECT count(*) FROM presence WHERE status = 'active'"
    let stopping = ContinuousClock.now
    for worker in 0..<3 { #expect(await fleet.stop(worker) == 0, "\(fleet.ended.last?.said ?? "")") }
    let stopped = EffectAudit.End(begin: stopping, end: .now, tables: Set(ShippedScene.tables.values))
    let (sessions, people) = (try models.count(Self.decider, live), try models.count("chat-rooms", here))
    #expect(sessions > 10 && people > 10)
    let asked = counter.asked.reduce(0, +)
    // The login sessions end after twelve hours, the people after half an hour.
    try await fleet.restartTables(environment: clocks.shifted(by: 13 * 3_600))
    await scene.more(100)
    #expect(counter.asked.reduce(0, +) == asked, "an effect was asked for without a worker")
    #expect(try models.count(Self.decider, live) == sessions)
    #expect(try models.count("chat-rooms", here) == people)
    let client = DynamoClient(endpoint: fleet.tables.tables)
    let there = try await scene.scan(LoginWriter.table, client).filter { $0.contains("|c#") }
    #expect(there.count == sessions)
    scene.expireAll(LoginWriter.table)
    for worker in 0..<3 { try await fleet.start(worker) }
    try await fleet.settled()
    try await fleet.wait("all sessions have expired, and their items are gone") {
      try models.count(Self.decider, live) == 0 && models.waiting(Self.decider) == 0
    }
    let ended = "SELECT count(*) FROM logins WHERE status = 'expired' AND ended_by = 'gap'"
    #expect(try models.count(Self.decider, ended) == sessions)
    let left = "SELECT count(*) FROM presence WHERE status = 'expired' AND ended_by = 'gap'"
    try await fleet.wait("everybody has left") { try models.count("chat-rooms", left) == people }
    let new = try EffectAudit.requests(counter).filter { $0.table == LoginWriter.table && there.contains($0.item) }
    #expect(Set(new.map(\.item)) == there && new.count == there.count && new.allSatisfy { $0.times.count == 1 })
    return stopped
  }

  @Test(.timeLimit(.minutes(10))) func `one worker, three, two, and four build a generation together`() async throws {
    let scene = try ShippedScene(seed: UInt64.random(in: 1...UInt64.max))
    print("ShippedFleetTests: seed \(scene.seed)")
    let (fleet, counter) = try await Self.start(scene, workers: 1)
    let models = ShippedModels(fleet)
    let writers = scene.writers(Set(ShippedScene.tables.values), fleet.tables.tables)
    await scene.more(500)
    var audit = EffectAudit()
    try hold(fleet)
    let asked = try await Program.run("pipeline", "rebuild", "chat-rooms", "--server", fleet.queries[0].page)
    #expect(asked.status == 0, "\(asked)")
    func isBuilding() throws -> Bool {
      try models.count("chat-rooms", "SELECT count(*) FROM generations WHERE number = 2 AND state = 'building'") == 1
    }
    /// Waits until each of the running workers builds some lanes.
    func build(_ workers: Int) async throws {
      try await fleet.wait("\(workers) workers build") {
        let said =
          "SELECT count(DISTINCT worker) FROM lane_reports WHERE generation = 2 AND at > clock_timestamp() - interval '2 seconds'"
        return try isBuilding() && models.count("chat-rooms", said) == workers
          && fleet.workers.count(where: { $0?.child.isRunning == true }) == workers
      }
    }
    try await build(1)
    for worker in [1, 2] { try await fleet.start(worker) }
    try await build(3)
    let stopped = ContinuousClock.now
    #expect(await fleet.stop(0) == 0)
    audit.add(EffectAudit.End(begin: stopped, end: .now, tables: Set(ShippedScene.tables.values)))
    try await build(2)
    for worker in [0, 3] { try await fleet.start(worker) }
    try await build(4)
    #expect(try isBuilding())
    try release(fleet)
    try await fleet.wait("the second generation is current") { try models.generation("chat-rooms").number == 2 }
    await scene.more(100)
    writers.cancel()
    await writers.value
    try await scene.peace(fleet)
    #expect(counter.asked.count > 20)
    print("ShippedFleetTests: asked for again after a stop: \(try audit.check(counter))")
    await fleet.stop()
    try await scene.compare(fleet)
  }

  /// Has the lanes of chat-rooms' second generation commit slowly, and one of them not at all.
  private func hold(_ fleet: Fleet) throws {
    let connection = try PostgresConnection(fleet.database.settings())
    defer { connection.close() }
    try connection.execute(
      """
      CREATE FUNCTION public.slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.partition = 0 AND NEW.sequence > 0 THEN RAISE EXCEPTION 'held' USING ERRCODE = '40001'; END IF;
        PERFORM pg_sleep(0.2); RETURN NEW; END $$;
      CREATE FUNCTION public.hold() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE made record; BEGIN
        FOR made IN SELECT object_identity AS name FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LOOP
          IF made.name LIKE '%chat-rooms.2"._lanes' THEN
            EXECUTE 'CREATE TRIGGER slowly BEFORE UPDATE ON ' || made.name || ' FOR EACH ROW EXECUTE FUNCTION public.slowly()';
          END IF;
        END LOOP; END $$;
      CREATE EVENT TRIGGER hold ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.hold()
      """)
  }

  private func release(_ fleet: Fleet) throws {
    let connection = try PostgresConnection(fleet.database.settings())
    defer { connection.close() }
    try connection.execute("DROP EVENT TRIGGER hold; DROP FUNCTION public.slowly() CASCADE")
  }
}
