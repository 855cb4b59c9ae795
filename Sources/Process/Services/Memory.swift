internal import CMalloc

/// The process's memory.
package enum Memory {
  /// Heaps that threads share. Left to itself glibc makes eight for each core, and what a thread of the many that take turns gives back to one of them
  /// another, which asks elsewhere, does not get: a worker that catches up then holds twice what it uses.
  private static let heapsMax: Int32 = 2

  /// To be called before any other thread is there.
  package static func bound() { mallopt(M_ARENA_MAX, heapsMax) }
}
