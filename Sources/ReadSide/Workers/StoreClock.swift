internal import ReadModels
internal import Synchronization

/// The clock of the read models' store, by which effects wait and are remembered: processes whose own clocks differ agree on it. Between two looks it goes on
/// with the boot clock.
final class StoreClock: Sendable {
  /// The store is asked again after this time: its clock may be set.
  private static let age = Duration.seconds(30)

  private let known = Mutex<(time: Int64, at: ContinuousClock.Instant)?>(nil)

  /// Asks the store, unless it was asked a moment ago.
  func set(by writer: GenerationWriter) async throws(ReadModelError) {
    let at = known.withLock { $0?.at }
    if let at, .now - at < StoreClock.age { return }
    let asked = ContinuousClock.now
    let time = try await writer.now()
    known.withLock { $0 = (time, asked) }
  }

  /// Milliseconds since 1970, once the store was asked.
  var now: Int64 {
    guard let known = known.withLock({ $0 }) else { return 0 }
    let passed = (.now - known.at).components
    return known.time + passed.seconds * 1_000 + passed.attoseconds / 1_000_000_000_000_000
  }
}
