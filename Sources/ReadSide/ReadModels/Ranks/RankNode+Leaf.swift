internal import Glibc

/// What is written of a record into a leaf: a byte of its member's hash, and the record itself; of a long one where it stands
/// and its length.
struct LeafEntry {
  let tag: UInt8
  let isLong: Bool
  let bytes: UnsafeRawBufferPointer

  /// Records longer than this stand in memory of their own.
  static let bytesMax = 128

  /// What it takes of a leaf.
  var cost: Int { bytes.count + 3 }

  /// The record itself, wherever it stands.
  var record: UnsafeRawBufferPointer {
    guard isLong else { return bytes }
    return UnsafeRawBufferPointer(
      start: UnsafeRawPointer(bitPattern: bytes.loadUnaligned(as: Int.self)),
      count: bytes.loadUnaligned(fromByteOffset: 8, as: Int.self))
  }
}

/// A leaf: records in their order, packed towards the block's end.
///
/// After the header come a byte of each member's hash, then two bytes for each record with the place where it begins. So a
/// member is found by a look at 8 bytes at a time and at about one record, and a place in the order by halving.
extension RankNode {
  static let leafBytes = Blocks.size - headerBytes
  private static let longMark = 0x8000

  /// Where the records begin.
  var start: Int {
    get { Int(base.load(fromByteOffset: 8, as: UInt16.self)) }
    nonmutating set { base.storeBytes(of: UInt16(truncatingIfNeeded: newValue), toByteOffset: 8, as: UInt16.self) }
  }

  /// What the records take of the leaf.
  var content: Int { Blocks.size - start + 3 * used }

  private var tags: UnsafeMutableRawPointer { base + RankNode.headerBytes }

  @inline(__always)
  private func mark(_ place: Int) -> Int {
    assert(place >= 0 && place < used)
    return Int((tags + used).loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
  }

  private func setMark(_ place: Int, _ mark: Int) {
    (tags + used).storeBytes(of: UInt16(truncatingIfNeeded: mark), toByteOffset: 2 * place, as: UInt16.self)
  }

  private func offset(_ place: Int) -> Int { place == used ? Blocks.size : mark(place) & ~RankNode.longMark }

  func tag(_ place: Int) -> UInt8 { tags.load(fromByteOffset: place, as: UInt8.self) }

  func isLong(_ place: Int) -> Bool { mark(place) & RankNode.longMark != 0 }

  /// A record as it stands in the block.
  func entry(_ place: Int) -> LeafEntry {
    let mark = mark(place)
    let offset = mark & ~RankNode.longMark
    return LeafEntry(
      tag: tag(place), isLong: mark != offset,
      bytes: UnsafeRawBufferPointer(start: base + offset, count: self.offset(place + 1) - offset))
  }

  /// A record's bytes, wherever they stand.
  @inline(__always)
  func record(_ place: Int) -> UnsafeRawBufferPointer {
    let mark = mark(place)
    let offset = mark & ~RankNode.longMark
    let bytes = UnsafeRawBufferPointer(start: base + offset, count: self.offset(place + 1) - offset)
    return mark == offset ? bytes : LeafEntry(tag: 0, isLong: true, bytes: bytes).record
  }

  /// How many records stand before a place in the order.
  func lowerBound(_ bound: RankBound) -> Int {
    var low = 0
    var high = used
    while low < high {
      let middle = (low + high) / 2
      if bound.isAfter(record(middle)) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The place of a member; -1 when it is not here.
  func place(of member: UnsafeRawBufferPointer, tag: UInt8, _ layout: RankLayout) -> Int {
    let count = used
    var first = 0
    while first < count {
      var matches = tags.loadUnaligned(fromByteOffset: first, as: UInt64.self).bytes(equalTo: tag)
      while matches != 0 {
        let place = first + matches.trailingZeroBitCount / 8
        if place >= count { return -1 }
        let found = layout.member(record(place))
        if found.count == member.count, memcmp(found.baseAddress!, member.baseAddress!, found.count) == 0 { return place }
        matches &= matches - 1
      }
      first += 8
    }
    return -1
  }

  /// Adds a record at a place; there must be room.
  func insert(_ entry: LeafEntry, at place: Int) {
    assert(content + entry.cost <= RankNode.leafBytes)
    let count = used
    let end = offset(place)
    let size = entry.bytes.count
    memmove(base + (start - size), base + start, end - start)
    memcpy(base + (end - size), entry.bytes.baseAddress!, size)
    let marks = tags + count
    memmove(marks + (2 * place + 3), marks + 2 * place, 2 * (count - place))
    memmove(marks + 1, marks, 2 * place)
    memmove(tags + (place + 1), tags + place, count - place)
    tags.storeBytes(of: entry.tag, toByteOffset: place, as: UInt8.self)
    used = count + 1
    start -= size
    setMark(place, (end - size) | (entry.isLong ? RankNode.longMark : 0))
    shift(before: place, by: -size)
  }

  /// Takes a record out.
  func remove(at place: Int) {
    let count = used
    let begin = offset(place)
    let size = offset(place + 1) - begin
    shift(before: place, by: size)
    memmove(base + (start + size), base + start, begin - start)
    let marks = tags + count
    memmove(tags + place, tags + (place + 1), count - place - 1)
    memmove(marks - 1, marks, 2 * place)
    memmove(marks + (2 * place - 1), marks + 2 * (place + 1), 2 * (count - place - 1))
    used = count - 1
    start += size
  }

  private func shift(before place: Int, by bytes: Int) {
    let marks = tags + used
    let change = UInt16(truncatingIfNeeded: bytes)
    for index in 0..<place {
      let mark = marks.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
      marks.storeBytes(of: mark &+ change, toByteOffset: 2 * index, as: UInt16.self)
    }
  }

  /// Makes an empty leaf ready for so many records, to be written by `write` in their order.
  func prepare(count: Int, bytes: Int) {
    precondition(3 * count + bytes <= RankNode.leafBytes, "an even share fits into a leaf")
    used = count
    start = Blocks.size - bytes
  }

  /// Writes the record of a place, which begins where the one before it ended; answers where it ends.
  func write(_ entry: LeafEntry, at place: Int, from begin: Int) -> Int {
    tags.storeBytes(of: entry.tag, toByteOffset: place, as: UInt8.self)
    setMark(place, begin | (entry.isLong ? RankNode.longMark : 0))
    memcpy(base + begin, entry.bytes.baseAddress!, entry.bytes.count)
    return begin + entry.bytes.count
  }
}

extension UInt64 {
  /// The highest bit of each byte that is equal to this one; the first byte in memory is the lowest.
  @inline(__always)
  func bytes(equalTo byte: UInt8) -> UInt64 {
    let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
    let other = self ^ (UInt64(byte) &* 0x0101_0101_0101_0101)
    return ~(((other & low) &+ low) | other | low)
  }
}
