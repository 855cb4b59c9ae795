internal import DynamoModel
package import Pipelines

/// A member's place on a board.
package struct RankedMember: Sendable, Equatable {
  package let member: Value
  package let score: Value
  /// Microseconds.
  package let reachedAt: Int64
  /// 1 is the best. Whole numbers except under `fractional` ties.
  package let rank: Double
}

/// One board in memory: member to score, and score order to member.
///
/// A member's key in the tree is its score (complemented when the greatest is best), then the time it was reached and the member (where
/// the first to reach is ahead), or the member and the time (where equal scores share a rank). So the order of the bytes is the
/// order of the ranks. Rank, change and page are O(log n); about 200 bytes a member.
package struct RankBoard {
  private let direction: Leaderboard.Direction
  private let ties: Leaderboard.Ties
  private var order = CountedTree()
  /// The different scores, kept for dense ranks only.
  private var scores = CountedTree()
  private var scoreCounts: [[UInt8]: Int] = [:]
  /// The members, and by their slots their keys in `order`, which are the very arrays that stand there.
  private var members = BytesTable()
  private var keys: [[UInt8]] = []

  package init(direction: Leaderboard.Direction, ties: Leaderboard.Ties) {
    self.direction = direction
    self.ties = ties
  }

  package var count: Int { order.count }

  /// Sets a member's score. O(log n).
  package mutating func set(_ member: Value, score: Value, reachedAt: Int64) {
    let memberKey = RankBoard.key(member)
    let scoreKey = scoreKey(score)
    var key = scoreKey
    if ties == .firstToReach {
      Value.timestamp(reachedAt).appendOrdered(to: &key)
      key += memberKey
    } else {
      key += memberKey
      Value.timestamp(reachedAt).appendOrdered(to: &key)
    }
    if let slot = members.slot(of: memberKey) {
      let old = keys[slot]
      if old == key { return }
      drop(old)
      keys[slot] = key
    } else {
      let slot = members.insert(memberKey)
      if slot == keys.count { keys.append(key) } else { keys[slot] = key }
    }
    order.insert(key)
    if ties == .dense {
      let count = scoreCounts[scoreKey] ?? 0
      if count == 0 { scores.insert(scoreKey) }
      scoreCounts[scoreKey] = count + 1
    }
  }

  package mutating func remove(_ member: Value) {
    guard let slot = members.slot(of: RankBoard.key(member)) else { return }
    drop(keys[slot])
    keys[slot] = []
    members.remove(slot)
  }

  private mutating func drop(_ key: [UInt8]) {
    order.remove(key)
    guard ties == .dense, let (score, _, _) = parts(key) else { return }
    let scoreKey = scoreKey(score)
    let count = (scoreCounts[scoreKey] ?? 1) - 1
    scoreCounts[scoreKey] = count == 0 ? nil : count
    if count == 0 { scores.remove(scoreKey) }
  }

  private func scoreKey(_ score: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    score.appendOrdered(to: &bytes)
    if direction == .descending { for index in bytes.indices { bytes[index] = ~bytes[index] } }
    return bytes
  }

  private static func key(_ member: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    member.appendOrdered(to: &bytes)
    return bytes
  }

  private func parts(_ key: [UInt8]) -> (score: Value, reachedAt: Int64, member: Value)? {
    key.withUnsafeBytes { bytes in
      var index = 0
      let score =
        direction == .ascending
        ? Value(ordered: bytes, at: &index)
        : withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { plain in
          for place in 0..<bytes.count { plain[place] = ~bytes[place] }
          return Value(ordered: UnsafeRawBufferPointer(plain), at: &index)
        }
      guard let score, let first = Value(ordered: bytes, at: &index), let second = Value(ordered: bytes, at: &index),
        case .timestamp(let reachedAt) = ties == .firstToReach ? first : second
      else { return nil }
      return (score, reachedAt, ties == .firstToReach ? second : first)
    }
  }

  /// The member's rank and score; nil when it is not on the board. O(log n).
  package func rank(of member: Value) -> RankedMember? {
    guard let slot = members.slot(of: RankBoard.key(member)) else { return nil }
    let key = keys[slot]
    guard let parts = parts(key) else { return nil }
    return ranked(parts, place: order.countBelow(key))
  }

  /// The place of a member in the order, from 0; nil when it is not on the board.
  package func place(of member: Value) -> Int? {
    members.slot(of: RankBoard.key(member)).map { order.countBelow(keys[$0]) }
  }

  /// How many members have a score at least as good as `floor`.
  package func count(atLeast floor: Value) -> Int { order.countBelow(scoreKey(floor) + [0xff]) }

  /// The members from a place (from 0) on, best first. O(log n + limit).
  package func page(from place: Int, limit: Int) -> [RankedMember] {
    var found: [RankedMember] = []
    guard limit > 0 else { return found }
    var next = max(0, place)
    order.forEach(from: next) { key in
      if let parts = parts(key) { found.append(ranked(parts, place: next)) }
      next += 1
      return found.count < limit
    }
    return found
  }

  private func ranked(_ parts: (score: Value, reachedAt: Int64, member: Value), place: Int) -> RankedMember {
    RankedMember(
      member: parts.member, score: parts.score, reachedAt: parts.reachedAt, rank: rank(score: parts.score, place: place))
  }

  private func rank(score: Value, place: Int) -> Double {
    if ties == .firstToReach { return Double(place + 1) }
    let key = scoreKey(score)
    // What follows a score in a key is a value, whose tag is below FF.
    let better = order.countBelow(key)
    let notWorse = order.countBelow(key + [0xff])
    switch ties {
    case .firstToReach, .competition: return Double(better + 1)
    case .dense: return Double(scores.countBelow(key) + 1)
    case .modified: return Double(notWorse)
    case .fractional: return Double(better + 1 + notWorse) / 2
    }
  }
}
