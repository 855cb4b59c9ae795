import Foundation
import HTTPClient
import KafkaTestKit
import Postgres
import PostgresReadModels
import PostgresTestKit
import Testing

/// A deployment of several workers: a broker, a database, tables and relay in one process, workers and query processes in others. Used by one task.
final class Fleet {
  /// What a skipped test says.
  static let skipped = "skipped: a fleet needs Kafka and PostgreSQL; \(KafkaBroker.skipped); \(PostgresCluster.skipped)"
  static var isAvailable: Bool { KafkaCluster.isAvailable && PostgresCluster.isAvailable }
  /// How long a fact is waited for.
  static let waitMax = Duration.seconds(40)
  static let partitions = 6

  let folder: TestFolder
  let kafka: KafkaCluster
  private(set) var database: PostgresCluster
  private let pipeline: String
  /// Words of every process's command that name the pipelines beside the first.
  private let others: [String]
  private(set) var tables: DevProcess
  private(set) var workers: [DevProcess?] = []
  private(set) var queries: [DevProcess] = []
  private var queriesStarted = 0
  /// Where workers that are started from now on ask for effects; nil for the table server itself.
  var effectsEndpoint: String?

  /// Workers that have ended, and how.
  private(set) var ended: [(worker: Int, said: String)] = []

  init(
    _ folder: TestFolder, pipeline: String, others: [String] = [], workers: Int, queries: Int = 0, brokers: Int = 1,
    database: PostgresCluster? = nil
  ) async throws {
    self.folder = folder
    self.pipeline = pipeline
    self.others = others.flatMap { ["-p", $0] }
    kafka = try KafkaCluster(["group.min.session.timeout.ms=1000", "group.initial.rebalance.delay.ms=0"], brokers: brokers)
    self.database = try database ?? PostgresCluster()
    tables = try await DevProcess.serve(
      Fleet.ofTables(folder, kafka) + ["-p", pipeline] + self.others)
    self.workers = Array(repeating: nil, count: workers)
    for number in 0..<workers { try await start(number) }
    for _ in 0..<queries { try await startQuery() }
  }

  private static func ofTables(_ folder: TestFolder, _ kafka: KafkaCluster) -> [String] {
    [
      "--roles", "table,relay", "--data", folder.file("tables"), "--partitions", "\(Fleet.partitions)", "--kafka",
      kafka.bootstrap, "--health-port", "0",
    ]
  }

  /// Stops the tables and the relay, and starts them again at their port; `environment` is what `env` is given before the program.
  func restartTables(environment: [String]) async throws {
    #expect(await Fleet.stop(tables) == 0, "\(tables.child.errors)")
    tables = try await DevProcess.serve(
      Fleet.ofTables(folder, kafka) + ["-p", pipeline] + others, port: tables.ports.tables, environment: environment)
  }

  /// One more query process; `database` another way to the read models, `environment` what `env` is given before the program.
  func startQuery(
    database way: String? = nil, environment: [String] = [], program: String = Program.path
  ) async throws {
    queriesStarted += 1
    queries.append(
      try await DevProcess.serve(
        [
          "--roles", "query", "--data", folder.file("query-\(queriesStarted)"), "--read-models", way ?? url, "--health-port", "0",
          "-p", pipeline,
        ] + others, environment: environment, program: program))
  }

  /// From here on this is the database of which the test asks, and which the end of the fleet is held against.
  func use(_ database: PostgresCluster) { self.database = database }

  var url: String { database.url(password: PostgresCluster.password) }
  var models: KilledModels { .database(PostgresDatabase(database.settings())) }

  /// A worker with a number of its own; `pipeline` where it runs another file than the others, `database` another way to the read models, `healthPort` one that it had.
  func start(
    _ worker: Int, _ more: [String] = [], pipeline other: String? = nil, database way: String? = nil, healthPort: Int = 0,
    environment: [String] = [], program: String = Program.path
  ) async throws {
    while workers.count <= worker { workers.append(nil) }
    workers[worker] = try await DevProcess.serve(
      [
        "--roles", "worker", "--data", folder.file("worker-\(worker)"), "--kafka", kafka.bootstrap, "--kafka-set",
        "session.timeout.ms=2000", "--table-endpoint", effectsEndpoint ?? tables.tables, "--read-models", way ?? url,
        "--health-port", "\(healthPort)", "-p", other ?? pipeline,
      ] + others + more, environment: environment, program: program)
  }

  /// Before the first worker and query process, which make these schemas themselves: the database's clock is a day ahead of everybody's.
  func setClockAhead() throws {
    let connection = try PostgresConnection(database.settings())
    defer { connection.close() }
    for schema in ["afterimage.killed", "afterimage.killed.1"] {
      // The program looks functions up in its own schema first.
      try connection.execute(
        """
        CREATE SCHEMA "\(schema)"; CREATE FUNCTION "\(schema)".clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + interval ''1 day'''
        """)
    }
  }

  func kill(_ worker: Int) async {
    await workers[worker]?.kill()
    note(worker)
  }

  /// Ctrl-C, or another signal; the exit status.
  func stop(_ worker: Int, _ signal: Int32 = SIGINT) async -> Int32 {
    guard let process = workers[worker] else { return -1 }
    let status = await Fleet.stop(process, signal)
    note(worker)
    return status
  }

  /// Ctrl-C; the exit status. What does not end within 20 s is killed, which no caller takes for an orderly stop.
  private static func stop(_ process: DevProcess, _ signal: Int32 = SIGINT) async -> Int32 {
    let limit = Task {
      try await Task.sleep(for: .seconds(20))
      process.child.signal(SIGKILL)
    }
    defer { limit.cancel() }
    return await process.stop(signal)
  }

  func isRunning(_ worker: Int) -> Bool { workers[worker]?.child.isRunning ?? false }

  func killQuery(_ query: Int) async { await queries.remove(at: query).kill() }

  func signal(_ worker: Int, _ signal: Int32) { workers[worker]?.child.signal(signal) }

  private func note(_ worker: Int) {
    if let process = workers[worker] { ended.append((worker, process.child.errors)) }
    workers[worker] = nil
  }

  /// The lines that a running worker has logged with these words.
  func lines(_ worker: Int, _ words: String) -> [String] {
    (workers[worker]?.child.errors ?? "").split(separator: "\n").map(String.init).filter { $0.contains(words) }
  }

  /// The lanes that the running workers were assigned last, of all groups.
  var assigned: [[String]] {
    workers.indices.map { worker in
      lines(worker, "lanes assigned").last?.split(separator: "lanes=").last?.split(separator: " ").map(String.init) ?? []
    }
  }

  /// The partitions that a worker was assigned last; none of one that does not run.
  func lanes(of worker: Int) -> Set<Int> {
    Set(assigned[worker].flatMap { $0.split(whereSeparator: { "[,]".contains($0) }).dropFirst().compactMap { Int($0) } })
  }

  /// By partition, how often a running worker has taken its lane from the database.
  func starts(of worker: Int) async throws -> [Int: Int] {
    let health = try #require(await workers[worker]?.child.line("health ")?.split(separator: " ").last)
    let answer = try await Fleet.client.send(.init(url: String(health).replacing("/ready", with: "/metrics")))
    let counts = String(decoding: answer.body, as: UTF8.self).matches(
      of: /afterimage_lane_starts_total\{[^}]*partition="([0-9]+)"[^}]*\} ([0-9]+)/)
    return Dictionary(counts.compactMap { count in Int(count.1).flatMap { lane in Int(count.2).map { (lane, $0) } } }) { $0 + $1 }
  }

  /// How far each partition is applied in the current generation.
  func positions() -> [Int: Int64] { Fleet.positions(in: models) }

  /// The same for who has the read models alone.
  private static func positions(in models: KilledModels) -> [Int: Int64] {
    // Before the first worker has begun there is nothing to ask.
    let known = (try? models.positions) ?? [:]
    return Dictionary(uniqueKeysWithValues: (0..<Fleet.partitions).map { ($0, known[$0] ?? 0) })
  }

  /// Watches until it is cancelled: the longest time in which nothing of one of these partitions was applied. While all of them are written to.
  static func watch(_ partitions: Set<Int>, in models: KilledModels) -> Task<Duration, Never> {
    Task {
      var positions = Fleet.positions(in: models)
      var moved = Dictionary(uniqueKeysWithValues: partitions.map { ($0, ContinuousClock.now) })
      var longest = Duration.zero
      while !Task.isCancelled {
        let now = Fleet.positions(in: models)
        for partition in partitions {
          longest = max(longest, moved[partition, default: .now].duration(to: .now))
          if now[partition] ?? 0 > positions[partition] ?? 0 { moved[partition] = .now }
          positions[partition] = now[partition]
        }
        try? await Task.sleep(for: .milliseconds(50))
      }
      return longest
    }
  }

  /// Waits until every partition has been applied further.
  func lanesGoOn() async throws {
    let before = positions()
    try await wait("all lanes go on") { positions().allSatisfy { lane, sequence in sequence > before[lane] ?? 0 } }
  }

  /// The number of the current generation.
  var current: Int? { get throws { try models.current } }

  /// The status of a query process's answer to a named query.
  static func status(_ query: String, at page: String) async throws -> Int {
    try await client.send(.init(url: "\(page)/v1/pipelines/killed/queries/\(query)")).status
  }

  /// Asks a named query again and again until it is cancelled; the statuses of the answers.
  static func ask(_ query: String, at page: String) -> Task<[Int], Never> {
    Task {
      var answers: [Int] = []
      while !Task.isCancelled {
        let status = try? await Fleet.status(query, at: page)
        // The last question is cut short.
        if !Task.isCancelled { answers.append(status ?? 0) }
      }
      return answers
    }
  }

  /// Workers with instance names, and a session's time-out in milliseconds; waits until all have lanes.
  func start(named names: [String], session: Int) async throws {
    for (worker, name) in names.enumerated() {
      try await start(worker, ["--instance", name, "--kafka-set", "session.timeout.ms=\(session)"])
    }
    try await wait("all have lanes") {
      workers.indices.reduce(into: Set()) { $0.formUnion(lanes(of: $1)) } == Set(0..<Fleet.partitions)
        && assigned.allSatisfy { !$0.isEmpty }
    }
  }

  /// What a query process says of what stands still.
  static func stopped(at page: String) async throws -> [String] {
    let answer = try await client.send(.init(url: "\(page)/v1/pipelines/killed"))
    let status = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    return status?["stopped"] as? [String] ?? []
  }

  /// By partition, which process a query process takes for the one that runs it in the current generation; nil for none.
  static func owners(at page: String) async throws -> [Int: String?] {
    let answer = try await client.send(.init(url: "\(page)/v1/pipelines/killed"))
    let status = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    let generation = (status?["generations"] as? [[String: Any]])?.first
    var owners: [Int: String?] = [:]
    for lane in generation?["lanes"] as? [[String: Any]] ?? [] {
      if let partition = lane["partition"] as? Int { owners[partition] = .some(lane["worker"] as? String) }
    }
    return owners
  }

  /// The best of each room by a query process's leaderboard: members with their scores.
  static func best(at page: String) async throws -> [String: [String]] {
    var best: [String: [String]] = [:]
    for room in ["room0", "room1", "room2"] {
      let answer = try await client.send(
        .init(url: "\(page)/v1/pipelines/killed/leaderboards/board/top?board=\(room)&limit=1000"))
      let body = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
      best[room] = (body?["members"] as? [[String: Any]] ?? []).map { "\($0["member"] ?? "") \($0["score"] ?? "")" }
    }
    return best
  }

  /// The same by the rows.
  func bestRows() throws -> [String: [String]] {
    let connection = try PostgresConnection(database.settings())
    defer { connection.close() }
    var best: [String: [String]] = [:]
    let rows = try connection.run(
      "SELECT room, member || ' ' || score FROM killed.board ORDER BY room, score DESC, reached_at, reached_order, member")
    for row in 0..<rows.count { best[rows.text(row, 0) ?? "", default: []].append(rows.text(row, 1) ?? "") }
    return best
  }

  private static let client = HTTPClient()

  /// Waits until a worker has ended by itself; how, and what it said.
  func end(of worker: Int) async throws -> (status: Int32, errors: String) {
    guard let process = workers[worker] else { throw DevProcess.NotStarted(description: "worker \(worker) does not run") }
    let status = await process.child.ended()
    note(worker)
    return (status, process.child.errors)
  }

  /// Waits for a fact.
  func wait(_ words: String, _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + Fleet.waitMax
    while try await !isSo() {
      try #require(ContinuousClock.now < end, "\(words): \(said)")
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// The log lines of the processes.
  var said: String {
    let running = workers.enumerated().map { "worker \($0.offset): \($0.element?.child.errors.suffix(3_000) ?? "ended")" }
    let before = ended.map { "worker \($0.worker), ended: \($0.said.suffix(1_000))" }
    return (["tables: \(tables.child.errors.suffix(2_000))"] + running + before).joined(separator: "\n")
  }

  /// Ctrl-C to all.
  func stop() async {
    for query in queries {
      let status = await Fleet.stop(query)
      #expect(status == 0, "\(query.child.errors)")
    }
    for worker in workers.indices where workers[worker] != nil {
      let status = await stop(worker)
      #expect(status == 0, "worker \(worker): \(ended.last?.said ?? "")")
    }
    let status = await Fleet.stop(tables)
    #expect(status == 0, "\(tables.child.errors)")
  }
}
