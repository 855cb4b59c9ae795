import Foundation
import Testing

@testable import Assembly

@Suite struct ClockDifferenceTests {
  private func difference(_ time: Int64, _ asked: Double, _ answered: Double) -> ClockDifference {
    ClockDifference(
      time, askedFor: Date(timeIntervalSince1970: asked), answered: Date(timeIntervalSince1970: answered))
  }

  @Test func `what the asking took is not counted`() {
    #expect(difference(1_000_500, 1_000, 1_001).secondsAhead == 0)
    #expect(difference(1_000_000, 1_010, 1_090).secondsAhead == 10)
    #expect(difference(1_100_000, 1_010, 1_090).secondsAhead == -10)
  }

  @Test func `a difference past the limit is said, to both sides`() {
    func said(_ own: Double) -> String { difference(1_000_000, own, own).sentence ?? "" }
    #expect(said(1_005).isEmpty && said(995).isEmpty)
    #expect(said(1_006).hasPrefix("this machine's clock is 6 s ahead of the database's: "))
    #expect(said(994).hasPrefix("this machine's clock is 6 s behind the database's: "))
  }
}
