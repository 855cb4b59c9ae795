import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import Projections
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

@testable import Workers

/// Which effects begin, how patiently they are tried, and when a generation may take another's place.
@Suite struct EffectQueueTests {
  private static let pipeline = Result { try ProjectionTestKit.pipeline(LaneRunTests.yaml) }

  private func effect(_ id: Int64, target: String) throws -> PendingEffect {
    let key: Item = ["PK": .string(target)]
    let pipeline = try Self.pipeline.get()
    let entry = OutboxEntry(
      idempotencyKey: "\(id)", name: "e", time: 0, order: 0, origin: .record(1),
      action: .deleteItem(
        table: 0, key: key, seen: Item(), through: Position(tableID: TestHistory.tableID(0), partition: 0, sequence: 1)))
    return PendingEffect(
      id: EffectID(rawValue: id), idempotencyKey: "\(id)", effect: "e", at: 0, order: 0, action: OutboxAction(entry, pipeline),
      attempts: 0)
  }

  @Test func `a limited number begin at once, and the next when one has ended`() throws {
    var queue = EffectQueue(atOnce: 2)
    #expect(queue.isIdle && queue.wantsMore && queue.begin().isEmpty)
    let all = try (1...4).map { try effect(Int64($0), target: "t\($0)") }
    queue.add(all)
    #expect(!queue.isIdle && !queue.wantsMore)
    #expect(queue.begin().map(\.id) == [1, 2])
    #expect(queue.begin().isEmpty)
    queue.end(all[1])
    #expect(queue.begin().map(\.id) == [3] && queue.wantsMore)
    queue.end(all[0])
    queue.end(all[2])
    #expect(queue.begin().map(\.id) == [4] && !queue.isIdle)
    queue.end(all[3])
    #expect(queue.isIdle)
  }

  @Test func `on one target one goes after the other, in order, and holds nobody else back`() throws {
    var queue = EffectQueue(atOnce: 10)
    let all = try [(1, "a"), (2, "a"), (3, "b"), (4, "a")].map { try effect(Int64($0.0), target: $0.1) }
    queue.add(all)
    #expect(queue.begin().map(\.id) == [1, 3])
    queue.end(all[0])
    #expect(queue.begin().map(\.id) == [2])
    queue.end(all[1])
    #expect(queue.begin().map(\.id) == [4])
  }

  @Test func `what is carried out makes room at once, and its target waits until that is durable`() throws {
    var queue = EffectQueue(atOnce: 1)
    let all = try [(1, "a"), (2, "a"), (3, "b")].map { try effect(Int64($0.0), target: $0.1) }
    #expect(queue.unknown(among: all).count == 3)
    queue.add(all)
    #expect(queue.begin().map(\.id) == [1])
    queue.carriedOut()
    #expect(queue.begin().map(\.id) == [3] && !queue.isIdle)
    queue.settled(all[0])
    queue.carriedOut()
    #expect(queue.begin().map(\.id) == [2])
    #expect(queue.unknown(among: all).map(\.id) == [1])
  }

  @Test func `one that is known is passed over until it has ended`() throws {
    var queue = EffectQueue(atOnce: 1)
    let (first, second) = (try effect(1, target: "a"), try effect(2, target: "b"))
    queue.add([first, second, first])
    #expect(queue.begin().map(\.id) == [1])
    queue.add([first, second])
    queue.end(first)
    #expect(queue.begin().map(\.id) == [2])
    queue.end(second)
    queue.add([first])
    #expect(queue.begin().map(\.id) == [1])
  }

  @Test func `those that wait are let go when an operator changed something`() throws {
    var queue = EffectQueue(atOnce: 1)
    let all = try (1...3).map { try effect(Int64($0), target: "t\($0)") }
    queue.add(all)
    #expect(queue.begin().map(\.id) == [1])
    queue.forgetWaiting()
    #expect(queue.wantsMore && !queue.isIdle)
    // What the store still has due comes again; what is being carried out is not begun twice.
    queue.add([all[0], all[2]])
    queue.end(all[0])
    #expect(queue.begin().map(\.id) == [3])
  }

  @Test func `whatever comes, no more than the limit run, and never two on a target`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var queue = EffectQueue(atOnce: 4)
    let all = try (0..<200).map { try effect(Int64($0), target: "t\($0 % 7)") }
    var running: [PendingEffect] = []
    var ended: [EffectID] = []
    var next = 0
    while ended.count < all.count {
      let count = min(all.count - next, Int.random(in: 0..<9, using: &random))
      queue.add(Array(all[next..<next + count]))
      next += count
      running += queue.begin()
      #expect(running.count <= 4 && Set(running.map(\.action.target)).count == running.count, "seed \(seed)")
      guard !running.isEmpty else { continue }
      let one = running.remove(at: Int.random(in: 0..<running.count, using: &random))
      queue.end(one)
      ended.append(one.id)
    }
    for target in 0..<7 {
      let ids = ended.filter { $0.rawValue % 7 == target }
      #expect(ids == ids.sorted(), "seed \(seed): target \(target) went \(ids)")
    }
    #expect(queue.isIdle, "seed \(seed)")
  }

  @Test func `waits double up to the most, and attempts end`() {
    let patience = EffectPatience(attempts: 6, firstWaitMilliseconds: 200, waitMillisecondsMax: 1_000)
    let outcomes = (0..<7).map { patience.outcome(attemptsBefore: $0, now: 10, "busy") }
    #expect(outcomes[..<5] == [210, 410, 810, 1_010, 1_010].map { .retry(notBefore: $0, "busy") }[...])
    #expect(outcomes[5...] == [.failed("busy"), .failed("busy")])
    #expect(
      EffectPatience(attempts: 1, firstWaitMilliseconds: 1, waitMillisecondsMax: 1).outcome(attemptsBefore: 0, now: 0, "x")
        == .failed("x"))
  }

  @Test func `no wait overflows, however many attempts there were`() {
    let day: Int64 = 86_400_000
    let patience = EffectPatience(attempts: 1_000, firstWaitMilliseconds: day, waitMillisecondsMax: day)
    let tiny = EffectPatience(attempts: .max, firstWaitMilliseconds: 1, waitMillisecondsMax: day)
    for before in 0..<999 {
      #expect(patience.outcome(attemptsBefore: before, now: 1, "") == .retry(notBefore: day + 1, ""))
      guard case .retry(let at, _) = tiny.outcome(attemptsBefore: before, now: 0, "") else { continue }
      #expect(at == min(day, before < 40 ? 1 << Int64(before) : day))
    }
  }

  @Test func `a generation takes another's place when no lane of it stands lower`() {
    func place(_ sequence: SequenceNumber, _ fired: Instant) -> SwapDecision.Place {
      .init(sequence: sequence, firedThrough: fired)
    }
    let (a, b) = (LaneID(table: 0, partition: 0), LaneID(table: 1, partition: 3))
    let old = [a: place(5, 100), b: place(7, 50)]
    #expect(SwapDecision.isReached([a: place(5, 100), b: place(7, 50)], old: old))
    #expect(SwapDecision.isReached([a: place(6, 101), b: place(9, 60)], old: old))
    #expect(!SwapDecision.isReached([a: place(4, 200), b: place(7, 50)], old: old))
    #expect(!SwapDecision.isReached([a: place(5, 99), b: place(7, 50)], old: old))
    #expect(!SwapDecision.isReached([a: place(5, 100), b: place(7, 49)], old: old))
    // A lane that the old one does not have, or the new one does not, holds nothing back.
    #expect(SwapDecision.isReached([a: place(5, 100), LaneID(table: 2, partition: 0): place(0, .distantPast)], old: old))
    #expect(SwapDecision.isReached([:], old: old) && SwapDecision.isReached([a: place(0, 0)], old: [:]))
  }
}

extension EffectQueue {
  /// An effect is carried out, and its outcome is durable.
  fileprivate mutating func end(_ effect: PendingEffect) {
    carriedOut()
    settled(effect)
  }
}
