/// A ranking of members on one or many boards. SQL columns: the board's, `member`, `score`, `reached_at`, `reached_order`, `closed_at`
/// (with windows only; null while the board is open), `_at`, `_order`, `_position`.
///
/// Inputs: the board's columns, then the member, then the score's input when it has one. An image of which one of these is null
/// contributes nothing.
package struct Leaderboard: Sendable {
  /// How a member's score is made of the contributions. `last` is by commit time, then item key.
  package enum Score: String, Sendable {
    case count, sum, max, min, last
  }

  /// Which score is the best: the greatest or the least.
  package enum Direction: String, Sendable {
    case descending = "desc"
    case ascending = "asc"
  }

  /// How equal scores rank.
  package enum Ties: String, Sendable {
    /// 1 2 3 4: by the time of the last change of the score, then by member.
    case firstToReach = "first_to_reach"
    /// 1 2 2 4
    case competition
    /// 1 2 2 3
    case dense
    /// 1 3 3 4
    case modified
    /// 1 2.5 2.5 4
    case fractional
  }

  /// A board column that is a calendar period: its boards close when the period has passed.
  package struct Window: Sendable {
    /// The board column.
    package let column: Int
    package let unit: CalendarUnit
    package let zone: Zone
    /// Whether it is cut by the commit time.
    package let isOfCommit: Bool

    /// Each property by its name.
    package init(column: Int, unit: CalendarUnit, zone: Zone, isOfCommit: Bool) {
      self.column = column
      self.unit = unit
      self.zone = zone
      self.isOfCommit = isOfCommit
    }
  }

  /// The most boards, and the most members of a board, that `keep` may name.
  package static let keepMax = 100_000_000

  package let isOverItems: Bool
  package let sources: [Source]
  /// How many inputs, from the first on, name the board; 0 when there is one board only.
  package let boardCount: Int
  package var memberInput: Int { boardCount }
  package let windows: [Window]
  package let memberType: ValueType
  package let score: Score
  package let scoreType: ValueType
  /// Nil for count.
  package let scoreInput: Int?
  package let direction: Direction
  package let ties: Ties
  /// How many boards are kept, the greatest by their columns; nil keeps all.
  package let keepBoards: Int?
  /// How many members of a board are kept; nil keeps all.
  package let keepMembers: Int?
  /// No rank for a score below (above, when ascending) this.
  package let floor: Value?
  package let show: Show?

  /// Each property by its name.
  package init(
    isOverItems: Bool, sources: [Source], boardCount: Int, windows: [Window], memberType: ValueType, score: Score,
    scoreType: ValueType, scoreInput: Int?, direction: Direction, ties: Ties, keepBoards: Int?, keepMembers: Int?, floor: Value?,
    show: Show?
  ) {
    self.isOverItems = isOverItems
    self.sources = sources
    self.boardCount = boardCount
    self.windows = windows
    self.memberType = memberType
    self.score = score
    self.scoreType = scoreType
    self.scoreInput = scoreInput
    self.direction = direction
    self.ties = ties
    self.keepBoards = keepBoards
    self.keepMembers = keepMembers
    self.floor = floor
    self.show = show
  }

  /// Member columns taken from a collection by its key at read time.
  package struct Show: Sendable {
    package let projection: ProjectionID
    /// The collection's key column that the member is compared with.
    package let key: String
    package let columns: [String]

    /// Each property by its name.
    package init(projection: ProjectionID, key: String, columns: [String]) {
      self.projection = projection
      self.key = key
      self.columns = columns
    }
  }
}

extension Leaderboard {
  /// The calendar period of a board: from the latest of its windows' starts to the first of their ends. `key` begins with
  /// the board's values. Nil without windows.
  package func period(of key: [Value]) -> Range<Instant>? {
    var period: Range<Instant>?
    for window in windows {
      guard case .string(let name) = key[window.column], let found = window.unit.interval(named: name, in: window.zone) else {
        continue
      }
      guard let known = period else {
        period = found
        continue
      }
      let start = max(known.lowerBound, found.lowerBound)
      period = start..<max(start, min(known.upperBound, found.upperBound))
    }
    return period
  }

  /// Whether a board that has closed can change no more: it counts what happened, in periods of the commit time.
  package var closesForGood: Bool { !isOverItems && !windows.isEmpty && windows.allSatisfy(\.isOfCommit) }
}
