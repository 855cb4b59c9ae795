internal import DynamoModel
internal import Glibc

/// How the tree shrinks: nodes with little in them take from their neighbours or are merged with them, and blocks are given
/// up.
extension RankTree {
  /// A leaf with less looks at its neighbours.
  static let contentMin = RankNode.leafBytes * 5 / 8
  /// Leaves are merged up to this, so that they do not split at once; and an even share of so much, which may be longer by
  /// one record, fits.
  static let mergedMax = RankNode.leafBytes * 6 / 7
  /// A leaf with less takes from a neighbour if it cannot be merged.
  private static let contentLeast = RankNode.leafBytes / 4

  private static let childrenMin = RankNode.width / 2
  private static let mergedChildrenMax = RankNode.width * 7 / 8
  private static let childrenLeast = RankNode.width / 5

  /// Merges a leaf that is not the root with its neighbours, if they have room.
  mutating func refill(_ leaf: Int32) {
    let parent = node(node(leaf).parent)
    let at = parent.place(ofChild: leaf)
    let content = node(leaf).content
    let left = at > 0 ? node(parent.child(at - 1)).content : nil
    let right = at < parent.used - 1 ? node(parent.child(at + 1)).content : nil
    let isLeft = right == nil || (left ?? .max) <= (right ?? .max)
    guard let least = isLeft ? left : right else { return }
    let first = isLeft ? parent.child(at - 1) : leaf
    if content + least <= RankTree.mergedMax {
      _ = spread(first, 2, into: 1)
    } else if let left, let right, content + left + right <= 2 * RankTree.mergedMax {
      _ = spread(parent.child(at - 1), 3, into: 2)
    } else if content < RankTree.contentLeast {
      _ = spread(first, 2, into: content + least <= RankNode.leafBytes ? 1 : 2)
    }
  }

  /// The same for an inner node that has lost a child; a root with one child gives way to it.
  mutating func refillInner(_ number: Int32) {
    let inner = node(number)
    if number == root {
      guard inner.used == 1 else { return }
      root = inner.child(0)
      node(root).parent = -1
      height -= 1
      return release(number)
    }
    guard inner.used < RankTree.childrenMin else { return }
    let parent = node(inner.parent)
    let at = parent.place(ofChild: number)
    let left = at > 0 ? node(parent.child(at - 1)).used : .max
    let right = at < parent.used - 1 ? node(parent.child(at + 1)).used : .max
    let sum = inner.used + min(left, right)
    let first = left <= right ? at - 1 : at
    if sum <= RankTree.mergedChildrenMax {
      share(inner.parent, first, kept: sum)
    } else if inner.used < RankTree.childrenLeast {
      share(inner.parent, first, kept: sum / 2)
    }
  }

  /// Moves children between an inner node's child at a place and the one after it, so that the first has `kept`.
  private mutating func share(_ number: Int32, _ at: Int, kept: Int) {
    let parent = node(number)
    let first = node(parent.child(at))
    let second = node(parent.child(at + 1))
    let moved = kept - first.used
    if moved > 0 {
      second.moveChildren(0, to: first, first.used, count: moved)
      second.moveChildren(moved, to: second, 0, count: second.used - moved)
      for place in first.used..<kept { node(first.child(place)).parent = parent.child(at) }
    } else {
      second.moveChildren(0, to: second, -moved, count: second.used)
      first.moveChildren(kept, to: second, 0, count: -moved)
      for place in 0..<(-moved) { node(second.child(place)).parent = parent.child(at + 1) }
    }
    first.used = kept
    second.used -= moved
    parent.setCount(at, first.countOfAll)
    if second.used > 0 {
      parent.setCount(at + 1, second.countOfAll)
      parent.setHead(at + 1, second.head(0))
    } else {
      let empty = parent.child(at + 1)
      parent.removeChild(at: at + 1)
      refillInner(release(empty, keeping: number))
    }
  }

  /// Gives a block up that nothing refers to.
  mutating func release(_ number: Int32) { _ = release(number, keeping: root) }

  /// Gives a block up that nothing refers to. The last block takes its number; answers the number that `keeping` has from now
  /// on.
  mutating func release(_ number: Int32, keeping: Int32) -> Int32 {
    let last = Int32(nodes.count - 1)
    if number != last {
      memcpy(nodes[number], nodes[last], Blocks.size)
      let moved = node(number)
      if last == root {
        root = number
      } else {
        let parent = node(moved.parent)
        parent.setChild(parent.place(ofChild: last), number)
      }
      if moved.level > 0 {
        for place in 0..<moved.used { node(moved.child(place)).parent = number }
      } else if isIndexed {
        for place in 0..<moved.used {
          table.move(BytesTable.wideHash(layout.member(moved.record(place))), from: last, to: number)
        }
      }
    }
    nodes.removeLast()
    return keeping == last ? number : keeping
  }
}
