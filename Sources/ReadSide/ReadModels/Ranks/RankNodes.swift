/// The nodes of one kind of a `RankTree`, leaves or inner ones, in pieces of memory: node n has the places from n * 64 on.
///
/// What belongs to an entry stands in arrays of its own, so that a walk reads only what it needs: a search the heads, a count the
/// counts, a climb the links. A leaf's entry is a member; an inner node's is a child, under the head and slot of its least member.
struct RankNodes: ~Copyable {
  static let width = 64

  struct Link: BitwiseCopyable {
    /// -1 for the root; of a node that waits to be given out the next such.
    var parent: Int32
    /// Its place among the parent's children.
    var place: Int16
    var used: Int16
  }

  private(set) var heads: Region<UInt128>
  private(set) var slots: Region<Int32>
  /// Inner nodes only: the children, and how many members are below each.
  private(set) var children: Region<Int32>
  private(set) var counts: Region<Int32>
  private(set) var links: Region<Link>
  private let isInner: Bool
  private var end = 0
  private var firstFree: Int32 = -1

  init(isInner: Bool) {
    self.isInner = isInner
    heads = Region(capacity: 1)
    slots = Region(capacity: 1)
    children = Region(capacity: 1)
    counts = Region(capacity: 1)
    links = Region(capacity: 1)
  }

  struct Entry {
    var head: UInt128
    var slot: Int32
    var child: Int32 = -1
    var count: Int32 = 1
  }

  /// An empty node without a parent.
  mutating func make() -> Int32 {
    let node: Int32
    if firstFree >= 0 {
      node = firstFree
      firstFree = links[node].parent
    } else {
      node = Int32(end)
      end += 1
      heads.reserve(end * RankNodes.width)
      slots.reserve(end * RankNodes.width)
      if isInner {
        children.reserve(end * RankNodes.width)
        counts.reserve(end * RankNodes.width)
      }
      links.reserve(end)
    }
    links[node] = Link(parent: -1, place: 0, used: 0)
    return node
  }

  mutating func free(_ node: Int32) {
    links[node] = Link(parent: firstFree, place: 0, used: 0)
    firstFree = node
  }

  func used(_ node: Int32) -> Int { Int(links[node].used) }
  func child(_ node: Int32, _ place: Int) -> Int32 { children[Int(node) * RankNodes.width + place] }

  func entry(_ node: Int32, _ place: Int) -> Entry {
    let at = Int(node) * RankNodes.width + place
    return isInner
      ? Entry(head: heads[at], slot: slots[at], child: children[at], count: counts[at]) : Entry(head: heads[at], slot: slots[at])
  }

  func set(_ node: Int32, _ place: Int, _ entry: Entry) {
    let at = Int(node) * RankNodes.width + place
    heads[at] = entry.head
    slots[at] = entry.slot
    guard isInner else { return }
    children[at] = entry.child
    counts[at] = entry.count
  }

  /// Moves entries, within a node or to another one.
  func move(_ from: Int32, _ start: Int, to: Int32, _ place: Int, count: Int) {
    let source = Int(from) * RankNodes.width + start
    let target = Int(to) * RankNodes.width + place
    heads.move(source, to: target, count: count)
    slots.move(source, to: target, count: count)
    guard isInner else { return }
    children.move(source, to: target, count: count)
    counts.move(source, to: target, count: count)
  }

  /// Adds an entry to a node that has room.
  func insert(_ node: Int32, at place: Int, _ entry: Entry) {
    let used = used(node)
    move(node, place, to: node, place + 1, count: used - place)
    set(node, place, entry)
    links.base[Int(node)].used = Int16(used + 1)
  }

  func remove(_ node: Int32, at place: Int) {
    let used = used(node)
    move(node, place + 1, to: node, place, count: used - place - 1)
    links.base[Int(node)].used = Int16(used - 1)
  }

  /// How many entries stand before a bound.
  func lowerBound(_ node: Int32, _ bound: RankMembers.Bound, _ members: borrowing RankMembers) -> Int {
    let start = Int(node) * RankNodes.width
    let heads = heads.base + start
    var low = 0
    var high = used(node)
    while low < high {
      let middle = (low + high) / 2
      let head = heads[middle]
      if head < bound.head || (head == bound.head && members.stands(slots[start + middle], before: bound)) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// The place of a slot that is in the leaf: 16 at a time.
  func place(of slot: Int32, in leaf: Int32) -> Int {
    let base = UnsafeRawPointer(slots.base + Int(leaf) * RankNodes.width)
    let wanted = SIMD16<Int32>(repeating: slot)
    let used = used(leaf)
    var place = 0
    while place < used {
      let found = base.loadUnaligned(fromByteOffset: place * 4, as: SIMD16<Int32>.self) .== wanted
      if any(found) {
        for offset in 0..<16 where found[offset] && place + offset < used { return place + offset }
      }
      place += 16
    }
    preconditionFailure("a member's leaf holds it")
  }

  /// How many members are below the children before a place.
  func count(_ node: Int32, before place: Int) -> Int {
    let counts = counts.base + Int(node) * RankNodes.width
    var sum: Int32 = 0
    for index in 0..<place { sum &+= counts[index] }
    return Int(sum)
  }
}
