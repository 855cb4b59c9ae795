internal import Assembly
internal import DynamoClient
internal import DynamoModel
internal import Foundation
#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif
internal import Synchronization
internal import Telemetry

/// From the answer to a write until a rank read over HTTP shows it, at a steady rate of writes.
enum VisibleBench {
  static let seconds = 6
  /// Of these seconds, the first: connections are made and the boards loaded. Not counted.
  static let warmUp = 1
  static let samplesPerSecond = 50
  static let yaml = """
    pipeline: visible
    tables:
      Plays: { key: { partition: player string } }
    items:
      play: { in: Plays, match: { player: "{name}" }, fields: { points: points integer } }
    projections:
      board:
        leaderboard: name
        each: play inserted, play changed(points)
        score: last(points)
    """

  static func run(_ report: inout Report) async throws {
    for rate in [1_000, 5_000, 10_000] {
      var measured = report
      try await withTemporaryDirectory { directory in
        try FileManager.default.createDirectory(atPath: directory + "/pipeline", withIntermediateDirectories: true)
        try yaml.write(toFile: directory + "/pipeline/pipeline.yaml", atomically: true, encoding: .utf8)
        let node = try Node(
          NodeSettings(
            dataDirectory: directory + "/data", tablePort: 0, pagePort: 0, pipelines: [directory + "/pipeline"], logger: .silent))
        let running = Task { try await node.run() }
        let delays = try await measure(node, rate)
        running.cancel()
        _ = try? await running.value
        let sorted = delays.sorted()
        guard !sorted.isEmpty else { throw BenchError("no write was seen") }
        measured.add("visible.p50_at_\(rate)", sorted[sorted.count / 2], "ms")
        measured.add("visible.p99_at_\(rate)", sorted[min(sorted.count - 1, sorted.count * 99 / 100)], "ms")
      }
      report = measured
    }
  }

  /// Milliseconds from a write's answer to the rank that shows it, for a sample of the writes.
  private static func measure(_ node: Node, _ rate: Int) async throws -> [Double] {
    let client = DynamoClient(endpoint: node.tableEndpoint ?? "")
    let page = node.pageEndpoint ?? ""
    let delays = Delays()
    let batch = 25
    let pause = Duration.microseconds(1_000_000 * batch / rate)
    let begin = ContinuousClock.now
    var due = begin
    let end = due + .seconds(seconds)
    try await withThrowingTaskGroup(of: Void.self) { group in
      var round = 0
      while ContinuousClock.now < end {
        let first = round * batch
        let isSampled = round % max(1, rate / batch / samplesPerSecond) == 0 && ContinuousClock.now > begin + .seconds(warmUp)
        group.addTask {
          let position = try await write(client, first, batch)
          guard isSampled, let position else { return }
          let answered = ContinuousClock.now
          guard
            let url = URL(
              string: "\(page)/v1/pipelines/visible/leaderboards/board/rank?member=player-\(first)&at_least=\(position)")
          else { return }
          _ = try await URLSession.shared.data(from: url)
          let delay = Double((ContinuousClock.now - answered) / .microseconds(1)) / 1000
          delays.add(delay)
        }
        round += 1
        due += pause
        try await Task.sleep(until: due, clock: .continuous)
      }
      try await group.waitForAll()
    }
    return delays.all
  }

  final class Delays: Sendable {
    private let values = Mutex<[Double]>([])
    func add(_ delay: Double) { values.withLock { $0.append(delay) } }
    var all: [Double] { values.withLock { $0 } }
  }

  private static func write(_ client: DynamoClient, _ first: Int, _ count: Int) async throws -> String? {
    let answer = try await client.put(
      (first..<(first + count)).map { ["player": .string("player-\($0)"), "points": .number(Number(Int64($0 % 9973)))] },
      into: "Plays")
    return answer.headers["x-afterimage-position"]?.split(separator: ",").last.map(String.init)
  }
}
