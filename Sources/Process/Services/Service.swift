internal import Synchronization

/// Something that runs until it is asked to stop.
///
/// `run` returns when its task is cancelled and everything in hand is done (the orderly end), or throws when it cannot go on. It
/// starts no task that outlives it.
package protocol Service: Sendable {
  /// For log lines: `worker chat-rooms`.
  var name: String { get }
  func run() async throws
}

/// Runs services side by side: the first that throws, and a stop from outside, ends all of them, one after the other in the reverse order
/// of their start.
package struct ServiceGroup: Sendable {
  private let services: [any Service]

  package init(_ services: [any Service]) { self.services = services }

  /// Returns when all have ended. Throws what the first failing service threw.
  package func run() async throws {
    let ends = Ends()
    let running = services.map { service in
      Task {
        do {
          try await service.run()
          ends.add(nil)
        } catch {
          ends.add(error)
        }
      }
    }
    while !Task.isCancelled {
      let ticket = ends.arrived.ticket
      if ends.count == running.count || ends.failure != nil { break }
      await ends.arrived.wait(since: ticket, timeout: .seconds(3600))
    }
    for task in running.reversed() {
      task.cancel()
      await task.value
    }
    if let failure = ends.failure { throw failure }
  }

  private final class Ends: Sendable {
    let arrived = Signal()
    private let state = Mutex<(count: Int, failure: (any Error)?)>((0, nil))

    func add(_ failure: (any Error)?) {
      state.withLock { state in
        state.count += 1
        if state.failure == nil { state.failure = failure }
      }
      arrived.announce()
    }

    var count: Int { state.withLock { $0.count } }
    /// What the first that failed threw.
    var failure: (any Error)? { state.withLock { $0.failure } }
  }
}
