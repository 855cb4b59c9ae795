internal import DynamoModel
internal import Glibc

/// The members of a board in their order: found by member, by order and by place, each in O(log n).
///
/// A B+tree of blocks of 1 KB whose leaves hold the members' records themselves, about 25 a leaf, and whose inner nodes know
/// of each child how many records are below it; a `RankTable` says of each member in which leaf it stands. Every node knows
/// its parent: the place of a member is where it stands in its leaf and, on the way up, the counts to the left; no record is
/// compared for it. Only to enter a member, or to ask for a score, the tree is gone down by 16-byte heads, and by records
/// where heads are equal.
///
/// A full leaf gives records to a neighbour that has room, or becomes, with a neighbour, three that are two thirds full; a
/// leaf less than five eighths full is merged with neighbours that have room. Blocks are numbered without gaps: the last
/// one takes the place of one that is given up, and what is free at the end goes back to the machine. So the memory follows
/// the number of members both ways.
struct RankTree: ~Copyable {
  let layout: RankLayout
  var nodes = Blocks()
  var root: Int32
  /// Levels of inner nodes above the leaves.
  var height = 0
  var table = RankTable()
  /// Whether `table` holds the members: not while many are entered at once, and not where nobody asks for members.
  private(set) var isIndexed: Bool
  private(set) var count = 0
  /// What records take that stand outside of their leaves.
  var longBytes = 0
  /// How often leaves were split, merged or spread.
  var shape = 0

  init(_ layout: RankLayout, isIndexed: Bool = true) {
    self.layout = layout
    self.isIndexed = isIndexed
    root = nodes.make()
    RankNode(base: nodes[root]).clear(level: 0)
  }

  deinit {
    guard longBytes > 0 else { return }
    for number in 0..<Int32(nodes.count) {
      let node = RankNode(base: nodes[number])
      guard node.level == 0 else { continue }
      for place in 0..<node.used where node.isLong(place) {
        free(UnsafeMutableRawPointer(mutating: node.record(place).baseAddress))
      }
    }
  }

  /// All memory that the tree has allocated.
  var bytes: Int { nodes.bytes + table.bytes + longBytes }

  func node(_ number: Int32) -> RankNode { RankNode(base: nodes[number]) }

  // MARK: Questions

  /// Where a member stands; nil when it is not there.
  func find(_ member: UnsafeRawBufferPointer, hash: UInt64) -> RankTable.Place? {
    assert(isIndexed)
    return table.find(member, hash: hash, nodes, layout)
  }

  /// A record in its leaf. Not to be used once the tree has changed.
  func record(_ leaf: Int32, _ place: Int) -> UnsafeRawBufferPointer { node(leaf).record(place) }

  /// How many records stand before one.
  func count(before leaf: Int32, _ place: Int) -> Int {
    var sum = place
    var child = leaf
    var parent = node(leaf).parent
    while parent >= 0 {
      nodes.touch(parent, RankNode.childBytes)
      let inner = node(parent)
      sum += inner.count(before: inner.place(ofChild: child))
      child = parent
      parent = inner.parent
    }
    return sum
  }

  /// How many records stand before a bound.
  func count(before bound: RankBound) -> Int {
    var number = root
    var sum = 0
    for _ in 0..<height {
      let inner = node(number)
      let place = max(0, lowerBound(inner, bound) - 1)
      sum += inner.count(before: place)
      number = inner.child(place)
    }
    return sum + node(number).lowerBound(bound)
  }

  /// How many children's least records stand before a bound.
  @inline(__always)
  func lowerBound(_ inner: RankNode, _ bound: RankBound) -> Int {
    let low = inner.lowerBound(bound.head)
    return low < inner.used && inner.head(low) == bound.head ? lowerBound(inner, bound, from: low) : low
  }

  /// The same from a place on, where heads are equal to the bound's.
  @inline(never)
  private func lowerBound(_ inner: RankNode, _ bound: RankBound, from place: Int) -> Int {
    var low = place
    var high = inner.used
    while low < high {
      let middle = (low + high) / 2
      if inner.head(middle) == bound.head, bound.isAfter(leastRecord(inner.child(middle))) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  private func leastRecord(_ number: Int32) -> UnsafeRawBufferPointer {
    var node = node(number)
    while node.level > 0 { node = self.node(node.child(0)) }
    return node.record(0)
  }

  /// Whether a record begins with these bytes, which are a score's.
  func hasScore(_ score: UnsafeRawBufferPointer) -> Bool {
    var found = false
    forEach(from: count(before: RankBound(score))) { record in
      found = record.count >= score.count && memcmp(record.baseAddress!, score.baseAddress!, score.count) == 0
      return false
    }
    return found
  }

  /// Calls `visit` with the records from a place on, in order, until it returns false.
  func forEach(from place: Int, _ visit: (UnsafeRawBufferPointer) -> Bool) {
    guard var (leaf, rest) = find(place: place) else { return }
    while true {
      let node = node(leaf)
      while rest < node.used {
        if !visit(node.record(rest)) { return }
        rest += 1
      }
      rest = 0
      guard let next = self.leaf(after: leaf) else { return }
      leaf = next
    }
  }

  /// The leaf of the record at a place in the order, and its place there; nil past the end.
  func find(place: Int) -> (leaf: Int32, place: Int)? {
    guard place < count else { return nil }
    var rest = place
    var number = root
    for _ in 0..<height {
      let inner = node(number)
      var child = 0
      while rest >= inner.count(child) {
        rest -= inner.count(child)
        child += 1
      }
      number = inner.child(child)
    }
    return (number, rest)
  }

  private func leaf(after leaf: Int32) -> Int32? {
    var child = leaf
    var parent = node(leaf).parent
    while parent >= 0 {
      let inner = node(parent)
      let place = inner.place(ofChild: child) + 1
      if place < inner.used {
        var next = inner.child(place)
        while node(next).level > 0 { next = node(next).child(0) }
        return next
      }
      child = parent
      parent = inner.parent
    }
    return nil
  }

  // MARK: Changes

  /// The leaf into which a record goes, as long as the tree has its shape.
  struct Target {
    let leaf: Int32
    fileprivate let shape: Int
  }

  /// Where a record would go whose member has this hash. Memory is asked for the leaf that the member stands in while the way
  /// down is searched, and then for what is above that leaf: what an update waits for comes side by side.
  func target(_ bound: RankBound, hash: UInt64) -> Target {
    let candidate = table.candidate(hash)
    if candidate >= 0 { nodes.touch(candidate, 0..<Blocks.size) }
    let target = target(bound)
    if candidate >= 0, node(candidate).parent >= 0 { nodes.touch(node(candidate).parent, RankNode.childBytes) }
    return target
  }

  /// Where a record would go. Memory is asked for that leaf: by the time that another one was searched it has come.
  func target(_ bound: RankBound) -> Target {
    var number = root
    for _ in 0..<height {
      nodes.touch(number, RankNode.headBytes)
      let inner = node(number)
      number = inner.child(max(0, lowerBound(inner, bound) - 1))
    }
    nodes.touch(number, 0..<Blocks.size)
    return Target(leaf: number, shape: shape)
  }

  /// Enters a record whose member is not there. `hash` is its member's; `target` may be of a time when another record was
  /// still there.
  mutating func insert(_ record: UnsafeRawBufferPointer, hash: UInt64, _ target: Target? = nil) {
    count += 1
    if isIndexed, table.isUnfit(count) { table.rebuild(for: count, nodes, layout) }
    let tag = RankTable.tag(hash)
    let bound = RankBound(record)
    var known = target ?? self.target(bound)
    if known.shape != shape { known = self.target(bound) }
    let leaf: Int32
    if record.count <= LeafEntry.bytesMax {
      leaf = insert(LeafEntry(tag: tag, isLong: false, bytes: record), bound, into: known.leaf)
    } else {
      guard let long = malloc(record.count) else { preconditionFailure("no memory for \(record.count) bytes") }
      memcpy(long, record.baseAddress!, record.count)
      longBytes += record.count
      let reference = (Int(bitPattern: long), record.count)
      leaf = withUnsafeBytes(of: reference) {
        insert(LeafEntry(tag: tag, isLong: true, bytes: $0), bound, into: known.leaf)
      }
    }
    if isIndexed { table.insert(hash, leaf: leaf) }
  }

  /// Takes out the record of a member that `find` has found.
  mutating func remove(_ found: RankTable.Place, hash: UInt64) {
    table.remove(found, hash: hash)
    remove(found.leaf, found.place)
    if table.isUnfit(count) { table.rebuild(for: count, nodes, layout) }
  }

  /// Takes out the record that has exactly these bytes and must be there, from a tree that is not indexed.
  mutating func remove(_ record: UnsafeRawBufferPointer) {
    guard let (leaf, place) = find(place: count(before: RankBound(record))) else { return }
    remove(leaf, place)
  }

  private mutating func remove(_ leaf: Int32, _ place: Int) {
    let node = node(leaf)
    if node.isLong(place) {
      let long = node.record(place)
      longBytes -= long.count
      free(UnsafeMutableRawPointer(mutating: long.baseAddress))
    }
    node.remove(at: place)
    count -= 1
    count(leaf, -1, newHead: place == 0 && node.used > 0 ? RankBound.head(node.record(0)) : nil)
    if height > 0, node.content < RankTree.contentMin { refill(leaf) }
  }

  /// Adds to the counts above a leaf, and notes the head of its first record where that is another one.
  func count(_ leaf: Int32, _ change: Int32, newHead: UInt128?) {
    var newHead = newHead
    var child = leaf
    var parent = node(leaf).parent
    while parent >= 0 {
      nodes.touch(parent, RankNode.childBytes)
      let inner = node(parent)
      let place = inner.place(ofChild: child)
      inner.add(change, toCount: place)
      if let head = newHead {
        inner.setHead(place, head)
        if place > 0 { newHead = nil }
      }
      child = parent
      parent = inner.parent
    }
  }

  /// Members that are entered from now on are in no table until `index` is called. Costs nothing when nothing is in it yet.
  mutating func unindex() {
    guard isIndexed else { return }
    isIndexed = false
    table = RankTable()
  }

  /// Enters all members that are in leaves into the table.
  mutating func index() {
    guard !isIndexed else { return }
    isIndexed = true
    table.rebuild(for: count, nodes, layout)
  }
}
