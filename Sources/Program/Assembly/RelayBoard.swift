internal import Synchronization

/// Which relays of this process stand still, and why: a pipeline that reads their topics is late by what they do not publish.
final class RelayBoard: Sendable {
  private let stops = Mutex<[String: String]>([:])

  func stopped(_ table: String, _ reason: String) { stops.withLock { $0[table] = reason } }
  func started(_ table: String) { stops.withLock { $0[table] = nil } }

  /// Nil while the table's relay works, or there is none here.
  func reason(_ table: String) -> String? { stops.withLock { $0[table] } }
}
