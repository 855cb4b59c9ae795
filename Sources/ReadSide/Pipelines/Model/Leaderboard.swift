/// A ranking of members on one or many boards. SQL columns: the board's, `member`, `score`, `reached_at`, `reached_order`, `closed_at`
/// (with windows only; null while the board is open), `score_2` and so on, the further columns, `_at`, `_order`, `_position`.
///
/// Inputs: the board's columns, then the member, then what scores and columns read. An image contributes nothing of which a board column, the
/// member or every score is null. A member of whom a score is null is not on the board.
package struct Leaderboard: Sendable {
  /// How a score is made of the contributions. `last` is by commit time, then item key.
  package enum Function: String, Sendable, CaseIterable {
    case count, sum, max, min, last, distinct, avg
  }

  /// What members are ranked by: the first one, of those that are equal in it the next.
  package struct Score: Sendable {
    package let function: Function
    package let type: ValueType
    /// Nil for count.
    package let input: Int?
    package let direction: Direction

    /// Each property by its name.
    package init(function: Function, type: ValueType, input: Int?, direction: Direction) {
      self.function = function
      self.type = type
      self.input = input
      self.direction = direction
    }
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
    package let periods: Periods
    /// Whether it is cut by the commit time.
    package let isOfCommit: Bool

    /// Each property by its name.
    package init(column: Int, periods: Periods, isOfCommit: Bool) {
      self.column = column
      self.periods = periods
      self.isOfCommit = isOfCommit
    }
  }

  /// The most scores that one leaderboard has.
  package static let scoresMax = 4

  /// The most boards, and the most members of a board, that `keep` may name.
  package static let keepMax = 100_000_000

  package let isOverItems: Bool
  package let sources: [Source]
  /// How many inputs, from the first on, name the board; 0 when there is one board only.
  package let boardCount: Int
  package var memberInput: Int { boardCount }
  package let windows: [Window]
  package let memberType: ValueType
  /// At least one.
  package let scores: [Score]
  /// What rows hold of a member beside the scores.
  package let columns: [AggregateColumn]
  package let ties: Ties
  /// How many boards are kept, the greatest by their columns; nil keeps all.
  package let keepBoards: Int?
  /// How many members of a board are kept; nil keeps all.
  package let keepMembers: Int?
  /// No rank for a first score below (above, when ascending) this.
  package let floor: Value?
  package let show: Show?

  /// Each property by its name.
  package init(
    isOverItems: Bool, sources: [Source], boardCount: Int, windows: [Window], memberType: ValueType, scores: [Score],
    columns: [AggregateColumn], ties: Ties, keepBoards: Int?, keepMembers: Int?, floor: Value?, show: Show?
  ) {
    self.isOverItems = isOverItems
    self.sources = sources
    self.boardCount = boardCount
    self.windows = windows
    self.memberType = memberType
    self.scores = scores
    self.columns = columns
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
  /// Of the first score.
  package var direction: Direction { scores[0].direction }

  /// The SQL columns of the scores, in their order.
  package var scoreColumns: [Int] { [boardCount + 1] + (0..<(scores.count - 1)).map { fixedCount + $0 } }

  /// The SQL columns of the further columns.
  package var furtherColumns: Range<Int> {
    let first = fixedCount + scores.count - 1
    return first..<(first + columns.count)
  }

  /// The columns that every board has, up to `reached_order` or `closed_at`.
  private var fixedCount: Int { boardCount + 4 + (windows.isEmpty ? 0 : 1) }

  /// What the column of a score is called in SQL and in answers: `score`, `score_2`.
  package static func scoreName(_ place: Int) -> String { place == 0 ? "score" : "score_\(place + 1)" }

  /// The calendar period of a board: from the latest of its windows' starts to the first of their ends. `key` begins with
  /// the board's values. Nil without windows.
  package func period(of key: [Value]) -> Range<Instant>? {
    var period: Range<Instant>?
    for window in windows {
      guard case .string(let name) = key[window.column], let found = window.periods.interval(named: name) else {
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
