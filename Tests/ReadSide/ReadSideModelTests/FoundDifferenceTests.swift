import DynamoModel
import PipelineFiles
import Pipelines
import ReadModels
import SQLite
import Testing
import Workers

/// Differences that the random test found in the engine, each in its smallest form.
@Suite struct FoundDifferenceTests {
  /// In one go, and with a checkpoint and a restart after each record while the history is made.
  static let ways = [Way(), Way(batchRecords: 1, restartEvery: 1, isLive: true)]

  /// What a statement answers after the steps, one text for each way.
  private func answers(_ projection: String, _ steps: [HistoryStep], _ sql: String, partitions: Int = 1) async throws -> [String]
  {
    let text = """
      pipeline: found
      tables: { Tab: { key: { partition: PK string, sort: SK string } } }
      items: { play: { in: Tab, match: { PK: "{who}", SK: "{what}" }, fields: { n: N integer optional, u: U timestamp(seconds) optional, g: G optional, e: explode(L) optional } } }
      projections:
        plays: { collection: play, key: [who, what] }
        made: { \(projection) }
      \(projection.contains(" of ") ? "effects: { past: { each: made closed, delete: { rows: plays, where: who = :day } } }" : "")

      """
    let pipeline = try PipelineLoader.load(text: Array(text.utf8), file: "pipeline.yaml")
    let scene = try Scene(pipeline, start: 1_767_261_600_000, partitions: partitions)
    var runs = try Self.ways.map { ($0, try scene.replay($0)) }
    for step in steps {
      try await scene.perform(step)
      try await scene.settle()
      for index in runs.indices where runs[index].0.isLive { try await runs[index].1.replay.catchUp() }
    }
    var answers: [String] = []
    for index in runs.indices {
      try await runs[index].1.replay.catchUp()
      let select = try Connection(path: runs[index].1.model.path, options: .readOnly).prepare(sql)
      var rows: [String] = []
      while try select.step() { rows.append((0..<select.columnCount).map { select.text($0) ?? "null" }.joined(separator: " ")) }
      answers.append(rows.joined(separator: "\n"))
    }
    return answers
  }

  private func play(_ who: String, _ what: String = "1", _ rest: Item = Item()) -> HistoryStep {
    var item: Item = ["PK": .string(who), "SK": .string(what)]
    for entry in rest.entries { item[entry.name] = entry.value }
    return .put(table: "Tab", item)
  }

  private func number(_ value: Int64) -> AttributeValue { .number(Number(value)) }

  @Test(arguments: ["of: play", "each: play inserted"])
  func `a score that only zeros made was reached when it came`(over: String) async throws {
    let steps = [.advance(1_000), play("ana", "1", ["N": number(0)]), .advance(1_000)]
    let answers = try await answers(
      "leaderboard: who, \(over), score: sum(n)", steps, "SELECT member, score, reached_at, reached_order = _order FROM made")
    #expect(answers == Array(repeating: "ana 0 2026-01-01T10:00:01.000000Z 1", count: 2))
  }

  @Test func `more zeros do not move when a score of zeros was reached`() async throws {
    let steps = [play("ana", "1", ["N": number(0)]), .advance(1_000), play("ana", "2", ["N": number(0)]), .advance(1_000)]
    let answers = try await answers(
      "leaderboard: who, each: play inserted, score: sum(n)", steps, "SELECT reached_at, _at FROM made")
    #expect(answers == Array(repeating: "2026-01-01T10:00:00.000000Z 2026-01-01T10:00:01.000000Z", count: 2))
  }

  @Test func `a board that is made after its end closes at its first change, however late that is seen`() async throws {
    let steps = [play("ana", "1", ["U": number(0)]), .advance(60_000), play("ben", "1", ["U": number(0)]), .advance(1_000)]
    let answers = try await answers(
      "leaderboard: who, of: play, board: [day of u], score: count", steps,
      "SELECT strftime('%H:%M:%S', at / 1000000, 'unixepoch') FROM _outbox", partitions: 4)
    #expect(answers == ["10:00:00", "10:00:00"])
  }

  @Test func `what is in a board that is made after its end is there when it closes`() async throws {
    // The rows of `plays` are those of the instant of the board's first change: the effect is to find them.
    let steps = [play("ana", "1", ["U": number(0)]), play("ben", "1", ["U": number(0)]), .advance(1_000)]
    let answers = try await answers(
      "leaderboard: who, of: play, board: [day of u], score: count", steps,
      "SELECT change_order = 9223372036854775807, count(*) FROM _outbox", partitions: 4)
    #expect(answers == ["1 1", "1 1"])
  }

  @Test(arguments: [("g", 4), ("who", 4)])
  func `a deadline that is past when it comes ends the session after the changes of its instant, in lane and decider`(
    group: String, partitions: Int
  ) async throws {
    let steps = [
      play("ana", "1", ["U": number(1_000_000), "G": .string("a"), "N": number(1)]),
      play("ana", "1", ["U": number(1_000_000), "G": .string("a"), "N": number(2)]), .advance(1),
    ]
    let answers = try await answers(
      "session: play, key: [who, what], touch: changed(n), deadline: u, one live per: \(group), columns: { c: count }", steps,
      "SELECT c, status, ended_by, ended_at FROM made", partitions: partitions)
    #expect(answers == Array(repeating: "2 expired deadline 2026-01-01T10:00:00.000000Z", count: 2))
  }

  @Test func `a replay stops where a table was deleted, even when nothing came before`() async throws {
    let text = """
      pipeline: found
      tables: { Tab: { key: { partition: PK string } } }
      items: { play: { in: Tab, match: { PK: "{who}" } } }
      projections: { plays: { collection: play, key: [who] } }

      """
    let pipeline = try PipelineLoader.load(text: Array(text.utf8), file: "pipeline.yaml")
    let scene = try Scene(pipeline, start: 1_767_261_600_000, partitions: 1)
    var replay = try scene.replay(Way()).replay
    try await replay.catchUp()
    try await scene.perform(.recreate(table: "Tab"))
    await #expect(throws: ReplayStopped.self) { try await replay.catchUp() }
  }

  @Test func `the last of a list's elements is the last of its change`() async throws {
    let list = AttributeValue.list([.string("a"), .string("c"), .string("b")])
    let answers = try await answers(
      "aggregate: [who], each: play inserted, columns: { f: first(e), l: last(e) }", [play("ana", "1", ["L": list])],
      "SELECT f, l FROM made")
    #expect(answers == ["a b", "a b"])
  }

  @Test func `a session whose sum does not fit keeps its row when nothing can correct it any more`() async throws {
    let big = number(Int64.max)
    let time = number(1_767_261_600)
    let steps = [
      play("ana", "1", ["N": big, "U": time]), play("ana", "2", ["N": big, "U": time]), .advance(7_200_000),
      play("ben", "1", ["U": time]), .advance(1_000),
    ]
    let answers = try await answers(
      "sessions: who, touch: play inserted, time: u, lateness: 10m, gap: 30m, columns: { total: sum(n), c: count }", steps,
      "SELECT who, total, c, status FROM made WHERE who = 'ana'")
    #expect(answers == Array(repeating: "ana null 2 expired", count: 2))
  }
}
