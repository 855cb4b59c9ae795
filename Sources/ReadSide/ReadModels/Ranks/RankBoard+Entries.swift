package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// A member of a board as a change left it.
package struct RankEntry: Sendable {
  package let member: Value
  package let score: Value
  /// The scores after the first.
  package let moreScores: [Value]
  package let reachedAt: Instant
  package let reachedOrder: CommitOrder

  package init(member: Value, score: Value, moreScores: [Value] = [], reachedAt: Instant, reachedOrder: CommitOrder = .beforeAll)
  {
    self.member = member
    self.score = score
    self.moreScores = moreScores
    self.reachedAt = reachedAt
    self.reachedOrder = reachedOrder
  }
}

/// Where the bytes of an entry stand among those of a few.
struct WrittenEntry {
  let hash: UInt64
  let member: Range<Int>
  let record: Range<Int>
  /// Where the scores end.
  let scoreEnd: Int
}

extension RankBoard {
  /// How many entries are looked for side by side.
  static let sideBySide = 16

  /// Sets members, as `set` does of each in turn; of a member that comes twice the later entry holds. Quicker than one by one where there are
  /// many: what several of them wait for of memory comes side by side.
  package func set(_ entries: some Sequence<RankEntry>) {
    var few: [WrittenEntry] = []
    few.reserveCapacity(min(RankBoard.sideBySide, entries.underestimatedCount))
    for entry in entries {
      few.append(write(entry, isFirst: few.isEmpty))
      if few.count == RankBoard.sideBySide {
        set(few)
        few.removeAll(keepingCapacity: true)
      }
    }
    if !few.isEmpty { set(few) }
  }
}
