import ChangeLog
import Foundation
import HTTPClient
import KafkaLog
import KafkaTestKit
import PostgresTestKit
import Testing

/// The processes under an acceptance program. Their addresses stay the same however often they are started again. Used by one task.
protocol SystemPlace: AnyObject {
  var tables: String { get }
  var page: String { get }
  /// Where the read models are: a folder, or the URL of a database.
  var models: String { get }
  /// What the processes have said.
  var said: String { get }
  /// kill -9 to what applies records, and a new start.
  func kill() async throws
  /// Has all read models built again, from the log's start and from nothing.
  func replay() async throws
  /// Ctrl-C to all.
  func stop() async throws
}

/// What the processes are started with beside what every system's have.
struct SystemPlaceWords {
  /// Values of parameters, as `--set` takes them.
  var settings: [String] = []
  /// For who carries effects out.
  var ofWorker: [String] = []
}

/// `afterimage dev`: everything in one process.
final class ProcessPlace: SystemPlace {
  private let folder: TestFolder
  private let pipelines: [String]
  private let more: [String]
  private var server: DevProcess
  private var saidBefore = ""

  init(_ folder: TestFolder, _ pipelines: [String], partitions: Int, words: SystemPlaceWords) async throws {
    (self.folder, self.pipelines) = (folder, pipelines)
    more = ["--partitions", "\(partitions)"] + words.settings.flatMap { ["--set", $0] } + words.ofWorker
    server = try await DevProcess.start(data: folder.file("data"), pipelines: pipelines, more)
  }

  var tables: String { server.tables }
  var page: String { server.page }
  var models: String { folder.file("data/read-models") }
  var said: String { saidBefore + server.child.errors + server.child.output }

  func kill() async throws { try await restart {} }
  func replay() async throws { try await restart { try FileManager.default.removeItem(atPath: models) } }

  private func restart(_ meanwhile: () throws -> Void) async throws {
    let ports = server.ports
    await server.kill()
    saidBefore = said
    try meanwhile()
    server = try await DevProcess.start(
      data: folder.file("data"), pipelines: pipelines, port: ports.tables, pagePort: ports.page, more)
  }

  func stop() async throws { #expect(await server.stop() == 0, "\(server.child.errors)") }
}

/// Tables and relay, a worker, and a query process, on a Kafka and a PostgreSQL that others use too.
final class FleetPlace: SystemPlace {
  static var isAvailable: Bool { KafkaBroker.isAvailable && PostgresCluster.isAvailable }

  private let folder: TestFolder
  private let namespace = "a\(UInt32.random(in: 0 ... .max))"
  private let pipelines: [String]
  /// Words of the command that name the pipelines and set their parameters.
  private let loading: [String]
  private let table: DevProcess
  private var worker: DevProcess?
  private var query: DevProcess?
  private var saidBefore = ""
  private let ofWorker: [String]
  private let topics: TopicFollower
  private(set) var models: String
  let page: String

  init(
    _ folder: TestFolder, _ pipelines: [String], _ conditions: SourceSystem.Conditions, secret: String?, words: SystemPlaceWords
  ) async throws {
    ofWorker = words.ofWorker
    (self.folder, self.pipelines) = (folder, pipelines)
    loading = pipelines.flatMap { ["-p", $0] } + words.settings.flatMap { ["--set", $0] }
    models = try FleetPlace.database()
    table = try await DevProcess.serve(
      FleetPlace.words("table,relay", folder, loading, namespace: namespace)
        + ["--kafka", try KafkaBroker.bootstrap(), "--partitions", "\(conditions.partitions)"])
    let query = try await FleetPlace.query(folder, loading, namespace, models: models)
    (self.query, page) = (query, query.page)
    topics = TopicFollower(
      try await FleetPlace.topics(table, namespace), partitions: conditions.partitions, doubles: conditions.isDoubled,
      secret: secret)
    try await startWorker()
  }

  var tables: String { table.tables }
  var said: String {
    saidBefore + [table, worker, query].compactMap { $0 }.map { $0.child.errors + $0.child.output }.joined(separator: "\n")
  }

  private static func database() throws -> String {
    let cluster = try PostgresCluster.shared()
    return cluster.url(try cluster.makeDatabase(), password: PostgresCluster.password)
  }

  /// The topics of the tables that there are.
  private static func topics(_ table: DevProcess, _ namespace: String) async throws -> [String] {
    let listed = try await Program.run("table", "list", "--endpoint", table.tables, "-o", "json")
    let found = listed.output.matches(of: /"TableName" ?: ?"([^"]+)"/).map { String($0.1) }
    try #require(!found.isEmpty, "\(listed)")
    let names = TopicNames(try Namespace(namespace))
    return found.map { names.records(of: $0) }
  }

  private static func words(_ roles: String, _ folder: TestFolder, _ loading: [String], namespace: String) -> [String] {
    ["--roles", roles, "--data", folder.file(roles), "--health-port", "0", "--namespace", namespace]
      + loading
  }

  private static func query(
    _ folder: TestFolder, _ loading: [String], _ namespace: String, models: String, port: Int = 0
  ) async throws -> DevProcess {
    try await DevProcess.serve(words("query", folder, loading, namespace: namespace) + ["--read-models", models], pagePort: port)
  }

  /// The instance has its lanes back at once when it is started again.
  private func startWorker() async throws {
    worker = try await DevProcess.serve(
      FleetPlace.words("worker", folder, loading, namespace: namespace) + ofWorker
        + [
          "--kafka", try KafkaBroker.bootstrap(), "--instance", "one", "--table-endpoint", tables, "--read-models", models,
        ])
    try await lanesRun()
  }

  /// Waits until every lane of every pipeline runs and knows a time.
  private func lanesRun() async throws {
    let client = HTTPClient()
    let listed = try await client.send(.init(url: "\(page)/v1/pipelines")).body
    let names = try JSONSerialization.jsonObject(with: Data(listed)) as? [String: [String]]
    let end = ContinuousClock.now + Fleet.waitMax
    for name in try #require(names?["pipelines"]) {
      while try await !FleetPlace.run(client.send(.init(url: "\(page)/v1/pipelines/\(name)")).body) {
        try #require(ContinuousClock.now < end, "lanes of \(name) do not run: \(said.suffix(5_000))")
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// Whether a status says that all lanes run.
  private static func run(_ status: [UInt8]) throws -> Bool {
    let status = try JSONSerialization.jsonObject(with: Data(status)) as? [String: Any]
    let generation = (status?["generations"] as? [[String: Any]])?.first
    let lanes = generation?["lanes"] as? [[String: Any]] ?? []
    return (status?["stopped"] as? [String])?.isEmpty == true && !lanes.isEmpty
      && lanes.allSatisfy { ($0["watermark"] as? Int ?? 0) > 0 }
  }

  func kill() async throws {
    await killWorker()
    try await startWorker()
  }

  private func killWorker() async {
    await worker?.kill()
    saidBefore = said
    worker = nil
  }

  func replay() async throws {
    await killWorker()
    await query?.kill()
    saidBefore = said
    models = try FleetPlace.database()
    let port = page.split(separator: ":").last.flatMap { Int($0) } ?? 0
    query = try await FleetPlace.query(folder, loading, namespace, models: models, port: port)
    try await startWorker()
  }

  func stop() async throws {
    _ = try await topics.stop()
    for process in [query, worker, table] { #expect(await process?.stop() == 0, "\(process?.child.errors ?? "")") }
  }
}
