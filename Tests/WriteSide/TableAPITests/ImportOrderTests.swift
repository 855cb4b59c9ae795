import RandomTestKit
import Testing

@testable import TableAPI

/// In which order batches are handed on: the value that decides, with batches that arrive and end in any order.
@Suite struct ImportOrderTests {
  func handed(_ arrival: ImportOrder<Int>.Arrival) -> [Int] { if case .handOn(let all) = arrival { all } else { [] } }

  @Test func `a batch waits for the one before it, and one that comes again does not`() {
    var order = ImportOrder<Int>()
    #expect(handed(order.arrived(3, number: 3, applied: 0)).isEmpty)
    #expect(handed(order.arrived(2, number: 2, applied: 0)).isEmpty)
    #expect(handed(order.arrived(1, number: 1, applied: 0)) == [1, 2, 3])
    #expect(handed(order.arrived(12, number: 2, applied: 0)) == [12])
    for number in [1, 2, 3, 2] { #expect(order.ended(number: number, isMissing: false).isEmpty) }
    #expect(order.isIdle)
    #expect(handed(order.arrived(8, number: 8, applied: 7)) == [8])
  }

  @Test func `when one is refused, those that wait are given back`() {
    var order = ImportOrder<Int>()
    #expect(handed(order.arrived(1, number: 1, applied: 0)) == [1])
    #expect(handed(order.arrived(3, number: 3, applied: 0)).isEmpty)
    #expect(order.ended(number: 1, isMissing: true) == [3])
    #expect(order.isIdle)
    #expect(handed(order.arrived(2, number: 2, applied: 0)).isEmpty, "the first is to be sent again before it")
  }

  @Test func `one of before that is refused holds nothing back`() {
    var order = ImportOrder<Int>()
    #expect(handed(order.arrived(5, number: 5, applied: 4)) == [5])
    #expect(handed(order.arrived(2, number: 2, applied: 4)) == [2])
    #expect(handed(order.arrived(7, number: 7, applied: 4)).isEmpty)
    #expect(order.ended(number: 2, isMissing: false).isEmpty)
    #expect(handed(order.arrived(6, number: 6, applied: 4)) == [6, 7])
  }

  @Test func `what is far ahead does not wait`() {
    var order = ImportOrder<Int>()
    let last = 1 + ImportOrder<Int>.aheadMax
    if case .wait = order.arrived(1, number: last, applied: 0) {} else { Issue.record("it does not wait") }
    for number in [last + 1, Int.max] {
      if case .refuse = order.arrived(2, number: number, applied: 0) {} else { Issue.record("\(number) waits") }
    }
  }

  @Test func `what has waited long enough is given back once`() {
    var order = ImportOrder<Int>()
    guard case .wait(let id) = order.arrived(2, number: 2, applied: 0) else { return #expect(Bool(false), "it does not wait") }
    #expect(order.waitedLongEnough(id: id) == 2)
    #expect(order.waitedLongEnough(id: id) == nil && order.isIdle)
    #expect(handed(order.arrived(1, number: 1, applied: 0)) == [1])
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `in whatever order batches arrive, each is handed on once, after those before it`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var order = ImportOrder<Int>()
    let count = 40
    var toCome = Array(1...count)
    var handedOn: [Int] = []
    var applied = 0
    while !toCome.isEmpty || applied < handedOn.count {
      if !toCome.isEmpty, Bool.random(using: &generator) {
        // Those of a window, as a client sends them.
        let number = toCome.remove(at: Int.random(in: 0..<min(6, toCome.count), using: &generator))
        handedOn += handed(order.arrived(number, number: number, applied: applied))
      } else if applied < handedOn.count {
        applied += 1
        #expect(order.ended(number: applied, isMissing: false).isEmpty, "seed \(seed)")
      }
    }
    #expect(handedOn == Array(1...count) && order.isIdle, "seed \(seed)")
  }
}
