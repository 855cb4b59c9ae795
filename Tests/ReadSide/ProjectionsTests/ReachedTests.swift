import ChangeRecords
import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// When a member reached its score: `changed` moves with what a change gives net, and an entry keeps the stamp of the change that brought it.
@Suite struct ReachedTests {
  static let yaml = """
    pipeline: reached
    tables: { Tab: { key: { partition: PK string } } }
    items:
      play: { in: Tab, match: { PK: "{name}" }, fields: { who: explode(Who), points: Points integer, note: Note optional } }
    projections:
      counted: { leaderboard: who, of: play, score: count }
      summed: { leaderboard: who, of: play, score: sum(points) }
      greatest: { leaderboard: who, of: play, score: max(points) }
      last: { leaderboard: who, each: [play inserted, play changed], score: last(points) }

    """

  private func item(_ name: String, _ who: [String], _ points: Int64, note: String = "") -> Item {
    ["PK": .string(name), "Who": .list(who.map { .string($0) }), "Points": .number(Number(points)), "Note": .string(note)]
  }

  /// What the board shows of `w`: the score, and the milliseconds since the start when it was reached. The lane commits every `every`
  /// records.
  private func reached(_ name: String, _ history: TestHistory, every: Int) throws -> [String] {
    let pipeline = history.pipeline
    let id = try #require(pipeline.projection(named: name))
    guard case .leaderboard(let board) = pipeline.projections[id].kind else { return [] }
    let plan = GroupPlan(board)
    var state = GroupState(plan)
    var values = MemoryValues()
    var engine = engine(pipeline)
    while engine.sequence < SequenceNumber(history.entries[0][0].count) {
      try engine.apply(history.batch(0, 0, after: engine.sequence, limit: every))
      guard let deltas = engine.takeChanges().groups[id], let slot = deltas.slot(of: Value.ordered([.string("w")])) else {
        continue
      }
      try state.merge(deltas, slot, plan, values: &values)
    }
    let shown = try state.shown(plan, &values)
    return shown.values.map(\.description) + ["\(shown.reached.time.milliseconds - TestHistory.start.rawValue)"]
  }

  private func expect(_ name: String, _ history: TestHistory, _ expected: [String]) throws {
    for every in [1, 2, 3, 100] {
      #expect(try reached(name, history, every: every) == expected, "\(name), a checkpoint every \(every)")
    }
  }

  @Test func `a change that gives and takes the same moves nothing`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 5))
    history.time += 10
    history.put(item("b", ["w", "w"], 2))
    history.time += 10
    history.put(item("a", ["w"], 5, note: "another"))
    history.time += 10
    history.put(item("b", ["v", "w", "w"], 2))
    for (name, score) in [("counted", "3"), ("summed", "9")] { try expect(name, history, [score, "10"]) }
    try expect("greatest", history, ["5", "0"])
    // Of one member less another, and back.
    history.time += 10
    history.put(item("b", ["w"], 2))
    try expect("counted", history, ["2", "40"])
    try expect("summed", history, ["7", "40"])
    history.time += 10
    history.put(item("a", ["w"], 6))
    try expect("counted", history, ["2", "40"])
    try expect("summed", history, ["8", "50"])
    try expect("greatest", history, ["6", "50"])
  }

  @Test func `a list that gives a member less of the same keeps when it was reached`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w", "w", "w"], 5))
    history.time += 10
    history.put(item("a", ["w"], 5))
    try expect("greatest", history, ["5", "0"])
    try expect("counted", history, ["1", "10"])
  }

  @Test func `a score that was nothing from the beginning was reached by the last change`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 0))
    try expect("summed", history, ["0", "0"])
    history.time += 10
    history.put(item("b", ["w"], 0))
    try expect("summed", history, ["0", "10"])
    history.time += 10
    history.put(item("b", ["w"], 3))
    history.time += 10
    history.put(item("c", ["w"], 0))
    try expect("summed", history, ["3", "20"])
  }

  @Test func `the last score holds since the first of the changes that gave it without another`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    for points: Int64 in [5, 7, 7, 5, 5, 5] {
      history.put(item("a\(history.order)", ["w"], points))
      history.time += 10
    }
    for every in [1, 2, 4, 100] {
      #expect(try reached("last", history, every: every) == ["5", "30"], "a checkpoint every \(every)")
    }
  }
}
