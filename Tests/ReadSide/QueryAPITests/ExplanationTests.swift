import Pipelines
import ProjectionTestKit
import ReadModels
import Testing

@testable import QueryAPI

/// What is said of a plan: nothing below the bound, and what would help past it.
@Suite struct ExplanationTests {
  private static let yaml = """
    pipeline: plans
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional, points: Points integer optional } }
    projections:
      plays: { collection: play, key: [name, n], columns: [room, points], order: { by_room: [room, n] } }
      totals: { aggregate: [room], of: play, columns: { plays: count } }

    """

  private static let (plays, totals): (ProjectionID, ProjectionID) = (.init(rawValue: 0), .init(rawValue: 1))

  /// Of one step with so many rows in either projection.
  private func hints(
    _ access: QueryPlan.Access = .scan, _ projection: ProjectionID = plays, within: [ProjectionID] = [],
    compared: [ProjectionID: [Int]] = [:], mayEndEarly: Bool = false, rows: [Int]
  ) throws -> [String] {
    let step = QueryPlan.Step(depth: 0, text: "SCAN x", access: access, projections: [projection], within: within)
    let plan = QueryPlan(steps: [step], compared: compared, mayEndEarly: mayEndEarly)
    return Explanation(query: "q", projections: try pipeline(Self.yaml).projections, plan: plan, rows: rows).hints
  }

  @Test func `a hint is given past the bound, at the limit none`() throws {
    let bound = PipelineView.scannedRowsMax
    #expect(try hints(rows: [bound, 0]).isEmpty)
    let hint = try #require(try hints(rows: [bound + 1, 0]).first)
    #expect(
      hint.hasPrefix("`plays` is read from the first row to the last, 10,001 rows (the hint is given past 10,000)."), "\(hint)")
    #expect(try hints(.search, rows: [bound * 100, 0]).isEmpty)
  }

  @Test func `rows that are read again and again count each time`() throws {
    #expect(try hints(within: [Self.totals], rows: [100, 100]).isEmpty)
    let hint = try #require(try hints(within: [Self.totals], rows: [101, 100]).first)
    #expect(hint.contains("101 rows, once for each row of `totals` (the hint"), "\(hint)")
    // What is read once for nothing is read not at all; sizes beyond a number's are as large as it.
    #expect(try hints(within: [Self.totals], rows: [100, 0]).isEmpty)
    #expect(try hints(within: [Self.totals, Self.plays], rows: [.max, .max]).count == 1)
  }

  @Test func `a collection may be ordered by what is compared`() throws {
    let hint = try #require(try hints(compared: [Self.plays: [3]], rows: [20_000, 0]).first)
    #expect(
      hint.hasSuffix(
        "The SQL compares `points`: `order: { by_points: [points] }` in `plays` would give SQLite an index to search by."))
  }

  @Test func `what an index begins with is compared in another way`() throws {
    let hint = try #require(try hints(compared: [Self.plays: [2]], rows: [20_000, 0]).first)
    #expect(hint.contains("`room` is compared in a way that cannot be searched here"), "\(hint)")
    #expect(hint.contains("its key (name, n, _item) or the index plays_by_room (room, n)"), "\(hint)")
  }

  @Test func `other projections have their key`() throws {
    let none = try #require(try hints(.scan, Self.totals, rows: [0, 20_000]).first)
    #expect(none.hasSuffix("Rows are found without that by a condition on the first column of its key (room)."), "\(none)")
    let compared = try #require(try hints(.scan, Self.totals, compared: [Self.totals: [1]], rows: [0, 20_000]).first)
    #expect(compared.contains("The SQL compares `plays`, and `totals` can only be searched by its key (room)"), "\(compared)")
  }

  @Test func `a LIMIT may end a scan`() throws {
    #expect(try #require(try hints(mayEndEarly: true, rows: [20_000, 0]).first).contains(" LIMIT may end that earlier. "))
  }

  @Test func `numbers are grouped`() {
    #expect(
      [0, 12, 999, 1_000, 10_001, 148_762, 1_000_000].map(Explanation.grouped) == [
        "0", "12", "999", "1,000", "10,001", "148,762", "1,000,000",
      ])
  }
}
