package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// A member's place on a board.
package struct RankedMember: Sendable, Equatable {
  package let member: Value
  package let score: Value
  /// The scores after the first.
  package let moreScores: [Value]
  package let reachedAt: Instant
  /// 1 is the best. Whole numbers except under `fractional` ties.
  package let rank: Double

  package init(member: Value, score: Value, moreScores: [Value] = [], reachedAt: Instant, rank: Double) {
    self.member = member
    self.score = score
    self.moreScores = moreScores
    self.reachedAt = reachedAt
    self.rank = rank
  }
}

/// One board in memory: member to score, and score order to member.
///
/// Members stand in the order of their scores, then of the time and order in which they were reached and of the members
/// (where the first to reach is ahead), or of the members alone (where equal scores share a rank). Rank, change and page are
/// O(log n).
///
/// With integer scores and a name of 13 bytes a member takes 50 to 57 bytes, decimals and longer names as much more as they
/// are longer by, a third of which is room for changes; dense ranks 15 more where no two scores are equal. Memory that
/// removed members leave is used again or given back. Members and scores may have any length.
///
/// Not `Sendable`: one thread at a time.
package final class RankBoard {
  private let layout: RankLayout
  private let ties: Leaderboard.Ties
  // No call into these comes from another call into them, so they go without the checks of exclusive access.
  @exclusivity(unchecked) private var tree: RankTree
  /// For dense ranks only: the different scores in their order.
  @exclusivity(unchecked) private var scores: RankTree
  /// Where members and records are written: no array for each call.
  @exclusivity(unchecked) private var memberBytes = RankBytes()
  @exclusivity(unchecked) private var recordBytes = RankBytes()

  /// An empty board, which takes less than 4 KB.
  package convenience init(direction: Leaderboard.Direction, ties: Leaderboard.Ties) {
    self.init(RankLayout(CollectionOfOne(direction), timeFirst: ties == .firstToReach), ties)
  }

  /// An empty board of a leaderboard.
  package convenience init(_ leaderboard: Leaderboard) {
    self.init(
      RankLayout(leaderboard.scores.lazy.map(\.direction), timeFirst: leaderboard.ties == .firstToReach), leaderboard.ties)
  }

  private init(_ layout: RankLayout, _ ties: Leaderboard.Ties) {
    self.layout = layout
    self.ties = ties
    tree = RankTree(layout)
    scores = RankTree(layout, isIndexed: false)
  }

  package var count: Int { tree.count }

  /// All memory that the board has allocated, used or not.
  package var bytes: Int { tree.bytes + scores.bytes }

  /// Sets a member's scores, reached by a change at a time and of an order. O(log n), but for the few changes that make the
  /// table of members again, which is O(n): tens of milliseconds with a million, each time a fifth more have come.
  package func set(
    _ member: Value, score: Value, moreScores: [Value] = [], reachedAt: Instant, reachedOrder: CommitOrder = .beforeAll
  ) {
    let hash = write(member)
    tree.table.touch(hash)
    recordBytes.clear()
    layout.append(score: score, moreScores, to: &recordBytes)
    let scoreCount = recordBytes.count
    layout.append(rest: memberBytes.bytes, reachedAt, reachedOrder, to: &recordBytes)
    let target = tree.target(RankBound(recordBytes.bytes), hash: hash)
    if let found = tree.find(memberBytes.bytes, hash: hash) {
      let old = tree.record(found.leaf, found.place)
      if Bytes.compare(old, recordBytes.bytes) == 0 { return }
      remove(found, hash)
    }
    tree.insert(recordBytes.bytes, hash: hash, target)
    if ties == .dense { enterScore(UnsafeRawBufferPointer(rebasing: recordBytes.bytes[..<scoreCount])) }
  }

  /// Takes a member off the board, if it is there. O(log n), but as `set` when a fifth have gone.
  package func remove(_ member: Value) {
    let hash = write(member)
    if let found = tree.find(memberBytes.bytes, hash: hash) { remove(found, hash) }
  }

  private func remove(_ found: RankTable.Place, _ hash: UInt64) {
    guard ties == .dense else { return tree.remove(found, hash: hash) }
    let record = tree.record(found.leaf, found.place)
    let score = Array(record[..<layout.scoreEnd(record)])
    tree.remove(found, hash: hash)
    score.withUnsafeBytes { if !tree.hasScore($0) { scores.remove($0) } }
  }

  private func enterScore(_ score: UnsafeRawBufferPointer) {
    if !scores.hasScore(score) { scores.insert(score, hash: 0) }
  }

  /// Writes the member into `memberBytes`; answers its hash.
  private func write(_ member: Value) -> UInt64 {
    memberBytes.clear()
    layout.append(member: member, to: &memberBytes)
    return BytesTable.wideHash(memberBytes.bytes)
  }

  /// The place before, or after, all members of a first score, which is written into `recordBytes`.
  private func bound(_ score: Value, isBehind: Bool) -> RankBound {
    recordBytes.clear()
    layout.append(score: score, to: &recordBytes)
    return RankBound(recordBytes.bytes, isBehind: isBehind)
  }

  /// The member's rank and score; nil when it is not on the board. O(log n).
  package func rank(of member: Value) -> RankedMember? {
    let hash = write(member)
    guard let found = tree.find(memberBytes.bytes, hash: hash) else { return nil }
    return ranked(tree.record(found.leaf, found.place), member, place: tree.count(before: found.leaf, found.place))
  }

  /// The place of a member in the order, from 0; nil when it is not on the board.
  package func place(of member: Value) -> Int? {
    let hash = write(member)
    guard let found = tree.find(memberBytes.bytes, hash: hash) else { return nil }
    return tree.count(before: found.leaf, found.place)
  }

  /// How many members have a first score at least as good as `floor`.
  package func count(atLeast floor: Value) -> Int { tree.count(before: bound(floor, isBehind: true)) }

  /// The members from a place (from 0) on, best first. O(log n + limit).
  package func page(from place: Int, limit: Int) -> [RankedMember] {
    var found: [RankedMember] = []
    guard limit > 0 else { return found }
    var next = max(0, place)
    tree.forEach(from: next) { record in
      found.append(ranked(record, RankLayout.value(layout.member(record)), place: next))
      next += 1
      return found.count < limit
    }
    return found
  }

  private func ranked(_ record: UnsafeRawBufferPointer, _ member: Value, place: Int) -> RankedMember {
    let (score, more) = layout.scores(record)
    return RankedMember(
      member: member, score: score, moreScores: more, reachedAt: layout.reached(record).time, rank: rank(record, place: place))
  }

  private func rank(_ record: UnsafeRawBufferPointer, place: Int) -> Double {
    if ties == .firstToReach { return Double(place + 1) }
    let score = UnsafeRawBufferPointer(rebasing: record[..<layout.scoreEnd(record)])
    func count(isBehind: Bool) -> Int { tree.count(before: RankBound(score, isBehind: isBehind)) }
    return switch ties {
    case .firstToReach: Double(place + 1)
    case .competition: Double(count(isBehind: false) + 1)
    case .dense: Double(scores.count(before: RankBound(score)) + 1)
    case .modified: Double(count(isBehind: true))
    case .fractional: Double(count(isBehind: false) + 1 + count(isBehind: true)) / 2
    }
  }
}

// MARK: Many at once

extension RankBoard {
  /// The first place, from 0, whose rank is reached; how many members there are where none is. Ranks that are reached come after all others.
  /// O(log n), where ranks are shared O(log² n).
  package func place(ofFirst isReached: (_ rank: Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      guard let (leaf, place) = tree.find(place: middle) else { break }
      if isReached(rank(tree.record(leaf, place), place: middle)) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// A board of those of the members that are on this one, as if there were no others. O(members · log n).
  package func among(_ members: some Sequence<Value>) -> RankBoard {
    let few = RankBoard(layout, ties)
    for member in members {
      let hash = write(member)
      guard let found = tree.find(memberBytes.bytes, hash: hash) else { continue }
      few.take(tree.record(found.leaf, found.place), hash: hash)
    }
    return few
  }

  /// Enters a member by the record that another board of this layout has of it, unless it is here already.
  private func take(_ record: UnsafeRawBufferPointer, hash: UInt64) {
    guard tree.find(layout.member(record), hash: hash) == nil else { return }
    tree.insert(record, hash: hash)
    if ties == .dense { enterScore(UnsafeRawBufferPointer(rebasing: record[..<layout.scoreEnd(record)])) }
  }

  /// Enters a member that is not on the board. Until `index` is called nothing may be called but this: members cannot be
  /// found yet. O(log n); quickest where members come in the order of the ranks, which also leaves the least room between
  /// them.
  package func enter(
    _ member: Value, score: Value, moreScores: [Value] = [], reachedAt: Instant, reachedOrder: CommitOrder
  ) {
    tree.unindex()
    let hash = write(member)
    recordBytes.clear()
    layout.append(score: score, moreScores, to: &recordBytes)
    let scoreCount = recordBytes.count
    layout.append(rest: memberBytes.bytes, reachedAt, reachedOrder, to: &recordBytes)
    tree.insert(recordBytes.bytes, hash: hash)
    if ties == .dense { enterScore(UnsafeRawBufferPointer(rebasing: recordBytes.bytes[..<scoreCount])) }
  }

  /// Ends what `enter` began. O(n).
  package func index() { tree.index() }

  /// What is wrong with the board's memory: nothing. For tests; O(n log n).
  package func faults() -> [String] {
    var faults = tree.faults()
    guard ties == .dense else { return faults + (scores.count == 0 ? [] : ["scores of ranks that are not dense"]) }
    faults += scores.faults()
    var different = 0
    var last: [UInt8] = []
    tree.forEach(from: 0) { record in
      let score = Array(record[..<layout.scoreEnd(record)])
      if score != last { different += 1 }
      last = score
      if !score.withUnsafeBytes({ scores.hasScore($0) }) { faults.append("a score is not among the scores") }
      return true
    }
    if different != scores.count { faults.append("\(scores.count) scores of \(different)") }
    return faults
  }
}
