import ChangeRecords
import Pipelines
import ReadModels
import Services
import Synchronization
import Testing

@testable import Workers

/// Which lanes a process runs, and for how long.
@Suite(.timeLimit(.minutes(1))) struct LaneAssignmentTests {
  @Test func `one process alone runs all lanes`() {
    let assignment = LaneAssignment(isShared: false)
    #expect(assignment.partitions(of: "T", count: 3) == [0, 1, 2])
    #expect(assignment.holds("T", 7))
  }

  @Test func `among several a process runs what it is assigned, of partitions that there are`() {
    let assignment = LaneAssignment(isShared: true)
    #expect(assignment.partitions(of: "T", count: 3) == [])
    assignment.assign(["T": [2, 0, 5], "U": [1]])
    #expect(assignment.partitions(of: "T", count: 3) == [0, 2])
    #expect(assignment.partitions(of: "V", count: 3) == [])
    #expect(assignment.holds("U", 1) && !assignment.holds("U", 0) && !assignment.holds("T", 1))
  }

  @Test func `what is in the way of an assignment is over when there is one, and is news once`() {
    let assignment = LaneAssignment(isShared: true)
    let ticket = assignment.changed.ticket
    assignment.trouble = "ask for READ"
    #expect(assignment.trouble == "ask for READ" && assignment.changed.ticket != ticket)
    let said = assignment.changed.ticket
    assignment.trouble = "ask for READ"
    #expect(assignment.changed.ticket == said)
    assignment.assign(["T": [0]])
    #expect(assignment.trouble == nil)
  }

  @Test func `one that drains leaves its lanes to others one by one, and says which nobody has taken`() async throws {
    let assignment = LaneAssignment(isShared: true)
    assignment.assign(["T": [0, 1], "U": [3]])
    #expect(!assignment.isDraining)
    async let rest = assignment.drain(within: .seconds(30))
    while !assignment.isDraining { await Task.yield() }
    for (table, partition) in [("T", 0), ("U", 3)] { assignment.leave(try #require(assignment.hold(table, partition))) }
    #expect(!assignment.holds("T", 0) && assignment.holds("T", 1) && !assignment.holds("U", 3))
    #expect(await assignment.drain(within: .milliseconds(10)) == ["T": [1]])
    assignment.leave(try #require(assignment.hold("T", 1)))
    #expect(await rest == [:])
  }

  private final class Order: Sendable {
    private let words = Mutex<[String]>([])

    func note(_ word: String) { words.withLock { $0.append(word) } }
    var all: [String] { words.withLock { $0 } }
  }

  @Test func `what is taken back is waited for`() async throws {
    let assignment = LaneAssignment(isShared: true)
    assignment.assign(["T": [0]])
    let hold = try #require(assignment.hold("T", 0))
    let (began, mayEnd) = (Signal(), Signal())
    let order = Order()
    await withTaskGroup(of: Void.self) { group in
      let (start, end) = (began.ticket, mayEnd.ticket)
      group.addTask {
        await assignment.perform(hold) {
          began.announce()
          await assignment.waitForEnd(of: hold)
          order.note("the hold is over")
          mayEnd.announce()
          order.note("parked")
        }
      }
      group.addTask {
        await began.wait(since: start, timeout: .seconds(20))
        #expect(await assignment.revoke(within: .seconds(20)))
        order.note("given back")
      }
      await mayEnd.wait(since: end, timeout: .seconds(20))
    }
    #expect(order.all == ["the hold is over", "parked", "given back"])
    #expect(assignment.partitions(of: "T", count: 1) == [])
  }

  @Test func `what does not end in time is not waited for, and work of an old hold does not begin`() async throws {
    let assignment = LaneAssignment(isShared: true)
    assignment.assign(["T": [0]])
    let hold = try #require(assignment.hold("T", 0))
    let isOver = Signal()
    await withTaskGroup(of: Void.self) { group in
      let ticket = isOver.ticket
      let began = Signal()
      let start = began.ticket
      group.addTask {
        await assignment.perform(hold) {
          began.announce()
          await isOver.wait(since: ticket, timeout: .seconds(20))
        }
      }
      await began.wait(since: start, timeout: .seconds(20))
      #expect(await !assignment.revoke(within: .milliseconds(20)))
      await assignment.perform(hold) { Issue.record("a lane begins that was given back") }
      isOver.announce()
    }
    #expect(await assignment.revoke(within: .seconds(20)))
  }

  @Test func `what is given back goes on until it is another's, and a lane that stays has no break`() throws {
    let assignment = LaneAssignment(isShared: true)
    assignment.assign(["T": [0, 1], "U": [0]])

    let (stays, goes) = (try #require(assignment.hold("T", 0)), try #require(assignment.hold("T", 1)))
    for hold in [stays, goes] { assignment.note(hold, place: 17) }
    #expect(assignment.mayTakeAgain(stays) && assignment.mayTakeAgain(goes))
    assignment.giveBack()
    #expect(!assignment.mayTakeAgain(stays) && !assignment.mayTakeAgain(goes))
    #expect(assignment.hold("T", 0) == stays && assignment.hold("T", 1) == goes && assignment.holds("U", 0))
    assignment.assign(["T": [0, 2]])
    #expect(assignment.mayTakeAgain(stays) && !assignment.mayTakeAgain(goes))
    #expect(assignment.hold("T", 0) == stays && assignment.hold("T", 1) == nil && assignment.hold("T", 2) != nil)
    #expect(!assignment.holds("U", 0))
    #expect(assignment.places == ["T": [0: 17]])
    // What is said after the end is not told of the next hold.
    assignment.note(goes, place: 18)
    assignment.assign(["T": [1]])
    assignment.note(goes, place: 19)
    assignment.leave(goes)
    #expect(assignment.places.isEmpty && assignment.hold("T", 1) != goes && assignment.holds("T", 1))
  }

  @Test func `a lane that another has taken while all are shared out anew is begun again when it comes back`() throws {
    let assignment = LaneAssignment(isShared: true)
    assignment.assign(["T": [0, 1]])
    let (left, kept) = (assignment.hold("T", 0), assignment.hold("T", 1))
    assignment.giveBack()
    assignment.leave(try #require(left))
    #expect(!assignment.holds("T", 0) && assignment.hold("T", 0) == left)
    assignment.assign(["T": [0, 1]])
    #expect(assignment.holds("T", 0) && assignment.hold("T", 0) != left && assignment.hold("T", 1) == kept)
  }

  @Test func `a term of leading ends before the store's does`() {
    let asked = ContinuousClock.now
    var term = LeadTerm(asked: asked)
    #expect(!term.isOver(asked + .milliseconds(4_499)))
    #expect(term.isOver(asked + .milliseconds(4_500)))
    term.renewed(asked: asked + .seconds(1))
    #expect(!term.isOver(asked + .milliseconds(5_499)))
    #expect(term.isOver(asked + .milliseconds(5_500)))
  }

  @Test func `a lane follows its log when it is past what the log held a second ago`() {
    let lane = LaneID(table: TableIndex(rawValue: 0), partition: 1)
    let start = ContinuousClock.now
    func sequence(_ number: UInt64) -> SequenceNumber { SequenceNumber(rawValue: number) }
    var seen = SeenEnds()
    #expect(!seen.isPast(lane, sequence(100), now: start))
    for (milliseconds, end) in [(0, UInt64(10)), (500, 20), (1_000, 30), (1_500, 40)] {
      seen.note([sequence(0), sequence(end)], of: lane.table, at: start + .milliseconds(milliseconds))
    }
    let now = start + .milliseconds(1_600)
    // The latest look that is a second old is that of 500 ms.
    #expect(seen.isPast(lane, sequence(20), now: now))
    #expect(!seen.isPast(lane, sequence(19), now: now))
    #expect(!seen.isPast(LaneID(table: lane.table, partition: 2), sequence(20), now: now))
    #expect(!seen.isPast(LaneID(table: TableIndex(rawValue: 1), partition: 1), sequence(20), now: now))
  }
}
