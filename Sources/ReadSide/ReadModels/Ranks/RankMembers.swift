internal import ChangeRecords
internal import DynamoModel
internal import Glibc
internal import Pipelines

/// The members of a board by their slots: key, score, time, and the leaf of the tree in which the member stands.
///
/// Found by open addressing over (hash, slot), at most three quarters full. Key and score stand one after another in one piece of
/// memory. So to find a member costs three misses of the processor's cache: its place, its record, its bytes. Scores are in
/// their ordered form, complemented where the greatest is the best: their bytes are in the order of the ranks.
struct RankMembers: ~Copyable {
  struct Record: BitwiseCopyable {
    /// When the score was reached, and the order of that change.
    var reachedAt: Instant
    var reachedOrder: CommitOrder
    /// Where the bytes of the key begin; those of the score follow.
    var start: Int
    var keyCount: Int32
    var scoreCount: Int32
    var hash: UInt32
    /// The leaf of a member that is in the tree; the next free slot, or -1, of one that waits to be given out.
    var leaf: Int32
  }

  private var places = Region<HashPlace>(capacity: 16)
  private var placesCount = 16
  private(set) var records = Region<Record>(capacity: 4)
  /// Slots ever given out.
  private var end = 0
  private var firstFree: Int32 = -1
  private(set) var count = 0
  private var texts = Region<UInt8>(capacity: 256)
  private var textsEnd = 0
  /// Bytes of `texts` that nothing refers to.
  private var waste = 0
  let timeFirst: Bool

  /// `timeFirst` when equal scores are ordered by time and then by member; otherwise by member alone.
  init(timeFirst: Bool) {
    self.timeFirst = timeFirst
    places.buffer(placesCount).update(repeating: .free)
  }

  func key(_ slot: Int32) -> UnsafeRawBufferPointer {
    let record = records[slot]
    return UnsafeRawBufferPointer(start: texts.base + record.start, count: Int(record.keyCount))
  }

  func score(_ slot: Int32) -> UnsafeRawBufferPointer {
    let record = records[slot]
    return UnsafeRawBufferPointer(start: texts.base + record.start + Int(record.keyCount), count: Int(record.scoreCount))
  }

  /// The slot of a key; -1 when it is not there.
  func slot(of key: UnsafeRawBufferPointer) -> Int32 {
    let hash = BytesTable.hash(key)
    let mask = placesCount - 1
    var index = Int(hash) & mask
    while true {
      let place = places[index]
      if place.slot < 0 { return -1 }
      if place.hash == hash {
        let record = records[place.slot]
        if Int(record.keyCount) == key.count, memcmp(texts.base + record.start, key.baseAddress!, key.count) == 0 {
          return place.slot
        }
      }
      index = (index + 1) & mask
    }
  }

  /// Adds a member that is not there.
  mutating func insert(
    _ key: UnsafeRawBufferPointer, score: UnsafeRawBufferPointer, reachedAt: Instant, reachedOrder: CommitOrder
  ) -> Int32 {
    precondition(end < Int(Int32.max) && key.count + score.count < Int(Int32.max), "a board holds 2^31 members of 2 GB each")
    if (count + 1) * 4 > placesCount * 3 { grow() }
    let slot: Int32
    if firstFree >= 0 {
      slot = firstFree
      firstFree = records[slot].leaf
    } else {
      slot = Int32(end)
      end += 1
      records.reserve(end)
    }
    let hash = BytesTable.hash(key)
    let start = append(key, score)
    records[slot] = Record(
      reachedAt: reachedAt, reachedOrder: reachedOrder, start: start, keyCount: Int32(key.count), scoreCount: Int32(score.count),
      hash: hash, leaf: -1)
    places.buffer(placesCount).put(slot, hash)
    count += 1
    return slot
  }

  private mutating func append(_ key: UnsafeRawBufferPointer, _ score: UnsafeRawBufferPointer) -> Int {
    texts.reserve(textsEnd + key.count + score.count)
    let start = textsEnd
    memcpy(texts.base + start, key.baseAddress!, key.count)
    memcpy(texts.base + start + key.count, score.baseAddress!, score.count)
    textsEnd += key.count + score.count
    return start
  }

  private mutating func grow() {
    let old = placesCount
    var wider = Region<HashPlace>(capacity: old * 2)
    swap(&wider, &places)
    placesCount = old * 2
    let all = places.buffer(placesCount)
    all.update(repeating: .free)
    for place in wider.buffer(old) where place.slot >= 0 { all.put(place.slot, place.hash) }
  }

  /// Gives a member that is in no leaf another score.
  mutating func set(_ slot: Int32, score: UnsafeRawBufferPointer, reachedAt: Instant, reachedOrder: CommitOrder) {
    var record = records[slot]
    record.reachedAt = reachedAt
    record.reachedOrder = reachedOrder
    if Int(record.scoreCount) == score.count {
      memcpy(texts.base + record.start + Int(record.keyCount), score.baseAddress!, score.count)
      records[slot] = record
      return
    }
    // The key is copied out: it may move while the bytes grow.
    let key = Array(self.key(slot))
    waste += key.count + Int(record.scoreCount)
    record.start = key.withUnsafeBytes { append($0, score) }
    record.scoreCount = Int32(score.count)
    records[slot] = record
    compactIfNeeded()
  }

  /// Removes a member that is in no leaf.
  mutating func remove(_ slot: Int32) {
    let record = records[slot]
    places.buffer(placesCount).remove(slot, record.hash)
    waste += Int(record.keyCount + record.scoreCount)
    records.base[Int(slot)].keyCount = -1
    records.base[Int(slot)].leaf = firstFree
    firstFree = slot
    count -= 1
    compactIfNeeded()
  }

  private mutating func compactIfNeeded() {
    guard waste > 4096, waste * 2 > textsEnd else { return }
    var kept = Region<UInt8>(capacity: (textsEnd - waste) * 5 / 4)
    var next = 0
    for slot in 0..<end where records[slot].keyCount >= 0 {
      let size = Int(records[slot].keyCount + records[slot].scoreCount)
      memcpy(kept.base + next, texts.base + records[slot].start, size)
      records.base[slot].start = next
      next += size
    }
    swap(&kept, &texts)
    textsEnd = next
    waste = 0
  }

  func setLeaf(_ slot: Int32, _ leaf: Int32) { records.base[Int(slot)].leaf = leaf }

  // MARK: Order

  /// A place in the order: that of a member, or before or after all members of a score.
  struct Bound {
    /// The first 16 bytes of the order's key, as a number.
    let head: UInt128
    let score: UnsafeRawBufferPointer
    /// After all of the score, where there is no member.
    let isBehind: Bool
    let slot: Int32
  }

  /// The place of a member. Not to be used once the members have changed.
  func bound(_ slot: Int32) -> Bound {
    let score = score(slot)
    var head = RankMembers.head(score, fill: 0)
    if score.count < 16 {
      let rest: UInt128
      if timeFirst {
        rest =
          UInt128(UInt64(bitPattern: records[slot].reachedAt.rawValue) ^ (1 << 63)) << 64
          | UInt128(records[slot].reachedOrder.rawValue)
      } else {
        rest = RankMembers.head(key(slot), fill: 0)
      }
      head |= rest >> UInt128(8 * score.count)
    }
    return Bound(head: head, score: score, isBehind: false, slot: slot)
  }

  /// The place before, or after, all members of a score.
  func bound(score: UnsafeRawBufferPointer, isBehind: Bool) -> Bound {
    Bound(head: RankMembers.head(score, fill: isBehind ? 0xff : 0), score: score, isBehind: isBehind, slot: -1)
  }

  private static func head(_ bytes: UnsafeRawBufferPointer, fill: UInt8) -> UInt128 {
    if bytes.count >= 16 { return UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self)) }
    var head: UInt128 = 0
    for index in 0..<bytes.count { head |= UInt128(bytes[index]) << UInt128(120 - 8 * index) }
    if fill != 0 { head |= UInt128.max >> UInt128(8 * bytes.count) }
    return head
  }

  /// Whether a member stands before a bound. For members whose heads are equal to the bound's.
  func stands(_ slot: Int32, before bound: Bound) -> Bool {
    let order = Bytes.compare(score(slot), bound.score)
    if order != 0 { return order < 0 }
    if bound.slot < 0 { return bound.isBehind }
    if timeFirst, records[slot].reachedAt != records[bound.slot].reachedAt {
      return records[slot].reachedAt < records[bound.slot].reachedAt
    }
    if timeFirst, records[slot].reachedOrder != records[bound.slot].reachedOrder {
      return records[slot].reachedOrder < records[bound.slot].reachedOrder
    }
    return Bytes.compare(key(slot), key(bound.slot)) < 0
  }
}
