import ChangeRecords
import Pipelines
import Testing

@testable import Workers

/// When an operator hears that a log may drop what a lane still needs.
@Suite struct RetentionNoticeTests {
  private static let hour: Int64 = 3_600_000

  private func status(behind: UInt64 = 1, watermark: Int64 = 10 * hour, retention: Int64? = 24 * hour) -> LaneStatus {
    var status = LaneStatus(table: "T", partition: 0)
    status.behind = behind
    status.watermark = Instant(LogTime(rawValue: watermark))
    status.retention = retention
    return status
  }

  private func notice(_ status: LaneStatus, at now: Int64) -> RetentionNotice {
    RetentionNotice(neededUntil: status.neededUntil, retention: status.retention, now: LogTime(rawValue: now))
  }

  @Test func `it is soon in the last quarter of the retention, and passed at its end`() {
    let end = 34 * Self.hour
    #expect(notice(status(), at: end - 6 * Self.hour - 1) == .none)
    #expect(notice(status(), at: end - 6 * Self.hour) == .soon(until: LogTime(rawValue: end)))
    #expect(notice(status(), at: end - 1) == .soon(until: LogTime(rawValue: end)))
    #expect(notice(status(), at: end) == .passed(since: LogTime(rawValue: end)))
  }

  @Test func `nothing is in danger where all is applied, records are kept forever, or no time is known`() {
    for status in [status(behind: 0), status(retention: nil), status(watermark: .min), status(retention: .max)] {
      #expect(notice(status, at: .max) == .none)
    }
  }

  @Test func `the sentence names the lane and the time`() {
    #expect(
      notice(status(), at: 33 * Self.hour).sentence("T[0]")?.contains(
        "T[0] needs records that the log may drop from 1970-01-02T10") == true)
    #expect(notice(status(), at: 35 * Self.hour).sentence("T[0]")?.contains("may have dropped since 1970-01-02T10") == true)
    #expect(RetentionNotice.none.sentence("T[0]") == nil)
  }
}
