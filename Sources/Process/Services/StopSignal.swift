internal import Dispatch
internal import Glibc
internal import Synchronization

/// Waits for a signal: SIGINT or SIGTERM, or others that are given.
package final class StopSignal: Sendable {
  private struct State {
    var count = 0
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  private let endsAtSecond: Bool

  /// With `endsAtSecond` the second one ends the process at once, for who cannot wait; else it is nothing more.
  package init(_ numbers: [Int32] = [SIGINT, SIGTERM], endsAtSecond: Bool = true) {
    self.endsAtSecond = endsAtSecond
    for number in numbers {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      // The handler holds the source, which so lives as long as the process.
      source.setEventHandler { [self] in
        _ = source
        received()
      }
      source.resume()
    }
  }

  private func received() {
    let waiter = state.withLock { state in
      state.count += 1
      if state.count > 1, endsAtSecond { _exit(130) }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Returns at the first signal, or when the task is cancelled.
  package func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.count > 0 || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }
  }
}
