import PipelineFiles
import Pipelines
import Testing

/// What a query may ask: nothing that answers by the wall clock or by chance.
@Suite struct QueryFindingsTests {
  static func pipeline(_ sql: String, params: String = "") -> String {
    """
    pipeline: lately
    tables: { Plays: { key: { partition: player string, sort: at string } } }
    items:
      play: { in: Plays, match: { player: "{player}", at: "{at:timestamp(UTC)}" } }
    projections:
      plays: { collection: play, key: [player, at] }
    queries:
      lately:
        params: { \(params) }
        sql: \(sql)
    dashboard:
      - number: { title: Plays, sql: SELECT count(*) FROM plays WHERE at <= :now }

    """
  }

  @Test(arguments: [
    ("SELECT datetime('now') AS t", 26, "'now'"), ("SELECT date('NOW', '-1 day') AS t", 22, "'NOW'"),
    ("SELECT julianday() AS t", 17, "julianday() without a time"), ("SELECT unixepoch() AS t", 17, "unixepoch() without a time"),
    ("SELECT strftime('%Y') AS t", 17, "strftime() without a time"), ("SELECT strftime('%Y', 'now') AS t", 32, "'now'"),
    ("SELECT CURRENT_TIMESTAMP AS t", 17, "CURRENT_TIMESTAMP"), ("SELECT current_date AS t", 17, "current_date"),
    ("SELECT Current_Time AS t", 17, "Current_Time"), ("SELECT date(x) AS t FROM (SELECT 'now' AS x)", 43, "'now'"),
    ("SELECT [datetime]('now') AS t", 28, "'now'"), ("SELECT time /* x */ ( ) AS t", 17, "time() without a time"),
    ("SELECT max(date(at), date()) AS t FROM plays", 31, "date() without a time"),
  ])
  func `the wall clock is refused with its place, and the answer's time offered`(sql: String, column: Int, what: String) {
    let findings = FindingsTests.findings(Self.pipeline(sql)).map(\.description)
    #expect(findings == ["p.yaml:10:\(column): \(what) reads the wall clock: write `:now`, the time that the answer is true for"])
  }

  @Test(arguments: ["random()", "abs(RANDOM())", "hex(randomblob(4))"]) func `so is chance`(call: String) {
    let findings = FindingsTests.findings(Self.pipeline("SELECT \(call) AS t")).map(\.message)
    #expect(findings.count == 1 && findings[0].contains("gives a different answer each time"), "\(findings)")
  }

  @Test(arguments: [
    "SELECT 'now' AS t", "SELECT date(at) AS t FROM plays", "SELECT strftime('%Y', at) AS t FROM plays -- 'now'",
    "SELECT date(at, 'start of month') AS t FROM plays", "SELECT 'datetime(''now'')' AS t", "SELECT date(:now) AS t",
    "SELECT player AS \\\"current_date\\\" FROM plays WHERE strftime('%s', (SELECT max(at) FROM plays)) > 1",
  ])
  func `what only looks like it is taken`(sql: String) {
    #expect(FindingsTests.findings(Self.pipeline("\"\(sql)\"")) == [])
  }

  @Test func `every query and tile may use now, and none declares it`() throws {
    let pipeline = try EvaluationTests.load(
      Self.pipeline("SELECT player FROM plays WHERE at <= :now AND player = :p", params: "p: string"))
    #expect(pipeline.queries[0].usesNow)
    #expect(pipeline.queries[0].parameters.map(\.name) == ["p"])
    #expect(pipeline.dashboard[0].usesNow)
    #expect(try !EvaluationTests.load(Self.pipeline("SELECT player FROM plays")).queries[0].usesNow)
    let declared = FindingsTests.findings(Self.pipeline("SELECT :now AS t", params: "now: timestamp"))
    #expect(
      declared.map(\.description) == ["p.yaml:9:15: `now` is given to every query: use `:now` in the SQL without declaring it"])
    let other = FindingsTests.findings(Self.pipeline("SELECT now() AS t"))
    #expect(
      other.map(\.message) == [
        "the SQL does not fit the read model: no such function: now; write `:now`, the time that the answer is true for"
      ])
  }

  @Test func `a name that SQL reserves is one finding, at its place`() {
    for word in ["order", "group", "index", "table", "user", "limit", "end", "desc", "analyse", "offset", "if", "xmin"] {
      let text = Self.pipeline("SELECT player FROM plays").replacing(
        "match: { player: \"{player}\", at: \"{at:timestamp(UTC)}\" } }",
        with: "match: { player: \"{player}\", at: \"{at:timestamp(UTC)}\" }, fields: { \(word): X } }"
      ).replacing("key: [player, at] }", with: "key: [player, at], columns: [\(word)] }")
      let findings = FindingsTests.findings(text).map(\.description)
      #expect(findings == ["p.yaml:4:90: `\(word)` is a reserved word of SQL: choose another name"], "\(word): \(findings)")
    }
  }

  @Test func `a query may ask for what its request waits for`() {
    let findings = FindingsTests.findings(Self.pipeline("SELECT :at_least AS t", params: "at_least: string")).map(\.description)
    #expect(findings.isEmpty, "\(findings)")
  }
}
