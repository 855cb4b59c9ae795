/// The members of a board in their order: found by order and by place, and the place of a member, each in O(log n).
///
/// A B+tree whose inner nodes know how many members are below each child. Every member knows its leaf, and every node its parent: the
/// place of a member is where it stands in its leaf and, on the way up, the counts to the left; no key is compared for it. Only to
/// enter a member, or to ask for a score, the tree is gone down by keys: one piece of 16-byte heads a node, and the members' own
/// bytes where heads are equal. Nodes hold up to 64 entries, so a million members are four levels. An emptied node is dropped, and
/// nodes are not merged otherwise: boards grow far more than they shrink.
struct RankTree: ~Copyable {
  private var leaves = RankNodes(isInner: false)
  private var inners = RankNodes(isInner: true)
  private var root: Int32
  /// Levels of inner nodes above the leaves.
  private var height = 0

  init() { root = leaves.make() }

  private func link(_ node: Int32, _ level: Int) -> RankNodes.Link { level == 0 ? leaves.links[node] : inners.links[node] }

  private func setLink(_ node: Int32, _ level: Int, parent: Int32, place: Int) {
    if level == 0 {
      leaves.links.base[Int(node)].parent = parent
      leaves.links.base[Int(node)].place = Int16(place)
    } else {
      inners.links.base[Int(node)].parent = parent
      inners.links.base[Int(node)].place = Int16(place)
    }
  }

  // MARK: Questions

  /// The place of a member that is in the tree, from 0.
  func place(of slot: Int32, _ members: borrowing RankMembers) -> Int {
    let leaf = members.records[slot].leaf
    var link = leaves.links[leaf]
    var place = leaves.place(of: slot, in: leaf)
    while link.parent >= 0 {
      place += inners.count(link.parent, before: Int(link.place))
      link = inners.links[link.parent]
    }
    return place
  }

  /// How many members stand before a bound.
  func count(before bound: RankMembers.Bound, _ members: borrowing RankMembers) -> Int {
    var node = root
    var count = 0
    for _ in 0..<height {
      let place = max(0, inners.lowerBound(node, bound, members) - 1)
      count += inners.count(node, before: place)
      node = inners.child(node, place)
    }
    return count + leaves.lowerBound(node, bound, members)
  }

  /// Calls `visit` with the members from a place on, in order, until it returns false.
  func forEach(from place: Int, _ visit: (Int32) -> Bool) {
    var rest = place
    var node = root
    for _ in 0..<height {
      var child = 0
      let used = inners.used(node)
      while child < used {
        let below = Int(inners.entry(node, child).count)
        if rest < below { break }
        rest -= below
        child += 1
      }
      if child == used { return }
      node = inners.child(node, child)
    }
    while true {
      let used = leaves.used(node)
      while rest < used {
        if !visit(leaves.slots[Int(node) * RankNodes.width + rest]) { return }
        rest += 1
      }
      rest = 0
      guard let next = leaf(after: node) else { return }
      node = next
    }
  }

  private func leaf(after leaf: Int32) -> Int32? {
    var link = leaves.links[leaf]
    var level = 1
    while link.parent >= 0, Int(link.place) + 1 == inners.used(link.parent) {
      link = inners.links[link.parent]
      level += 1
    }
    guard link.parent >= 0 else { return nil }
    var node = inners.child(link.parent, Int(link.place) + 1)
    for _ in 1..<level { node = inners.child(node, 0) }
    return node
  }

  // MARK: Changes

  /// Enters a member that is not in the tree.
  mutating func insert(_ slot: Int32, _ members: borrowing RankMembers) {
    let bound = members.bound(slot)
    var leaf = root
    for _ in 0..<height { leaf = inners.child(leaf, max(0, inners.lowerBound(leaf, bound, members) - 1)) }
    var place = leaves.lowerBound(leaf, bound, members)
    if leaves.used(leaf) == RankNodes.width {
      let sibling = split(leaf, level: 0, members)
      let half = leaves.used(leaf)
      if place > half {
        leaf = sibling
        place -= half
      }
    }
    leaves.insert(leaf, at: place, RankNodes.Entry(head: bound.head, slot: slot))
    members.setLeaf(slot, leaf)
    count(leaf, 1)
    if place == 0 { refreshFirst(leaf, level: 0) }
  }

  /// Takes a member out that is in the tree.
  mutating func remove(_ slot: Int32, _ members: borrowing RankMembers) {
    let leaf = members.records[slot].leaf
    let place = leaves.place(of: slot, in: leaf)
    leaves.remove(leaf, at: place)
    members.setLeaf(slot, -1)
    count(leaf, -1)
    if leaves.used(leaf) > 0 {
      if place == 0 { refreshFirst(leaf, level: 0) }
    } else if height > 0 {
      drop(leaf, level: 0)
    }
  }

  /// Adds to the counts above a leaf.
  private func count(_ leaf: Int32, _ change: Int32) {
    var link = leaves.links[leaf]
    while link.parent >= 0 {
      inners.counts.base[Int(link.parent) * RankNodes.width + Int(link.place)] &+= change
      link = inners.links[link.parent]
    }
  }

  /// Notes in the nodes above which member is now the least of a node.
  private func refreshFirst(_ node: Int32, level: Int) {
    let first = level == 0 ? leaves.entry(node, 0) : inners.entry(node, 0)
    var link = link(node, level)
    while link.parent >= 0 {
      let at = Int(link.parent) * RankNodes.width + Int(link.place)
      inners.heads[at] = first.head
      inners.slots[at] = first.slot
      if link.place > 0 { return }
      link = inners.links[link.parent]
    }
  }

  /// Gives the second half of a full node to a new one after it, and answers that.
  private mutating func split(_ node: Int32, level: Int, _ members: borrowing RankMembers) -> Int32 {
    var above = link(node, level)
    if above.parent < 0 {
      grow(level)
    } else if inners.used(above.parent) == RankNodes.width {
      _ = split(above.parent, level: level + 1, members)
    }
    above = link(node, level)
    let sibling = level == 0 ? leaves.make() : inners.make()
    let half = RankNodes.width / 2
    var moved = 0
    if level == 0 {
      leaves.move(node, half, to: sibling, 0, count: half)
      leaves.links.base[Int(node)].used = Int16(half)
      leaves.links.base[Int(sibling)].used = Int16(half)
      for place in 0..<half { members.setLeaf(leaves.entry(sibling, place).slot, sibling) }
      moved = half
    } else {
      inners.move(node, half, to: sibling, 0, count: half)
      inners.links.base[Int(node)].used = Int16(half)
      inners.links.base[Int(sibling)].used = Int16(half)
      moved = inners.count(sibling, before: half)
      relink(sibling, from: 0, level: level)
    }
    let first = level == 0 ? leaves.entry(sibling, 0) : inners.entry(sibling, 0)
    inners.counts.base[Int(above.parent) * RankNodes.width + Int(above.place)] &-= Int32(moved)
    inners.insert(
      above.parent, at: Int(above.place) + 1,
      RankNodes.Entry(head: first.head, slot: first.slot, child: sibling, count: Int32(moved)))
    relink(above.parent, from: Int(above.place) + 1, level: level + 1)
    return sibling
  }

  /// Puts a root above the root, which is at a level.
  private mutating func grow(_ level: Int) {
    let top = inners.make()
    var first = level == 0 ? leaves.entry(root, 0) : inners.entry(root, 0)
    first.count = Int32(level == 0 ? leaves.used(root) : inners.count(root, before: inners.used(root)))
    first.child = root
    inners.insert(top, at: 0, first)
    setLink(root, level, parent: top, place: 0)
    root = top
    height += 1
  }

  /// Updates where the children of an inner node stand, from a place on.
  private func relink(_ node: Int32, from place: Int, level: Int) {
    for index in place..<max(place, inners.used(node)) {
      setLink(inners.child(node, index), level - 1, parent: node, place: index)
    }
  }

  /// Lets go of a node that has no entries, which is not the root.
  private mutating func drop(_ node: Int32, level: Int) {
    let above = link(node, level)
    if level == 0 { leaves.free(node) } else { inners.free(node) }
    inners.remove(above.parent, at: Int(above.place))
    let used = inners.used(above.parent)
    if used == 0 {
      guard above.parent == root else { return drop(above.parent, level: level + 1) }
      inners.free(root)
      height = 0
      root = leaves.make()
      return
    }
    relink(above.parent, from: Int(above.place), level: level + 1)
    if above.place == 0 { refreshFirst(above.parent, level: level + 1) }
    while height > 0, inners.used(root) == 1 {
      let child = inners.child(root, 0)
      inners.free(root)
      root = child
      height -= 1
      setLink(root, height, parent: -1, place: 0)
    }
  }
}
