import DynamoClient
import DynamoModel
import Foundation
import HTTPClient
import Kafka
import KafkaTestKit
import PostgresTestKit
import StoreTestKit
import TableStore
import Testing

/// A fleet with the settings that are shipped for one: only the names of machines, the ports and the passwords are others.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ExampleFleetTests {
  private static let skipped = Comment(rawValue: "\(Fleet.skipped); \(PrometheusProcess.skipped)")

  /// A process of an example's settings, with its addresses; `port` is that of its health, 0 for a free one.
  private func start(
    _ file: String, _ replacing: [String: String], in folder: TestFolder, port: Int = 0
  ) async throws -> (process: DevProcess, health: String) {
    let instance = try DeployFiles.Instance(file)
    let child = try ChildProcess(
      "/usr/bin/env",
      instance.environment(replacing) + [Program.path] + instance.words(replacing) + [
        "--data", folder.file(file), "--port", "0", "--page-port", "0", "--health-port", "\(port)", "--host", "localhost",
      ])
    return (try await addresses(child))
  }

  private func addresses(_ child: ChildProcess) async throws -> (process: DevProcess, health: String) {
    guard await child.line("pipeline ") != nil else { throw DevProcess.NotStarted(description: "\(child.output)\(child.errors)") }
    // A server that listens on all interfaces is reached over loopback.
    func address(_ name: String) -> String {
      let line = child.output.split(separator: "\n").first { $0.hasPrefix(name) }
      return (line?.split(separator: " ").last.map(String.init) ?? "").replacing("0.0.0.0", with: "127.0.0.1")
    }
    return (
      DevProcess(child: child, tables: address("tables "), page: address("page ")),
      address("health ").replacing("/ready", with: "")
    )
  }

  private func wait(_ words: String, _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + TopicScene.waitMax
    while try await !isSo() {
      try #require(ContinuousClock.now < end, "\(words)")
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  private func put(_ client: DynamoClient, _ item: Item) async throws {
    _ = try await client.call("PutItem") { writer in
      writer.member("TableName", "Chat")
      writer.name("Item")
      writer.item(item)
    }
  }

  @Test(.enabled(if: Fleet.isAvailable && PrometheusProcess.isAvailable, skipped))
  func `table server, worker and query process work together, effects with their key included, and alerts fire and end`()
    async throws
  {
    let folder = try TestFolder()
    let (kafka, database) = (try KafkaCluster(), try PostgresCluster())
    try folder.write("keys.yaml", try DeployFiles.text("systemd/keys.yaml"))
    var replacing = [
      "kafka.example.com:9092": kafka.bootstrap, "/etc/afterimage/keys.yaml": folder.file("keys.yaml"),
      "postgres://afterimage:change-this@postgres.example.com/afterimage": database.url(password: PostgresCluster.password),
      "/etc/afterimage/pipelines": Program.repository.appending(path: "pipelines").path,
    ]
    let table = try await start("table.env", replacing, in: folder)
    replacing["http://tables.example.com:8000"] = table.process.tables
    let worker = try await start("worker.env", replacing, in: folder)
    let query = try await start("query.env", replacing, in: folder)

    let client = DynamoClient(
      endpoint: table.process.tables, credentials: Credentials(accessKey: "AKIDCLIENT", secretKey: "change-this"))
    try await put(client, ["PK": .string("Room:music"), "SK": .string("meta")])
    try await put(client, ["PK": .string("User:ana"), "SK": .string("Join:music")])
    func answer(_ name: String) async throws -> String {
      let url = "\(query.process.page)/v1/pipelines/chat-rooms/queries/\(name)?room=music"
      let token = (name: "Authorization", value: "Bearer changethis0changethis0readers")
      return String(decoding: try await HTTPClient().send(.init(url: url, headers: [token])).body, as: UTF8.self)
    }
    try await wait("who has joined is seen") { try await answer("members_of_room").contains("ana") }
    _ = try await client.call("DeleteItem") { writer in
      writer.member("TableName", "Chat")
      writer.name("Key")
      writer.item(["PK": .string("Room:music"), "SK": .string("meta")])
    }
    try await wait("a room that is gone takes its members with it: \(worker.process.child.errors)") {
      try await !answer("members_of_room").contains("ana")
    }
    try await watch(folder, table: table.health, worker: worker, query: query.health, client: client) {
      try await start("worker.env", replacing, in: folder, port: $0)
    }
    #expect(await query.process.stop() == 0, "\(query.process.child.errors)")
    #expect(await table.process.stop() == 0, "\(table.process.child.errors)")
  }

  /// The shipped rules without their patience, on the fleet: nothing fires, then what is done to it does.
  private func watch(
    _ folder: TestFolder, table: String, worker: (process: DevProcess, health: String), query: String, client: DynamoClient,
    restart: (Int) async throws -> (process: DevProcess, health: String)
  ) async throws {
    let prometheus = try await PrometheusProcess.start(
      folder, targets: [table, worker.health, query], rules: try DeployFiles.rulesWithoutPatience(in: folder))
    func fires(_ alert: String) async throws -> Bool { try await prometheus.fires(alert) }
    try await wait("all three are scraped") { try await prometheus.samples("sum(up)").first?.value == 3 }
    try await wait("nothing fires") { try await prometheus.firing().isEmpty }
    // A comment whose time is none: a dead letter, which a rebuild with another pipeline would mend.
    try await put(
      client,
      [
        "PK": .string("User:ana"), "SK": .string("2026-01-01T10:00:00Z"), "RoomID": .string("music"),
        "CreatedAt": .string("yesterday"), "Comment": .string("hello"),
      ])
    try await wait("a dead letter is an alert") { try await fires("AfterimageDeadLetters") }
    #expect(try await !fires("AfterimageProcessDown"))
    await worker.process.kill()
    try await wait("a process that is gone is an alert") { try await fires("AfterimageProcessDown") }
    let again = try await restart(Int(worker.health.split(separator: ":").last ?? "") ?? 0)
    try await wait("which ends when it is back") { try await !fires("AfterimageProcessDown") }
    #expect(await again.process.stop() == 0, "\(again.process.child.errors)")
  }

  @Test(.enabled(if: PrometheusProcess.isAvailable, Comment(rawValue: PrometheusProcess.skipped)))
  func `a start long after the last write is an alert, which ends with its runbook's command`() async throws {
    let folder = try TestFolder()
    try FileManager.default.createDirectory(atPath: folder.file("data"), withIntermediateDirectories: true)
    // Written in 2023.
    let time = ManualTime(wall: 1_700_000_000_000)
    let store = try TableStore(path: folder.file("data/tables"), options: .init(time: time))
    _ = try store.createTable(TableDefinition(name: "Notes", key: .strings(sort: false)))
    try await store.put("Notes", ["pk": .string("a")])
    store.close()
    let later = try await addresses(
      try ChildProcess(
        Program.path,
        ["serve", "--roles", "table", "--data", folder.file("data"), "--port", "0", "--health-port", "0"], folder: folder.path))
    let prometheus = try await PrometheusProcess.start(
      folder, targets: [later.health], rules: "\(DeployFiles.folder)/prometheus/alerts.yml")
    try await wait("writes that are refused are an alert") {
      try await prometheus.fires("AfterimageWritesRefused", with: ["reason": "clock"])
    }
    let refused = try await Program.run("table", "put", "Notes", "pk=b", "--endpoint", later.process.tables)
    #expect(refused.status == 1 && refused.errors.contains("afterimage table clock --accept-jump"), "\(refused)")
    #expect(try DeployFiles.text("runbooks.md").contains("`afterimage table clock --accept-jump`"))
    #expect(try await Program.run("table", "clock", "--accept-jump", "--endpoint", later.process.tables).status == 0)
    try await wait("the alert ends") { try await !prometheus.fires("AfterimageWritesRefused") }
    #expect(await later.process.stop() == 0)
  }

  @Test(.enabled(if: KafkaBroker.isAvailable && PrometheusProcess.isAvailable, skipped))
  func `a relay and a lane whose topic was changed are alerts, which end with their runbooks' command`() async throws {
    let scene = try await TopicScene()
    #expect(try await scene.notes(try await scene.put("a")) == ["a"])
    try await scene.restart { try await Admin(scene.configuration) { _ in }.extend(topic: scene.topic, to: 2) }
    let prometheus = try await PrometheusProcess.start(
      scene.folder, targets: [scene.server.page], rules: try DeployFiles.rulesWithoutPatience(in: scene.folder))
    let alerts = ["AfterimageRelayStopped", "AfterimageLaneStopped"]
    for alert in alerts { try await wait(alert) { try await prometheus.fires(alert, with: ["table": scene.table]) } }
    try await scene.republish()
    for alert in alerts { try await wait("\(alert) ends") { try await !prometheus.fires(alert) } }
    #expect(await scene.server.stop() == 0)
  }
}
