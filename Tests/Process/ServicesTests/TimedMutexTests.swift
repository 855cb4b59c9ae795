import Dispatch
import Services
import Testing

/// A lock that is waited for a limited time.
@Suite struct TimedMutexTests {
  @Test func `one thread at a time has the value`() {
    let mutex = TimedMutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<2_000 {
        mutex.withLock { $0 += 1 }
        while mutex.withLock(within: .seconds(10), { $0 += 1 }) == nil {}
      }
    }
    #expect(mutex.withLock { $0 } == 32_000)
  }

  @Test(.timeLimit(.minutes(1))) func `a lock that does not come free is not waited for, one that does is`() {
    let mutex = TimedMutex("a")
    let (held, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    DispatchQueue.global().async {
      mutex.withLock { value in
        held.signal()
        release.wait()
        value = "b"
      }
    }
    held.wait()
    #expect(mutex.withLock(within: .zero) { $0 } == nil)
    #expect(mutex.withLock(within: .milliseconds(20)) { $0 } == nil)
    release.signal()
    #expect(mutex.withLock(within: .seconds(30)) { $0 } == "b")
  }

  @Test func `what throws lets go`() {
    struct Refusal: Error {}
    let mutex = TimedMutex(1)
    func refuse() throws { throw Refusal() }
    #expect(throws: Refusal.self) { try mutex.withLock { _ in try refuse() } }
    #expect(throws: Refusal.self) { _ = try mutex.withLock(within: .zero) { _ in try refuse() } }
    #expect(mutex.withLock(within: .zero) { $0 } == 1)
  }
}
