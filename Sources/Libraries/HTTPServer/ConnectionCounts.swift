internal import Glibc
internal import Synchronization

/// How many connections a server has taken, begun to serve and let go of.
final class ConnectionCounts: Sendable {
  private let taken = Atomic<Int>(0)
  private let begun = Atomic<Int>(0)
  private let ended = Atomic<Int>(0)

  /// Those that are being served.
  var open: Int { begun.load(ordering: .acquiring) - ended.load(ordering: .acquiring) }

  func accepted() { taken.add(1, ordering: .acquiringAndReleasing) }
  func opened() { begun.add(1, ordering: .acquiringAndReleasing) }
  func closed() { ended.add(1, ordering: .acquiringAndReleasing) }

  /// Waits until what was taken has begun to be served, at most so many milliseconds: what could not be served never begins, and is forgotten.
  func settle(within milliseconds: Int32) {
    for _ in 0..<milliseconds {
      if begun.load(ordering: .acquiring) >= taken.load(ordering: .acquiring) { return }
      usleep(1_000)
    }
    taken.store(begun.load(ordering: .acquiring), ordering: .releasing)
  }
}
