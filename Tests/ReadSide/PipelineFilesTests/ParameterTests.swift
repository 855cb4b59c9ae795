import DynamoModel
import Foundation
import PipelineFiles
import Pipelines
import Testing

/// Values of a file that have names and are set at the start.
@Suite struct ParameterTests {
  static let text = """
    pipeline: clubs
    parameters: { idle: 30m, least: 2, word: it's, is_open: true, home: "Europe/Paris", best: 3 }
    tables:
      Club: { key: { partition: PK string, sort: SK string } }
    items:
      page:
        in: Club
        match: { PK: "R:{reader}", SK: "{n}" }
        fields:
          pages: { from: Pages, type: integer, default: $least }
          book: coalesce(Book, $word) optional
          cost: Cost string optional
          open: Open boolean optional
    projections:
      books:
        collection: page
        key: [reader, n]
        columns: [pages, book]
        when: pages >= $least AND (book <> $word OR open = $is_open) AND cost <> '$least'
      days: { aggregate: [reader, day of commit], each: page inserted, zone: $home, columns: { c: count } }
      sittings: { sessions: reader, touch: page inserted, gap: $idle }
      most: { leaderboard: reader, of: page, score: sum(pages), keep: $best members, floor: $least }
    queries:
      q: { params: { limit: integer 1..$best = $least }, sql: SELECT reader FROM books LIMIT :limit }
    dashboard: [{ leaderboard: { title: Most, of: most, top: $best } }]

    """

  static func load(_ set: [String] = [], _ text: String = text) throws -> Pipeline {
    try PipelineLoader.load(text: Array(text.utf8), file: "p.yaml", set: try ParameterSettings(set))
  }

  static func findings(_ set: [String] = [], _ text: String = text) throws -> [String] {
    let settings = try ParameterSettings(set)
    do throws(PipelineError) {
      _ = try PipelineLoader.load(text: Array(text.utf8), file: "p.yaml", set: settings)
      return []
    } catch {
      return error.findings.map { "\($0.line):\($0.column): \($0.message)" }
    }
  }

  static func gap(_ pipeline: Pipeline) throws -> Int64? {
    guard case .sessions(let sessions) = pipeline.projections[2].kind else { return nil }
    return sessions.gap
  }

  @Test func `a parameter stands for its value wherever a literal may stand`() throws {
    let pipeline = try Self.load()
    #expect(try Self.gap(pipeline) == 1_800_000_000)
    let when = try #require(pipeline.projections[0].sources[0].when)
    #expect(when.text == "pages >= 2 AND (book <> 'it''s' OR open = true) AND cost <> '$least'")
    guard case .leaderboard(let board) = pipeline.projections[3].kind else { throw Failure() }
    #expect(board.keepMembers == 3 && board.floor == .integer(2))
    guard case .calendar(let periods, _) = pipeline.projections[1].sources[0].inputs[1].expression else { throw Failure() }
    #expect(periods.zone?.name == "Europe/Paris")
    let limit = pipeline.queries[0].parameters[0]
    #expect(limit.greatest == .integer(3) && limit.default == .integer(2))
    guard case .leaderboard(_, _, let top) = pipeline.dashboard[0].content else { throw Failure() }
    #expect(top == 3)
    let row = try Self.row(pipeline)
    #expect(row["pages"] == .integer(2) && row["book"] == .string("it's"))
  }

  private struct Failure: Error {}

  private static func row(_ pipeline: Pipeline) throws -> [String: Value] {
    let image = try #require(
      pipeline.tables[0].matcher.image(of: ["PK": .string("R:ana"), "SK": .string("1")]))
    let source = pipeline.projections[0].sources[0]
    return Dictionary(uniqueKeysWithValues: zip(source.inputs.map(\.name), try source.values(of: image, commit: nil)))
  }

  @Test func `what is set takes the place of the file's value, and the last setting holds`() throws {
    let pipeline = try Self.load(["clubs.idle=1h", "clubs.idle=5s", "clubs.word=a=b.c", "other.idle=1s"])
    #expect(try Self.gap(pipeline) == 5_000_000)
    #expect(pipeline.parameters.map(\.value) == ["5s", "2", "a=b.c", "true", "Europe/Paris", "3"])
    #expect(pipeline.parameters[0].fileValue == "30m")
    #expect(pipeline.explanation.contains("Its parameters are idle = 5s (30m in the file), least = 2, word = a=b.c (it's in"))
  }

  @Test func `another value is another definition of what names it, and of nothing else`() throws {
    let (base, idle) = (try Self.load(), try Self.load(["clubs.idle=5s"]))
    #expect(base.fingerprint != idle.fingerprint)
    let same = zip(base.projections, idle.projections).map { $0.fingerprint == $1.fingerprint }
    #expect(same == [true, true, false, true])
    // The same value in other words is the same definition; what only answers read is no part of it.
    #expect(try Self.load(["clubs.idle=1800s"]).fingerprint == base.fingerprint)
    let board = Self.text.replacingOccurrences(of: "top: $best", with: "top: $shown").replacingOccurrences(
      of: "best: 3 }", with: "best: 3, shown: 7 }")
    #expect(try Self.load(["clubs.shown=9"], board).fingerprint == Self.load([], board).fingerprint)
    let effect = Self.text + "effects: { gone: { each: page inserted, when: pages > $most_pages, delete: item } }\n"
    let effects = effect.replacingOccurrences(of: "best: 3 }", with: "best: 3, most_pages: 7 }")
    let (one, other) = (try Self.load([], effects), try Self.load(["clubs.most_pages=8"], effects))
    #expect(one.fingerprint == other.fingerprint && one.effectsFingerprint != other.effectsFingerprint)
  }

  @Test func `a file without parameters has the fingerprint that it had`() throws {
    let pipeline = try PipelineLoader.load(text: Array(FindingsTests.base.utf8), file: "p.yaml")
    let written = try Self.load([], "pipeline: p\ntables: { Tab: { key: { partition: PK } } }\n")
    #expect(pipeline.text == FindingsTests.base)
    #expect(written.fingerprint == "1db01918602e88155c0568056f8c2b99d3794aad54cf6755e0f035c5ae962032")
  }

  @Test(arguments: [
    [], ["clubs.idle=5s"], ["clubs.word=o'clock", "clubs.home=UTC", "clubs.is_open=false", "clubs.best=1", "clubs.least=1"],
    ["clubs.word=", "clubs.idle=1d"],
  ])
  func `the text that is kept with a generation is the same pipeline without any setting`(set: [String]) throws {
    let pipeline = try Self.load(set)
    let again = try Self.load([], pipeline.text)
    #expect(again.fingerprint == pipeline.fingerprint && again.parameters.map(\.value) == pipeline.parameters.map(\.value))
    #expect(again.text == pipeline.text && (set.isEmpty ? pipeline.text == Self.text : true))
  }

  @Test func `values in any form that YAML has are replaced in the text`() throws {
    let tables = "tables: { Tab: { key: { partition: PK } } }\nitems: { a: { in: Tab, match: { PK: \"{id}\" } } }\n"
    let rest = "projections: { p: { collection: a, key: [id], when: id <> $é AND id <> $w } }\n"
    let text =
      "# ümlaut 🙂\npipeline: p\nparameters:\n  first: |-\n    a block\n  w: \"quo\\\"ted\"\n" + tables
      + rest.replacingOccurrences(of: "$é", with: "$first")
    let pipeline = try Self.load(["p.first=x y", "p.w=z"], text)
    let again = try Self.load([], pipeline.text)
    #expect(again.projections[0].sources[0].when?.text == "id <> 'x y' AND id <> 'z'", "\(pipeline.text)")
    #expect(again.fingerprint == pipeline.fingerprint)
  }

  @Test(arguments: [
    ("gap: $idle", "gap: $idel", "21:60: there is no parameter `$idel`: declare it under `parameters`; did you mean `idle`?"),
    ("gap: $idle", "gap: $least", "21:60: `$least` is a number, and `gap` takes a length of time, as `30m`"),
    ("gap: $idle", "gap: 1m", "2:15: nothing uses the parameter `idle`: write `$idle` where its value is to stand"),
    ("zone: $home", "zone: $best", "20:74: `$best` is a number, and `zone` takes a text"),
    ("top: $best", "top: $word", "25:58: `$word` is a text, and `top` takes a number"),
    ("keep: $best", "keep: $word", "22:67: `$word` is a text, and `keep` takes a number"),
    ("default: $least", "default: $word", "10:53: the default does not fit: `it's` is not a number"),
    ("floor: $least", "floor: $idle", "22:89: `$idle` is a length of time, as `30m`, and `floor` takes a number"),
    ("pages >= $least", "pages >= $idle", "19:20: `$idle` is a length of time, as `30m`, and a condition compares values"),
    ("pages >= $least", "pages >= $", "19:20: the condition cannot be read"),
    ("OR open = $is_open)", "OR open == $is_open)", "19:55: the condition cannot be read"),
    (
      "coalesce(Book, $word)", "coalesce(Book, $idle)",
      "11:28: `$idle` is a length of time, as `30m`, and a value is wanted here"
    ),
    ("1..$best = $least", "1..$best = $word", "24:44: the default does not fit"),
    ("idle: 30m", "Idle: 30m", "2:15: `Idle` cannot be a name"),
    ("idle: 30m", "idle: [30m]", "2:21: a parameter's value has to be a text, but this is a list"),
    ("{ idle: 30m, least", "{ idle: 30m, idle: 1m, least", "2:26: the key `idle` is here twice"),
  ])
  func `a mistake about parameters is named with its place`(old: String, new: String, finding: String) throws {
    #expect(Self.text.contains(old))
    let found = try Self.findings([], Self.text.replacingOccurrences(of: old, with: new))
    #expect(found.contains { $0.hasPrefix(finding) }, "\(found)")
  }

  @Test(arguments: [
    ("clubs.idel=5s", "2:13: `--set clubs.idel=5s`: the pipeline has no parameter `idel`; did you mean `idle`?"),
    ("clubs.idle=abc", "2:21: `--set clubs.idle=abc`: `idle` is a length of time, as `30m`, and `abc` is not"),
    ("clubs.idle=0s", "2:21: `--set clubs.idle=0s`: `idle` is a length of time, as `30m`, and `0s` is not"),
    ("clubs.least=1h", "2:33: `--set clubs.least=1h`: `least` is a number, and `1h` is not"),
    ("clubs.is_open=yes", "2:57: `--set clubs.is_open=yes`: `is_open` is `true` or `false`, and `yes` is not"),
    ("clubs.word=a\nb", "2:42: `--set clubs.word=a\nb`: `word` is a text, and `a\nb` is not"),
    ("clubs.best=0", "22:67: `keep` takes a number from 1 to"),
  ])
  func `a setting that does not fit is refused with the place of the parameter`(set: String, finding: String) throws {
    let found = try Self.findings([set])
    #expect(found.contains { $0.hasPrefix(finding) }, "\(found)")
  }

  @Test func `a setting that names no pipeline, or is not one, is refused`() throws {
    for text in ["idle=5s", "clubs.idle", ".idle=5s", "clubs.=5s", "", "="] {
      #expect(throws: ParameterSettings.Mistake.self, "\(text)") { try ParameterSettings([text]) }
    }
    let settings = try ParameterSettings(["clbus.idle=5s"])
    #expect(
      settings.problem(among: ["clubs", "chat"])
        == "`--set clbus.idle=5s`: there is no pipeline `clbus` here; did you mean `clubs`?")
    #expect(try ParameterSettings(["clubs.idle=5s"]).problem(among: ["clubs", "chat"]) == nil)
  }

  @Test func `a scenario sets parameters for itself`() throws {
    let pipeline = try Self.load(["clubs.least=1"])
    func scenarios(_ parameters: String) throws -> [Scenario] {
      let steps = "steps: [{ at: 2026-01-01T00:00:00Z }] }"
      let text = "- { test: a, parameters: \(parameters), \(steps)\n- { test: b, \(steps)\n"
      return try ScenarioLoader.load(text: Array(text.utf8), file: "t.yaml", of: pipeline)
    }
    let loaded = try scenarios("{ idle: 5s }")
    #expect(loaded[0].pipeline.parameters.map(\.value).prefix(2) == ["5s", "1"])
    #expect(try Self.gap(loaded[0].pipeline) == 5_000_000)
    #expect(try Self.gap(loaded[1].pipeline) == 1_800_000_000)
    for (parameters, message) in [
      ("{ idel: 5s }", "t.yaml:1:28: the pipeline has no parameter `idel`; did you mean `idle`?"),
      ("{ idle: soon }", "t.yaml:1:34: `idle` is a length of time, as `30m`, and `soon` is not"),
      ("{ best: 0 }", "t.yaml:1:26: the pipeline does not take these parameters: pipeline.yaml:22:67"),
    ] {
      let error = #expect(throws: PipelineError.self) { try scenarios(parameters) }
      #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
  }

  /// A value is a word of its own, however many characters it and its name have.
  @Test(arguments: ["1", "10", "100", "-3", "12345", "1E-130"]) func `a number before a word is a number`(value: String) throws {
    let text = """
      pipeline: p
      parameters: { n: 7 }
      tables: { Tab: { key: { partition: PK } } }
      items: { a: { in: Tab, match: { PK: "{id}" }, fields: { x: $n decimal, y: "X - $n decimal optional" } } }
      projections: { rows: { collection: a, key: [id], columns: [x, y] } }

      """
    #expect(try Self.findings(["p.n=\(value)"], text).isEmpty)
    // It takes nothing away from what stands before it.
    let other = text.replacing("X - $n", with: "X $n")
    #expect(try !Self.findings(["p.n=\(value)"], other).isEmpty)
  }
}
