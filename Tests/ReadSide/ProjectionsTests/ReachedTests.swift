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
      play: { in: Tab, match: { PK: "{name}" }, fields: { who: explode(Who), points: Points integer, note: Note optional,
        length: Length integer optional } }
    projections:
      counted: { leaderboard: who, of: play, score: count }
      summed: { leaderboard: who, of: play, score: sum(points) }
      greatest: { leaderboard: who, of: play, score: max(points) }
      last: { leaderboard: who, each: [play inserted, play changed], score: last(points) }
      held: { leaderboard: who, of: play, score: max(points), columns: { n: count, notes: distinct(note), long: avg(length) } }
      held_sum: { leaderboard: who, of: play, score: sum(points), columns: { notes: distinct(note) } }
      listed: { leaderboard: who, of: play, score: [sum(points), min(length) asc] }
      mean: { leaderboard: who, of: play, score: avg(points) }
      notes: { leaderboard: who, each: [play inserted, play changed], score: distinct(note) }
      different: { leaderboard: who, of: play, score: distinct(note), ties: dense, columns: { most: max(length) } }

    """

  private func item(_ name: String, _ who: [String], _ points: Int64, note: String = "", length: Int64? = nil) -> Item {
    var item: Item = [
      "PK": .string(name), "Who": .list(who.map { .string($0) }), "Points": .number(Number(points)), "Note": .string(note),
    ]
    if let length { item["Length"] = .number(Number(length)) }
    return item
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

  @Test func `an item that comes under another rule and gives the same moves nothing`() throws {
    var history = TestHistory(
      try pipeline(
        """
        pipeline: rules
        tables: { Tab: { key: { partition: PK string } } }
        items:
          a: { in: Tab, match: { PK: "{name}" }, fields: { who: explode(Who), points: Points integer }, when: Note = 'a' }
          b: { in: Tab, match: { PK: "{name}" }, fields: { who: explode(Who), points: Points integer } }
        projections:
          counted: { leaderboard: who, of: [a, b], score: count }
          greatest: { leaderboard: who, of: [a, b], score: max(points) }

        """))
    history.put(item("a", ["w"], 5, note: "a"))
    history.time += 10
    history.put(item("a", ["w"], 5, note: "b"))
    for (name, score) in [("counted", "1"), ("greatest", "5")] { try expect(name, history, [score, "0"]) }
  }

  @Test func `a list that gives a member more of the same keeps when it was reached`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 5))
    history.time += 10
    history.put(item("a", ["w", "w"], 5))
    try expect("greatest", history, ["5", "0"])
    try expect("counted", history, ["2", "10"])
  }

  @Test func `a change of what columns alone hold moves no score`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 5, note: "x", length: 4))
    history.time += 10
    history.put(item("b", ["w"], 5, note: "y"))
    history.time += 10
    history.put(item("a", ["w"], 5, note: "y", length: 5))
    try expect("held", history, ["5", "2", "1", "5", "0"])
    try expect("held_sum", history, ["10", "1", "10"])
    // The one that reached it first gives it back; the other has had it since 10.
    history.time += 10
    history.put(item("a", ["w"], 4, note: "y", length: 6))
    try expect("held", history, ["5", "2", "1", "6", "10"])
    history.time += 10
    history.put(item("c", ["w"], 0, note: "z", length: 7))
    try expect("held", history, ["5", "3", "2", "6.5", "10"])
    try expect("held_sum", history, ["9", "2", "30"])
  }

  @Test func `a sum of zeros over items keeps when its scores were last given anything`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 0, note: "x"))
    history.time += 10
    history.put(item("a", ["w"], 0, note: "y"))
    try expect("held_sum", history, ["0", "1", "0"])
    history.time += 10
    history.put(item("b", ["w"], 0, note: "y"))
    try expect("held_sum", history, ["0", "1", "20"])
  }

  @Test func `a list of scores was reached when the last of them was`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 5))
    // A part of no values: no place on the board.
    try expect("listed", history, ["5", "null", "0"])
    history.time += 10
    history.put(item("b", ["w"], 0, length: 9))
    try expect("listed", history, ["5", "9", "10"])
    history.time += 10
    history.put(item("c", ["w"], 0, length: 10))
    try expect("listed", history, ["5", "9", "10"])
    history.time += 10
    history.put(item("d", ["w"], 1, length: 12))
    try expect("listed", history, ["6", "9", "30"])
    history.time += 10
    history.put(item("e", ["w"], 0, length: 8))
    try expect("listed", history, ["6", "8", "40"])
    history.time += 10
    history.put(item("f", ["w"], 1, length: 20))
    try expect("listed", history, ["7", "8", "50"])
  }

  @Test func `a mean moves with every value that comes or goes, zeros too`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    history.put(item("a", ["w"], 5))
    history.time += 10
    history.put(item("b", ["w"], 0, note: "x"))
    try expect("mean", history, ["2.5", "10"])
    history.time += 10
    history.put(item("b", ["w"], 0, note: "y"))
    try expect("mean", history, ["2.5", "10"])
    history.time += 10
    history.put(item("c", ["w", "w"], 1))
    try expect("mean", history, ["1.75", "30"])
    history.time += 10
    history.put(item("c", ["w"], 3))
    let mean = "2.\(String(repeating: "6", count: 36))7"
    try expect("mean", history, [mean, "40"])
  }

  @Test func `different values were reached when the newest of them came`() throws {
    var history = TestHistory(try pipeline(Self.yaml))
    for note in ["x", "y", "x", "z", "y"] {
      history.put(item("a", ["w"], history.order == 0 ? 1 : 2, note: note))
      history.time += 10
    }
    try expect("notes", history, ["3", "30"])
    try expect("different", history, ["1", "null", "40"])
    history.put(item("a", ["w"], 2, note: "y", length: 3))
    try expect("different", history, ["1", "3", "40"])
    // More values than a state holds.
    for number in 0..<60 {
      history.time += 1
      history.put(item("a", ["w"], 2, note: "\(number % 40)"))
    }
    try expect("notes", history, ["43", "90"])
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
