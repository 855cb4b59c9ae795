internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import ReadModels
internal import RecordLiteralTestKit

/// Histories: rows that are added, and what `keep` takes away, whatever the checkpoints.
extension ReadModelConformance {
  private static func play(_ name: String, _ points: Int64, tags: [String] = []) -> Item {
    [
      "PK": .string("U:\(name)"), "SK": .string("1"), "Points": .number(Number(points)), "Amount": .number(Number(points % 2)),
      "Tags": .list(tags.map { .string($0) }),
    ]
  }

  func histories(_ fixture: StoreFixture) throws {
    for limit in [1, 3, 1_000] {
      let opened = try Opened(fixture, StorePipelines.histories, in: "histories-\(limit)")
      var history = TestHistory(opened.pipeline, partitions: 2)
      let start = history.time.rawValue
      // Three changes in one millisecond, then one each half minute.
      for points in 1...3 { history.put(Self.play("ana", Int64(points), tags: ["a", "b", "c"].dropLast(3 - points))) }
      history.put(Self.play("ben", 1))
      for points in 4...6 {
        history.time += 30_000
        history.put(Self.play("ana", Int64(points), tags: points == 6 ? ["x"] : ["b", "c", "d\(points)"]))
      }
      for lane in [LaneID(table: 0, partition: 1), LaneID(table: 0, partition: 0)] {
        for _ in 0..<8 { try opened.hand.checkpoint(lane, history, limit: limit) }
      }
      func expect(_ name: String, _ columns: [String], _ rows: [String]) throws {
        let found = try opened.rows(name, columns)
        try require(found == rows.sorted(), "limit \(limit), \(name): \(found)")
      }
      try expect(
        "every", ["name", "event", "before", "points"],
        ["ana inserted null 1", "ben inserted null 1"] + (2...6).map { "ana changed \($0 - 1) \($0)" })
      try expect("two", ["name", "points"], ["ana 5", "ana 6", "ben 1"])
      // [x] does not go on where [b, c, d5] ended: that it was rewritten, what came and what left, of which the last three are kept.
      try expect("tags", ["ordinal", "event", "tag"], ["0 rewritten null", "1 removed c", "2 removed d5"])
      // The log's clock stands at 90 s: a row of 30 s and later is in its minute, that instant included.
      for partition in 0..<2 {
        try opened.hand.checkpoint(LaneID(table: 0, partition: partition), history, watermark: LogTime(rawValue: start + 90_000))
      }
      try expect("minute", ["name", "points"], ["ana 4", "ana 5", "ana 6"])
      try expect("mixed", ["name", "amount"], ["ana 0", "ana 0", "ana 1"])
      // One lane's clock takes the lane's own rows alone.
      let ana = LaneID(table: 0, partition: history.partition(of: Self.play("ana", 1)))
      try opened.hand.checkpoint(ana, history, watermark: LogTime(rawValue: start + 90_001))
      try expect("minute", ["name", "points"], ["ana 5", "ana 6"])
      try expect("every", ["name"], Array(repeating: "ana", count: 6) + ["ben"])
      let reader = try fixture.reader(opened.generation, opened.pipeline)
      defer { reader.close() }
      let checks = try reader.checkRows(of: opened.pipeline)
      try require(checks.allSatisfy(\.isFine), "limit \(limit): \(checks.flatMap(\.findings))")
      opened.store.close()
    }
  }
}
