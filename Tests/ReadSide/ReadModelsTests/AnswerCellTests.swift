import ChangeLog
import ChangeRecords
import LiteralTestKit
import Pipelines
import ReadModels
import RecordLiteralTestKit
import Testing

/// Cells of answers beside what a scenario expects, what errors say, and the order of lanes.
@Suite struct AnswerCellTests {
  @Test func `cells match by what they mean`() {
    let same: [(AnswerCell, AnswerCell)] = [
      (.null, .null), (.integer(3), .integer(3)), (.integer(3), .real(3)), (.real(0.5), .real(0.5)), (.blob([1]), .blob([1])),
      (.text("true"), .integer(1)), (.text("false"), .integer(0)), (.integer(-5), .text("-5")), (.text("a"), .text("a")),
      (.text("2026-01-01T10:00:00Z"), .text("2026-01-01T10:00:00.000000Z")),
      (.text("2026-01-01T11:00:00+01:00"), .text("2026-01-01T10:00:00.000000Z")),
      (.text("2026-01-01T10:00:00"), .text("2026-01-01T10:00:00.000000Z")),
    ]
    for (expected, actual) in same { #expect(expected.matches(actual), "\(expected) \(actual)") }
    let other: [(AnswerCell, AnswerCell)] = [
      (.null, .integer(0)), (.integer(0), .null), (.text(""), .null), (.integer(3), .integer(4)), (.text("true"), .integer(0)),
      (.text("1"), .integer(1)), (.real(3), .integer(4)), (.blob([1]), .text("AQ==")), (.text("\u{e9}"), .text("e\u{301}")),
      (.text("2026-01-01T10:00:00Z"), .text("2026-01-01T10:00:00.000001Z")), (.integer(5), .text("05")),
    ]
    for (expected, actual) in other { #expect(!expected.matches(actual), "\(expected) \(actual)") }
  }

  @Test func `an error says how to mend it, by the folder of its file`() {
    let path = "data/read-models/chat/generation-3/read-model.db"
    let command = "afterimage pipeline rebuild chat --data data"
    for error in [
      ReadModelError.damaged(path: path, "x"), .otherFingerprint(path: path), .otherVersion(path: path, found: "1", known: 2),
    ] {
      #expect(error.description.contains(command) && error.description.contains(path), "\(error)")
    }
    #expect(ReadModelError.damaged(path: "x.db", "y").description == "x.db is damaged: y: rebuild the pipeline from the log")
    #expect(
      ReadModelError.storage(path: path, "no space", isFull: true).description.contains("nothing of the checkpoint was written"))
    #expect(ReadModelError.superseded(table: "Tab", partition: 3).description == "lane Tab[3] was taken over by another worker")
    #expect(
      ReadModelError.superseded(table: "the decider", partition: -1).description == "the decider was taken over by another worker"
    )
  }

  @Test func `lanes are ordered by table, then by partition`() {
    let lanes = [(1, 0), (0, 2), (0, 10), (2, 1)].map { LaneID(table: TableIndex(rawValue: $0.0), partition: $0.1) }
    #expect(lanes.sorted().map { [$0.table.rawValue, $0.partition] } == [[0, 2], [0, 10], [1, 0], [2, 1]])
  }

  @Test func `an old generation is asked by table and partition, not by its own numbers`() {
    func position(_ table: UInt64, _ sequence: SequenceNumber) -> LanePosition {
      LanePosition(cursor: LogCursor(tableID: TableID(rawValue: table), sequence: sequence))
    }
    let old = OldGeneration(
      lanes: [
        LaneID(table: 3, partition: 1): position(7, 5), LaneID(table: 0, partition: 0): position(9, 6),
        LaneID(table: 3, partition: 0): position(7, 8),
      ], decided: [:], outbox: [])
    #expect(old.position(LaneID(table: 0, partition: 1), of: position(7, 0))?.cursor.sequence == 5)
    #expect(old.position(LaneID(table: 0, partition: 0), of: position(7, 0))?.cursor.sequence == 8)
    #expect(old.position(LaneID(table: 0, partition: 2), of: position(7, 0)) == nil)
    #expect(old.position(LaneID(table: 0, partition: 0), of: position(8, 0)) == nil)
  }
}
