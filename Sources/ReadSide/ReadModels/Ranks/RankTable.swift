internal import DynamoModel
internal import Glibc

/// In which leaf a member stands, by its hash: about 6 bytes a member.
///
/// Buckets of a cache line: 15 tags, the number of a leaf for each in 3 bytes, and how many members passed this bucket
/// because it was full when they came, so that a search knows where it ends without marks of what was removed. A tag is a
/// byte of the hash, 0 where the place is free. Nothing else is kept of a member: whether it is the one that is looked for is
/// seen in its leaf, which has the tags again. So a table that gets too full, or too empty, is thrown away and made again by
/// a walk over the leaves: tens of milliseconds with a million members, each time their number has grown or shrunk by a
/// fifth.
struct RankTable: ~Copyable {
  /// Where a member was found.
  struct Place {
    let bucket: Int
    let lane: Int
    let leaf: Int32
    let place: Int
  }

  private static let bucketBytes = 64
  static let lanes = 15

  private var base: UnsafeMutableRawPointer
  private(set) var buckets: Int
  private(set) var count = 0

  private let touched = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)

  init() {
    buckets = 1
    base = Memory.allocate(RankTable.bucketBytes)
  }

  deinit {
    Memory.deallocate(base, bytes)
    touched.deallocate()
  }

  var bytes: Int { buckets * RankTable.bucketBytes }

  /// A byte of the hash that is not 0.
  static func tag(_ hash: UInt64) -> UInt8 { max(1, UInt8(truncatingIfNeeded: hash)) }

  func home(_ hash: UInt64) -> Int { Int(hash.multipliedFullWidth(by: UInt64(buckets)).high) }

  private func next(_ bucket: Int) -> Int { bucket + 1 == buckets ? 0 : bucket + 1 }

  func pointer(_ bucket: Int) -> UnsafeMutableRawPointer {
    assert(bucket >= 0 && bucket < buckets)
    return base + bucket * RankTable.bucketBytes
  }

  /// The lanes of a bucket with a tag, a bit for each in the highest bit of its byte: the first 8, and the other 7.
  @inline(__always)
  func lanes(_ bucket: UnsafeMutableRawPointer, _ tag: UInt8) -> (UInt64, UInt64) {
    let first = bucket.load(as: UInt64.self).bytes(equalTo: tag)
    let second = bucket.load(fromByteOffset: 8, as: UInt64.self).bytes(equalTo: tag)
    return (first, second & (UInt64.max >> 8))
  }

  private func leaf(_ bucket: UnsafeMutableRawPointer, _ lane: Int) -> Int32 {
    Int32(truncatingIfNeeded: bucket.loadUnaligned(fromByteOffset: 15 + 3 * lane, as: UInt32.self) & 0xff_ffff)
  }

  private func setLeaf(_ bucket: UnsafeMutableRawPointer, _ lane: Int, _ leaf: Int32) {
    let at = bucket + (15 + 3 * lane)
    at.storeBytes(of: UInt16(truncatingIfNeeded: leaf), as: UInt16.self)
    at.storeBytes(of: UInt8(truncatingIfNeeded: leaf >> 16), toByteOffset: 2, as: UInt8.self)
  }

  /// How many members passed a bucket.
  func passed(_ bucket: Int) -> UInt32 { pointer(bucket).load(fromByteOffset: 60, as: UInt32.self) }

  private func addPassed(_ bucket: Int, _ change: Int32) {
    pointer(bucket).storeBytes(
      of: UInt32(bitPattern: Int32(bitPattern: passed(bucket)) + change), toByteOffset: 60, as: UInt32.self)
  }

  /// Calls `body` with the bucket and lane of every member that may have this hash, until it returns true.
  @inline(__always)
  private func search(_ hash: UInt64, _ body: (Int, Int) -> Bool) {
    let tag = RankTable.tag(hash)
    var bucket = home(hash)
    for _ in 0..<buckets {
      var (first, second) = lanes(pointer(bucket), tag)
      while first != 0 {
        if body(bucket, first.trailingZeroBitCount / 8) { return }
        first &= first - 1
      }
      while second != 0 {
        if body(bucket, 8 + second.trailingZeroBitCount / 8) { return }
        second &= second - 1
      }
      if passed(bucket) == 0 { return }
      bucket = next(bucket)
    }
  }

  /// Asks memory for where a member's hash is, without waiting for it.
  func touch(_ hash: UInt64) { touched.pointee = pointer(home(hash)).load(as: UInt64.self) }

  /// The leaf of the first member that may have this hash; -1 when there is none in its bucket.
  func candidate(_ hash: UInt64) -> Int32 {
    let bucket = pointer(home(hash))
    let (first, second) = lanes(bucket, RankTable.tag(hash))
    if first != 0 { return leaf(bucket, first.trailingZeroBitCount / 8) }
    return second == 0 ? -1 : leaf(bucket, 8 + second.trailingZeroBitCount / 8)
  }

  /// Where a member stands; nil when it is not there. Three or four pieces of memory are looked at.
  func find(_ member: UnsafeRawBufferPointer, hash: UInt64, _ nodes: borrowing Blocks, _ layout: RankLayout) -> Place? {
    var found: Place?
    search(hash) { bucket, lane in
      let leaf = leaf(pointer(bucket), lane)
      nodes.touch(leaf, 0..<Blocks.size)
      let place = RankNode(base: nodes[leaf]).place(of: member, tag: RankTable.tag(hash), layout)
      if place < 0 { return false }
      found = Place(bucket: bucket, lane: lane, leaf: leaf, place: place)
      return true
    }
    return found
  }

  /// Notes that a member of this hash moved to another leaf.
  ///
  /// Of two members with one tag in one leaf it does not matter whose lane is changed: both searches pass both lanes.
  func move(_ hash: UInt64, from: Int32, to: Int32) {
    var isDone = false
    search(hash) { bucket, lane in
      let pointer = pointer(bucket)
      guard leaf(pointer, lane) == from else { return false }
      setLeaf(pointer, lane, to)
      isDone = true
      return true
    }
    precondition(isDone, "the table holds every member")
  }

  /// Enters a member that is not there; `reserve` has made room.
  mutating func insert(_ hash: UInt64, leaf: Int32) {
    var bucket = home(hash)
    while true {
      let pointer = pointer(bucket)
      let (first, second) = lanes(pointer, 0)
      if first | second != 0 {
        let lane = first != 0 ? first.trailingZeroBitCount / 8 : 8 + second.trailingZeroBitCount / 8
        pointer.storeBytes(of: RankTable.tag(hash), toByteOffset: lane, as: UInt8.self)
        setLeaf(pointer, lane, leaf)
        count += 1
        return
      }
      addPassed(bucket, 1)
      bucket = next(bucket)
    }
  }

  /// Takes out a member that `find` has found.
  mutating func remove(_ place: Place, hash: UInt64) {
    pointer(place.bucket).storeBytes(of: 0, toByteOffset: place.lane, as: UInt8.self)
    var bucket = home(hash)
    while bucket != place.bucket {
      addPassed(bucket, -1)
      bucket = next(bucket)
    }
    count -= 1
  }

  // MARK: Size

  /// Whether so many members are too many, or too few, for the buckets: more than 12.9 a bucket, or less than 9 with one
  /// bucket fewer.
  func isUnfit(_ count: Int) -> Bool { count * 10 > buckets * 129 || (count < (buckets - 1) * 9) }

  /// Makes the table again for `count` members, and enters all that are in leaves.
  mutating func rebuild(for count: Int, _ nodes: borrowing Blocks, _ layout: RankLayout) {
    Memory.deallocate(base, bytes)
    buckets = max(1, (count * 10 + 107) / 108)
    base = Memory.allocate(bytes)
    self.count = 0
    for number in 0..<Int32(nodes.count) {
      let node = RankNode(base: nodes[number])
      guard node.level == 0 else { continue }
      for place in 0..<node.used { insert(BytesTable.wideHash(layout.member(node.record(place))), leaf: number) }
    }
  }
}
