import RandomTestKit
import Testing

@testable import TableStore

/// The commit clock's decisions as a value, without a store or a machine's clock.
@Suite struct CommitTimelineTests {
  typealias Reading = CommitTimeline.Reading

  /// A machine: its clocks, and what a store of it has written with and without sync.
  final class Machine {
    var wall: Int64 = 1_700_000_000_000
    var boot: Int64 = 5_000
    var written = ClockCeilings(near: 0, durable: 0)
    var synced = ClockCeilings(near: 0, durable: 0)
    var timeline: CommitTimeline

    init() {
      timeline = CommitTimeline(written, at: .init(wall: wall, boot: boot), jumpMax: 60_000, startGapMax: 7 * 86_400_000)
    }

    func copy() -> Machine {
      let other = Machine()
      (other.wall, other.boot, other.written, other.synced) = (wall, boot, written, synced)
      other.timeline = timeline
      return other
    }

    var reading: Reading { .init(wall: wall, boot: boot) }

    func advance(_ milliseconds: Int64) {
      wall += milliseconds
      boot += milliseconds
    }

    func commit() -> Int64? {
      guard let (time, ceilings) = timeline.begin(reading) else { return nil }
      if let ceilings {
        written = ceilings
        synced = ceilings
      }
      timeline.end(ceilings)
      return time
    }

    /// What the committer's thread does while nobody writes.
    func idle() {
      guard let more = timeline.idleExtension(reading) else { return }
      written = more.ceilings
      if more.sync { synced = written }
      timeline.end(more.ceilings)
    }

    /// Whether nothing is due, for the wall clock is not believed.
    var isStill: Bool { timeline.due(reading) == nil }

    func watermark() -> Int64 { timeline.watermark(reading) }

    private func start(_ ceilings: ClockCeilings) {
      timeline = CommitTimeline(ceilings, at: reading, jumpMax: 60_000, startGapMax: 7 * 86_400_000)
    }

    func kill() { start(written) }

    func losePower() {
      boot = 1_000
      // The near ceiling is of another boot now, whether it was lost or not.
      synced.near = synced.durable
      written = synced
      start(written)
    }
  }

  @Test func `after a kill commit times are at most 250 ms ahead of the wall clock`() throws {
    let machine = Machine()
    for step in 0..<200 {
      machine.advance(Int64(step % 7) * 40)
      if step % 3 == 0 { _ = machine.commit() } else { _ = machine.watermark() }
      machine.idle()
      machine.kill()
      let time = try #require(machine.commit())
      #expect(time >= machine.wall && time <= machine.wall + 250)
    }
  }

  @Test func `ahead of the wall clock time goes on at half pace until the wall clock has caught up`() throws {
    let machine = Machine()
    let first = try #require(machine.commit())
    machine.wall -= 10_000
    var times: [Int64] = []
    for _ in 0..<30 {
      machine.advance(1_000)
      times.append(try #require(machine.commit()))
    }
    #expect(times[0] == first + 500 && times[9] == first + 5_000)
    // Half of 20 s makes up for the 10 s; from then on it is the wall clock's time.
    #expect(times[19] == first + 10_000 && times[19] == machine.wall - 10_000)
    #expect(times[29] == machine.wall)
  }

  @Test func `a start long before its ceiling goes on from there at half pace`() throws {
    let machine = Machine()
    let last = try #require(machine.commit())
    machine.wall -= 3_600_000
    machine.kill()
    let ceiling = machine.written.near
    #expect(machine.commit() == ceiling)
    machine.advance(10_000)
    #expect(machine.commit() == ceiling + 5_000)
    #expect(ceiling <= last + 250)
  }

  @Test func `a start more than the bound after the ceiling gives no time until it is accepted or the clock set right`() throws {
    let machine = Machine()
    _ = machine.commit()
    let ceiling = machine.written.near
    machine.wall = ceiling + 7 * 86_400_000
    machine.kill()
    #expect(machine.timeline.jump(machine.reading) == 0)
    machine.wall += 1
    machine.kill()
    #expect(machine.commit() == nil && machine.isStill)
    #expect(machine.watermark() == ceiling)
    #expect(machine.timeline.jump(machine.reading) == 7 * 86_400_000 + 1)
    let right = machine.copy()
    right.wall = ceiling + 1_000
    #expect(right.commit() == ceiling + 1_000)
    machine.timeline.acceptJump(machine.reading)
    #expect(machine.commit() == machine.wall)
    #expect(Machine().timeline.jump(.init(wall: .max / 2, boot: .max / 2)) == 0)
  }

  @Test func `a jump while running gives no time, small corrections do`() throws {
    let machine = Machine()
    _ = machine.commit()
    machine.wall += 60_000
    #expect(machine.commit() == machine.wall)
    let jumped = machine.copy()
    jumped.wall += 60_001
    #expect(jumped.commit() == nil && jumped.timeline.jump(jumped.reading) == 120_001)
    jumped.timeline.acceptJump(jumped.reading)
    #expect(jumped.commit() == jumped.wall)
    // Many small corrections add up without ever being a jump.
    for _ in 0..<100 {
      machine.wall += 5_000
      machine.advance(1_000)
      if machine.timeline.jump(machine.reading) > 0 { break }
      _ = machine.commit()
    }
    #expect(machine.timeline.jump(machine.reading) > 0 || machine.commit() == machine.wall)
  }

  @Test func `a quiet store that is asked for watermarks syncs once a second and never holds them back`() {
    let machine = Machine()
    _ = machine.commit()
    var syncs = 0
    for _ in 0..<600 {
      machine.advance(100)
      let before = machine.synced
      machine.idle()
      if machine.synced != before { syncs += 1 }
      #expect(machine.watermark() == machine.wall)
    }
    #expect(syncs <= 60)
  }

  @Test func `no time is before a watermark that was given, whatever is killed, loses power or sets the clock`() {
    for seed in 1...300 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let machine = Machine()
      var promised = Int64.min
      for _ in 0..<300 {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<8: machine.advance(Int64.random(in: 0...400, using: &generator))
        case 8..<11:
          if let time = machine.commit() {
            #expect(time >= promised, "seed \(seed)")
            promised = max(promised, time)
          }
        case 11..<14:
          let time = machine.watermark()
          #expect(time >= promised, "seed \(seed)")
          promised = max(promised, time)
        case 14..<17: machine.idle()
        case 17: machine.wall -= Int64.random(in: 0...5_000, using: &generator)
        case 18: machine.kill()
        default:
          machine.wall -= Int64.random(in: 0...2_000, using: &generator)
          machine.losePower()
        }
      }
    }
  }

  @Test func `the near ceiling counts only in the boot that wrote it`() {
    let stored = ClockCeilings(near: 5_250, durable: 7_000)
    let near = stored.nearBytes(boot: "one")
    #expect(ClockCeilings(nearBytes: near, durableBytes: stored.durableBytes, boot: "one") == stored)
    for boot in ["two", "", nil] {
      let found = ClockCeilings(nearBytes: near, durableBytes: stored.durableBytes, boot: boot)
      #expect(found == ClockCeilings(near: 7_000, durable: 7_000))
    }
    #expect(ClockCeilings(nearBytes: nil, durableBytes: nil, boot: "one") == ClockCeilings(near: 0, durable: 0))
  }
}
