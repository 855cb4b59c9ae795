internal import DynamoModel

/// Keys in byte order that are found by value and by place, both in O(log n).
///
/// A B+tree whose inner nodes know how many keys lie below each child: the place of a key is the sum of the counts to its left,
/// and the key at a place is found by walking those counts down. Nodes hold up to 64 keys, so a million keys are four levels,
/// and a node's keys lie side by side. An emptied node is dropped and nodes are not merged otherwise: boards grow far more than
/// they shrink. A key is its bytes plus about 40 more.
package struct CountedTree {
  private static let keysMax = 64

  /// Changed in place by the one owner of the tree; never shared between two trees.
  private final class Node {
    var count: Int
    /// A leaf's keys; an inner node's least key below each child.
    var keys: [[UInt8]]
    /// Nil for a leaf.
    var children: [Node]?

    init(keys: [[UInt8]], children: [Node]?) {
      self.keys = keys
      self.children = children
      count = children.map { $0.reduce(0) { $0 + $1.count } } ?? keys.count
    }

    /// The first place in `keys` whose key is not below `key`.
    func lowerBound(_ key: [UInt8]) -> Int {
      var low = 0
      var high = keys.count
      while low < high {
        let middle = (low + high) / 2
        if Bytes.less(keys[middle], key) { low = middle + 1 } else { high = middle }
      }
      return low
    }

    /// The child that holds `key` or would.
    func child(for key: [UInt8]) -> Int {
      let bound = lowerBound(key)
      if bound < keys.count, keys[bound] == key { return bound }
      return max(0, bound - 1)
    }
  }

  private var root = Node(keys: [], children: nil)

  package init() {}

  package var count: Int { root.count }

  /// Adds a key. False when it was there already.
  @discardableResult
  package mutating func insert(_ key: [UInt8]) -> Bool {
    guard let (inserted, sibling) = CountedTree.insert(key, into: root) else { return false }
    _ = inserted
    if let sibling {
      let left = root
      root = Node(keys: [left.keys[0], sibling.keys[0]], children: [left, sibling])
    }
    return true
  }

  /// Nil when the key was there already; else the new right sibling when the node was split.
  private static func insert(_ key: [UInt8], into node: Node) -> (Void, Node?)? {
    if node.children == nil {
      let place = node.lowerBound(key)
      if place < node.keys.count, node.keys[place] == key { return nil }
      node.keys.insert(key, at: place)
      node.count += 1
      return ((), split(node))
    }
    let index = node.child(for: key)
    guard let child = node.children?[index], let (_, sibling) = insert(key, into: child) else { return nil }
    node.count += 1
    if Bytes.less(key, node.keys[index]) { node.keys[index] = key }
    if let sibling {
      node.keys.insert(sibling.keys[0], at: index + 1)
      node.children?.insert(sibling, at: index + 1)
    }
    return ((), split(node))
  }

  private static func split(_ node: Node) -> Node? {
    guard node.keys.count > keysMax else { return nil }
    let half = node.keys.count / 2
    let sibling = Node(keys: Array(node.keys[half...]), children: node.children.map { Array($0[half...]) })
    node.keys.removeSubrange(half...)
    node.children?.removeSubrange(half...)
    node.count -= sibling.count
    return sibling
  }

  /// Removes a key. False when it was not there.
  @discardableResult
  package mutating func remove(_ key: [UInt8]) -> Bool {
    guard CountedTree.remove(key, from: root) else { return false }
    while let children = root.children, children.count == 1 { root = children[0] }
    if root.children?.isEmpty == true { root = Node(keys: [], children: nil) }
    return true
  }

  private static func remove(_ key: [UInt8], from node: Node) -> Bool {
    guard node.children != nil else {
      let place = node.lowerBound(key)
      guard place < node.keys.count, node.keys[place] == key else { return false }
      node.keys.remove(at: place)
      node.count -= 1
      return true
    }
    let index = node.child(for: key)
    guard let child = node.children?[index], remove(key, from: child) else { return false }
    node.count -= 1
    if child.count == 0 {
      node.keys.remove(at: index)
      node.children?.remove(at: index)
    }
    return true
  }

  /// How many keys lie below `key`, whether it is there or not.
  package func countBelow(_ key: [UInt8]) -> Int {
    var node = root
    var below = 0
    while let children = node.children {
      let index = node.child(for: key)
      for left in 0..<index { below += children[left].count }
      node = children[index]
    }
    return below + node.lowerBound(key)
  }

  /// Calls `visit` with the keys from a place on, in order, until it returns false.
  package func forEach(from place: Int, _ visit: ([UInt8]) -> Bool) {
    _ = CountedTree.walk(root, place, visit)
  }

  private static func walk(_ node: Node, _ place: Int, _ visit: ([UInt8]) -> Bool) -> Bool {
    var skip = place
    guard let children = node.children else {
      guard skip < node.keys.count else { return true }
      for key in node.keys[max(0, skip)...] where !visit(key) { return false }
      return true
    }
    for child in children {
      if skip >= child.count {
        skip -= child.count
        continue
      }
      if !walk(child, skip, visit) { return false }
      skip = 0
    }
    return true
  }
}
