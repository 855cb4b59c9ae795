import Foundation
import HTTPClient
import Postgres
import PostgresTestKit
import Testing

/// How many connections to the database processes have at most: what README states of them.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct ConnectionBudgetTests {
  private static let pipeline =
    Notes.pipeline.replacing(
      "projections:",
      with: """
        projections:
          first: { leaderboard: id, of: note, score: count }
          second: { leaderboard: text, of: note, score: count }
        """) + "\n" + """
        slow: { sql: { sqlite: SELECT 1 AS n, postgres: "SELECT count(*) AS n FROM generate_series(1, 300000)" } }
      metrics:
        notes_now: { type: gauge, help: Notes., sql: SELECT count(*) FROM notes }

      """

  /// Of a worker without Kafka: to hear and to tell of commits, and its right to work; for the pipeline its catalogue, its generation and counts.
  private static let worker = 3 + 3
  /// Of a query process: to hear of commits; for the pipeline its catalogue, eight readers, metrics and two leaderboards.
  private static let query = 1 + 1 + 8 + 1 + 2

  /// What the server shows while somebody looks.
  private struct Sampler {
    let connection: PostgresConnection
    private var last: [[String: Set<Int64>]] = []
    /// By the name of a process, the most connections that it had. One that was just closed stays with the server for a moment: those count that are seen three times in
    /// a row.
    private(set) var most: [String: Int] = [:]

    init(_ connection: PostgresConnection) { self.connection = connection }

    mutating func sample() throws {
      var found: [String: Set<Int64>] = [:]
      let rows = try connection.run(
        "SELECT application_name, pid::bigint FROM pg_stat_activity WHERE datname = current_database()")
      for row in 0..<rows.count { found[rows.text(row, 0) ?? "", default: []].insert(rows.int64(row, 1)) }
      last = last.suffix(2) + [found]
      guard last.count == 3 else { return }
      for (name, all) in found {
        most[name] = max(most[name] ?? 0, last.reduce(all) { $0.intersection($1[name] ?? []) }.count)
      }
    }

    /// Looks again and again until something is so.
    mutating func sample(_ what: String, until isSo: (Sampler) async throws -> Bool) async throws {
      let end = ContinuousClock.now + PostgresScene.waitMax
      while try await !isSo(self) {
        try sample()
        try #require(ContinuousClock.now < end, "\(what) does not come: \(most)")
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  @Test func `a worker and a query process have as many as README states, whoever asks for what`() async throws {
    let cluster = try PostgresCluster.shared()
    let database = try cluster.makeDatabase()
    let folder = try TestFolder()
    try folder.write("notes/pipeline.yaml", Self.pipeline)
    func serve(_ roles: String, _ name: String) async throws -> DevProcess {
      try await DevProcess.serve([
        "--roles", roles, "--data", folder.file(name), "--health-port", "0", "-p", folder.file("notes"), "--read-models",
        cluster.url(database, password: PostgresCluster.password, options: "?application_name=\(name)"),
      ])
    }
    var worker = try await serve("table,worker", "worker")
    let query = try await serve("query", "query")
    try await PostgresScene.put("first", worker)
    let client = HTTPClient(connectionsMax: 64)
    let pipeline = "\(query.page)/v1/pipelines/notes"
    let asking = Task {
      await withTaskGroup(of: Void.self) { group in
        for path in Array(repeating: "queries/slow", count: 40) + [
          "leaderboards/first/top", "leaderboards/second/top", "effects",
        ] {
          group.addTask { while !Task.isCancelled { _ = try? await client.send(.init(url: "\(pipeline)/\(path)")) } }
        }
      }
    }
    var sampler = Sampler(try PostgresConnection(cluster.settings(database)))
    try await sampler.sample("as many readers as there may be") { $0.most["query"] ?? 0 >= Self.query }
    // Another generation is built by the next start, while all go on asking.
    let rebuild = try await Program.run("pipeline", "rebuild", "notes", "--server", query.page)
    #expect(rebuild.status == 0, "\(rebuild)")
    #expect(await worker.stop() == 0)
    worker = try await serve("table,worker", "worker")
    try await sampler.sample("generation 2") { sampler in
      let sql = "SELECT number FROM \"afterimage.notes\".generations WHERE state = 'current'"
      return try sampler.connection.run(sql).int64(0, 0) == 2
    }
    var left = 30
    try await sampler.sample("all samples") { _ in
      left -= 1
      return left < 0
    }
    asking.cancel()
    await asking.value
    // And one while a generation is built, and one for what an operator asks.
    #expect((Self.worker...Self.worker + 1).contains(sampler.most["worker"] ?? 0), "\(sampler.most)")
    #expect((Self.query...Self.query + 1).contains(sampler.most["query"] ?? 0), "\(sampler.most)")
    #expect(await query.stop() == 0)
    #expect(await worker.stop() == 0)
  }
}
