/// Something that runs until it is asked to stop.
///
/// `run` returns when its task is cancelled and everything in hand is done (the orderly end), or throws when it cannot go on. It
/// starts no task that outlives it.
package protocol Service: Sendable {
  /// For log lines: `worker chat-rooms`.
  var name: String { get }
  func run() async throws
}

/// Runs services side by side: the first that throws, and a stop from outside, ends all of them, in reverse order of start.
package struct ServiceGroup: Sendable {
  private let services: [any Service]

  package init(_ services: [any Service]) { self.services = services }

  /// Returns when all have ended. Throws what the first failing service threw.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services {
        group.addTask { try await service.run() }
      }
      do {
        while try await group.next() != nil {}
      } catch {
        group.cancelAll()
        while (try? await group.next()) != nil {}
        throw error
      }
    }
  }
}
