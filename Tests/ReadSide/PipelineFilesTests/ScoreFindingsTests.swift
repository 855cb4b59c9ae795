import PipelineFiles
import Testing

/// Scores and columns of leaderboards: what is refused, and where.
@Suite struct ScoreFindingsTests {
  static func findings(_ rest: String, over: String = "each: play inserted") -> [String] {
    let text = """
      pipeline: scores
      tables: { Tab: { key: { partition: PK } } }
      items: { play: { in: Tab, match: { PK: "{name}" }, fields: { n: N integer, d: D decimal optional, s: S optional, t: T timestamp(UTC) optional } } }
      projections:
        made:
          leaderboard: name
          \(over)
      \(rest.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))

      """
    return FindingsTests.findings(text).map { "\($0.line):\($0.column) \($0.message)" }
  }

  @Test(
    arguments: [
      "score: [sum(n), min(d) asc]", "score: [count, sum(n), avg(d), distinct(s)]", "score: sum(n) asc",
      "score: sum(n) asc\ndirection: asc", "score: [sum(n), min(d) asc]\ndirection: asc", "score: [max(t)]",
      "score: count\ncolumns: { seconds: sum(n), first_seen: min(t), mean: avg(d), who: last(s) }", "score: avg(d)\nfloor: 2.5",
      "score: distinct(s)\nfloor: 2", "score: [last(t), count]\nfloor: 2026-01-01T00:00:00Z",
    ])
  func `what is right is taken`(rest: String) { #expect(Self.findings(rest) == []) }

  @Test(
    arguments: [
      ("score: [count, sum(n), avg(d), max(d), min(n)]", "8:44 a leaderboard has at most 4 scores, and here are 5"),
      ("score: []", "8:12 a leaderboard needs a score"),
      ("score: sum(n) asc\ndirection: desc", "9:16 `direction: desc` contradicts `asc`, which the score says itself"),
      ("score: [sum(n) asc, count desc]\ndirection: desc", "9:16 `direction` has no effect here: every score has its own"),
      ("score: sum(n) up", "8:19 `up` is not expected here"),
      ("score: [sum(n), men(d)]", "8:21 `men` is not a score; did you mean `min`?"),
      (
        "score: [count, sum(s)]", "8:20 a score is an integer or decimal (or a timestamp, for max, min, last), and this is string"
      ),
      ("score: avg(t)", "8:12 a score is an integer or decimal (or a timestamp, for max, min, last), and this is timestamp"),
      ("score: [{ sum: n }]", "8:13 a score has to be a text, but this is a mapping"),
      ("score: count\ncolumns: { score: sum(n) }", "9:16 `score` is a column of its own here: choose another name"),
      ("score: [count, sum(n)]\ncolumns: { score_2: sum(n) }", "9:16 `score_2` is a column of its own here: choose another name"),
      ("score: count\ncolumns: { c: som(n) }", "9:19 `som` is not a function of a column; did you mean `sum`?"),
      ("score: count\ncolumns: { c: avg(s) }", "9:19 `avg` needs an integer or decimal, and this is string"),
      ("score: count\nboard: [s]\ncolumns: { s: sum(n) }", "10:16 there are two columns `s`"),
      ("score: [avg(d), count]\nfloor: low", "9:12 `low` is not a score: it has to be decimal"),
    ])
  func `what is wrong is refused at its place`(rest: String, finding: String) { #expect(Self.findings(rest) == [finding]) }

  @Test func `over items distinct takes ties that nobody is the first of`() {
    let refused = Self.findings("score: [count, distinct(s)]", over: "of: play")
    #expect(
      refused.count == 1 && refused[0].hasPrefix("8:20 over items nobody is the first to reach a number of different values"))
    #expect(Self.findings("score: [count, distinct(s)]\nties: dense", over: "of: play") == [])
    #expect(Self.findings("score: distinct(s)\nties: first_to_reach", over: "of: play").count == 1)
    #expect(Self.findings("score: last(n)", over: "of: play").count == 1)
    #expect(Self.findings("score: count\ncolumns: { c: last(n) }", over: "of: play").count == 1)
  }
}
