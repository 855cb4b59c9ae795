import DynamoModel
import LiteralTestKit
import PipelineFiles
import Pipelines
import Testing

@Suite struct ScenarioTests {
  static func load(_ text: String) throws -> [Scenario] {
    let pipeline = try PipelineLoader.load(text: Array(FindingsTests.base.utf8), file: "p.yaml")
    return try ScenarioLoader.load(text: Array(text.utf8), file: "tests/a.yaml", of: pipeline)
  }

  @Test func `writes take the types of the table and of YAML`() throws {
    let scenario = try Self.load(
      """
      test: a
      steps:
        - at: 2026-01-01T00:00:00Z
          put: { Shop: { PK: 5, SK: "Order:1", n: 5, s: "5", b: true, z: ~, l: [1, x], m: { k: v }, set: { $ss: [b, a] }, raw: { $b: AAE= } } }
          update: { Shop: { key: { PK: 5, SK: x }, set: { n: 6 }, remove: [s] } }
        - advance: 1h30m
          delete: { Shop: { PK: a, SK: b } }
          batch: [{ put: { Shop: { PK: a, SK: b } } }, { delete: { Shop: { PK: a, SK: c } } }]
      """)[0]
    #expect(scenario.steps[1].time - scenario.steps[0].time == 5_400_000_000)
    guard case .put(0, let item) = scenario.steps[0].writes[0] else {
      Issue.record("no put")
      return
    }
    #expect(
      item == [
        "PK": .string("5"), "SK": .string("Order:1"), "n": .number(Number(5)), "s": .string("5"), "b": .bool(true), "z": .null,
        "l": .list([.number(Number(1)), .string("x")]), "m": .map(["k": .string("v")]), "set": .stringSet(["a", "b"]),
        "raw": .binary([0, 1]),
      ])
    #expect(scenario.steps[0].writes.count == 2)
    #expect(scenario.steps[1].writes.count == 2)
  }

  @Test func `a member of a map is no key attribute, whatever its name`() throws {
    let scenario = try Self.load(
      "test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, put: { Shop: { PK: a, SK: b, m: { PK: 5, l: [{ SK: 6 }] } } } }]")[0]
    guard case .put(0, let item) = scenario.steps[0].writes[0] else {
      Issue.record("no put")
      return
    }
    #expect(item["m"] == .map(["PK": .number(Number(5)), "l": .list([.map(["SK": .number(Number(6))])])]))
  }

  /// Each is refused where it stands, as a table refuses it.
  @Test(arguments: [
    ("{ $ss: [] }", "42: `$ss` takes a list of texts: one at least, each once"),
    ("{ $ss: [a, b, a] }", "42: `$ss` takes a list of texts: one at least, each once"),
    ("{ $ss: [[a]] }", "42: `$ss` takes a list of texts: one at least, each once"),
    ("{ $ns: [1, a] }", "42: `$ns` takes a list of numbers: one at least, each once"),
    ("{ $ns: [1, 1.0] }", "42: `$ns` takes a list of numbers: one at least, each once"),
    ("{ $b: '!' }", "41: `$b` takes bytes in base64"), ("{ $b: [AA==, AA==] }", "41: `$b` takes bytes in base64"),
    ("{ $bs: [AA==] }", "37: `$bs` is not known: there are `$ss`, `$ns` and `$b` (base64)"),
  ])
  func `what a table would refuse is refused`(value: String, message: String) {
    let text = "test: a\nsteps:\n- at: 2026-01-01T00:00:00Z\n  put: { Shop: { PK: a, SK: b, x: \(value) } }"
    #expect {
      try Self.load(text)
    } throws: { error in
      #expect("\(error)".contains("tests/a.yaml:4:\(message)"), "\(error)")
      return true
    }
  }

  @Test(arguments: [
    ("test: a\nsteps: [{ advance: 1s }]", "the first step has to set the clock"),
    ("test: a\nsteps: [{ at: 1969-12-31T23:59:59.999Z }]", "the clock of a table begins with 1970"),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00 }]", "is not a timestamp with a zone"),
    ("test: a\nsteps: [{ at: 2026-01-02T00:00:00Z }, { at: 2026-01-01T00:00:00Z }]", "the clock does not go back"),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, put: { Shoop: {} } }]", "there is no table `Shoop`; did you mean `Shop`?"),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, put: { Shop: { PK: a } } }]", "the item needs its key attribute `SK`"),
    (
      "test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, expect: { visit: [] } }]",
      "there is no projection `visit`; did you mean `visits`?"
    ),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, expect: { visits: [{ state: a }] } }]", "`visits` has no column `state`"),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, expect: { visits: [{ orders: many }] } }]", "`many` is not a number"),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, query: { name: latest, rows: [] } }]", "parameter `customer` is missing"),
    (
      "test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, query: { name: latest, params: { customer: a, lmit: 1 }, rows: [] } }]",
      "no parameter `lmit`; did you mean `limit`?"
    ),
    (
      "test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, query: { name: latest, params: { customer: a }, rows: [{ numbr: 1 }] } }]",
      "answers no column `numbr`; did you mean `number`?"
    ),
    (
      "test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, board: { of: spenders, top: [] } }]",
      "a board of `spenders` is named by 1 values"
    ),
    ("test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, expct: {} }]", "a step has no key `expct`; did you mean `expect`?"),
    (
      "test: a\nsteps: [{ at: 2026-01-01T00:00:00Z, import: { Shop: none.jsonl } }]",
      "there is no file `none.jsonl` beside the test"
    ),
    ("test: a", "a scenario needs `steps`"),
  ])
  func `a mistake in a scenario is named`(text: String, message: String) throws {
    let error = #expect(throws: PipelineError.self) { try Self.load(text) }
    #expect(error?.findings.contains { $0.message.contains(message) } == true, "\(error?.description ?? "none")")
  }

  @Test func `rows are compared by the columns that are named`() throws {
    let table = SQLTable(
      name: "t",
      columns: [SQLColumn(name: "a", type: .string, isNullable: false), SQLColumn(name: "b", type: .integer, isNullable: true)],
      primaryKey: [0])
    func problem(_ mode: RowExpectation.Mode, _ rows: [RowExpectation.Row]) -> String? {
      RowExpectation(projection: 0, mode: mode, rows: rows, line: 1).problem(
        [[.string("x"), .integer(1)], [.string("y"), .integer(1)], [.string("z"), .null]], of: table)
    }
    let x: RowExpectation.Row = [(0, .string("x"))]
    let one: RowExpectation.Row = [(1, .integer(1))]
    let none: RowExpectation.Row = [(1, .null)]
    #expect(problem(.exactly, [one, x, none]) == nil)
    #expect(problem(.exactly, [x, one, one]) != nil)
    #expect(problem(.exactly, [x, one]) != nil)
    #expect(problem(.contains, [one, x]) == nil)
    #expect(problem(.contains, [one, one, one]) != nil)
    #expect(problem(.lacks, [[(0, .string("q"))]]) == nil)
    #expect(problem(.lacks, [x])?.contains("which it should not") == true)
  }
}
