import Testing

@testable import QueryAPI

/// When the metrics of a pipeline are evaluated.
@Suite struct MetricScheduleTests {
  static let start = ContinuousClock.now
  static func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
  static func state(generation: Int = 1, revision: Int = 0, version: Int64? = 7) -> MetricSchedule.State {
    .init(generation: generation, revision: revision, version: version)
  }

  @Test func `the first look may begin at once, the next an interval after its beginning`() {
    var schedule = MetricSchedule()
    #expect(schedule.pause(at: Self.at(0)) == .zero)
    schedule.looked(.evaluated(Self.state(), isWhole: true), from: Self.at(0), to: Self.at(100))
    #expect(schedule.pause(at: Self.at(100)) == .milliseconds(4_900))
    #expect(schedule.pause(at: Self.at(4_999)) == .milliseconds(1))
    #expect(schedule.pause(at: Self.at(5_000)) == .zero)
  }

  @Test func `looks that take long leave half of the time free`() {
    var schedule = MetricSchedule()
    schedule.looked(.evaluated(Self.state(), isWhole: false), from: Self.at(0), to: Self.at(8_000))
    #expect(schedule.pause(at: Self.at(8_000)) == .milliseconds(8_000))
  }

  @Test func `a commit, another generation and an edited file are due, and nothing else is`() {
    var schedule = MetricSchedule()
    #expect(schedule.isDue(Self.state()))
    schedule.looked(.evaluated(Self.state(), isWhole: true), from: Self.at(0), to: Self.at(1))
    #expect(!schedule.isDue(Self.state()))
    schedule.looked(.unchanged, from: Self.at(5_000), to: Self.at(5_001))
    #expect(!schedule.isDue(Self.state()))
    #expect(schedule.isDue(Self.state(version: 8)))
    #expect(schedule.isDue(Self.state(revision: 1)))
    #expect(schedule.isDue(Self.state(generation: 2)))
  }

  @Test func `what failed in part or whole, and a store that does not say what it is at, is always due`() {
    var schedule = MetricSchedule()
    schedule.looked(.evaluated(Self.state(), isWhole: false), from: Self.at(0), to: Self.at(1))
    #expect(schedule.isDue(Self.state()))
    schedule.looked(.evaluated(Self.state(), isWhole: true), from: Self.at(5_000), to: Self.at(5_001))
    #expect(!schedule.isDue(Self.state()))
    schedule.looked(.failed, from: Self.at(10_000), to: Self.at(10_001))
    #expect(schedule.isDue(Self.state()))
    schedule.looked(.evaluated(Self.state(version: nil), isWhole: true), from: Self.at(15_000), to: Self.at(15_001))
    #expect(schedule.isDue(Self.state(version: nil)))
  }

  @Test func `a read model that is not there yet is looked for again soon`() {
    var schedule = MetricSchedule()
    schedule.looked(.absent, from: Self.at(0), to: Self.at(10))
    #expect(schedule.pause(at: Self.at(10)) == MetricSchedule.absencePause)
    #expect(schedule.isDue(Self.state()))
  }
}
