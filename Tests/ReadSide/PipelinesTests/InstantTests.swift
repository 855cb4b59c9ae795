import ChangeRecords
import LiteralTestKit
import Pipelines
import Testing

@Suite struct InstantTests {
  @Test func `log times are milliseconds, instants microseconds, and the ends stay the ends`() {
    #expect(Instant(LogTime(rawValue: 5)) == 5_000 && Instant(LogTime(rawValue: -5)) == -5_000)
    #expect(Instant(LogTime.distantFuture) == .distantFuture && Instant(LogTime.distantPast) == .distantPast)
    let last = Int64.max / 1_000
    #expect(Instant(LogTime(rawValue: last)).rawValue == last * 1_000)
    #expect(Instant(LogTime(rawValue: last + 1)) == .distantFuture)
    #expect(Instant(LogTime(rawValue: -last - 1)) == .distantPast)
  }

  @Test func `an instant counts on in microseconds`() {
    let instant: Instant = 1_500
    #expect(instant.advanced(by: -2_000) == -500 && instant.milliseconds == 1)
    #expect(instant.distance(to: 2_000) == 500 && instant.distance(to: 0) == -1_500)
  }
}
