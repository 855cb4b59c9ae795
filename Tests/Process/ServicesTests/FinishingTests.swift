import Services
import Synchronization
import Testing

/// Work that was begun is not cut off at once.
@Suite(.timeLimit(.minutes(1))) struct FinishingTests {
  /// Sleeps, and says whether that was cut short.
  private static func sleep(_ time: Duration) async -> Bool { (try? await Task.sleep(for: time)) == nil }

  @Test func `without a cancellation it is the work`() async {
    #expect(await finishing(within: .zero) { await Self.sleep(.milliseconds(20)) } == false)
  }

  @Test(arguments: [true, false]) func `a cancelled task waits for its work, up to the limit`(_ isShort: Bool) async {
    let begun = Signal()
    let ticket = begun.ticket
    let task = Task {
      await finishing(within: isShort ? .seconds(30) : .milliseconds(50)) {
        begun.announce()
        return await Self.sleep(isShort ? .milliseconds(300) : .seconds(30))
      }
    }
    await begun.wait(since: ticket, timeout: .seconds(10))
    let cancelled = ContinuousClock.now
    task.cancel()
    #expect(await task.value == !isShort)
    #expect(cancelled.duration(to: .now) < .seconds(10))
  }
}
