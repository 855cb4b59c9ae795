/// The decisions of the commit clock as a value: which time comes next, how far it may be promised, when the machine's clock is not
/// believed.
///
/// - **Never back.** A time is given only up to both ceilings, or in a batch that raises them. A start goes on from the near ceiling when the
///   machine has run on since (the process was killed: the page cache has every write), so it stands at most `nearLease` ahead of the
///   wall clock. After a reboot or a power failure writes without sync may be lost, and with them the near ceiling; the durable one was
///   synced before any time past it was given, so a start goes on from there, at most `durableLease` ahead of the last time given. So
///   neither the wall clock after the reboot nor what was lost decides whether time goes back: it cannot.
/// - **After the wall clock was set back** (or a start stands ahead of it) time goes on at half the boot clock's pace until the wall clock has
///   caught up: it neither stands still nor runs.
/// - **A jump ahead** of the wall clock against the boot clock, or a start far past the ceiling, gives no time at all until it is
///   accepted, or the wall clock is set right: a wrong clock would expire everything.
struct CommitTimeline: Sendable, Equatable {
  struct Reading: Sendable, Equatable {
    var wall: Int64
    var boot: Int64
  }

  /// What the times are to be written with.
  struct Extension: Sendable, Equatable {
    let ceilings: ClockCeilings
    /// Whether it must be on disk before any time past the old durable ceiling is given.
    let sync: Bool
  }

  /// How far the near ceiling is put ahead: how far commit times may stand ahead of the wall clock after a kill.
  static let nearLease: Int64 = 250
  /// How far the durable ceiling is put ahead: a quiet store that is asked for watermarks syncs once in half of it.
  static let durableLease: Int64 = 2_000

  /// How far the wall clock may run ahead of the boot clock, and how far past the ceiling a start may be.
  let jumpMax: Int64
  let startGapMax: Int64
  private(set) var last: Int64
  private var lastBoot: Int64
  private var ceilings: ClockCeilings
  private var inFlight: Int64?
  private var wallMinusBoot: Int64
  /// While the wall clock stands before the last time: where half pace began.
  private var slow: Reading?
  /// Until the first time is given, or a gap accepted.
  private var isStarting: Bool
  private var wasAsked = false

  init(_ ceilings: ClockCeilings, at reading: Reading, jumpMax: Int64, startGapMax: Int64) {
    self.ceilings = ceilings
    self.jumpMax = jumpMax
    self.startGapMax = startGapMax
    last = ceilings.near
    lastBoot = reading.boot
    wallMinusBoot = reading.wall - reading.boot
    isStarting = last > 0
  }

  /// The time at a reading; nil while the wall clock is not believed.
  private mutating func now(_ reading: Reading) -> Int64? {
    guard jump(reading) == 0 else { return nil }
    isStarting = false
    let difference = reading.wall - reading.boot
    // Small corrections, and any step back, become the new base.
    if difference < wallMinusBoot || difference - wallMinusBoot < jumpMax / 10 { wallMinusBoot = difference }
    if reading.wall < last, slow == nil { slow = Reading(wall: last, boot: lastBoot) }
    var now = reading.wall
    if let begun = slow {
      let slowly = begun.wall + (reading.boot - begun.boot) / 2
      if reading.wall >= slowly { slow = nil } else { now = slowly }
    }
    return max(last, now)
  }

  /// The time of the store at a reading, for what is due; nil while the wall clock is not believed.
  mutating func due(_ reading: Reading) -> Int64? { now(reading) }

  private mutating func give(_ time: Int64, _ reading: Reading) {
    last = time
    lastBoot = reading.boot
  }

  /// Begins a commit: its time, and the ceilings to write with it when those on disk are too low.
  mutating func begin(_ reading: Reading) -> (time: Int64, ceilings: ClockCeilings?)? {
    guard let now = now(reading) else { return nil }
    give(now, reading)
    inFlight = now
    return (now, needsNear(now) || needsDurable(now) ? next(now, reading) : nil)
  }

  /// Ends a commit or an extension: `written` are the ceilings that are stored now.
  mutating func end(_ written: ClockCeilings?) {
    inFlight = nil
    if let written {
      ceilings = ClockCeilings(near: max(ceilings.near, written.near), durable: max(ceilings.durable, written.durable))
    }
  }

  /// The time below which no further record will come. While a commit is being written it is that commit's time.
  mutating func watermark(_ reading: Reading) -> Int64 {
    wasAsked = true
    if let inFlight { return inFlight }
    guard let now = now(reading) else { return last }
    give(max(last, min(now, ceilings.near, ceilings.durable)), reading)
    return last
  }

  /// What to write while nobody writes, so that watermarks go on; nil when there is no need.
  mutating func idleExtension(_ reading: Reading) -> Extension? {
    guard wasAsked, let now = now(reading), needsNear(now) || needsDurable(now) else { return nil }
    wasAsked = false
    var next = self.next(now, reading)
    if needsDurable(now) { return Extension(ceilings: next, sync: true) }
    next.durable = ceilings.durable
    return Extension(ceilings: next, sync: false)
  }

  /// Milliseconds by which the wall clock stands ahead of what is believed; 0 while it is within the bounds.
  func jump(_ reading: Reading) -> Int64 {
    if isStarting, reading.wall - last > startGapMax { return reading.wall - last }
    let ahead = reading.wall - reading.boot - wallMinusBoot
    return ahead > jumpMax ? ahead : 0
  }

  /// Goes on from the wall clock as it is.
  mutating func acceptJump(_ reading: Reading) {
    wallMinusBoot = reading.wall - reading.boot
    isStarting = false
  }

  private func needsNear(_ now: Int64) -> Bool { now + CommitTimeline.nearLease / 2 > ceilings.near }
  private func needsDurable(_ now: Int64) -> Bool { now + CommitTimeline.durableLease / 2 > ceilings.durable }

  /// The near ceiling is measured from the wall clock: kills in a row do not add up.
  private func next(_ now: Int64, _ reading: Reading) -> ClockCeilings {
    ClockCeilings(
      near: max(ceilings.near, now, reading.wall + CommitTimeline.nearLease),
      durable: max(ceilings.durable, now + CommitTimeline.durableLease))
  }
}
