import PipelineFiles
import Pipelines
import Testing

/// Periods, seasons and collections of the latest: what the file may say of them, and what is refused.
@Suite struct CalendarFindingsTests {
  static func text(_ made: String, _ seasons: String = "") -> String {
    """
    pipeline: p
    tables: { Tab: { key: { partition: PK, sort: SK } } }
    items: { play: { in: Tab, match: { PK: "P:{id}", SK: "{at:timestamp(UTC)}" }, fields: { n: N integer, j: J json, o: O optional } } }
    projections: { made: { \(made) }, plays: { collection: play, key: [id, at] } }
    \(seasons.isEmpty ? "" : "seasons: { \(seasons) }")

    """
  }

  static let bySeason = "aggregate: [season of at], of: play, columns: { c: count }"

  @Test(arguments: [
    ("aggregate: [week of at], of: play, columns: { c: count }, zone: Europe/Paris, day starts: 23:59, week starts: Sunday", ""),
    ("aggregate: [{ slot: 15m of at }], of: play, columns: { c: count }, zone: Asia/Kathmandu", ""),
    (
      "leaderboard: id, each: play inserted, board: [{ slot: 1m of commit }, season of at], score: count",
      "a: 2026-01-01T00:00:00Z"
    ),
    (
      bySeason,
      "a: 2026-01-01T00:00:00Z, b: { starts: 2026-02-01T00:00:00Z, ends: 2026-03-01T00:00:00Z }, c: 2026-03-01T00:00:00Z"
    ),
    ("collection: play, key: [id], columns: [n, j], latest by: at", ""),
    ("collection: play, key: [id], latest by: \"lower(o)\", order: { by_id: [id desc] }", ""),
  ])
  func `a file says when periods begin`(made: String, seasons: String) {
    #expect(FindingsTests.findings(Self.text(made, seasons)) == [])
  }

  @Test(arguments: [
    ("day of at", "day starts: 24:00", "`24:00` is not a time of day: write `06:00`, from 00:00 to 23:59"),
    ("day of at", "day starts: 6", "`6` is not a time of day"),
    ("day of at", "day starts: 06:60", "`06:60` is not a time of day"),
    ("hour of at", "day starts: 06:00", "`day starts` has no effect here: no column is a day, week, month, quarter or year"),
    ("{ s: 15m of at }", "day starts: 06:00", "`day starts` has no effect here"),
    ("day of at", "week starts: sunday", "`week starts` has no effect here: no column is a week"),
    ("week of at", "week starts: sundey", "`sundey` is not a day of the week; did you mean `sunday`?"),
    (
      "{ s: 7m of at }", "",
      "`7m` does not divide an hour: periods are 1m, 2m, 3m, 4m, 5m, 6m, 10m, 12m, 15m, 20m, 30m, and `hour of`"
    ),
    ("{ s: 2h of at }", "", "`2h` does not divide an hour"), ("{ s: 60m of at }", "", "`60m` does not divide an hour"),
    ("{ s: 0s of at }", "", "`0s` does not divide an hour"), ("15m of at", "", "a group column needs a name here"),
    ("season of at", "", "the file lists no seasons"), ("{ s: \"season(at, 'UTC')\" }", "", "write `season of time`"),
    ("{ s: week of n }", "", "integer"),
  ])
  func `what periods cannot be is refused`(group: String, more: String, message: String) {
    let made = "aggregate: [\(group)], of: play, columns: { c: count }\(more.isEmpty ? "" : ", \(more)")"
    let found = FindingsTests.findings(Self.text(made))
    #expect(found.contains { $0.message.contains(message) && $0.line == 4 }, "\(found)")
  }

  @Test(arguments: [
    ("a: 2026-01-01T00:00:00", "`2026-01-01T00:00:00` is not a timestamp with a zone"),
    ("a: { ends: 2026-01-01T00:00:00Z }", "starts"), ("a: { starts: x, ends: y }", "`x` is not a timestamp with a zone"),
    ("a: { starts: 2026-01-01T00:00:00Z, ends: 2026-01-01T00:00:00Z }", "the season ends before it has started"),
    ("b: 2026-02-01T00:00:00Z, a: 2026-01-01T00:00:00Z", "the seasons stand in the order of their starts"),
    (
      "a: { starts: 2026-01-01T00:00:00Z, ends: 2026-02-01T00:00:01Z }, b: 2026-02-01T00:00:00Z",
      "ends after the next one has started"
    ),
    ("a: { from: 2026-01-01T00:00:00Z }", "a season has no key `from`"),
    ("'': 2026-01-01T00:00:00Z", "the name of a season has 1 to 255"),
    ("\(String(repeating: "x", count: 256)): 2026-01-01T00:00:00Z", "the name of a season has 1 to 255"),
  ])
  func `what seasons cannot be is refused`(seasons: String, message: String) {
    let found = FindingsTests.findings(Self.text(Self.bySeason, seasons))
    #expect(found.contains { $0.message.contains(message) && $0.line == 5 }, "\(found)")
  }

  @Test func `a thousand seasons are as many as a file lists, and what lists them needs one that goes by them`() {
    func seasons(_ count: Int) -> String {
      (0..<count).map { "s\($0): \(1_000 + $0)-01-01T00:00:00Z" }.joined(separator: ", ")
    }
    #expect(FindingsTests.findings(Self.text(Self.bySeason, seasons(1_000))) == [])
    let over = FindingsTests.findings(Self.text(Self.bySeason, seasons(1_001)))
    #expect(over.contains { $0.message.contains("these are 1001 seasons, and a file lists at most 1000") }, "\(over)")
    let unused = FindingsTests.findings(Self.text("aggregate: [id], of: play, columns: { c: count }", seasons(1)))
    #expect(unused.map(\.message) == ["nothing goes by the seasons: write `season of commit` where they are to stand"])
  }

  @Test(arguments: [
    ("latest by: j", "json cannot be compared"), ("latest by: id", "all items of one key have the same `id`"),
    ("latest by: at, unreadable: keep", "`unreadable: keep` is for collections in which each item has a row of its own"),
    ("latest by: nothing of", "is not a calendar period"), ("latest by: commit", "commit"),
  ])
  func `what the latest cannot go by is refused`(more: String, message: String) {
    let found = FindingsTests.findings(Self.text("collection: play, key: [id], columns: [n], \(more)"))
    #expect(found.contains { $0.message.contains(message) && $0.line == 4 }, "\(found)")
  }

  @Test func `an effect does not delete the rows of the latest`() {
    let effects = "effects: { e: { each: play removed, delete: { rows: made, where: id = :id } } }"
    let found = FindingsTests.findings(Self.text("collection: play, key: [id], latest by: at") + effects)
    #expect(found.map(\.message).contains { $0.contains("`made` has rows of the latest items alone") }, "\(found)")
  }

  @Test func `a change of the seasons changes what goes by them, and nothing else`() throws {
    func load(_ end: String) throws -> Pipeline {
      try EvaluationTests.load(Self.text(Self.bySeason, "a: { starts: 2026-01-01T00:00:00Z, ends: \(end) }"))
    }
    let (one, other) = (try load("2026-02-01T00:00:00Z"), try load("2026-02-02T00:00:00Z"))
    #expect(one.projections[0].fingerprint != other.projections[0].fingerprint)
    #expect(one.projections[1].fingerprint == other.projections[1].fingerprint)
    #expect(one.fingerprint != other.fingerprint)
  }

  @Test func `what the latest is, and when periods begin, is said in sentences`() throws {
    func sentence(_ made: String) throws -> String {
      let pipeline = try EvaluationTests.load(Self.text(made))
      return pipeline.sentence(pipeline.projections[0])
    }
    #expect(
      try sentence("collection: play, key: [id], columns: [n], latest by: o")
        == "of each id the play with the greatest o that exists now, with n. What has no o is left out.")
    #expect(
      try sentence(
        "leaderboard: id, each: play inserted, board: [week of commit], score: count, day starts: 06:30, week starts: sunday"
      )
      .contains("a board for each week (of the commit time, week (from sunday, days from 06:30), UTC)"))
  }
}
