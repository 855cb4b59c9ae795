internal import Glibc

/// Gives byte strings small numbers, their slots, by which a caller keeps what belongs to them in arrays of its own.
///
/// Open addressing with linear probing over one array of (hash, slot), at most three quarters full; the strings stand one after another
/// in one piece of memory. So a string costs no allocation of its own, a search touches three pieces of memory, and 24 bytes stand
/// beside each string. The slots of removed strings are given out again. The hash is seeded again in each process, since
/// keys are what users chose; no order that anybody sees comes from it.
package struct BytesTable: Sendable {
  private struct Entry {
    var start: Int
    /// -1 is a slot that waits to be given out.
    var count: Int32
    var hash: UInt32
  }

  private var places: [HashPlace] = Array(repeating: .free, count: 16)
  private var entries: [Entry] = []
  private var texts: [UInt8] = []
  /// Bytes of `texts` that belong to removed strings.
  private var waste = 0
  private var free: [Int32] = []

  package init() {}

  package var count: Int { entries.count - free.count }
  /// Every slot is below this.
  package var slotsEnd: Int { entries.count }

  /// The slot of these bytes; nil when they are not there. O(length).
  package func slot(of key: UnsafeRawBufferPointer) -> Int? {
    let hash = BytesTable.hash(key)
    let mask = places.count - 1
    var index = Int(hash) & mask
    while places[index].slot >= 0 {
      if places[index].hash == hash, holds(Int(places[index].slot), key) { return Int(places[index].slot) }
      index = (index + 1) & mask
    }
    return nil
  }

  package func slot(of key: [UInt8]) -> Int? { key.withUnsafeBytes { slot(of: $0) } }

  private func holds(_ slot: Int, _ key: UnsafeRawBufferPointer) -> Bool {
    let entry = entries[slot]
    guard Int(entry.count) == key.count else { return false }
    return texts.withUnsafeBytes { texts in
      key.count == 0 || memcmp(texts.baseAddress! + entry.start, key.baseAddress!, key.count) == 0
    }
  }

  /// Adds bytes that are not there and answers their slot.
  package mutating func insert(_ key: UnsafeRawBufferPointer) -> Int {
    precondition(
      key.count <= Int(Int32.max) && entries.count < Int(Int32.max), "a table of bytes holds 2^31 strings of 2 GB each")
    if (count + 1) * 4 > places.count * 3 { grow() }
    let entry = Entry(start: texts.count, count: Int32(key.count), hash: BytesTable.hash(key))
    texts.append(contentsOf: key)
    let slot: Int
    if let again = free.popLast() {
      slot = Int(again)
      entries[slot] = entry
    } else {
      slot = entries.count
      entries.append(entry)
    }
    place(slot, entry.hash)
    return slot
  }

  package mutating func insert(_ key: [UInt8]) -> Int { key.withUnsafeBytes { insert($0) } }

  private mutating func place(_ slot: Int, _ hash: UInt32) {
    places.withUnsafeMutableBufferPointer { $0.put(Int32(slot), hash) }
  }

  private mutating func grow() {
    places = Array(repeating: .free, count: places.count * 2)
    for slot in entries.indices where entries[slot].count >= 0 { place(slot, entries[slot].hash) }
  }

  /// Removes the string of a slot that is in use.
  package mutating func remove(_ slot: Int) {
    let hash = entries[slot].hash
    places.withUnsafeMutableBufferPointer { $0.remove(Int32(slot), hash) }
    waste += Int(entries[slot].count)
    entries[slot].count = -1
    free.append(Int32(slot))
    if waste > 4096, waste * 2 > texts.count { compact() }
  }

  private mutating func compact() {
    var kept: [UInt8] = []
    kept.reserveCapacity((texts.count - waste) * 5 / 4)
    for slot in entries.indices where entries[slot].count >= 0 {
      let start = entries[slot].start
      entries[slot].start = kept.count
      kept.append(contentsOf: texts[start..<(start + Int(entries[slot].count))])
    }
    texts = kept
    waste = 0
  }

  package func bytes(_ slot: Int) -> [UInt8] { withBytes(slot) { Array($0) } }

  /// The bytes of a slot in place; they must not leave `body`.
  package func withBytes<R>(_ slot: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let entry = entries[slot]
    return texts.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[entry.start..<(entry.start + Int(entry.count))])) }
  }

  /// Whether the bytes of one slot come before those of another.
  package func less(_ left: Int, _ right: Int) -> Bool {
    withBytes(left) { left in withBytes(right) { Bytes.compare(left, $0) < 0 } }
  }

  /// The slots in use, in the order of their bytes. O(n log n), mostly by comparing whole numbers: the eight bytes after those that all begin
  /// with alike.
  package var sortedSlots: [Int] {
    let used = entries.indices.filter { entries[$0].count >= 0 }
    guard let first = used.first, used.count > 1 else { return used }
    return texts.withUnsafeBytes { texts in
      func text(_ slot: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: texts[entries[slot].start..<entries[slot].start + Int(entries[slot].count)])
      }
      let example = text(first)
      var shared = example.count
      for slot in used {
        let text = text(slot)
        shared = min(shared, text.count)
        while shared > 0, memcmp(text.baseAddress!, example.baseAddress!, shared) != 0 { shared -= 1 }
      }
      var sorted = used.map { (number: BytesTable.number(text($0), after: shared), slot: Int32($0)) }
      sorted.sort { left, right in
        left.number != right.number
          ? left.number < right.number : Bytes.compare(text(Int(left.slot)), text(Int(right.slot))) < 0
      }
      return sorted.map { Int($0.slot) }
    }
  }

  /// Eight bytes as a number that compares as they do. What is missing counts as zeros.
  private static func number(_ text: UnsafeRawBufferPointer, after start: Int) -> UInt64 {
    if text.count - start >= 8 { return UInt64(bigEndian: text.loadUnaligned(fromByteOffset: start, as: UInt64.self)) }
    var number: UInt64 = 0
    for place in start..<start + 8 { number = number << 8 | (place < text.count ? UInt64(text[place]) : 0) }
    return number
  }

  /// An empty table with memory for what this one holds.
  package func emptied() -> BytesTable {
    var empty = BytesTable()
    empty.places = Array(repeating: .free, count: places.count)
    empty.entries.reserveCapacity(entries.count)
    empty.texts.reserveCapacity(texts.count)
    return empty
  }

  private static let seed = UInt64.random(in: 0 ... .max)

  private static func hash(_ key: UnsafeRawBufferPointer) -> UInt32 { UInt32(truncatingIfNeeded: wideHash(key)) }

  /// The hash by which the table finds its strings, for tables of other shapes too; another one in each process. Eight bytes at a
  /// time, each mixed in by a multiplication of full width; the last eight may overlap those before.
  package static func wideHash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    func mix(_ value: UInt64) -> UInt64 {
      let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
      return product.high ^ product.low
    }
    var hash = seed ^ UInt64(key.count)
    if key.count >= 8 {
      var index = 0
      while index + 8 < key.count {
        hash = mix(hash ^ key.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        index += 8
      }
      hash = mix(hash ^ key.loadUnaligned(fromByteOffset: key.count - 8, as: UInt64.self))
    } else {
      var rest: UInt64 = 0
      for byte in key { rest = rest << 8 | UInt64(byte) }
      hash = mix(hash ^ rest)
    }
    return mix(hash ^ 0xd6e8_feb8_6659_fd93)
  }
}
