internal import DynamoModel

/// Keys in byte order that are found by value and by place, both in O(log n).
///
/// A B+tree whose inner nodes know how many keys lie below each child: the place of a key is the sum of the counts to its left,
/// and the key at a place is found by walking those counts down. Nodes hold up to 64 keys, so a million keys are four levels.
/// Beside each key its node holds the first 16 bytes as a number: a search reads one stretch of memory a node, and a key itself only
/// where those are equal. An emptied node is dropped and nodes are not merged otherwise: boards grow far more than they shrink.
package struct CountedTree {
  private static let keysMax = 64

  /// Changed in place by the one owner of the tree; never shared between two trees. No call into a node comes from another call into
  /// it, so its fields go without the checks of exclusive access, which cost a fifth of a search.
  private final class Node {
    /// The first bytes of `keys`, in order.
    @exclusivity(unchecked) var heads: [UInt128]
    /// A leaf's keys; an inner node's least key below each child.
    @exclusivity(unchecked) var keys: [[UInt8]]
    /// Empty for a leaf.
    @exclusivity(unchecked) var children: [Node]
    /// How many keys lie below each child.
    @exclusivity(unchecked) var counts: [Int]

    init(heads: [UInt128], keys: [[UInt8]], children: [Node], counts: [Int]) {
      self.heads = heads
      self.keys = keys
      self.children = children
      self.counts = counts
    }

    var isLeaf: Bool { children.isEmpty }
    var count: Int { isLeaf ? keys.count : counts.reduce(0, +) }

    /// The first place in `keys` whose key is not below `key`.
    func lowerBound(_ head: UInt128, _ key: [UInt8]) -> Int {
      var low = 0
      var high = heads.count
      heads.withUnsafeBufferPointer { heads in
        while low < high {
          let middle = (low + high) / 2
          let other = heads[middle]
          if other < head || (other == head && Bytes.less(keys[middle], key)) { low = middle + 1 } else { high = middle }
        }
      }
      return low
    }

    /// The child that holds `key` or would.
    func child(_ head: UInt128, _ key: [UInt8]) -> Int {
      let bound = lowerBound(head, key)
      if bound < heads.count, heads[bound] == head, keys[bound] == key { return bound }
      return max(0, bound - 1)
    }
  }

  private var root = Node(heads: [], keys: [], children: [], counts: [])
  package private(set) var count = 0

  package init() {}

  /// The first 16 bytes, filled with zeros, as a number that orders as they do.
  private static func head(_ key: [UInt8]) -> UInt128 {
    key.withUnsafeBytes { bytes in
      if bytes.count >= 16 { return UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self)) }
      var head: UInt128 = 0
      for index in 0..<bytes.count { head |= UInt128(bytes[index]) << UInt128(120 - 8 * index) }
      return head
    }
  }

  /// Adds a key. False when it was there already.
  @discardableResult
  package mutating func insert(_ key: [UInt8]) -> Bool {
    guard case .added(let sibling) = CountedTree.insert(CountedTree.head(key), key, into: root) else { return false }
    count += 1
    if let sibling {
      let left = root
      root = Node(
        heads: [left.heads[0], sibling.heads[0]], keys: [left.keys[0], sibling.keys[0]], children: [left, sibling],
        counts: [left.count, sibling.count])
    }
    return true
  }

  private enum Insertion {
    case wasThere
    /// With the new right sibling when the node was split.
    case added(Node?)
  }

  private static func insert(_ head: UInt128, _ key: [UInt8], into node: Node) -> Insertion {
    if node.isLeaf {
      let place = node.lowerBound(head, key)
      if place < node.keys.count, node.heads[place] == head, node.keys[place] == key { return .wasThere }
      node.heads.insert(head, at: place)
      node.keys.insert(key, at: place)
      return .added(split(node))
    }
    let index = node.child(head, key)
    guard case .added(let sibling) = insert(head, key, into: node.children[index]) else { return .wasThere }
    node.counts[index] += 1
    node.heads[index] = node.children[index].heads[0]
    node.keys[index] = node.children[index].keys[0]
    if let sibling {
      let moved = sibling.count
      node.counts[index] -= moved
      node.heads.insert(sibling.heads[0], at: index + 1)
      node.keys.insert(sibling.keys[0], at: index + 1)
      node.children.insert(sibling, at: index + 1)
      node.counts.insert(moved, at: index + 1)
    }
    return .added(split(node))
  }

  private static func split(_ node: Node) -> Node? {
    guard node.keys.count > keysMax else { return nil }
    let half = node.keys.count / 2
    let sibling = Node(
      heads: Array(node.heads[half...]), keys: Array(node.keys[half...]),
      children: node.isLeaf ? [] : Array(node.children[half...]),
      counts: node.isLeaf ? [] : Array(node.counts[half...]))
    node.heads.removeSubrange(half...)
    node.keys.removeSubrange(half...)
    if !node.isLeaf {
      node.children.removeSubrange(half...)
      node.counts.removeSubrange(half...)
    }
    return sibling
  }

  /// Removes a key. False when it was not there.
  @discardableResult
  package mutating func remove(_ key: [UInt8]) -> Bool {
    guard CountedTree.remove(CountedTree.head(key), key, from: root) else { return false }
    count -= 1
    while root.children.count == 1 { root = root.children[0] }
    return true
  }

  private static func remove(_ head: UInt128, _ key: [UInt8], from node: Node) -> Bool {
    guard !node.isLeaf else {
      let place = node.lowerBound(head, key)
      guard place < node.keys.count, node.heads[place] == head, node.keys[place] == key else { return false }
      node.heads.remove(at: place)
      node.keys.remove(at: place)
      return true
    }
    let index = node.child(head, key)
    guard remove(head, key, from: node.children[index]) else { return false }
    node.counts[index] -= 1
    if node.counts[index] == 0, node.children.count > 1 {
      node.heads.remove(at: index)
      node.keys.remove(at: index)
      node.children.remove(at: index)
      node.counts.remove(at: index)
    }
    return true
  }

  /// How many keys lie below `key`, whether it is there or not.
  package func countBelow(_ key: [UInt8]) -> Int {
    let head = CountedTree.head(key)
    // The tree holds all its nodes, and nothing changes it before the call returns: the walk takes no references of its own, whose
    // counts would be written into every node on the way.
    var node = Unmanaged.passUnretained(root)
    var below = 0
    while true {
      let child: Unmanaged<Node>? = node._withUnsafeGuaranteedRef { node in
        if node.isLeaf {
          below += node.lowerBound(head, key)
          return nil
        }
        let index = node.child(head, key)
        node.counts.withUnsafeBufferPointer { counts in
          for left in 0..<index { below += counts[left] }
        }
        return Unmanaged.passUnretained(node.children[index])
      }
      guard let child else { return below }
      node = child
    }
  }

  /// Calls `visit` with the keys from a place on, in order, until it returns false.
  package func forEach(from place: Int, _ visit: ([UInt8]) -> Bool) {
    _ = CountedTree.walk(root, max(0, place), visit)
  }

  private static func walk(_ node: Node, _ place: Int, _ visit: ([UInt8]) -> Bool) -> Bool {
    guard !node.isLeaf else {
      guard place < node.keys.count else { return true }
      for key in node.keys[place...] where !visit(key) { return false }
      return true
    }
    var skip = place
    for (index, child) in node.children.enumerated() {
      if skip >= node.counts[index] {
        skip -= node.counts[index]
        continue
      }
      if !walk(child, skip, visit) { return false }
      skip = 0
    }
    return true
  }
}
