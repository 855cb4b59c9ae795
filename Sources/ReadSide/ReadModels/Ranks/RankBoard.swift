package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// A member's place on a board.
package struct RankedMember: Sendable, Equatable {
  package let member: Value
  package let score: Value
  package let reachedAt: Instant
  /// 1 is the best. Whole numbers except under `fractional` ties.
  package let rank: Double

  package init(member: Value, score: Value, reachedAt: Instant, rank: Double) {
    self.member = member
    self.score = score
    self.reachedAt = reachedAt
    self.rank = rank
  }
}

/// One board in memory: member to score, and score order to member.
///
/// Members stand in the order of their scores, then of the time and order in which they were reached and of the members (where the first to reach is
/// ahead), or of the members alone (where equal scores share a rank). Rank, change and page are O(log n); about 150 bytes a member.
///
/// Not `Sendable`: one thread at a time.
package final class RankBoard {
  private let direction: Leaderboard.Direction
  private let ties: Leaderboard.Ties
  // No call into these comes from another call into them, so they go without the checks of exclusive access.
  @exclusivity(unchecked) private var members: RankMembers
  @exclusivity(unchecked) private var tree = RankTree()
  /// For dense ranks only: the different scores, each a member of a board of scores, and how many have it.
  private let scores: RankBoard?
  private var scoreCounts: [BytesKey: Int] = [:]
  /// Where keys are made: no array for each call.
  @exclusivity(unchecked) private var keyBytes: [UInt8] = []
  @exclusivity(unchecked) private var scoreBytes: [UInt8] = []

  package init(direction: Leaderboard.Direction, ties: Leaderboard.Ties) {
    self.direction = direction
    self.ties = ties
    members = RankMembers(timeFirst: ties == .firstToReach)
    scores = ties == .dense ? RankBoard(direction: direction, ties: .competition) : nil
  }

  package var count: Int { members.count }

  /// Sets a member's score, reached by a change at a time and of an order. O(log n).
  package func set(_ member: Value, score: Value, reachedAt: Instant, reachedOrder: CommitOrder = .beforeAll) {
    let found = slot(member)
    makeScore(score)
    if found >= 0 {
      let isSame =
        members.records[found].reachedAt == reachedAt && members.records[found].reachedOrder == reachedOrder
        && scoreBytes.withUnsafeBytes { Bytes.compare($0, members.score(found)) == 0 }
      if isSame { return }
      if scores != nil { drop(members.score(found)) }
      tree.remove(found, members)
      scoreBytes.withUnsafeBytes { members.set(found, score: $0, reachedAt: reachedAt, reachedOrder: reachedOrder) }
      tree.insert(found, members)
    } else {
      let slot = keyBytes.withUnsafeBytes { key in
        scoreBytes.withUnsafeBytes { members.insert(key, score: $0, reachedAt: reachedAt, reachedOrder: reachedOrder) }
      }
      tree.insert(slot, members)
    }
    guard let scores else { return }
    if scoreCounts[BytesKey(scoreBytes), default: 0] == 0 { scores.set(score, score: score, reachedAt: .distantPast) }
    scoreCounts[BytesKey(scoreBytes), default: 0] += 1
  }

  package func remove(_ member: Value) {
    let found = slot(member)
    guard found >= 0 else { return }
    if scores != nil { drop(members.score(found)) }
    tree.remove(found, members)
    members.remove(found)
  }

  /// One member less has a score.
  private func drop(_ score: UnsafeRawBufferPointer) {
    let key = BytesKey(Array(score))
    let count = scoreCounts[key, default: 1] - 1
    scoreCounts[key] = count == 0 ? nil : count
    if count == 0 { scores?.remove(value(score)) }
  }

  /// The member's slot, or -1. Leaves its key in `keyBytes`.
  private func slot(_ member: Value) -> Int32 {
    keyBytes.removeAll(keepingCapacity: true)
    member.appendOrdered(to: &keyBytes)
    return keyBytes.withUnsafeBytes { members.slot(of: $0) }
  }

  /// Leaves the score's bytes, in the order of the ranks, in `scoreBytes`.
  private func makeScore(_ score: Value) {
    scoreBytes.removeAll(keepingCapacity: true)
    score.appendOrdered(to: &scoreBytes)
    if direction == .descending { for index in scoreBytes.indices { scoreBytes[index] = ~scoreBytes[index] } }
  }

  private func value(_ score: UnsafeRawBufferPointer) -> Value {
    var index = 0
    let value =
      direction == .ascending
      ? Value(ordered: score, at: &index)
      : withUnsafeTemporaryAllocation(byteCount: score.count, alignment: 1) { plain in
        for place in 0..<score.count { plain[place] = ~score[place] }
        return Value(ordered: UnsafeRawBufferPointer(plain), at: &index)
      }
    guard let value else { preconditionFailure("the bytes were made from a value") }
    return value
  }

  private func member(_ slot: Int32) -> Value {
    var index = 0
    guard let value = Value(ordered: members.key(slot), at: &index) else {
      preconditionFailure("the bytes were made from a value")
    }
    return value
  }

  /// The member's rank and score; nil when it is not on the board. O(log n).
  package func rank(of member: Value) -> RankedMember? {
    let found = slot(member)
    return found < 0 ? nil : ranked(found, member, place: tree.place(of: found, members))
  }

  /// The place of a member in the order, from 0; nil when it is not on the board.
  package func place(of member: Value) -> Int? {
    let found = slot(member)
    return found < 0 ? nil : tree.place(of: found, members)
  }

  /// How many members have a score at least as good as `floor`.
  package func count(atLeast floor: Value) -> Int {
    makeScore(floor)
    return scoreBytes.withUnsafeBytes { tree.count(before: members.bound(score: $0, isBehind: true), members) }
  }

  /// The members from a place (from 0) on, best first. O(log n + limit).
  package func page(from place: Int, limit: Int) -> [RankedMember] {
    var found: [RankedMember] = []
    guard limit > 0 else { return found }
    var next = max(0, place)
    tree.forEach(from: next) { slot in
      found.append(ranked(slot, member(slot), place: next))
      next += 1
      return found.count < limit
    }
    return found
  }

  private func ranked(_ slot: Int32, _ member: Value, place: Int) -> RankedMember {
    let score = value(members.score(slot))
    return RankedMember(
      member: member, score: score, reachedAt: members.records[slot].reachedAt, rank: rank(slot, score, place: place))
  }

  private func rank(_ slot: Int32, _ score: Value, place: Int) -> Double {
    func count(isBehind: Bool) -> Int {
      tree.count(before: members.bound(score: members.score(slot), isBehind: isBehind), members)
    }
    switch ties {
    case .firstToReach: return Double(place + 1)
    case .competition: return Double(count(isBehind: false) + 1)
    case .dense: return Double((scores?.place(of: score) ?? 0) + 1)
    case .modified: return Double(count(isBehind: true))
    case .fractional: return Double(count(isBehind: false) + 1 + count(isBehind: true)) / 2
    }
  }
}
