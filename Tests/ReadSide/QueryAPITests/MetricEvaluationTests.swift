import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import Services
import Synchronization
import Telemetry
import Testing

@testable import QueryAPI

/// Metrics over SQLite files that change.
@Suite(.timeLimit(.minutes(2))) struct MetricEvaluationTests {
  static let yaml = """
    pipeline: scene
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional, points: Points integer } }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, points] }
    metrics:
      plays_now: { type: gauge, help: Plays., sql: SELECT count(*) FROM plays }
      room_points: { type: gauge, help: Points., labels: [room], sql: "SELECT room, sum(points) AS value FROM plays GROUP BY room ORDER BY room" }
      wrong_now: { type: gauge, help: Wrong., sql: "SELECT CASE WHEN count(*) > 1 THEN 'two' ELSE 1 END FROM plays" }
      slow_now: { type: gauge, help: Slow., sql: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE (SELECT count(*) FROM plays) > 2) SELECT count(*) FROM n" }

    """

  /// Log lines.
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  /// What a scrape answers now.
  private static func text(_ board: MetricBoard) -> String {
    var families = MetricFamilies()
    board.write(to: &families)
    return families.text
  }

  @Test func `values follow commits, a fault of one is nothing to the others, and a scrape never waits`() async throws {
    let scene = try FileScene(Self.yaml)
    let board = MetricBoard()
    let lines = Lines()
    let logger = Logger { lines.add($0) }
    let evaluation = MetricEvaluation(
      views: [scene.view()], changed: scene.changed, board: board, parts: [.pipelines], logger: logger,
      interval: .milliseconds(20))
    let service = Task { try await evaluation.run() }
    try scene.play("ana", 1, room: "a", points: 5)
    try await see("the first values") {
      let text = Self.text(board)
      return text.contains("plays_now{pipeline=\"scene\"} 1\n") && text.contains("room_points{pipeline=\"scene\",room=\"a\"} 5\n")
        && text.contains("wrong_now{pipeline=\"scene\"} 1\n")
    }
    try scene.play("ben", 1, room: "b", points: 7)
    try await see("the second values, and the old one of the metric that is wrong") {
      let text = Self.text(board)
      return text.contains("plays_now{pipeline=\"scene\"} 2\n") && text.contains("room_points{pipeline=\"scene\",room=\"b\"} 7\n")
        && text.contains("wrong_now{pipeline=\"scene\"} 1\n")
        && !text.contains("failures_total{pipeline=\"scene\",metric=\"wrong_now\"} 0\n")
    }
    #expect(Self.text(board).contains("failures_total{pipeline=\"scene\",metric=\"plays_now\"} 0\n"))
    @Sendable func told(_ words: String...) -> Int { lines.all.count { line in words.allSatisfy { line.contains($0) } } }
    try await see("the fault is reported") { told("metric=wrong_now", "not a number") > 0 }
    #expect(told("metric=wrong_now", "not a number") == 1)
    // A generation that takes the place of another is looked at, and SQL that does not end is ended.
    try scene.rebuild()
    try scene.play("cyd", 1, room: "b", points: 1)
    try await see("the slow metric has failed, and the others go on") {
      let text = Self.text(board)
      return text.contains("plays_now{pipeline=\"scene\"} 3\n") && text.contains("slow_now{pipeline=\"scene\"} 1\n")
        && !text.contains("failures_total{pipeline=\"scene\",metric=\"slow_now\"} 0\n")
    }
    try await see("the slow one is reported") { told("metric=slow_now", "took longer than") > 0 }
    #expect(told("metric=wrong_now", "not a number") == 1)
    service.cancel()
    try await service.value
  }

  @Test func `nothing is evaluated again while nothing was committed`() async throws {
    let scene = try FileScene(
      Self.yaml.split(separator: "\n").filter { !$0.contains("wrong_now") && !$0.contains("slow_now") }.joined(separator: "\n")
        + "\n")
    let view = scene.view()
    try scene.play("ana", 1, points: 5)
    var schedule = MetricSchedule()
    func look() async throws -> PipelineView.EvaluatedMetrics {
      let schedule = schedule
      return try await view.evaluateMetrics([.pipelines], if: { schedule.isDue($0) })
    }
    let first = try await look()
    #expect(first.results?.count == 2)
    schedule.looked(.evaluated(first.state, isWhole: true), from: .now, to: .now)
    #expect(try await look().results == nil)
    try scene.play("ben", 1, points: 5)
    let second = try await look()
    #expect(second.results?.count == 2 && second.state != first.state)
    await view.close()
  }

  @Test func `a pipeline without metrics opens nothing`() async throws {
    let scene = try Scene()
    let opened = Atomic(0)
    let models = scene.models
    let (pipeline, generation) = (scene.pipeline, scene.current.withLock { $0 })
    let view = PipelineView(
      name: "scene", changed: scene.changed, current: { generation }, known: { generation }, definition: { nil },
      load: { _ in pipeline },
      opening: {
        opened.add(1, ordering: .relaxed)
        return try models.reader($0, $1)
      })
    #expect(try await view.evaluateMetrics([.pipelines], if: { _ in true }).results?.count == 0)
    #expect(opened.load(ordering: .relaxed) == 0)
  }

  @Test func `a process with lanes counts dead letters and effects, those that are none as 0`() async throws {
    let scene = try FileScene(
      Self.yaml + "effects: { gone: { each: play removed, delete: { rows: plays, where: name = :name } } }\n")
    try scene.play("ana", 1, points: 5)
    try scene.write { $0.put(["PK": .string("U:ana"), "SK": .string("2"), "Points": .string("many")]) }
    let view = scene.view()
    let found = try await view.evaluateMetrics([.counts], if: { _ in true })
    #expect(found.results?.count == 0)
    let board = MetricBoard()
    board.set("scene", try #require(found.counts))
    let text = Self.text(board)
    #expect(text.contains("afterimage_dead_letters{pipeline=\"scene\",projection=\"plays\"} 1\n"))
    #expect(text.contains("afterimage_effects{pipeline=\"scene\",effect=\"gone\",state=\"pending\"} 0\n"))
    #expect(text.contains("afterimage_effects{pipeline=\"scene\",effect=\"gone\",state=\"failed\"} 0\n"))
    await view.close()
  }
}
