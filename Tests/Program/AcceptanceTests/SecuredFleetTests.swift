import Foundation
import HTTPClient
import KafkaTestKit
import PostgresTestKit
import Testing

/// A fleet on brokers and a database that speak TLS alone and ask for passwords, and whose owners allow only what they are asked for.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Fleet.isAvailable && BrokerOwner.isAvailable, Comment(rawValue: "\(Fleet.skipped); \(BrokerOwner.skipped)")))
struct SecuredFleetTests {
  private static let client = HTTPClient()
  private static let namespace = "shop"

  /// A process and its health port.
  private struct Member {
    let process: DevProcess
    let health: String

    func readiness() async throws -> (status: Int, body: String) {
      let answer = try await SecuredFleetTests.client.send(.init(url: health))
      return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
  }

  private let folder: TestFolder
  private let kafka: KafkaCluster
  private let owner: BrokerOwner
  private let database: PostgresCluster
  private let url: String

  init() async throws {
    folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Notes.pipeline)
    kafka = try KafkaCluster(users: ["relay", "worker"], ["group.min.session.timeout.ms=1000"])
    owner = try BrokerOwner(kafka)
    database = try PostgresCluster()
    let authority = try database.useTLS()
    url = database.url(password: PostgresCluster.password, options: "?sslmode=verify-full&sslrootcert=\(authority)")
  }

  /// How a user reaches the brokers; the password is in the environment.
  private func way(_ user: String) -> [String] {
    let settings = [
      "security.protocol=SASL_SSL", "sasl.mechanisms=PLAIN", "sasl.username=\(user)", "ssl.ca.location=\(kafka.authority)",
    ]
    return ["--kafka", kafka.bootstrap, "--namespace", Self.namespace] + settings.flatMap { ["--kafka-set", $0] }
  }

  private func environment(_ user: String, password: String? = nil) -> [String] {
    ["AFTERIMAGE_KAFKA_PASSWORD=\(password ?? KafkaCluster.password(of: user))"]
  }

  private func start(
    _ roles: String, _ name: String, as user: String, password: String? = nil, _ more: [String]
  ) async throws -> Member {
    let process = try await DevProcess.serve(
      ["--roles", roles, "--data", folder.file(name), "--health-port", "0", "-p", folder.file("notes")] + way(user) + more,
      environment: environment(user, password: password))
    let line = try #require(await process.child.line("health "))
    return Member(process: process, health: line.split(separator: " ").last.map(String.init) ?? "")
  }

  private func put(_ id: String, _ text: String = "hello", _ tables: Member) async throws {
    let put = try await Program.run("table", "put", "Notes", "id=\(id)", "Text=\(text)", "--endpoint", tables.process.tables)
    #expect(put.status == 0, "\(put)")
  }

  private func wait(_ words: String, _ isSo: () async throws -> Bool, said: () async throws -> String) async throws {
    let end = ContinuousClock.now + Fleet.waitMax
    while try await !isSo() {
      if ContinuousClock.now > end { throw DevProcess.NotStarted(description: "\(words): \(try await said())") }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Waits until a member is not ready, for a reason with these words, which it has logged as well.
  private func refuses(_ words: String, _ member: Member) async throws {
    try await wait(words) {
      let now = try await member.readiness()
      return now.status == 503 && now.body.contains(words) && member.process.child.errors.contains(words)
    } said: {
      "\(try await member.readiness())\n\(member.process.child.errors)"
    }
  }

  private func isReady(_ member: Member) async throws {
    try await wait("ready") {
      try await member.readiness().status == 200
    } said: {
      "\(try await member.readiness())\n\(member.process.child.errors)"
    }
  }

  /// The rights that sentences ask for.
  private func askedRights(in text: String) -> [BrokerOwner.Right] {
    text.matches(of: /allow ([A-Z]+) on ([a-z ]+) that begin with `([^`]+)`/).compactMap {
      BrokerOwner.Right(String($0.1), on: String($0.2), prefix: String($0.3))
    }
  }

  /// The rights that the guide lists for a role.
  private func listed(_ role: String) throws -> Set<BrokerOwner.Right> {
    var rights: Set<BrokerOwner.Right> = []
    for line in try DeployFiles.text("README.md").split(separator: "\n") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 4, cells[0] == role else { continue }
      let prefix = cells[3].replacing("`", with: "").replacing("<namespace>", with: Self.namespace).replacing(
        "<pipeline>", with: "notes")
      for operation in cells[1].split(separator: ", ") {
        if let right = BrokerOwner.Right(String(operation), on: cells[2], prefix: prefix) { rights.insert(right) }
      }
    }
    return rights
  }

  /// Gives a member what it asks for, one right after the other, until it has those that the guide lists, and no others.
  private func give(_ member: Member, of role: String, _ between: (Int) async throws -> Void) async throws {
    let listed = try listed(role)
    #expect(listed.count >= 2)
    var given: Set<BrokerOwner.Right> = []
    while given != listed {
      var asked: BrokerOwner.Right?
      try await wait("\(role) asks for one of \(listed.subtracting(given))") {
        let now = try await member.readiness()
        asked = now.status == 503 ? askedRights(in: now.body).first { !given.contains($0) } : nil
        return asked != nil
      } said: {
        "\(try await member.readiness())\n\(member.process.child.errors)"
      }
      let right = try #require(asked)
      try #require(listed.contains(right), "\(right) is not in the guide's list: \(listed)")
      // The log says it, too.
      #expect(member.process.child.errors.contains("allow \(right.operation) on "), "\(member.process.child.errors)")
      try await between(given.count)
      try await owner.grant(right, to: role)
      given.insert(right)
    }
    try await isReady(member)
  }

  @Test func `a fleet works with the rights that the guide lists, says which one is missing, and loses nothing`() async throws {
    let tables = try await start("table,relay", "tables", as: "relay", ["--partitions", "3"])
    var ids: [String] = []
    /// Writers never wait.
    func put(_ id: String, _ text: String = "hello") async throws {
      try await self.put(id, text, tables)
      ids.append(id)
    }
    try await give(tables, of: "relay") { try await put("relay-\($0)") }
    let others = [
      "--table-endpoint", tables.process.tables, "--read-models", url, "--kafka-set", "session.timeout.ms=2000",
    ]
    let first = try await start("worker,query", "first", as: "worker", others)
    try await give(first, of: "worker") { try await put("worker-\($0)") }
    let second = try await start("worker", "second", as: "worker", others)
    try await isReady(second)
    /// Waits until everything that was written is in the rows, which any process may have put there.
    func everythingIsThere() async throws {
      try await wait("\(ids) are there") {
        let answer = try await Program.run("query", "notes", "all", "--server", first.process.page, "-o", "json")
        return ids.allSatisfy { answer.output.contains("\"\($0)\"") }
      } said: {
        first.process.child.errors + second.process.child.errors + tables.process.child.errors
      }
    }
    try await everythingIsThere()
    for worker in [first, second] {
      try await wait("lanes") {
        worker.process.child.errors.contains("lanes assigned")
      } said: {
        worker.process.child.errors
      }
    }

    // Kafka's own tools see that nothing waits: not even the mark of the last transaction.
    var lags: [Int] = []
    try await wait("a lag of 0 in all three partitions") {
      lags = try await owner.lag(of: "\(Self.namespace).notes.")
      return lags == [0, 0, 0]
    } said: {
      "\(lags)\n\(first.process.child.errors)"
    }

    // What is taken away while everything runs: it is said, nothing is lost, and it goes on when it is given back.
    let topics = try #require(BrokerOwner.Right("READ", on: "topics", prefix: "\(Self.namespace)."))
    let groups = try #require(BrokerOwner.Right("READ", on: "groups", prefix: "\(Self.namespace).notes."))
    let publishing = try #require(BrokerOwner.Right("WRITE", on: "topics", prefix: "\(Self.namespace)."))
    for (right, user, members, words) in [
      (topics, "worker", [first, second], "allow READ on topics that begin with `shop.`"),
      (groups, "worker", [first, second], "allow READ on groups that begin with `shop.notes.`"),
      (publishing, "relay", [tables], "allow WRITE on topics that begin with `shop.`"),
    ] {
      try await owner.revoke(right, from: user)
      try await put("without-\(right.type)-\(right.operation)")
      for member in members { try await refuses(words, member) }
      try await owner.grant(right, to: user)
      for member in members { try await isReady(member) }
      try await everythingIsThere()
    }

    // A topic that takes small records only.
    try await owner.set("max.message.bytes", of: "shop.Notes", to: "20000")
    try await put("large", (0..<8_000).map { _ in String(UInt32.random(in: 0...0xffff), radix: 36) }.joined())
    try await put("after")
    try await refuses("ask the brokers' owner to set its max.message.bytes to 16777216", tables)
    try await owner.set("max.message.bytes", of: "shop.Notes", to: "16777216")
    try await isReady(tables)
    try await everythingIsThere()

    // Who may not make topics says which, and goes on when the owner has made them as the guide says.
    let making = try #require(BrokerOwner.Right("CREATE", on: "topics", prefix: "\(Self.namespace)."))
    try await owner.revoke(making, from: "relay")
    let other = try await Program.run("table", "create", "Other", "--key", "id:S", "--endpoint", tables.process.tables)
    #expect(other.status == 0, "\(other)")
    for (topic, partitions, settings) in [
      ("shop.Other.relay", 1, ["cleanup.policy=compact"]),
      ("shop.Other", 3, ["cleanup.policy=delete", "retention.ms=-1", "max.message.bytes=16777216"]),
    ] {
      try await wait("\(topic) is asked for") {
        tables.process.child.errors.contains("make the topic \(topic):")
      } said: {
        tables.process.child.errors
      }
      try await owner.make(topic, partitions: partitions, settings)
    }
    try await wait("it is published") {
      tables.process.child.errors.contains("relay publishes again table=Other")
    } said: {
      tables.process.child.errors
    }
    try await owner.grant(making, to: "relay")

    // An operator's command needs no more than the relay.
    let republished = try await Program.run(
      "/usr/bin/env", environment("relay") + [Program.path, "relay", "republish", "Notes"] + way("relay"))
    #expect(republished.status == 0 && republished.output.contains("shop.Notes.published.2"), "\(republished)")
    try await put("last")
    try await everythingIsThere()
    for member in [second, first, tables] {
      #expect(await member.process.stop() == 0, "\(member.process.child.errors)")
    }
  }

  @Test func `a wrong password is called that, by relay, worker and command`() async throws {
    let words = "the brokers refuse the user name or the password (sasl.username, sasl.password)"
    let tables = try await start("table,relay", "tables", as: "relay", password: "wrong", ["--partitions", "3"])
    let worker = try await start(
      "worker,query", "worker", as: "worker", password: "wrong",
      ["--table-endpoint", tables.process.tables, "--read-models", url])
    for member in [tables, worker] {
      try await refuses(words, member)
      #expect(!member.process.child.errors.contains("Local: Timed out"))
    }
    let command = try await Program.run(
      "/usr/bin/env",
      environment("relay", password: "wrong") + [Program.path, "relay", "republish", "Notes"] + way("relay"))
    #expect(command.status == 1 && command.errors.contains(words), "\(command)")
    for member in [worker, tables] { #expect(await member.process.stop() == 0, "\(member.process.child.errors)") }
  }

  @Test func `a group's refusal is over when the group answers again, without another assignment`() async throws {
    for user in ["relay", "worker"] {
      for right in try listed(user) { try await owner.grant(right, to: user) }
    }
    let tables = try await start("table,relay", "tables", as: "relay", ["--partitions", "3"])
    try await put("first", "hello", tables)
    // So long a session that the brokers do not take the member for dead meanwhile.
    let worker = try await start(
      "worker", "worker", as: "worker",
      ["--table-endpoint", tables.process.tables, "--read-models", url, "--kafka-set", "session.timeout.ms=300000"])
    try await isReady(worker)
    let groups = try #require(BrokerOwner.Right("READ", on: "groups", prefix: "\(Self.namespace).notes."))
    try await wait("offsets are there") {
      try await owner.lag(of: "\(Self.namespace).notes.") == [0, 0, 0]
    } said: {
      worker.process.child.errors
    }
    try await owner.revoke(groups, from: "worker")
    try await refuses("allow READ on groups that begin with `shop.notes.`", worker)
    try await owner.grant(groups, to: "worker")
    try await isReady(worker)
    #expect(worker.process.child.errors.split(separator: "\n").count { $0.contains("lanes assigned") } == 1)
    for member in [worker, tables] { #expect(await member.process.stop() == 0, "\(member.process.child.errors)") }
  }
}
