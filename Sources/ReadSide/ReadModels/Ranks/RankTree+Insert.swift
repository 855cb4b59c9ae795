internal import Glibc

/// How the tree grows: a record enters its leaf, and a leaf without room makes some.
extension RankTree {
  /// A leaf that is full shares its records with a neighbour when both together have at most this; else they become three.
  private static let sharedMax = 2 * mergedMax

  /// Enters a record into the leaf that is its target; answers the one into which it went.
  mutating func insert(_ entry: LeafEntry, _ bound: RankBound, into number: Int32) -> Int32 {
    let leaf = node(number)
    let place = leaf.lowerBound(bound)
    let hasRoom = leaf.content + entry.cost <= RankNode.leafBytes
    if hasRoom { leaf.insert(entry, at: place) }
    count(number, 1, newHead: place == 0 ? bound.head : nil)
    return hasRoom ? number : split(number, PendingRecord(entry: entry, leaf: number, place: place))
  }

  /// Enters a record into a leaf that has no room for it; answers the leaf into which it went.
  private mutating func split(_ number: Int32, _ pending: PendingRecord) -> Int32 {
    makeRoom(above: number)
    let parent = node(node(number).parent)
    let at = parent.place(ofChild: number)
    let content = node(number).content + pending.entry.cost
    // Records that come in their order leave full leaves.
    if pending.place == node(number).used, at == parent.used - 1, isLast(number) {
      return spread(number, 1, into: 2, pending, isAtEnd: true)
    }
    let left = at > 0 ? node(parent.child(at - 1)).content : .max
    let right = at < parent.used - 1 ? node(parent.child(at + 1)).content : .max
    guard min(left, right) < .max else { return spread(number, 1, into: 2, pending) }
    let first = left <= right ? parent.child(at - 1) : number
    return spread(first, 2, into: min(left, right) + content <= RankTree.sharedMax ? 2 : 3, pending)
  }

  /// Whether a node is the last of its level.
  private func isLast(_ number: Int32) -> Bool {
    var child = number
    var parent = node(number).parent
    while parent >= 0 {
      let inner = node(parent)
      guard inner.child(inner.used - 1) == child else { return false }
      child = parent
      parent = inner.parent
    }
    return true
  }

  /// Sees to it that a node has a parent with room for one child more.
  private mutating func makeRoom(above number: Int32) {
    let parent = node(number).parent
    if parent < 0 {
      grow()
    } else if node(parent).used == RankNode.width {
      makeRoom(above: parent)
      splitInner(parent)
    }
  }

  /// Puts a root above the root.
  private mutating func grow() {
    let top = nodes.make()
    let old = node(root)
    let inner = node(top)
    inner.clear(level: old.level + 1)
    inner.insertChild(
      root, at: 0, head: old.level == 0 ? RankBound.head(old.record(0)) : old.head(0),
      count: old.level == 0 ? old.used : old.countOfAll)
    old.parent = top
    root = top
    height += 1
  }

  /// Gives the later children of a full inner node to a new one after it. Its parent has room.
  private mutating func splitInner(_ number: Int32) {
    // At the end few: members that come in their order leave nodes that are nearly full.
    let kept = isLast(number) ? RankNode.width * 7 / 8 : RankNode.width / 2
    let sibling = nodes.make()
    let old = node(number)
    let new = node(sibling)
    new.clear(level: old.level)
    new.parent = old.parent
    old.moveChildren(kept, to: new, 0, count: RankNode.width - kept)
    old.used = kept
    new.used = RankNode.width - kept
    for place in 0..<new.used { node(new.child(place)).parent = sibling }
    let parent = node(old.parent)
    let at = parent.place(ofChild: number)
    let moved = new.countOfAll
    parent.add(Int32(-moved), toCount: at)
    parent.insertChild(sibling, at: at + 1, head: new.head(0), count: moved)
  }
}
