internal import DynamoModel

/// A binary heap of deadlines, least first, ties by key bytes. An entry may be out of date: a session whose deadline moved later keeps
/// its old entry, which is put back with the true one when it comes up. So a touch costs nothing here.
struct DeadlineHeap {
  struct Entry {
    let deadline: Int64
    let key: [UInt8]

    func precedes(_ other: Entry) -> Bool {
      deadline != other.deadline ? deadline < other.deadline : Bytes.less(key, other.key)
    }
  }

  private var entries: [Entry] = []

  var least: Entry? { entries.first }

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var index = entries.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index].precedes(entries[parent]) else { return }
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
      for child in [2 * index + 1, 2 * index + 2] where child < entries.count {
        if entries[child].precedes(entries[least]) { least = child }
      }
      if least == index { return first }
      entries.swapAt(index, least)
      index = least
    }
  }
}
