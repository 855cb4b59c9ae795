internal import Dispatch
internal import Synchronization

/// Wakes whoever waits for something to have happened. A waiter takes a ticket, looks, and when there is nothing waits for
/// whatever is announced after the ticket: so nothing is missed between looking and waiting.
package final class Signal: Sendable {
  private struct State {
    var count: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  package var ticket: UInt64 { state.withLock { $0.count } }

  package func announce() {
    let waiters = state.withLock { state in
      state.count += 1
      defer { state.waiters.removeAll(keepingCapacity: true) }
      return state.waiters
    }
    for waiter in waiters.values { waiter.resume() }
  }

  /// Returns when anything was announced since the ticket, after `timeout`, or when the task is cancelled.
  package func wait(since ticket: UInt64, timeout: Duration) async {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isOver = state.withLock { state in
          if state.count != ticket || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isOver { return continuation.resume() }
        let (seconds, attoseconds) = timeout.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in release(id) }
      }
    } onCancel: {
      release(id)
    }
  }

  private func release(_ id: UInt64) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
    waiter?.resume()
  }
}
