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

  /// A query whose text for PostgreSQL is this one.
  static func findings(postgres: String, params: String = "") -> [String] {
    let names = params.split(separator: ",").compactMap { $0.split(separator: ":").first.map { ":" + $0 } }
    let texts =
      "{ sqlite: \"SELECT player, \((names + ["1"]).joined(separator: ", ")) AS x FROM plays\", postgres: \"\(postgres)\" }"
    return FindingsTests.findings(pipeline(texts, params: params)).map(\.description)
  }

  @Test(arguments: [
    ("SELECT now()", "now()"), ("SELECT CURRENT_DATE", "CURRENT_DATE"), ("SELECT at < 'now'::timestamptz FROM plays", "'now'"),
    ("SELECT timestamptz 'today'", "'today'"), ("SELECT age(at) FROM plays", "age()"),
    ("SELECT clock_timestamp ( )", "clock_timestamp()"),
  ])
  func `the wall clock is refused in PostgreSQL's words too`(sql: String, what: String) {
    let found = Self.findings(postgres: sql)
    #expect(found.count == 1 && found[0].contains("\(what) reads the wall clock: write `:now`"), "\(found)")
  }

  @Test func `a text for PostgreSQL is checked as far as that goes without a server`() {
    #expect(Self.findings(postgres: "SELECT player, 'now' AS x, age(at, :now), a[1]::text FROM plays") == [])
    #expect(Self.findings(postgres: "SELECT player FROM plays WHERE at < :p::timestamptz", params: "p: string") == [])
    let chance = Self.findings(postgres: "SELECT random() AS x")
    #expect(chance.count == 1 && chance[0].contains("random() gives a different answer each time"), "\(chance)")
    let write = Self.findings(postgres: "DELETE FROM plays")
    #expect(write.count == 1 && write[0].hasSuffix("a query only reads: SELECT, WITH or VALUES"), "\(write)")
    let unknown = Self.findings(postgres: "SELECT player FROM plays WHERE player = :q", params: "p: string")
    #expect(
      unknown.count == 2 && unknown[0].hasSuffix("the parameter `p` is not used by the SQL for PostgreSQL")
        && unknown[1].hasSuffix("the parameter `:q` is not declared under `params`; did you mean `:p`?"), "\(unknown)")
  }

  @Test func `SQL for one store alone is refused`() {
    for (texts, missing) in [("{ sqlite: SELECT 1 AS x }", "postgres"), ("{ postgres: SELECT 1 AS x }", "sqlite")] {
      let found = FindingsTests.findings(Self.pipeline(texts)).map(\.description)
      #expect(found == ["p.yaml:10:10: `sql` needs `\(missing)`"], "\(found)")
    }
    let misspelt = FindingsTests.findings(Self.pipeline("{ sqlite: SELECT 1 AS x, postgresql: SELECT 1 AS x }")).map(\.message)
    #expect(misspelt.contains("`sql` has no key `postgresql`; did you mean `postgres`?"), "\(misspelt)")
  }

  @Test func `either text may use the answer's time`() throws {
    let texts = "{ sqlite: SELECT player FROM plays, postgres: SELECT player FROM plays WHERE at < :now }"
    let pipeline = try EvaluationTests.load(Self.pipeline(texts))
    #expect(pipeline.queries[0].usesNow)
    #expect(pipeline.queries[0].sql.text(for: .sqlite) == "SELECT player FROM plays")
    #expect(pipeline.queries[0].sql.text(for: .postgres).hasSuffix(":now"))
  }

  @Test func `a query may ask for what its request waits for`() {
    let findings = FindingsTests.findings(Self.pipeline("SELECT :at_least AS t", params: "at_least: string")).map(\.description)
    #expect(findings.isEmpty, "\(findings)")
  }
}
