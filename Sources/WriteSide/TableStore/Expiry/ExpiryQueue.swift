/// The TTL entries of a table as they are within a commit round: what the database has, what the round put, without what it removed.
/// Entries come in the order of their keys: due instant, then the item's stored key.
///
/// Entries of the database are read in chunks when they are needed: a round in which nothing is due reads one chunk.
struct ExpiryQueue {
  /// Entries that are read at once.
  static let chunkMax = 64

  private var stored: ArraySlice<[UInt8]> = []
  /// Where the next chunk begins; nil when there is none.
  private var next: [UInt8]?
  /// Sorted.
  private var put: [[UInt8]] = []
  private var gone: Set<[UInt8]> = []

  /// `prefix` begins every entry of the table.
  init(prefix: [UInt8]) { next = prefix }

  /// An item's entry was replaced by another one in this round; either may be nil.
  mutating func replace(_ before: [UInt8]?, with after: [UInt8]?) {
    guard before != after else { return }
    if let before {
      let place = place(of: before)
      if place < put.count, put[place] == before { put.remove(at: place) }
      gone.insert(before)
    }
    if let after { put.insert(after, at: place(of: after)) }
  }

  /// The first entry. `read` gives at most that many entries of the database from a key on.
  mutating func first<Failure: Error>(
    _ read: (_ from: [UInt8], _ limit: Int) throws(Failure) -> [[UInt8]]
  ) throws(Failure) -> [UInt8]? {
    while true {
      while let entry = stored.first, gone.contains(entry) { stored.removeFirst() }
      guard stored.isEmpty, let from = next else { break }
      let chunk = try read(from, ExpiryQueue.chunkMax)
      stored = chunk[...]
      next = chunk.count < ExpiryQueue.chunkMax ? nil : chunk.last.map { $0 + [0] }
    }
    guard let one = put.first, let other = stored.first else { return put.first ?? stored.first }
    return one.lexicographicallyPrecedes(other) ? one : other
  }

  /// The place of the first entry that is not before `entry`.
  private func place(of entry: [UInt8]) -> Int {
    var (low, high) = (0, put.count)
    while low < high {
      let middle = (low + high) / 2
      if put[middle].lexicographicallyPrecedes(entry) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
