internal import Assembly
internal import ChangeRecords
internal import DynamoModel
internal import Foundation
#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif
internal import HTTPServer
internal import PipelineFiles
internal import Pipelines
internal import Services
internal import TableStore
internal import Telemetry

/// Ranks of a board over HTTP by wrk on the same cores: one a request, beside an empty answer of the same server to the same requests, and a thousand a
/// request.
enum RankHTTPBench {
  static let members = 100_000
  static let seconds = 4
  static let batch = 1_000

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      try FileManager.default.createDirectory(atPath: directory + "/pipeline", withIntermediateDirectories: true)
      try VisibleBench.yaml.write(toFile: directory + "/pipeline/pipeline.yaml", atomically: true, encoding: .utf8)
      try await fill(directory + "/data/tables")
      let node = try Node(
        NodeSettings(
          dataDirectory: directory + "/data", tablePort: 0, pagePort: 0, pipelines: [directory + "/pipeline"], logger: .silent))
      let running = Task { try await node.run() }
      let page = node.pageEndpoint ?? ""
      guard let port = page.split(separator: ":").last.flatMap({ UInt16($0) }) else { throw BenchError("no port: \(page)") }
      let watch = Stopwatch()
      while try await count(page) < members {
        guard watch.seconds < 60 else { throw BenchError("the board is not whole after a minute") }
        try await Task.sleep(for: .milliseconds(50))
      }
      let path = "/v1/pipelines/visible/leaderboards/board/rank"
      // The same requests to both: what it costs to make them is in both.
      let requests = """
        math.randomseed(os.time())
        request = function() return wrk.format("GET", "\(path)?member=player-" .. math.random(0, \(members - 1))) end
        """
      let empty = try HTTPServer.serving { _, responder in responder.answer(.text(200, "")) }
      let bare = try Load { try Wrk.run(requests, connections: 32, port: empty.port, in: directory, seconds: seconds).rate }
      let fixed = try Wrk.run("", connections: 32, port: empty.port, in: directory, seconds: seconds).rate
      empty.stop()
      let single = try Load { try Wrk.run(requests, connections: 32, port: port, in: directory, seconds: seconds).rate }
      let many = try Wrk.run(
        """
        math.randomseed(os.time())
        wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
        bodies = {}
        for number = 1, 64 do
          local parts = {}
          for place = 1, \(batch) do parts[place] = "member=player-" .. math.random(0, \(members - 1)) end
          bodies[number] = table.concat(parts, "&")
        end
        request = function() return wrk.format("POST", "\(path)s", nil, bodies[math.random(1, 64)]) end
        """, connections: 8, port: port, in: directory, seconds: seconds
      ).rate
      measured.add("rank_http.empty_per_second", bare.perSecond, "requests/s")
      measured.add("rank_http.empty_of_one_path_per_second", fixed, "requests/s")
      measured.add("rank_http.single_per_second", single.perSecond, "requests/s")
      measured.add("rank_http.single_of_empty", single.perSecond / bare.perSecond, "ratio")
      measured.add("rank_http.single_of_empty_per_cpu_second", single.perCPUSecond / bare.perCPUSecond, "ratio")
      measured.add("rank_http.batch_ranks_per_second", many * Double(batch), "ranks/s")
      running.cancel()
      _ = try? await running.value
    }
    report = measured
  }

  /// Requests a second, and a second of processor time of the server and of wrk together: for a machine that has other work.
  private struct Load {
    let perSecond: Double
    let perCPUSecond: Double

    init(_ wrk: () throws -> Double) throws {
      let (watch, children) = (Stopwatch(), Stopwatch.childrenCPU)
      perSecond = try wrk()
      perCPUSecond = perSecond * Double(RankHTTPBench.seconds) / (watch.cpuSeconds + Stopwatch.childrenCPU - children)
    }
  }

  private static func fill(_ path: String) async throws {
    let pipeline = try PipelineLoader.load(text: Array(VisibleBench.yaml.utf8), file: "pipeline.yaml")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let store = try TableStore(path: path)
    defer { store.close() }
    _ = try store.createTable(pipeline.tables[0].definition)
    for start in stride(from: 0, to: members, by: 1_000) {
      let actions = (start..<start + 1_000).map { number in
        let item: Item = [
          "player": .string("player-\(number)"), "points": .number(Number(Int64(number &* 7_919 % 1_000_003))),
        ]
        return WriteAction(table: "Plays", key: ["player": item["player"] ?? .null], needsCurrent: false) { _ in .put(item) }
      }
      _ = try await store.write(WriteTransaction(actions: actions))
    }
  }

  private static func count(_ page: String) async throws -> Int {
    guard let url = URL(string: "\(page)/v1/pipelines/visible/leaderboards/board/count") else { return 0 }
    let (data, _) = try await URLSession.shared.data(from: url)
    let answer = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    return answer?["count"] as? Int ?? 0
  }
}
