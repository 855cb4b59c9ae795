internal import Synchronization

/// Which relays of this process work and which stand still, and why: a pipeline that reads their topics is late by what they do not publish.
final class RelayBoard: Sendable {
  /// By table; nil for a relay that works.
  private let relays = Mutex<[String: String?]>([:])

  func stopped(_ table: String, _ reason: String) { relays.withLock { $0[table] = .some(reason) } }
  func started(_ table: String) { relays.withLock { $0[table] = .some(nil) } }

  /// Nil while the table's relay works, or there is none here.
  func reason(_ table: String) -> String? { relays.withLock { $0[table] ?? nil } }

  var working: Int { relays.withLock { $0.values.count { $0 == nil } } }
  /// A sentence for each that stands still, by table.
  var reasons: [String] { relays.withLock { $0.sorted { $0.key < $1.key }.compactMap(\.value) } }
}
