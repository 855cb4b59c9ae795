internal import DynamoModel
internal import Glibc

/// A record that waits to enter a leaf before the record at a place.
struct PendingRecord {
  let entry: LeafEntry
  let leaf: Int32
  let place: Int
}

/// One, two or three neighbouring leaves written again as so many as are wanted: every split, merge and exchange of records
/// is this.
extension RankTree {
  private static let leavesMax = 3

  /// What is to be in one leaf.
  private struct Share {
    var number: Int32 = -1
    var count = 0
    var bytes = 0
  }

  /// Spreads the records of `count` leaves, the first of which is `first`, and a pending one evenly over `wanted` leaves: as
  /// many, or one more or less. All have one parent, which has room for one child more.
  ///
  /// 1. The leaves are copied out, and the pending record is counted.
  /// 2. It is settled how many records each of the wanted leaves takes, and leaves that are missing are made.
  /// 3. The records are written, and the table notes whoever has moved to another leaf.
  /// 4. The parent notes heads and counts; a leaf that is too many is given up.
  ///
  /// Answers the leaf into which the pending record went, -1 without one. `isAtEnd`: the new leaf takes only the pending
  /// record.
  mutating func spread(
    _ first: Int32, _ count: Int, into wanted: Int, _ pending: PendingRecord? = nil, isAtEnd: Bool = false
  ) -> Int32 {
    assert(count <= RankTree.leavesMax && wanted <= RankTree.leavesMax && abs(wanted - count) <= 1)
    shape += 1
    return withUnsafeTemporaryAllocation(byteCount: RankTree.leavesMax * Blocks.size, alignment: 16) { copies in
      let parentNumber = node(first).parent
      let at = node(parentNumber).place(ofChild: first)
      var source = Source(copies: copies.baseAddress!, count: count, pending: pending)
      for index in 0..<count {
        let number = node(parentNumber).child(at + index)
        source.numbers[index] = number
        memcpy(copies.baseAddress! + index * Blocks.size, nodes[number], Blocks.size)
      }
      var shares = isAtEnd ? RankTree.sharesAtEnd(source) : RankTree.evenShares(source, wanted)
      for index in 0..<wanted {
        shares[index].number = index < count ? source.numbers[index] : nodes.make()
        let leaf = node(shares[index].number)
        if index >= count {
          leaf.clear(level: 0)
          leaf.parent = parentNumber
          node(parentNumber).insertChild(shares[index].number, at: at + index, head: 0, count: 0)
        }
        leaf.prepare(count: shares[index].count, bytes: shares[index].bytes)
      }
      let pendingLeaf = write(source, shares)
      for index in 0..<wanted {
        let parent = node(parentNumber)
        parent.setHead(at + index, RankBound.head(node(shares[index].number).record(0)))
        parent.setCount(at + index, shares[index].count)
      }
      if wanted < count {
        node(parentNumber).removeChild(at: at + wanted)
        refillInner(release(source.numbers[wanted], keeping: parentNumber))
      }
      return pendingLeaf
    }
  }

  /// The records to be spread, in their order.
  private struct Source {
    let copies: UnsafeMutableRawPointer
    let count: Int
    let pending: PendingRecord?
    var numbers: InlineArray<3, Int32> = .init(repeating: -1)

    /// Calls `body` with each record and the leaf that it comes from, -1 for the pending one.
    @inline(__always)
    func forEach(_ body: (LeafEntry, Int32) -> Void) {
      for index in 0..<count {
        let leaf = RankNode(base: copies + index * Blocks.size)
        let waits = pending.map { $0.leaf == numbers[index] } ?? false
        for place in 0..<leaf.used {
          if waits, let pending, pending.place == place { body(pending.entry, -1) }
          body(leaf.entry(place), numbers[index])
        }
        if waits, let pending, pending.place == leaf.used { body(pending.entry, -1) }
      }
    }
  }

  private static func sharesAtEnd(_ source: Source) -> InlineArray<3, Share> {
    var shares = InlineArray<3, Share>(repeating: Share())
    source.forEach { entry, from in
      shares[from < 0 ? 1 : 0].count += 1
      shares[from < 0 ? 1 : 0].bytes += entry.bytes.count
    }
    return shares
  }

  /// A record goes where its middle falls, of the bytes of all cut evenly: no leaf gets more than its part and one record.
  private static func evenShares(_ source: Source, _ wanted: Int) -> InlineArray<3, Share> {
    var total = 0
    source.forEach { entry, _ in total += entry.cost }
    var shares = InlineArray<3, Share>(repeating: Share())
    var before = 0
    source.forEach { entry, _ in
      let share = (before + entry.cost / 2) * wanted / total
      shares[share].count += 1
      shares[share].bytes += entry.bytes.count
      before += entry.cost
    }
    return shares
  }

  private func write(_ source: Source, _ shares: InlineArray<3, Share>) -> Int32 {
    var pendingLeaf: Int32 = -1
    var share = 0
    var place = 0
    var leaf = node(shares[0].number)
    var end = leaf.start
    source.forEach { entry, from in
      while place == shares[share].count {
        share += 1
        place = 0
        leaf = node(shares[share].number)
        end = leaf.start
      }
      end = leaf.write(entry, at: place, from: end)
      if from < 0 {
        pendingLeaf = shares[share].number
      } else if isIndexed, from != shares[share].number {
        table.move(BytesTable.wideHash(layout.member(entry.record)), from: from, to: shares[share].number)
      }
      place += 1
    }
    return pendingLeaf
  }
}
