internal import Assembly
internal import DynamoClient
internal import DynamoModel
internal import Foundation
internal import HTTPClient
internal import Telemetry

/// The way of a write through Kafka into PostgreSQL: from its answer until an answer of a query process shows it, at a steady rate of writes.
///
/// Tables and relay, two workers, and a query process, each a node of its own with its own connections; in one process of the machine, which the brokers
/// and the database share with them. AFTERIMAGE_BENCH_READ_MODELS names the database. Measured apart: a board, which a lane folds by itself, and
/// sessions of which one of a room may live, whatever lane it is in, which the decider folds once all lanes have come so far.
enum FleetVisibleBench {
  static let rate = 1_000
  static let seconds = 35
  /// Of these seconds, the first are not counted: a broker that was just started is slow for a while.
  static let warmUp = 20
  /// Items of one write.
  private static let batch = 10
  /// Every so many-th write is waited for.
  private static let sampled = 20
  private static let rooms = 97
  private static let lookPause = Duration.milliseconds(5)
  static let yaml = """
    pipeline: visible
    tables:
      Plays: { key: { partition: player string }, partitions: 4 }
    items:
      play: { in: Plays, match: { player: "{name}" }, fields: { points: points integer, room: room, seen: seen integer } }
    projections:
      board:
        leaderboard: name
        each: play inserted, play changed(points)
        score: last(points)
      logins:
        session: play
        key: [name]
        touch: changed(seen)
        gap: 10m
        one live per: room
        columns: { touches: count }
    queries:
      ranked: { sql: "SELECT member FROM board WHERE member = :player", params: { player: string } }
      live: { sql: "SELECT name FROM logins WHERE name = :player", params: { player: string } }
    """

  static func run(_ report: inout Report) async throws {
    guard let database = ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_READ_MODELS"] else {
      return report.note("fleet-visible", "skipped: AFTERIMAGE_BENCH_READ_MODELS names no PostgreSQL database")
    }
    var measured = report
    try await withTemporaryDirectory { directory in
      guard let broker = try BenchBroker.start(in: directory) else {
        return measured.note("fleet-visible", "skipped: no Kafka. Set AFTERIMAGE_TEST_KAFKA to a bootstrap address")
      }
      defer { broker.stop() }
      try FileManager.default.createDirectory(atPath: directory + "/pipeline", withIntermediateDirectories: true)
      try yaml.write(toFile: directory + "/pipeline/pipeline.yaml", atomically: true, encoding: .utf8)
      func settings(_ name: String, _ roles: Set<NodeSettings.Role>, tables: String? = nil) -> NodeSettings {
        var settings = NodeSettings(
          roles: roles, dataDirectory: directory + "/" + name, tablePort: 0, pagePort: 0, pipelines: [directory + "/pipeline"],
          kafka: roles == [.query] ? nil : broker.bootstrap, tableEndpoint: tables, logger: .silent)
        settings.healthPort = 0
        if !roles.contains(.table) { settings.readModels = database }
        return settings
      }
      let tables = try Node(settings("tables", [.table, .relay]))
      var nodes = [tables]
      for worker in 0..<2 { nodes.append(try Node(settings("worker-\(worker)", [.worker], tables: tables.tableEndpoint))) }
      let query = try Node(settings("query", [.query]))
      nodes.append(query)
      let running = nodes.map { node in Task { try await node.run() } }
      let (board, decided) = try await measure(tables.tableEndpoint ?? "", query.pageEndpoint ?? "")
      for task in running.reversed() {
        task.cancel()
        _ = try? await task.value
      }
      for (name, delays) in [("board", board), ("decided", decided)] {
        let sorted = delays.sorted()
        guard !sorted.isEmpty else { throw BenchError("no write was seen in \(name)") }
        measured.add("fleet_visible.\(name)_p50", sorted[sorted.count / 2], "ms")
        measured.add("fleet_visible.\(name)_p99", sorted[min(sorted.count - 1, sorted.count * 99 / 100)], "ms")
      }
    }
    report = measured
  }

  /// Milliseconds from a write's answer until the board, and until the sessions, show it.
  private static func measure(_ tables: String, _ page: String) async throws -> (board: [Double], decided: [Double]) {
    let client = DynamoClient(endpoint: tables)
    let reader = HTTPClient(connectionsMax: 200)
    let (board, decided) = (VisibleBench.Delays(), VisibleBench.Delays())
    let pause = Duration.microseconds(1_000_000 * batch / rate)
    let first = ContinuousClock.now
    try await seen("live?player=first", page, reader, since: first, after: { try await write(client, ["first"], 0) })
    let begin = ContinuousClock.now
    var due = begin
    try await withThrowingTaskGroup(of: Void.self) { group in
      var round = 0
      while ContinuousClock.now < begin + .seconds(seconds) {
        let names = (0..<batch).map { "player-\(round * batch + $0)" }
        let isSampled = round % sampled == 0 && ContinuousClock.now > begin + .seconds(warmUp)
        let room = round % rooms
        group.addTask {
          try await write(client, names, room)
          guard isSampled else { return }
          let answered = ContinuousClock.now
          async let inBoard = seen("ranked?player=\(names[0])", page, reader, since: answered)
          async let isLive = seen("live?player=\(names[0])", page, reader, since: answered)
          board.add(try await inBoard)
          decided.add(try await isLive)
        }
        round += 1
        due += pause
        try await Task.sleep(until: due, clock: .continuous)
      }
      try await group.waitForAll()
    }
    return (board.all, decided.all)
  }

  /// Asks a query until it has a row; milliseconds since `start`.
  @discardableResult private static func seen(
    _ query: String, _ page: String, _ reader: HTTPClient, since start: ContinuousClock.Instant,
    after: () async throws -> Void = {}
  ) async throws -> Double {
    try await after()
    while ContinuousClock.now < start + .seconds(30) {
      if let answer = try? await reader.send(.init(url: "\(page)/v1/pipelines/visible/queries/\(query)")), answer.status == 200 {
        let text = String(decoding: answer.body, as: UTF8.self)
        if !text.contains("\"rows\":[]") { return Double((ContinuousClock.now - start) / .microseconds(1)) / 1000 }
      }
      try await Task.sleep(for: lookPause)
    }
    throw BenchError("a write was not seen within 30 s: \(query)")
  }

  private static func write(_ client: DynamoClient, _ names: [String], _ room: Int) async throws {
    try await client.put(
      names.enumerated().map { number, name in
        [
          "player": .string(name), "points": .number(Number(Int64(number))), "seen": .number(Number(1)),
          "room": .string("room-\(room)"),
        ]
      }, into: "Plays")
  }
}
