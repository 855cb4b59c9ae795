import Foundation
import KafkaTestKit
import Postgres
import PostgresReadModels
import PostgresTestKit
import RandomTestKit
import ReadModels
import Testing
import Workers

/// Several workers on one pipeline, through Kafka and PostgreSQL, as real processes.
@Suite(.serialized, .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct FleetTests {
  @Test(.timeLimit(.minutes(60))) func `kill -9 of workers at random leaves the rows of an undisturbed replay`() async throws {
    let seed = UInt64.random(in: 1...UInt64.max)
    print("FleetTests: seed \(seed), \(KillTests.rounds) rounds")
    var generator = SeededGenerator(seed: seed)
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    let counter = try EffectCounter(fleet.tables.tables)
    fleet.effectsEndpoint = counter.url
    for worker in 0..<3 { try await fleet.start(worker) }
    let writers = scene.writers(fleet.tables.tables)
    for _ in 0..<KillTests.rounds {
      await scene.acknowledged.more(Int.random(in: 5...400, using: &generator))
      let victim = Int.random(in: 0..<3, using: &generator)
      await fleet.kill(victim)
      // The others take over, or the same one comes back before they notice.
      if Bool.random(using: &generator) { await scene.acknowledged.more(Int.random(in: 100...1_500, using: &generator)) }
      try await fleet.start(victim)
    }
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    // What a worker that died had under way is asked for again, and nothing else.
    let asked = counter.asked
    #expect(asked.count > 100 && asked.allSatisfy { $0 <= 1 + KillTests.rounds })
    let again = asked.reduce(0) { $0 + $1 - 1 }
    #expect(again <= KillTests.rounds * WorkerSettings().effectsAtOnce, "\(again) of \(asked.count) effects were asked for again")
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(3)))
  func `a worker that was suspended past its session commits nothing, and a clock of the database's own disturbs nobody`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    try fleet.setClockAhead()
    try await fleet.startQuery()
    for worker in 0..<2 { try await fleet.start(worker) }
    try await fleet.wait("both have lanes") { fleet.assigned.allSatisfy { !$0.isEmpty } }
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(300)
    let page = fleet.queries[0].page
    try await fleet.wait("who runs which lane is known") {
      let owners = try await Fleet.owners(at: page)
      return owners.count == Fleet.partitions && Set(owners.values).count == 2 && !owners.values.contains(nil)
    }
    fleet.signal(0, SIGSTOP)
    let stopped = ContinuousClock.now
    try await fleet.wait("the other has all lanes") { fleet.lanes(of: 1) == Set(0..<Fleet.partitions) }
    // The session's 2 s, and one for the group; and the 3 s of a revoked lane's last checkpoint where it waits for rows that the suspended one has locked.
    #expect(stopped.duration(to: .now) < .seconds(6))
    try await fleet.lanesGoOn()
    try await fleet.wait("it is known that the other runs them") {
      let owners = try await Fleet.owners(at: page)
      return owners.count == Fleet.partitions && Set(owners.values).count == 1 && !owners.values.contains(nil)
    }
    fleet.signal(0, SIGCONT)
    try await fleet.wait("it knows, and has lanes again") {
      !fleet.lines(0, "was taken for dead").isEmpty && !fleet.lanes(of: 0).isEmpty && !fleet.lanes(of: 1).isEmpty
    }
    await scene.acknowledged.more(300)
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(3))) func `a worker with a name comes back without a rebalance, a second of its name ends it`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    try await fleet.start(named: ["a", "b", "c"], session: 20_000)
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(200)
    let others = [0, 2].map { fleet.lines($0, "lanes assigned").count }
    let own = fleet.lanes(of: 1)
    await fleet.kill(1)
    try await fleet.start(1, ["--instance", "b", "--kafka-set", "session.timeout.ms=20000"])
    try await fleet.wait("it has its lanes again") { fleet.lanes(of: 1) == own }
    try await fleet.lanesGoOn()
    #expect([0, 2].map { fleet.lines($0, "lanes assigned").count } == others, "the others saw a rebalance")
    // All of them, one after the other, as at an upgrade of the machines.
    for (worker, name) in ["a", "b", "c"].enumerated() {
      let own = fleet.lanes(of: worker)
      let others = fleet.workers.indices.filter { $0 != worker }.map { fleet.lines($0, "lanes assigned").count }
      let watching = Fleet.watch(own, in: fleet.models)
      #expect(await fleet.stop(worker, SIGTERM) == 0)
      try await fleet.start(worker, ["--instance", name, "--kafka-set", "session.timeout.ms=20000"])
      try await fleet.wait("\(name) has its lanes again") { fleet.lanes(of: worker) == own }
      try await fleet.lanesGoOn()
      watching.cancel()
      let longest = await watching.value
      // 3 s where nothing else wants the processors; a test build that starts beside others has twice that.
      #expect(longest < .seconds(6), "a lane of \(name) stood still for \(longest)")
      print("rolling restart: \(name)'s lanes stood still for \(longest)")
      #expect(
        fleet.workers.indices.filter { $0 != worker }.map { fleet.lines($0, "lanes assigned").count } == others,
        "the others saw a rebalance")
    }
    // The same name once more: the one that had it ends by that name.
    try await fleet.start(3, ["--instance", "a", "--kafka-set", "session.timeout.ms=20000"])
    let said = try await fleet.end(of: 0)
    #expect(said.status == 1 && said.errors.contains("with the instance name a: give each process its own --instance"), "\(said)")
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(3)))
  func `a worker with a name that is drained keeps its lanes going until others have them, and ends`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0)
    let session = Duration.seconds(8)
    try await fleet.start(named: ["a", "b", "c"], session: 8_000)
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(200)
    let own = fleet.lanes(of: 1)
    let watching = Fleet.watch(own, in: fleet.models)
    let begun = ContinuousClock.now
    let drained = try await Program.run("worker", "drain", "b", "--data", scene.folder.file("worker-1"))
    #expect(drained.status == 0 && drained.output.contains("it has ended"), "\(drained)")
    // It waits for the session's end, and no longer than for the others' rebalance after that.
    #expect(begun.duration(to: .now) > session - .seconds(2) && begun.duration(to: .now) < session + .seconds(8))
    let (status, said) = try await fleet.end(of: 1)
    #expect(status == 0 && said.contains("others have the lanes"), "\(said)")
    await scene.acknowledged.more(100)
    watching.cancel()
    let longest = await watching.value
    #expect(longest < session / 2, "a lane stood still for \(longest)")
    #expect(fleet.lanes(of: 0).union(fleet.lanes(of: 2)) == Set(0..<Fleet.partitions))
    let none = try await Program.run("worker", "drain", "b", "--data", scene.folder.file("worker-1"))
    #expect(none.status == 1 && none.errors.contains("no worker with the instance name b runs in"), "\(none)")
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(3))) func `new workers build an edited pipeline beside the old ones and take over, always served`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 2, queries: 1)
    let writers = scene.writers(fleet.tables.tables)
    let page = fleet.queries[0].page
    await scene.acknowledged.more(500)
    try await fleet.wait("the first generation serves") { try await Fleet.status("rooms", at: page) == 200 }
    let asking = Fleet.ask("rooms", at: page)
    let edited = scene.folder.file("edited")
    try scene.writeEdited(edited)
    for worker in [2, 3] { try await fleet.start(worker, pipeline: edited) }
    try await fleet.wait("the second generation is current") { try fleet.current == 2 }
    try await fleet.wait("the old workers stand by") {
      [0, 1].allSatisfy { !fleet.lines($0, "was replaced by generation 2").isEmpty }
    }
    // One of the old that comes back in the middle of it builds nothing.
    await fleet.kill(0)
    try await fleet.start(0)
    try await fleet.wait("it waits") { !fleet.lines(0, "was replaced by generation 2").isEmpty }
    await scene.acknowledged.more(300)
    for worker in [0, 1] { #expect(await fleet.stop(worker) == 0) }
    asking.cancel()
    let answers = await asking.value
    #expect(answers.count > 50 && answers.allSatisfy { $0 == 200 }, "\(Set(answers)) of \(answers.count)")
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    #expect(try fleet.current == 2)
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models, pipeline: edited)
  }

  @Test(.timeLimit(.minutes(3)))
  func `workers of a third definition are refused by name while the second is built, and build when its workers are gone`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 1, queries: 1)
    let writers = scene.writers(fleet.tables.tables)
    let page = fleet.queries[0].page
    await scene.acknowledged.more(300)
    try await fleet.wait("the first generation serves") { try await Fleet.status("rooms", at: page) == 200 }
    let (second, third) = (scene.folder.file("second"), scene.folder.file("third"))
    try scene.writeEdited(second)
    try scene.writeEdited(third, column: "mean: avg(points)")
    // The second cannot take the first one's place.
    let holder = try PostgresConnection(fleet.database.settings())
    try holder.execute("BEGIN; SELECT 1 FROM \"afterimage.killed.1\"._lanes FOR UPDATE")
    try await fleet.start(1, pipeline: second)
    let catalog = try PostgresDatabase(fleet.database.settings()).stores.pipeline("killed")
    try await fleet.wait("the second generation is begun") { try catalog.generations().map(\.number) == [1, 2] }
    try await fleet.start(2, pipeline: third)
    let words =
      "generation 2 is being built by another definition of the pipeline: one of them at a time; stop its workers, or wait for it"
    try await fleet.wait("the third is refused") { !fleet.lines(2, words).isEmpty }
    #expect(try catalog.generations().map(\.number) == [1, 2])
    #expect(try await Fleet.status("rooms", at: page) == 200)
    #expect(fleet.isRunning(2))
    await fleet.kill(1)
    holder.close()
    try await fleet.wait("the third generation is current") { try fleet.current == 3 }
    try await fleet.wait("the first stands by") { !fleet.lines(0, "was replaced by generation 3").isEmpty }
    try await fleet.lanesGoOn()
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models, pipeline: third)
  }

  @Test(.timeLimit(.minutes(3))) func `an operator asks a query process: effects are held back, a generation is built anew`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 2, queries: 1)
    let page = fleet.queries[0].page
    func ask(_ words: String...) async throws -> Program.Outcome {
      try await Program.run(Program.path, words + ["--server", page])
    }
    let early = try await ask("effect", "pause", "killed", "nobody")
    #expect(early.status == 1 && early.errors.contains("there is no effect `nobody`; there are: presence"), "\(early)")
    let none = try await ask("effect", "discard", "killed", "nobody")
    #expect(none.status == 1 && none.errors.contains("there is no effect `nobody`; there are: presence"), "\(none)")
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.lanesGoOn()
    let paused = try await ask("effect", "pause", "killed", "presence")
    #expect(paused.status == 0 && paused.output.contains("paused"), "\(paused)")
    let names = try await ask("effect", "list", "killed")
    #expect(names.status == 0, "\(names)")
    try await fleet.wait("effects wait") { try await ask("effect", "list", "killed").output.contains("presence") }
    let begun = "SELECT count(*) FROM _outbox WHERE claimed_until > clock_timestamp()"
    // Those that had begun end; from then on none begins, though the workers go on.
    try await fleet.wait("none is under way") { try fleet.models.count(begun) == 0 }
    await scene.acknowledged.more(300)
    #expect(try fleet.models.count(begun) == 0)
    let rebuild = try await ask("pipeline", "rebuild", "killed")
    #expect(rebuild.status == 0, "\(rebuild)")
    try await fleet.wait("the second generation is current") { try fleet.current == 2 }
    #expect(try fleet.models.count("SELECT count(*) FROM _outbox WHERE state = 'pending'") > 0)
    let resumed = try await ask("effect", "resume", "killed", "presence")
    #expect(resumed.status == 0, "\(resumed)")
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(4))) func `the only broker and the database go away and come back, stops in between are orderly`()
    async throws
  {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 3)
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(200)
    try fleet.kafka.kill()
    await scene.acknowledged.more(500)
    // Half a minute in `make soak`.
    if KillTests.rounds > 10 { try await Task.sleep(for: .seconds(30)) }
    // What cannot reach its brokers ends in time all the same.
    let asked = ContinuousClock.now
    #expect(await fleet.stop(2) == 0)
    #expect(asked.duration(to: .now) < .seconds(10))
    try fleet.kafka.restart()
    try await fleet.start(2)
    try await fleet.lanesGoOn()
    fleet.database.kill()
    await scene.acknowledged.more(300)
    let askedAgain = ContinuousClock.now
    #expect(await fleet.stop(1) == 0)
    #expect(askedAgain.duration(to: .now) < .seconds(10))
    try fleet.database.start()
    try await fleet.start(1)
    try await fleet.lanesGoOn()
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test(.timeLimit(.minutes(4))) func `workers come and go, to none and back, while a generation is built`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 1)
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(500)
    try await fleet.lanesGoOn()
    #expect(await fleet.stop(0) == 0)
    await scene.acknowledged.more(300)
    let edited = scene.folder.file("edited")
    try scene.writeEdited(edited)
    for worker in 0..<3 { try await fleet.start(worker, pipeline: edited) }
    #expect(await fleet.stop(1) == 0)
    for worker in [1, 3] { try await fleet.start(worker, pipeline: edited) }
    await fleet.kill(0)
    try await fleet.wait("the second generation is current") { try fleet.current == 2 }
    try await fleet.start(0, pipeline: edited)
    try await fleet.lanesGoOn()
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models, pipeline: edited)
  }

  @Test(.timeLimit(.minutes(4))) func `lanes that stay with their worker through a rebalance go on from memory`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 1)
    try await fleet.wait("one worker has all lanes") { fleet.lanes(of: 0).count == Fleet.partitions }
    let writers = scene.writers(fleet.tables.tables)
    await scene.acknowledged.more(300)
    try await fleet.lanesGoOn()
    try await fleet.start(1)
    try await fleet.wait("both have lanes") { fleet.workers.indices.allSatisfy { !fleet.lanes(of: $0).isEmpty } }
    try await fleet.lanesGoOn()
    let (stayed, starts) = (fleet.lanes(of: 0), try await fleet.starts(of: 0))
    // It had all of them before; one whose batch was under way just then may be loaded anew.
    #expect(stayed.contains { starts[$0] == 1 }, "\(stayed) \(starts)")
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }
}
