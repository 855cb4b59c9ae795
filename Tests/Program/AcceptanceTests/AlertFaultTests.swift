import DynamoClient
import DynamoModel
import Foundation
import KafkaTestKit
import PostgresTestKit
import Testing

/// What the alerts are for, done to real processes: each fires, and ends with what its runbook says. The rules are the shipped ones, in seconds.
@Suite(
  .serialized, .timeLimit(.minutes(4)),
  .enabled(
    if: Fleet.isAvailable && PrometheusProcess.isAvailable, Comment(rawValue: "\(Fleet.skipped); \(PrometheusProcess.skipped)")))
struct AlertFaultTests {
  private func wait(_ words: String, _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !isSo() {
      try #require(ContinuousClock.now < end, "\(words)")
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// A Prometheus that has seen these processes while nothing fires.
  private func watch(_ folder: TestFolder, _ processes: [DevProcess]) async throws -> PrometheusProcess {
    var targets: [String] = []
    for process in processes { targets.append(await process.health) }
    let prometheus = try await PrometheusProcess.start(
      folder, targets: targets, rules: try DeployFiles.rulesInSeconds(in: folder))
    try await wait("all are scraped") { try await prometheus.samples("sum(up)").first?.value == Double(processes.count) }
    try await calm(on: prometheus)
    return prometheus
  }

  /// Waits until nothing fires. Effects that wait are no alert here: where people write all the time, some always do for a moment.
  private func calm(on prometheus: PrometheusProcess) async throws {
    var firing: [String] = []
    let end = ContinuousClock.now + .seconds(60)
    repeat {
      try #require(ContinuousClock.now < end, "\(firing) fire")
      try await Task.sleep(for: .milliseconds(100))
      firing = try await prometheus.firing().compactMap { $0["alertname"] }.filter { $0 != "AfterimageEffectsWaiting" }
    } while !firing.isEmpty
  }

  private func fire(_ alerts: String..., on prometheus: PrometheusProcess) async throws {
    for alert in alerts {
      try await wait("\(alert) fires") { try await prometheus.fires("Afterimage\(alert)") }
    }
  }

  private func end(_ alerts: String..., on prometheus: PrometheusProcess) async throws {
    for alert in alerts {
      try await wait("\(alert) ends") { try await !prometheus.fires("Afterimage\(alert)") }
    }
  }

  /// A command as a runbook has it.
  private func run(_ words: String..., at page: String) async throws {
    #expect(try DeployFiles.text("runbooks.md").contains("`afterimage \(words[0]) \(words[1])"), "no runbook says this")
    let outcome = try await Program.run(Program.path, words + ["--server", page])
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test func `a fleet whose database is away, then silent to a worker, and whose broker is away`() async throws {
    let scene = try KillScene(table: "Visits")
    let fleet = try await Fleet(scene.folder, pipeline: scene.pipeline, workers: 0, queries: 1)
    let proxy = try CuttingProxy(fleet.database)
    try await fleet.start(0, database: proxy.url)
    let writers = scene.writers(fleet.tables.tables)
    try await fleet.lanesGoOn()
    let worker = try #require(fleet.workers[0])
    let prometheus = try await watch(scene.folder, [fleet.tables, worker, fleet.queries[0]])

    fleet.database.kill()
    try await fire("StoreErrors", "LagHigh", "ClockHeldBack", on: prometheus)
    try fleet.database.start()
    try await end("StoreErrors", "LagHigh", "ClockHeldBack", on: prometheus)

    // It takes every question, and answers none.
    proxy.silence()
    try await fire("StageHangs", on: prometheus)
    #expect(try DeployFiles.text("runbooks.md").contains("stop the process that shows the old time, and start it again"))
    let port = await worker.health.split(separator: ":").last.flatMap { Int($0) } ?? 0
    #expect(await fleet.stop(0) == 0)
    try await fleet.start(0, database: proxy.url, healthPort: port)
    try await end("StageHangs", "LagHigh", "ClockHeldBack", "StoreErrors", "ProcessDown", on: prometheus)

    try fleet.kafka.kill()
    try await fire("GroupErrors", "RelayBehind", on: prometheus)
    try fleet.kafka.restart()
    try await end("GroupErrors", "RelayBehind", "LagHigh", "ClockHeldBack", on: prometheus)

    try await calm(on: prometheus)
    writers.cancel()
    _ = await writers.value
    try await scene.peace(fleet.tables.tables, fleet.models) { fleet.said }
    await fleet.stop()
    try await scene.compare(tables: scene.folder.file("tables"), models: fleet.models)
  }

  @Test func `a log whose broker is away`() async throws {
    let (folder, kafka) = (try TestFolder(), try KafkaCluster())
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("notes")], ["--kafka", kafka.bootstrap, "--health-port", "0"])
    let prometheus = try await watch(folder, [server])
    try kafka.kill()
    try await fire("LogErrors", on: prometheus)
    try kafka.restart()
    try await end("LogErrors", on: prometheus)
    try await calm(on: prometheus)
    #expect(await server.stop() == 0, "\(server.child.errors)")
  }

  @Test func `records that the log drops before they are applied`() async throws {
    let (folder, database) = (try TestFolder(), try PostgresCluster())
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    func start(_ retention: String, _ port: Int, health: String) async throws -> DevProcess {
      try await DevProcess.serve(
        [
          "--data", folder.file("data"), "--read-models", database.url(password: PostgresCluster.password), "--retention",
          retention,
          "--health-port", health, "-p", folder.file("notes"),
        ], port: port)
    }
    let first = try await start("1", 0, health: "0")
    func put(_ id: String, _ endpoint: String) async throws {
      let outcome = try await Program.run("table", "put", "Notes", "id=\(id)", "Text=hello", "--endpoint", endpoint)
      #expect(outcome.status == 0, "\(outcome)")
    }
    try await put("a", first.tables)
    let prometheus = try await watch(folder, [first])
    database.kill()
    try await put("b", first.tables)
    // Within the hour they are gone.
    try await fire("RecordsExpireSoon", on: prometheus)
    #expect(await first.stop() == 0, "\(first.child.errors)")
    try database.start()
    let port = await first.health.split(separator: ":").last.map(String.init) ?? ""
    let second = try await start("1000", first.ports.tables, health: port)
    try await end("RecordsExpireSoon", "StoreErrors", "LagHigh", "ClockHeldBack", "ProcessDown", on: prometheus)
    #expect(await second.stop() == 0, "\(second.child.errors)")
  }

  @Test func `effects that are held back, then refused, and a read model that is damaged`() async throws {
    let folder = try TestFolder()
    func start() async throws -> DevProcess {
      try await DevProcess.start(
        data: folder.file("data"), pipelines: [Program.pipeline("errbot")], ["--health-port", "0"], folder: folder.path)
    }
    let server = try await start()
    let prometheus = try await watch(folder, [server])
    let pause = try await Program.run("effect", "pause", "errbot", "price_alert", "--server", server.page)
    #expect(pause.status == 0, "\(pause)")
    let watched = #"{"server_id":{"N":"1"},"item":{"S":"card"},"threshold":{"S":"6"},"channel":{"S":"c"},"handle":{"S":"ana"}"#
    for reached in ["", #","reached":{"N":"7"}"#] {
      let outcome = try await Program.run(
        "table", "put", "eftitemtracker", "--json", watched + reached + "}", "--endpoint", server.tables)
      #expect(outcome.status == 0, "\(outcome)")
    }
    try await fire("EffectsWaiting", on: prometheus)
    try await run("effect", "resume", "errbot", "price_alert", at: server.page)
    // No setting lets it reach its host.
    try await fire("EffectsFailed", on: prometheus)
    try await end("EffectsWaiting", on: prometheus)
    try await run("effect", "discard", "errbot", "price_alert", at: server.page)
    try await end("EffectsFailed", on: prometheus)
    #expect(await server.stop() == 0)

    let file = folder.file("data/read-models/errbot/generation-0001/read-model.db")
    var bytes = try Data(contentsOf: URL(filePath: file))
    for page in 1..<(bytes.count / 4_096) { bytes[page * 4_096 + 2_000] ^= 4 }
    try bytes.write(to: URL(filePath: file))
    let damaged = try await start()
    let other = try TestFolder()
    let second = try await PrometheusProcess.start(
      other, targets: [await damaged.health], rules: try DeployFiles.rulesInSeconds(in: other))
    try await fire("PipelineStopped", on: second)
    try await run("pipeline", "rebuild", "errbot", at: damaged.page)
    try await end("PipelineStopped", on: second)
    #expect(await damaged.stop() == 0, "\(damaged.child.errors)")
  }

  @Test func `records that a projection cannot take, until the corrected pipeline is built`() async throws {
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", GenerationTests.edited)
    let server = try await DevProcess.serve(["--data", folder.file("data"), "--health-port", "0", "-p", folder.file("notes")])
    let prometheus = try await watch(folder, [server])
    let put = try await Program.run("table", "put", "Notes", "id=a", "Text=hello", "Size=large", "--endpoint", server.tables)
    #expect(put.status == 0, "\(put)")
    try await fire("DeadLetters", on: prometheus)
    let listed = try await Program.run("dead-letter", "list", "notes", "--server", server.page)
    #expect(listed.status == 0 && listed.output.contains("Notes:0:1  Size"), "\(listed)")
    // It is a text after all.
    try folder.write(
      "notes/pipeline.yaml", GenerationTests.edited.replacing("size: Size integer optional", with: "size: Size optional"))
    #expect(try DeployFiles.text("runbooks.md").contains("`afterimage pipeline check DIR`"))
    #expect(try await Program.run("pipeline", "check", folder.file("notes")).status == 0)
    #expect(await server.child.errorLine(containing: "the old ones serve until: afterimage pipeline rebuild notes") != nil)
    try await run("pipeline", "rebuild", "notes", at: server.page)
    try await end("DeadLetters", on: prometheus)
    let rows = try await Program.run("query", "notes", "all", "-o", "json", "--server", server.page)
    #expect(rows.output.contains("\"large\""), "\(rows)")
    #expect(await server.stop() == 0, "\(server.child.errors)")
  }

  @Test(.enabled(DiskFullTests.skipped, { await DiskFullTests.hasNameSpaces }))
  func `a disk that fills up, and is full`() async throws {
    let (folder, disk) = (try TestFolder(), try TestFolder())
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    // A disk of 200 MB, of which a file takes nearly all until the next line, and another one all.
    let steps = """
      set -e; mount -t tmpfs -o size=200m tmpfs "$0"; "$@" & read -r _
      fallocate -l $(($(df --output=avail "$0" | tail -n 1) * 95 / 100))K "$0/other"; read -r _
      cat /dev/zero > "$0/rest" || true; read -r _
      rm "$0/other" "$0/rest"; read -r _
      kill -INT $!; wait $!
      """
    let child = try ChildProcess(
      "/usr/bin/env",
      [
        "unshare", "-rm", "sh", "-c", steps, disk.path, Program.path, "dev", "--data", disk.file("data"), "--port", "0",
        "--page-port", "0", "--health-port", "0", "-p", folder.file("notes"),
      ])
    try #require(await child.line("pipeline ") != nil, "\(child.output)\(child.errors)")
    let tables = await child.line("tables ")?.split(separator: " ").last.map(String.init) ?? ""
    let client = DynamoClient(endpoint: tables, attemptsMax: 1)
    func put(_ id: String) async throws {
      _ = try await client.call("PutItem") { writer in
        writer.member("TableName", "Notes")
        writer.name("Item")
        writer.item(["id": .string(id), "Text": .string(String(repeating: "x", count: 300_000))])
      }
    }
    let prometheus = try await watch(folder, [DevProcess(child: child, tables: tables, page: "")])
    child.send("fill")
    try await fire("DiskFillsUp", on: prometheus)
    try await put("before")
    child.send("fill wholly")
    // What the store has set aside for its log takes some.
    var (number, refused) = (0, "")
    while refused.isEmpty, number < 1_000 {
      number += 1
      do { try await put("\(number)") } catch { refused = "\(error)" }
    }
    #expect(refused.contains("make room, and writes go on"), "\(refused)")
    try await wait("WritesRefused fires") { try await prometheus.fires("AfterimageWritesRefused", with: ["reason": "storage"]) }
    #expect(
      try DeployFiles.text("runbooks.md").contains("**Do** for `storage`: make room; writes go on by themselves within seconds."))
    child.send("make room")
    try await end("DiskFillsUp", "WritesRefused", on: prometheus)
    try await wait("writes go on") { (try? await put("last")) != nil }
    child.send("end")
    #expect(await child.ended() == 0, "\(child.errors)")
  }
}
