internal import Glibc

/// A value behind a lock for which a thread may wait a limited time only, asleep. For what is held for microseconds as a rule and now and then for
/// long: whoever must not wait long goes another way then.
///
/// @unchecked: the value is touched by nobody but the thread that holds the mutex, and `init` takes it over from whoever made it.
package final class TimedMutex<Value>: @unchecked Sendable {
  /// Tries before a thread goes to sleep.
  private static var triesMax: Int { 32 }

  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  package init(_ value: sending Value) {
    self.value = value
    mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` when no other thread does. Nothing that belongs to the value may leave it.
  package func withLock<Result: Sendable>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }

  /// The same; nil, and `body` is not run, when the lock has not come free within the limit. (A wall clock that is set meanwhile makes the limit
  /// shorter or longer.)
  package func withLock<Result: Sendable>(within limit: Duration, _ body: (inout Value) throws -> Result) rethrows -> Result? {
    guard take(within: limit) else { return nil }
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }

  private func take(within limit: Duration) -> Bool {
    for _ in 0..<Self.triesMax where pthread_mutex_trylock(mutex) == 0 { return true }
    var end = timespec()
    clock_gettime(CLOCK_REALTIME, &end)
    let (seconds, attoseconds) = limit.components
    let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
    end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    return pthread_mutex_timedlock(mutex, &end) == 0
  }
}
