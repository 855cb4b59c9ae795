import DynamoModel
import Pipelines
import ProjectionTestKit
import RandomTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// What `TimedSessions` keeps of a key against all touches that were ever taken, of which the sessions are made again each time.
@Suite struct TimedSessionModelTests {
  /// A touch or end; times are seconds.
  struct Touch {
    let sent: Int64
    let commit: Int64
    /// The order of its commit.
    let number: Int64
    let action: TimedTouch.Action
  }

  struct Span: Hashable {
    var touches: [Int64]
    var start: Int64
    var last: Int64
    var end: Int64
    /// The last second that is of it.
    var reach: Int64
    var rule: SessionEnd
    var isClosed = false
  }

  struct Model {
    let gap: Int64?
    let max: Int64?
    let lateness: Int64
    var taken: [Touch] = []
    var openedAt: Int64 = .min

    func spans(_ touches: [Touch]) -> [Span] {
      var spans: [Span] = []
      for touch in touches.sorted(by: { ($0.sent, $0.number) < ($1.sent, $1.number) }) {
        if var span = spans.popLast() {
          if !span.isClosed, touch.sent <= span.reach {
            switch touch.action {
            case .touch:
              span.touches.append(touch.number)
              span.last = touch.sent
              limit(&span)
              spans.append(span)
              continue
            case .split, .end:
              (span.end, span.isClosed) = (touch.sent, true)
              if case .end(let rule) = touch.action { span.rule = rule } else { span.rule = .cut }
            }
          }
          spans.append(span)
        }
        if touch.action.isEnd { continue }
        var span = Span(touches: [touch.number], start: touch.sent, last: touch.sent, end: 0, reach: 0, rule: .gap)
        limit(&span)
        spans.append(span)
      }
      return spans
    }

    func limit(_ span: inout Span) {
      (span.end, span.rule) = (gap.map { span.last + $0 } ?? .max, .gap)
      if let max, span.start + max < span.end { (span.end, span.rule) = (span.start + max, .max) }
      span.reach = span.end
    }

    mutating func take(_ touch: Touch) -> Bool {
      let bound = touch.commit - lateness
      if touch.action.isEnd {
        if touch.sent < bound { return false }
      } else {
        let (before, after) = (spans(taken), spans(taken + [touch]))
        if Set(before).symmetricDifference(after).contains(where: { $0.end < bound }) { return false }
        let opened = before.contains { $0.end >= bound } ? openedAt : touch.commit
        if spans([Touch(sent: touch.sent, commit: 0, number: 0, action: .touch)])[0].end < opened - lateness { return false }
        openedAt = opened
      }
      taken.append(touch)
      return true
    }
  }

  @Test(arguments: 0..<8)
  func `what is kept of a key knows as much as all that was ever taken`(part: UInt64) throws {
    for seed in (part * 250)..<(part * 250 + 250) {
      var random = SeededGenerator(seed: seed)
      func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
      func pick<Element>(_ all: [Element]) -> Element { all[below(all.count)] }
      let (gap, most, lateness) = (pick([3, 8, 20, nil]), pick([nil, nil, 10, 25]), Int64(pick([0, 2, 10, 30])))
      if gap == nil, most == nil { continue }
      let limits = [gap.map { "gap: \($0)s" }, most.map { "max: \($0)s" }].compactMap { $0 }.joined(separator: ", ")
      var hand = try TimedSessionTests.Hand(limits, lateness: "\(lateness)s", columns: "c: count, s: sum(n)")
      var model = Model(gap: gap.map { Int64($0) }, max: most.map { Int64($0) }, lateness: lateness)
      var commit: Int64 = 100
      var late = 0
      for number in 1...50 {
        commit += Int64(pick([0, 0, 1, 1, 2, 5, 12, 60]))
        let sent = commit + Int64(pick([0, 0, 0, 1, -1, -2, -4, -7, -12, -20, -40]))
        let action = pick([.touch, .touch, .touch, .touch, .touch, .split, TimedTouch.Action.end(.explicit)])
        let isTaken = model.take(Touch(sent: sent, commit: commit, number: Int64(number), action: action))
        late += isTaken ? 0 : 1
        #expect(try hand.take(sent, at: commit, n: Int64(number), action) == isTaken, "seed \(seed), touch \(number)")
        if below(3) == 0 { hand.kept.settle(before: TimedSessionTests.Hand.instant(commit), hand.rules) }
        let expected = model.spans(model.taken).map { span in
          let end = span.isClosed || span.reach < commit ? "\(span.end) \(span.rule.rawValue)" : "open"
          return
            "\(span.touches.min() ?? 0): \(span.start)-\(span.last) \(end) \(span.touches.count) \(span.touches.reduce(Int64(0)) { $0 + $1 })"
        }
        let found = hand.texts(at: commit)
        guard found == expected else {
          Issue.record("seed \(seed), touch \(number): \(found), not \(expected)")
          return
        }
      }
      #expect(hand.kept.records.count <= 50 - late)
    }
  }
}
