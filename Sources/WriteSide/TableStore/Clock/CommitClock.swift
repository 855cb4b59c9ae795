internal import ChangeRecords
internal import Synchronization

/// The store's clock: it gives commit times and watermarks, and neither ever goes back, over restarts, kill -9 and power failures too.
///
/// What it decides is `CommitTimeline`; here are the lock and the machine's clocks. Thread-safe.
final class CommitClock: Sendable {
  private let timeline: Mutex<CommitTimeline>
  private let time: any TimeSource
  /// Read once: it holds for as long as the process can live.
  let boot: String?

  /// The ceilings are those of the store, 0 on a new one.
  init(nearBytes: [UInt8]?, durableBytes: [UInt8]?, time: any TimeSource, jumpMax: Int64, startGapMax: Int64) {
    self.time = time
    boot = time.bootName()
    let ceilings = ClockCeilings(nearBytes: nearBytes, durableBytes: durableBytes, boot: boot)
    timeline = Mutex(
      CommitTimeline(
        ceilings, at: .init(wall: time.wall(), boot: time.boot()), jumpMax: jumpMax, startGapMax: startGapMax))
  }

  private func withTimeline<Value: Sendable>(_ body: (inout CommitTimeline, CommitTimeline.Reading) -> Value) -> Value {
    timeline.withLock { body(&$0, .init(wall: time.wall(), boot: time.boot())) }
  }

  /// Begins a commit: its time, and the ceilings to write with it. Nil while the machine's clock is not believed.
  func begin() -> (time: LogTime, ceilings: ClockCeilings?)? {
    withTimeline { $0.begin($1) }.map { (LogTime(rawValue: $0.time), $0.ceilings) }
  }

  /// Ends a commit or an extension: what it wrote is visible (or, after a failure, nothing was written).
  func end(_ written: ClockCeilings?) { timeline.withLock { $0.end(written) } }

  /// The time below which no further record will come.
  func watermark() -> LogTime { LogTime(rawValue: withTimeline { $0.watermark($1) }) }

  /// The store's time now, for what is due by it; nil while the machine's clock is not believed.
  func due() -> LogTime? { withTimeline { $0.due($1) }.map { LogTime(rawValue: $0) } }

  /// What is to be written now so that watermarks go on while nobody writes; nil when there is no need.
  func idleExtension() -> CommitTimeline.Extension? { withTimeline { $0.idleExtension($1) } }

  /// The last time given out: what a clean stop writes as both ceilings.
  var last: LogTime { LogTime(rawValue: timeline.withLock { $0.last }) }

  /// Milliseconds by which the machine's clock stands ahead of what is believed; 0 while it is within the bounds.
  var jump: Int64 { withTimeline { $0.jump($1) } }

  func acceptJump() { withTimeline { $0.acceptJump($1) } }

  /// What the machine's clock shows, believed or not.
  func wall() -> LogTime { LogTime(rawValue: time.wall()) }
}
