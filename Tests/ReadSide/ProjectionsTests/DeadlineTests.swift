import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RandomTestKit
import Testing

@testable import Projections

/// Which rule ends a session first, and the heap that says whose turn it is.
@Suite struct DeadlineTests {
  private func deadline(_ rules: String, started: Instant, last: Instant, item: Instant? = nil, isItem: Bool = false) throws
    -> SessionDeadline?
  {
    let hand = try SessionHand(isItem ? ItemSessionTests.items(rules) : SessionFoldTests.touches(rules))
    let state = SessionState(
      key: [.string("a")], sessionID: "", startedAt: started, lastAt: last, columns: [],
      item: isItem ? SessionItem(key: Item(), seen: Item(), version: .none, deadline: item) : nil, liveGroup: [], stamp: .none)
    return SessionDeadline(state, hand.sessions)
  }

  @Test func `the earliest of the rules ends a session`() throws {
    let gap = try #require(try deadline("gap: 1ms, max: 1s", started: 0, last: 5_000))
    #expect(gap.last == 6_000 && gap.endedAt == 6_000 && gap.rule == .gap)
    let max = try #require(try deadline("gap: 1ms, max: 5ms", started: 0, last: 4_500))
    #expect(max.last == 5_000 && max.endedAt == 5_000 && max.rule == .max)
    // Of equal ones the gap.
    #expect(try deadline("gap: 1ms, max: 5ms", started: 0, last: 4_000)?.rule == .gap)
    let day: Instant = 86_400_000_000
    let cut = try #require(try deadline("gap: 1h, cut: midnight 'UTC'", started: day - 1, last: day - 1))
    #expect(cut.last == day - 1 && cut.endedAt == day && cut.rule == .cut)
  }

  @Test func `an item's own deadline counts, and a session does not end before its last touch`() throws {
    let own = try #require(try deadline("deadline: until, gap: 1s", started: 0, last: 100, item: 50, isItem: true))
    #expect(own.last == 50 && own.endedAt == 100 && own.rule == .deadline)
    #expect(try deadline("deadline: until, gap: 1s", started: 0, last: 0, item: 2_000_000, isItem: true)?.rule == .gap)
    #expect(try deadline("deadline: until", started: 0, last: 0, isItem: true) == nil)
  }

  @Test func `midnight is that of the zone`() throws {
    let start: Instant = 50_400_000_000
    let cut = try #require(try deadline("gap: 2d, cut: midnight 'Asia/Tokyo'", started: start, last: start))
    #expect(cut.endedAt == start + 3_600_000_000)
  }

  @Test func `a heap gives what a sorted array gives`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for most in [3, 1_000_000] {
      var heap = DeadlineHeap()
      var sorted: [Instant] = []
      for round in 0..<4_000 {
        // Up, then down to nothing.
        if Int.random(in: 0..<10, using: &random) < (round < 2_000 ? 7 : 3) {
          let deadline = Instant(rawValue: Int64.random(in: 0..<Int64(most), using: &random))
          heap.push(.init(deadline: deadline, slot: Int32(round), life: 1))
          sorted.insert(deadline, at: sorted.firstIndex { $0 > deadline } ?? sorted.count)
        } else {
          #expect(heap.least?.deadline == sorted.first, "seed \(seed), round \(round)")
          #expect(heap.pop()?.deadline == sorted.first, "seed \(seed), round \(round)")
          if !sorted.isEmpty { sorted.removeFirst() }
        }
      }
      while !sorted.isEmpty { #expect(heap.pop()?.deadline == sorted.removeFirst(), "seed \(seed)") }
      #expect(heap.pop() == nil && heap.least == nil)
    }
  }

  @Test func `each entry of a heap comes out once`() {
    var heap = DeadlineHeap()
    for slot in 0..<100 { heap.push(.init(deadline: Instant(rawValue: Int64(slot % 7)), slot: Int32(slot), life: UInt32(slot))) }
    var slots: [Int32] = []
    while let entry = heap.pop() {
      #expect(entry.life == UInt32(entry.slot) && entry.deadline.rawValue == Int64(entry.slot % 7))
      slots.append(entry.slot)
    }
    #expect(slots.sorted() == Array(0..<100))
  }
}
