import ChangeLog
import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import Projections
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

@testable import Workers

/// A lane in memory: batches in, checkpoints out.
@Suite struct LaneRunTests {
  static let yaml = """
    pipeline: lane
    tables: { Tab: { key: { partition: PK string } } }
    items: { play: { in: Tab, match: { PK: "{name}" }, fields: { points: Points integer } } }
    projections: { plays: { collection: play, key: [name], columns: [points] } }

    """

  private func history(_ count: Int) throws -> TestHistory {
    var history = TestHistory(try pipeline(Self.yaml))
    for number in 0..<count {
      history.put(["PK": .string("p\(number)"), "Points": .number(Number(Int64(number)))])
      history.time += 10
    }
    return history
  }

  private func run(_ history: TestHistory, pace: LanePace = LanePace()) -> LaneRun {
    let start = LogCursor(tableID: TestHistory.tableID(0), sequence: 0)
    let taken = TakenLane(position: LanePosition(cursor: start, epoch: 1), sessions: [:])
    return LaneRun(LaneID(table: 0, partition: 0), history.pipeline, taken, activations: .always([]), pace: pace)
  }

  @Test func `a checkpoint is what was applied since the last one`() throws {
    let history = try history(5)
    var run = run(history)
    #expect(!run.isDirty)
    #expect(run.apply(history.batch(0, 0, after: 0, limit: 2)) == .read)
    #expect(run.isDirty)
    let first = try #require(history.batch(0, 0, after: 0).entries.first?.time)
    #expect(run.oldest == first)
    #expect(run.apply(history.batch(0, 0, after: 2)) == .commit)
    #expect(run.oldest == first)
    let checkpoint = run.takeCheckpoint()
    #expect(
      checkpoint.old.cursor.sequence == 0 && checkpoint.new.cursor.sequence == 5 && checkpoint.changes.collections[0]?.count == 5)
    #expect(
      checkpoint.new.watermark == Instant(history.time) && checkpoint.new.firedThrough == checkpoint.new.watermark
    )
    #expect(!checkpoint.new.fingerprint.isEmpty)
    #expect(run.committed() == .read && !run.isDirty && run.progress.position == checkpoint.new && run.oldest == nil)
    // What comes once more is passed over.
    _ = run.apply(history.batch(0, 0, after: 3))
    #expect(run.takeCheckpoint().changes.isEmpty && run.engine.applied == 5)
  }

  @Test func `what comes before a record that cannot be read is good`() throws {
    let history = try history(4)
    var batch = history.batch(0, 0, after: 0)
    batch.bytes[batch.entries[2].start] = 0xee
    var run = run(history)
    #expect(run.apply(batch) == .commit)
    let checkpoint = run.takeCheckpoint()
    #expect(
      checkpoint.new.cursor.sequence == 2 && checkpoint.new.cursor.hint == 0 && checkpoint.changes.collections[0]?.count == 2)
    // The watermark is not that of a batch that was not applied whole.
    #expect(checkpoint.new.watermark == .distantPast)
    #expect(checkpoint.new.fingerprint == LaneRun.fingerprint(batch.entries[1], batch))
    guard case .stop(.log(let reason)) = run.committed() else {
      Issue.record("the lane goes on")
      return
    }
    #expect(reason.hasPrefix("record 3:"), "\(reason)")
  }

  @Test func `a bad record at the beginning leaves the lane where it stands`() throws {
    let history = try history(2)
    var batch = history.batch(0, 0, after: 0)
    batch.bytes[0] = 0xee
    batch.end.hint = 77
    var run = run(history)
    #expect(run.apply(batch) == .commit)
    let checkpoint = run.takeCheckpoint()
    #expect(checkpoint.new.cursor == checkpoint.old.cursor && checkpoint.changes.isEmpty && checkpoint.new.fingerprint.isEmpty)
  }

  @Test func `a message that is not ours is a dead letter at once`() throws {
    let history = try history(1)
    var batch = history.batch(0, 0, after: 0)
    batch.foreign = [ForeignRecord(offset: 41, reason: "no header", bytes: [1])]
    batch.behind = 100
    var run = run(history)
    #expect(run.apply(batch) == .commit)
    let letters = run.takeCheckpoint().changes.deadLetters
    #expect(
      letters.map(\.projection) == ["(topic)"] && letters[0].sequence == 41 && letters[0].reason == "no header"
        && letters[0].table == "Tab")
    #expect(run.takeCheckpoint().changes.deadLetters.isEmpty)
  }

  @Test func `a record that was written otherwise has another fingerprint`() throws {
    let batch = try history(2).batch(0, 0, after: 0)
    var other = batch
    other.bytes[batch.entries[0].end - 1] ^= 1
    #expect(LaneRun.fingerprint(batch.entries[0], batch) != LaneRun.fingerprint(batch.entries[0], other))
    #expect(LaneRun.fingerprint(batch.entries[1], batch) == LaneRun.fingerprint(batch.entries[1], other))
  }

  @Test func `lanes say where they stand, and wait for the one that holds the decider back`() throws {
    let pipeline = try pipeline(Self.yaml)
    let board = LaneBoard()
    let (first, second) = (LaneID(table: 0, partition: 0), LaneID(table: 0, partition: 1))
    #expect(!board.hasCaughtUp && board.all.isEmpty && board[first] == nil)
    for lane in [second, first] { board.update(lane, pipeline) { $0.sequence = SequenceNumber(lane.partition + 5) } }
    #expect(board.all.map(\.partition) == [0, 1] && board[second]?.sequence == 6)
    #expect(board.partitions.isEmpty)
    board.describe(0, 2, pipeline)
    #expect(board.partitions == [0: 2])
    board.update(first, pipeline) { $0.hasCaughtUp = true }
    #expect(!board.hasCaughtUp)
    board.update(second, pipeline) { $0.hasCaughtUp = true }
    #expect(board.hasCaughtUp)
    // The one that is furthest back never waits; the others do past the bound.
    board.hold([Decider.Hold(projection: 0, lane: first, waiting: 11)], pipeline)
    #expect(board.held == [HeldProjection(projection: "plays", table: "Tab", partition: 0, waiting: 11)])
    // What waits needs the watermarks of all lanes that feed it.
    #expect(board.isAwaited(first) && board.isAwaited(second) && !board.isAwaited(LaneID(table: 1, partition: 0)))
    #expect(board.isHeldBack(second, max: 10) && !board.isHeldBack(second, max: 11) && !board.isHeldBack(first, max: 0))
    board.hold([], pipeline)
    #expect(!board.isHeldBack(second, max: 0) && board.held.isEmpty && !board.isAwaited(first))
    // A lane of a table that is gone holds no other generation back.
    board.update(second, pipeline) { $0.stop = .recreated("gone") }
    #expect(Array(board.positions.keys) == [first])
    board.end()
    #expect(board.isOver)
  }
}

extension LaneRun {
  /// Works a batch off that needs no lookup.
  fileprivate mutating func apply(_ batch: RecordBatch) -> LaneProgress.Action {
    begin(batch)
    guard case .act(let action) = step(), !isAtWork else {
      Issue.record("the lane asks for sessions")
      return .read
    }
    return action
  }
}
