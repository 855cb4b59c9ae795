import PipelineFiles
import Pipelines
import Testing

/// What `metrics:` takes, and what it refuses with its place.
@Suite struct MetricFindingsTests {
  static func pipeline(_ metrics: String) -> String {
    """
    pipeline: plays
    tables: { Plays: { key: { partition: player string, sort: at string } } }
    items:
      play: { in: Plays, match: { player: "{player}", at: "{at:timestamp(UTC)}" }, fields: { price: P decimal, won: W boolean, raw: R bytes } }
    projections:
      plays: { collection: play, key: [player, at], columns: [price, won, raw] }
    metrics:
    \(metrics)

    """
  }

  /// Findings of a file with this one metric, called `plays_now` unless it is said.
  static func findings(_ keys: String, name: String = "plays_now") -> [String] {
    FindingsTests.findings(pipeline("  \(name): { \(keys) }")).map { "\($0.line):\($0.column): \($0.message)" }
  }

  static let number = "help: Plays., sql: SELECT count(*) FROM plays"

  @Test func `a metric is what its file says`() throws {
    let pipeline = try EvaluationTests.load(
      Self.pipeline(
        """
          plays_now:
            type: gauge
            help: |
              Plays that exist,
              by player.
            labels: [player, won]
            sql: { sqlite: "SELECT won, player, count(*) AS n FROM plays GROUP BY won, player", postgres: "SELECT won, player, count(*) AS n FROM plays GROUP BY player, won" }
            value: n
            series: 7
          spent_total: { type: counter, help: Spent., sql: SELECT 3.5 AS x FROM plays WHERE at < :now }
        """))
    let metric = pipeline.metrics[0]
    #expect(metric.name == "plays_now" && metric.kind == .gauge && metric.help == "Plays that exist, by player.")
    #expect(metric.labels == [1, 0] && metric.value == 2 && metric.seriesMax == 7)
    #expect(metric.sql.text(for: .postgres).hasSuffix("BY player, won") && metric.reads.map(\.rawValue) == [0])
    let total = pipeline.metrics[1]
    #expect(total.kind == .counter && total.labels == [] && total.value == 0 && total.seriesMax == PipelineMetric.seriesDefault)
  }

  @Test func `metrics decide no row: the fingerprint stays`() throws {
    let with = try EvaluationTests.load(Self.pipeline("  plays_now: { type: gauge, \(Self.number) }"))
    let without = try EvaluationTests.load(Self.pipeline(""))
    #expect(with.fingerprint == without.fingerprint && with.effectsFingerprint == without.effectsFingerprint)
    #expect(with.explanation.contains("\nplays_now: a gauge for Prometheus. Plays.\n"))
  }

  @Test(arguments: [
    ("Plays", "cannot be a metric's name"), ("9plays", "cannot be a metric's name"), ("a:b", "cannot be a metric's name"),
    ("_plays", "cannot be a metric's name"), ("afterimage_x", "names that begin with `afterimage_` are not a pipeline's to give"),
    ("scrape_x", "names that begin with `scrape_`"), ("up", "Prometheus gives every scrape a metric `up`"),
    ("plays_sum", "ends in `_sum`"), ("plays_bucket", "ends in `_bucket`"), ("plays_count", "ends in `_count`"),
    ("plays_info", "ends in `_info`"), ("plays_total", "ends in `_total`, as counters do"),
  ]) func `a name that Prometheus or this program does not take is refused`(name: String, words: String) {
    let found = Self.findings("type: gauge, \(Self.number)", name: "\"\(name)\"")
    #expect(found.count == 1 && found[0].hasPrefix("8:3: ") && found[0].contains(words), "\(found)")
  }

  @Test func `a counter's name ends in _total`() {
    #expect(
      Self.findings("type: counter, \(Self.number)") == ["8:3: a counter's name ends in `_total`: write `plays_now_total`"])
    #expect(Self.findings("type: counter, \(Self.number)", name: "plays_total") == [])
  }

  @Test(arguments: [
    (number, "8:14: a metric needs `type`"),
    ("type: gague, \(number)", "8:22: `gague` is not a type of metric; did you mean `gauge`?"),
    ("type: gauge, help: '', sql: SELECT count(*) FROM plays", "8:35: `help` says what the metric is, and this is empty"),
    ("type: gauge, sql: SELECT count(*) FROM plays", "8:14: a metric needs `help`"),
    ("type: gauge, help: Plays.", "8:14: a metric needs `sql`"),
    ("type: gauge, \(number), serie: 1", "8:76: a metric has no key `serie`; did you mean `series`?"),
    ("type: gauge, \(number), series: 0", "8:84: `series` has to be a whole number from 1 to 10000, not `0`"),
    ("type: gauge, \(number), series: 10001", "8:84: `series` has to be a whole number from 1 to 10000, not `10001`"),
    ("type: gauge, \(number), labels: { a: b }", "8:84: a label has to be a text, but this is a mapping"),
    (
      "type: gauge, help: H, sql: SELECT count(*) FROM play",
      "8:43: the SQL does not fit the read model: no such table: play; did you mean `plays`?"
    ),
    ("type: gauge, help: H, sql: SELECT :x AS x FROM plays", "the parameter `:x` is not declared"),
    ("type: gauge, help: H, sql: SELECT unixepoch('now') AS t", "'now' reads the wall clock: write `:now`"),
    ("type: gauge, help: H, sql: DELETE FROM plays", "8:43: a query only reads: SELECT, WITH or VALUES"),
    (
      "type: gauge, help: H, sql: SELECT player FROM plays",
      "8:43: a metric's value is a number, and the column `player` is of type string"
    ),
    (
      "type: gauge, help: H, sql: SELECT at FROM plays",
      "8:43: a metric's value is a number, and the column `at` is of type timestamp"
    ),
    (
      "type: gauge, help: H, sql: 'SELECT player, count(*) AS value FROM plays'",
      "8:43: the column `player` is neither the value nor a label: leave it out, or list it under `labels`"
    ),
    (
      "type: gauge, help: H, labels: [player], sql: 'SELECT player, count(*) AS n FROM plays'",
      "8:61: which column is the value? Name it `value`, with AS, or write `value: COLUMN`; known are `player`, `n`"
    ),
    (
      "type: gauge, help: H, value: valeu, sql: SELECT count(*) AS value FROM plays",
      "8:45: the answer has no column `valeu`; did you mean `value`?"
    ),
    (
      "type: gauge, help: H, labels: [playr], sql: 'SELECT player, count(*) AS value FROM plays'",
      "8:47: the answer has no column `playr`; did you mean `player`?"
    ),
    ("type: gauge, help: H, labels: [c], sql: SELECT count(*) AS c FROM plays", "the column `c` is a label and the value"),
    (
      "type: gauge, help: H, labels: [player, player], sql: 'SELECT player, count(*) AS value FROM plays'",
      "8:55: the label `player` is there twice"
    ),
    (
      "type: gauge, help: H, labels: [raw], sql: 'SELECT raw, count(*) AS value FROM plays'",
      "8:47: the label `raw` would be bytes, and a label is a text"
    ),
    (
      "type: gauge, help: H, labels: [instance], sql: 'SELECT player AS instance, count(*) AS value FROM plays'",
      "8:47: the label `instance` is not a pipeline's to give: name the column otherwise, with AS"
    ),
    (
      "type: gauge, help: H, labels: ['A b'], sql: 'SELECT player AS \"A b\", count(*) AS value FROM plays'",
      "8:47: `A b` cannot be a label's name"
    ),
  ]) func `what is wrong is found with its place`(keys: String, expected: String) {
    let found = Self.findings(keys)
    #expect(found.count == 1 && found[0].contains(expected) && found[0].hasPrefix("8:"), "\(found)")
  }

  @Test func `a name is given once, and the YAML says where the second is`() {
    let one = "  plays_now: { type: gauge, \(Self.number) }"
    let found = FindingsTests.findings(Self.pipeline("\(one)\n\(one)"))
    #expect(found.count == 1 && found[0].line == 9, "\(found)")
  }

  @Test func `a pipeline has at most 100 metrics with 10 labels, and names of 100 bytes`() {
    func many(_ count: Int) -> String {
      (1...count).map { "  m\($0): { type: gauge, \(Self.number) }" }.joined(separator: "\n")
    }
    #expect(FindingsTests.findings(Self.pipeline(many(100))) == [])
    let past = FindingsTests.findings(Self.pipeline(many(101)))
    #expect(past.map(\.message) == ["a pipeline has at most 100 metrics, and this one has 101"] && past[0].line == 108)
    func labelled(_ count: Int) -> [String] {
      let names = (1...count).map { "l\($0)" }
      let columns = names.map { "1 AS \($0)" }.joined(separator: ", ")
      return Self.findings(
        "type: gauge, help: H, labels: [\(names.joined(separator: ", "))], sql: 'SELECT \(columns), 2 AS value FROM plays'")
    }
    #expect(labelled(10) == [])
    #expect(labelled(11).contains { $0.hasSuffix("a metric has at most 10 labels, and this one has 11") })
    #expect(Self.findings("type: gauge, \(Self.number)", name: String(repeating: "a", count: 100)) == [])
    #expect(Self.findings("type: gauge, \(Self.number)", name: String(repeating: "a", count: 101)).count == 1)
  }
}
