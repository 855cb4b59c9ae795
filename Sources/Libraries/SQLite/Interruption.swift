internal import CSQLite
internal import Glibc
internal import Synchronization

/// Ends what a connection runs: asked for from any thread, or by a time limit.
///
/// SQLite calls back every few thousand of its instructions; the callback reads two words here. So an interruption takes
/// effect within about a millisecond of work, and needs no pointer into a connection that may be closing.
package final class Interruption: Sendable {
  /// SQLite's virtual machine instructions between two looks.
  static let instructions: Int32 = 4_000

  private let asked = Atomic<Bool>(false)
  /// Nanoseconds of the monotonic clock at which work ends; `.max` for no limit.
  private let deadline = Atomic<UInt64>(.max)

  /// The running statement, and every later one until `clear`, throws an error with `isInterrupted`.
  package func interrupt() { asked.store(true, ordering: .releasing) }
  package func clear() { asked.store(false, ordering: .releasing) }

  func limit(nanoseconds: UInt64?) {
    deadline.store(nanoseconds.map { Interruption.now() &+ $0 } ?? .max, ordering: .relaxed)
  }

  var isDue: Bool {
    if asked.load(ordering: .acquiring) { return true }
    let limit = deadline.load(ordering: .relaxed)
    return limit != .max && Interruption.now() >= limit
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

extension Connection {
  func installProgressHandler() {
    guard let database else { return }
    // The handler's context is the interruption: the connection and each of its statements hold it, so it outlives
    // every call that can come back here.
    sqlite3_progress_handler(
      database, Interruption.instructions,
      { context in
        guard let context else { return 0 }
        return Unmanaged<Interruption>.fromOpaque(context).takeUnretainedValue().isDue ? 1 : 0
      }, Unmanaged.passUnretained(interruption).toOpaque())
  }

  /// Runs `body`; a statement in it that is still running after `limit` ends with an error with `isInterrupted`.
  package func withTimeLimit<Result>(_ limit: Duration, _ body: () throws -> Result) throws -> Result {
    let (seconds, attoseconds) = limit.components
    interruption.limit(nanoseconds: UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds / 1_000_000_000)))
    defer { interruption.limit(nanoseconds: nil) }
    return try body()
  }
}
