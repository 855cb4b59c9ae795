import ChangeLog
import ChangeRecords
import DynamoModel
import RecordLiteralTestKit
@testable import Projections
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import ReadModels
import Testing

@testable import Workers

/// What a lane does next, for every case.
@Suite struct LaneProgressTests {
  private static let start = ContinuousClock.now
  private static let tableID = TableID(rawValue: 1)
  private static let pace = LanePace(
    recordsMax: 100, rowsMax: 50, interval: .seconds(1), farRecords: 1_000, nearInterval: .milliseconds(20), nearRecords: 4,
    watermarkInterval: .seconds(2))

  private func progress(pace: LanePace = Self.pace) -> LaneProgress {
    LaneProgress(LanePosition(cursor: LogCursor(tableID: Self.tableID, sequence: 10), epoch: 3), pace: pace, now: Self.start)
  }

  private func batch(
    end: SequenceNumber, records: Int = 0, watermark: Instant = .distantPast, behind: UInt64 = 5, hasChanges: Bool = false,
    rows: Int = 0, isUrgent: Bool = false, isAwaited: Bool = false, failure: LaneFailure? = nil
  ) -> LaneProgress.Applied {
    LaneProgress.Applied(
      end: LogCursor(tableID: Self.tableID, sequence: end), records: records, watermark: watermark, firedThrough: watermark,
      fingerprint: records > 0 ? "print \(end)" : nil, behind: behind, hasChanges: hasChanges, changedRows: rows,
      isUrgent: isUrgent, isAwaited: isAwaited, failure: failure)
  }

  @Test func `records are gathered before the log's end and committed at it`() {
    var progress = progress()
    #expect(progress.applied(batch(end: 20, records: 10), now: Self.start) == .read)
    #expect(progress.applied(batch(end: 30, records: 10, behind: 0), now: Self.start) == .commit)
    #expect(
      progress.next.cursor.sequence == 30 && progress.next.fingerprint == "print 30" && progress.position.cursor.sequence == 10)
    #expect(progress.committed(now: Self.start) == .read)
    #expect(progress.position == progress.next && progress.position.epoch == 3)
  }

  @Test func `records, rows and time have their limits`() {
    var records = progress()
    #expect(records.applied(batch(end: 109, records: 99), now: Self.start) == .read)
    #expect(records.applied(batch(end: 110, records: 1), now: Self.start) == .commit)
    var rows = progress()
    #expect(rows.applied(batch(end: 11, records: 1, rows: 49), now: Self.start) == .read)
    #expect(rows.applied(batch(end: 12, records: 1, rows: 50), now: Self.start) == .commit)
    var time = progress()
    #expect(time.applied(batch(end: 11, records: 1), now: Self.start + .milliseconds(999)) == .read)
    #expect(time.applied(batch(end: 12, records: 1), now: Self.start + .seconds(1)) == .commit)
    // Far from the log's end five times as long.
    var far = progress()
    #expect(far.applied(batch(end: 11, records: 1, behind: 1_001), now: Self.start + .milliseconds(4_999)) == .read)
    #expect(far.applied(batch(end: 12, records: 1, behind: 1_001), now: Self.start + .seconds(5)) == .commit)
    // Near the end only for a moment.
    var near = progress()
    #expect(near.applied(batch(end: 11, records: 1, behind: 4), now: Self.start + .milliseconds(19)) == .read)
    #expect(near.applied(batch(end: 12, records: 1, behind: 5), now: Self.start + .milliseconds(20)) == .read)
    #expect(near.applied(batch(end: 13, records: 1, behind: 4), now: Self.start + .milliseconds(20)) == .commit)
    // The clock begins again with a checkpoint, and so do the records.
    #expect(far.committed(now: Self.start + .seconds(5)) == .read)
    #expect(far.applied(batch(end: 13, records: 1, behind: 1_001), now: Self.start + .seconds(9)) == .read)
  }

  @Test func `a quiet lane commits what time has changed at once, and its watermark now and then`() {
    var progress = progress()
    #expect(progress.applied(batch(end: 10, behind: 0), now: Self.start + .seconds(60)) == .read)
    #expect(!progress.isDirty(hasChanges: false) && progress.isDirty(hasChanges: true))
    #expect(progress.applied(batch(end: 10, watermark: 7, behind: 0), now: Self.start + .milliseconds(1_999)) == .read)
    #expect(progress.isDirty(hasChanges: false))
    #expect(progress.applied(batch(end: 10, watermark: 8, behind: 0), now: Self.start + .seconds(2)) == .commit)
    #expect(progress.next.watermark == 8 && progress.next.firedThrough == 8)
    _ = progress.committed(now: Self.start + .seconds(2))
    #expect(progress.applied(batch(end: 10, watermark: 9, behind: 0, hasChanges: true), now: Self.start + .seconds(2)) == .commit)
  }

  @Test func `a quiet lane for which the decider waits commits its watermark soon, and nothing where it has none`() {
    var progress = progress()
    let soon = Self.pace.awaitedInterval
    #expect(progress.applied(batch(end: 10, behind: 0, isAwaited: true), now: Self.start + .seconds(60)) == .read)
    let early = Self.start + soon - .milliseconds(1)
    #expect(progress.applied(batch(end: 10, watermark: 7, behind: 0, isAwaited: true), now: early) == .read)
    #expect(progress.applied(batch(end: 10, watermark: 8, behind: 0), now: Self.start + soon) == .read)
    #expect(progress.applied(batch(end: 10, watermark: 8, behind: 0, isAwaited: true), now: Self.start + soon) == .commit)
  }

  @Test func `a watermark never goes back`() {
    var progress = progress()
    _ = progress.applied(batch(end: 11, records: 1, watermark: 50), now: Self.start)
    _ = progress.applied(batch(end: 12, records: 1, watermark: 40), now: Self.start)
    #expect(progress.next.watermark == 50)
  }

  @Test func `messages that are set aside are committed at once`() {
    var progress = progress()
    #expect(progress.applied(batch(end: 10, isUrgent: true), now: Self.start) == .commit)
  }

  @Test func `what comes before a bad record is committed, and then the lane stops`() {
    for (kind, isRecreated) in [(LaneFailure.Kind.unreadable, false), (.truncated, true)] {
      var progress = progress()
      let failure = LaneFailure(kind, sequence: 12, "is broken")
      #expect(progress.applied(batch(end: 11, records: 1, failure: failure), now: Self.start) == .commit)
      let action = progress.committed(now: Self.start)
      #expect(action == .stop(isRecreated ? .recreated("record 12: is broken") : .log("record 12: is broken")))
      #expect(progress.position.cursor.sequence == 11)
    }
  }

  @Test func `a log that cannot be read is tried again, or stops the lane`() {
    let retry = LogError(.retry, table: "T", partition: 1, "no route")
    var waits: [Duration] = []
    for attempts in [0, 1, 2, 6, 7, 1_000, .max] {
      guard case .retry(let wait, let reason, false) = LaneProgress.failed(retry, attempts: attempts) else {
        Issue.record("attempt \(attempts)")
        return
      }
      #expect(reason.contains("no route"))
      waits.append(wait)
    }
    #expect(waits == [50, 100, 200, 3_200, 5_000, 5_000, 5_000].map { .milliseconds($0) })
    // What the log's owner does not allow is tried again, and is worth an operator's eye.
    #expect(
      LaneProgress.failed(LogError(.denied, table: "T", partition: 1, "ask for READ"), attempts: 9)
        == .retry(after: .seconds(2), reason: "ask for READ", standsStill: true))
    #expect(LaneProgress.failed(LogError(.recreated, table: "T", "gone"), attempts: 1) == .stop(.recreated("T: gone")))
    for kind in [LogError.Kind.corrupt, .trimmed, .configuration] {
      #expect(LaneProgress.failed(LogError(kind, table: "T", partition: 2, "bad"), attempts: 1) == .stop(.log("T[2]: bad")))
    }
  }

  @Test func `a store that refuses is loaded again, waited for, or stops the lane`() {
    #expect(LaneProgress.failed(.superseded(table: "T", partition: 0)) == .reload)
    for isFull in [false, true] {
      guard case .retry(.seconds(2), let reason, true) = LaneProgress.failed(.storage(path: "p", "locked", isFull: isFull)) else {
        Issue.record("a full disk stops the lane")
        continue
      }
      #expect(reason.contains("locked"))
    }
    let stops: [ReadModelError] = [
      .damaged(path: "p", "x"), .otherVersion(path: "p", found: "9", known: 2), .otherFingerprint(path: "p"),
    ]
    for error in stops { #expect(LaneProgress.failed(error) == .stop(.readModel("\(error)"))) }
  }
}
