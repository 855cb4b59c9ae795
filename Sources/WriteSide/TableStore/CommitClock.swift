internal import Glibc
internal import Synchronization

/// Where wall and boot time are read; tests bring their own.
package protocol TimeSource: Sendable {
  /// Milliseconds since 1970.
  func wall() -> Int64
  /// Milliseconds since boot, sleep included; never set by anybody.
  func boot() -> Int64
}

/// The machine's clocks.
package struct SystemTime: TimeSource {
  package init() {}

  package func wall() -> Int64 { SystemTime.milliseconds(CLOCK_REALTIME) }
  package func boot() -> Int64 { SystemTime.milliseconds(CLOCK_BOOTTIME) }

  private static func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// The store's clock: it gives commit times and watermarks, and neither ever goes back, over restarts and kill -9 too.
///
/// A time may be given out only up to the *ceiling*, which is on disk; a restart goes on from the ceiling. So the promise of a
/// watermark ("no record will carry an earlier time") outlives the process that made it, for one small write a
/// second at most on a quiet store. While a commit is being written the watermark stands at its time.
///
/// The wall clock is held against the boot clock: when it runs ahead by more than `jumpMax`, commits are refused and the
/// watermark stands still, because a wrong clock would expire everything; `acceptJump` goes on from the new time.
final class CommitClock: Sendable {
  struct State {
    var last: Int64
    var ceiling: Int64
    var inFlight: Int64?
    var wallMinusBoot: Int64
    var wasAsked = false
  }

  /// How far the ceiling is put ahead of the clock: what a crash may cost in commit times that run ahead.
  static let lease: Int64 = 2_000
  package static let jumpMaxDefault: Int64 = 60_000

  private let state: Mutex<State>
  private let time: any TimeSource
  private let jumpMax: Int64

  /// `ceiling`: the one on disk, 0 on a new store.
  init(ceiling: Int64, time: any TimeSource, jumpMax: Int64) {
    self.time = time
    self.jumpMax = jumpMax
    state = Mutex(State(last: ceiling, ceiling: ceiling, wallMinusBoot: time.wall() - time.boot()))
  }

  private func now(_ state: inout State) -> Int64? {
    let wall = time.wall()
    let difference = wall - time.boot()
    if difference - state.wallMinusBoot > jumpMax { return nil }
    // Small corrections, and any step back, become the new base.
    if difference < state.wallMinusBoot || difference - state.wallMinusBoot < jumpMax / 10 {
      state.wallMinusBoot = difference
    }
    return max(state.last, wall)
  }

  /// Begins a commit: its time, and the ceiling to write with it when the one on disk is too low. Nil after a jump.
  func begin() -> (time: Int64, ceiling: Int64?)? {
    state.withLock { state in
      guard let now = now(&state) else { return nil }
      state.last = now
      state.inFlight = now
      return (now, now + CommitClock.lease / 2 > state.ceiling ? now + CommitClock.lease : nil)
    }
  }

  /// Ends a commit: what it wrote is visible (or, after a failure, nothing was written).
  func end(ceiling: Int64?) {
    state.withLock { state in
      state.inFlight = nil
      if let ceiling { state.ceiling = max(state.ceiling, ceiling) }
    }
  }

  /// The time below which no further record will come.
  func watermark() -> Int64 {
    state.withLock { state in
      state.wasAsked = true
      if let inFlight = state.inFlight { return inFlight }
      guard let now = now(&state) else { return state.last }
      state.last = max(state.last, min(now, state.ceiling))
      return state.last
    }
  }

  /// A ceiling to be written now so that watermarks go on while nobody writes; nil when there is no need.
  func idleCeiling() -> Int64? {
    state.withLock { state in
      guard state.wasAsked, let now = now(&state), now + CommitClock.lease / 2 > state.ceiling else { return nil }
      state.wasAsked = false
      return now + CommitClock.lease
    }
  }

  /// The last time given out: what a clean stop writes as the ceiling.
  var last: Int64 { state.withLock { $0.last } }

  /// Milliseconds by which the wall clock has run ahead; 0 while it is within the bound.
  var jump: Int64 {
    state.withLock { state in
      let ahead = time.wall() - time.boot() - state.wallMinusBoot
      return ahead > jumpMax ? ahead : 0
    }
  }

  func acceptJump() {
    state.withLock { $0.wallMinusBoot = time.wall() - time.boot() }
  }

  func wall() -> Int64 { time.wall() }
}
