internal import Pipelines

/// A binary heap of deadlines, least first, of equal ones in any order. An entry may be out of date: a session whose deadline moved later
/// keeps its old entry, which is put back with the true one when it comes up. So a touch costs nothing here.
struct DeadlineHeap {
  struct Entry {
    let deadline: Instant
    let slot: Int32
    /// Which of the sessions that had the slot, one after another, this is of.
    let life: UInt32
  }

  private var entries: [Entry] = []

  var least: Entry? { entries.first }
  var count: Int { entries.count }

  /// Drops the entries that do not count any more. O(n log n).
  mutating func keep(_ counts: (Entry) -> Bool) {
    let kept = entries.filter(counts).sorted { $0.deadline < $1.deadline }
    // In order, it is a heap.
    entries = kept
  }

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var index = entries.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index].deadline < entries[parent].deadline else { return }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  mutating func pop() -> Entry? {
    guard let first = entries.first else { return nil }
    let last = entries.removeLast()
    if entries.isEmpty { return first }
    entries[0] = last
    var index = 0
    while true {
      var least = index
      var child = 2 * index + 1
      while child < entries.count, child <= 2 * index + 2 {
        if entries[child].deadline < entries[least].deadline { least = child }
        child += 1
      }
      if least == index { return first }
      entries.swapAt(index, least)
      index = least
    }
  }
}
