import ChangeRecords
import Pipelines
import ReadModels
import RecordLiteralTestKit
import Testing

@testable import Assembly
import Workers

/// What a process says of work that others do.
@Suite struct SharedStatusTests {
  private let old = Generation(number: 1, fingerprint: "a", state: .current, store: "p")
  private let new = Generation(number: 2, fingerprint: "b", state: .building, store: "p")

  private func lane(
    _ generation: Int, _ partition: Int, worker: String = "one", age: Duration = .zero, stopped: String? = nil
  ) -> ReportedWork.Lane {
    ReportedWork.Lane(
      WorkReport.Lane(
        generation: generation, table: "T", partition: partition, sequence: 4, behind: 2, watermark: Instant(rawValue: 9_000),
        deadLetters: 1, retention: 60, stopped: stopped), worker: worker, age: age)
  }

  private func worker(_ name: String, age: Duration = .zero, stopped: [String] = [], held: [Int: [HeldProjection]] = [:])
    -> ReportedWork.Worker
  {
    var worker = ReportedWork.Worker(name, age: age)
    worker.stopped = stopped
    worker.held = held
    return worker
  }

  @Test func `lanes are shown with who runs them, the current generation first, and only those that are reported`() {
    let work = ReportedWork(lanes: [lane(1, 0), lane(1, 1, worker: "two"), lane(2, 0)], workers: [worker("one"), worker("two")])
    let status = SharedStatus(work, generations: [new, old])
    #expect(status.generations.map(\.generation) == [old, new])
    #expect(status.generations[0].lanes.map(\.worker) == ["one", "two"])
    #expect(status.stopped.isEmpty && status.held.isEmpty)
    #expect(SharedStatus(ReportedWork(lanes: [lane(1, 0)]), generations: [old, new]).generations.map(\.generation) == [old])
    #expect(SharedStatus(ReportedWork(), generations: [old]).generations.isEmpty)
  }

  @Test func `a lane that nobody has reported for a while is worked on by nobody`() {
    let limit = SharedStatus.silenceMax
    let work = ReportedWork(lanes: [
      lane(1, 0, age: limit - .milliseconds(1)), lane(1, 1, age: limit, stopped: "its log is gone"),
    ])
    let status = SharedStatus(work, generations: [old])
    #expect(status.generations[0].lanes.map(\.worker) == ["one", nil])
    #expect(status.stopped == ["T[1] has not been worked on for 5 s, last by one: start a worker"])
    let shown = LaneStatus(status.generations[0].lanes[1])
    #expect(shown.table == "T" && shown.partition == 1 && shown.sequence == 4 && shown.behind == 2 && shown.deadLetters == 1)
    #expect(shown.stopped == status.stopped[0] && shown.neededUntil == 69)
  }

  @Test func `what stands still is said once, by those that are there, of what is served`() {
    let held = HeldProjection(projection: "logins", table: "T", partition: 0, waiting: 3)
    let work = ReportedWork(
      lanes: [lane(1, 0, stopped: "T[0] cannot be read"), lane(2, 0, stopped: "T[0] of the next")],
      workers: [
        worker("one", stopped: ["no such table"], held: [1: []]), worker("two", stopped: ["no such table"], held: [1: [held]]),
        worker("gone", age: .seconds(60), stopped: ["long ago"], held: [1: [held, held]]),
      ])
    let status = SharedStatus(work, generations: [old, new])
    #expect(status.stopped == ["no such table", "T[0] cannot be read"])
    #expect(status.held == [held])
  }
}
