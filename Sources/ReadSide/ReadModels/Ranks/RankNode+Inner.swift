internal import Glibc

/// An inner node: of each child the first 16 bytes of its least record, its number, and how many records are below it.
extension RankNode {
  /// 24 bytes a child: a multiple of 8 that fits into a block, so that eight are looked at together.
  static let width = 40
  private static let headsAt = 16
  private static let childrenAt = headsAt + 16 * width
  private static let countsAt = childrenAt + 4 * width

  /// The part of a block that a way down looks at, and that which a way up looks at.
  static let headBytes = 0..<childrenAt
  static let childBytes = childrenAt..<Blocks.size

  private var heads: UnsafeMutablePointer<UInt128> { (base + RankNode.headsAt).assumingMemoryBound(to: UInt128.self) }
  private var children: UnsafeMutablePointer<Int32> { (base + RankNode.childrenAt).assumingMemoryBound(to: Int32.self) }
  private var counts: UnsafeMutablePointer<Int32> { (base + RankNode.countsAt).assumingMemoryBound(to: Int32.self) }

  func head(_ place: Int) -> UInt128 { heads[place] }
  func setHead(_ place: Int, _ head: UInt128) { heads[place] = head }
  func child(_ place: Int) -> Int32 { children[place] }
  func setChild(_ place: Int, _ child: Int32) { children[place] = child }
  func count(_ place: Int) -> Int { Int(counts[place]) }
  func setCount(_ place: Int, _ count: Int) { counts[place] = Int32(truncatingIfNeeded: count) }
  func add(_ change: Int32, toCount place: Int) { counts[place] &+= change }

  /// The places of eight children from a place on.
  @inline(__always)
  private func places(from place: Int) -> SIMD8<Int32> {
    SIMD8(0, 1, 2, 3, 4, 5, 6, 7) &+ SIMD8(repeating: Int32(truncatingIfNeeded: place))
  }

  @inline(__always)
  private func eight(_ numbers: UnsafeMutablePointer<Int32>, from place: Int) -> SIMD8<Int32> {
    UnsafeRawPointer(numbers + place).loadUnaligned(as: SIMD8<Int32>.self)
  }

  /// Where a child stands, which must be one. Without a branch that depends on it.
  func place(ofChild child: Int32) -> Int {
    let children = children
    let wanted = SIMD8(repeating: child)
    let end = SIMD8(repeating: Int32(truncatingIfNeeded: used))
    var found = SIMD8<Int32>(repeating: -1)
    for start in stride(from: 0, to: RankNode.width, by: 8) {
      let places = places(from: start)
      found.replace(with: places, where: (eight(children, from: start) .== wanted) .& (places .< end))
    }
    let place = Int(found.max())
    precondition(place >= 0, "a node's parent has it as a child")
    return place
  }

  /// How many members are below the children before a place.
  func count(before place: Int) -> Int {
    let counts = counts
    let end = SIMD8(repeating: Int32(truncatingIfNeeded: place))
    var sum = SIMD8<Int32>(repeating: 0)
    for start in stride(from: 0, to: RankNode.width, by: 8) {
      sum &+= eight(counts, from: start).replacing(with: 0, where: places(from: start) .>= end)
    }
    return Int(sum.wrappedSum())
  }

  /// How many children's heads are less than one. Without a branch that depends on it.
  func lowerBound(_ head: UInt128) -> Int {
    let heads = heads
    var low = 0
    var rest = used
    while rest > 0 {
      let half = (rest + 1) / 2
      let isLess = heads[low + half - 1] < head ? 1 : 0
      low &+= half &* isLess
      rest -= half
    }
    return low
  }

  var countOfAll: Int { count(before: used) }

  /// Adds a child at a place; there must be room.
  func insertChild(_ child: Int32, at place: Int, head: UInt128, count: Int) {
    assert(used < RankNode.width)
    moveChildren(place, to: self, place + 1, count: used - place)
    used += 1
    children[place] = child
    heads[place] = head
    counts[place] = Int32(truncatingIfNeeded: count)
  }

  func removeChild(at place: Int) {
    moveChildren(place + 1, to: self, place, count: used - place - 1)
    used -= 1
  }

  /// Copies children, within the node or to another one; sets neither's `used`, nor the children's parent.
  func moveChildren(_ from: Int, to node: RankNode, _ place: Int, count: Int) {
    assert(from + count <= RankNode.width && place + count <= RankNode.width)
    memmove(node.heads + place, heads + from, count * MemoryLayout<UInt128>.stride)
    memmove(node.children + place, children + from, count * MemoryLayout<Int32>.stride)
    memmove(node.counts + place, counts + from, count * MemoryLayout<Int32>.stride)
  }
}
