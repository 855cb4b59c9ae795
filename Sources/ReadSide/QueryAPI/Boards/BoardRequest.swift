internal import ChangeRecords

/// A question about a leaderboard, as a request asks it.
struct BoardRequest: Sendable {
  let leaderboard: String
  /// The values of the board's columns; nil for the latest board.
  let board: [String]?
  let question: BoardQuestion
  /// What the answer must hold.
  let positions: [Position]
}

/// What is asked about a board.
package enum BoardQuestion: Sendable {
  /// The members from a place on; the first is 0.
  case top(offset: Int, limit: Int)
  case rank(member: String)
  /// The members up to `radius` places before and after one.
  case around(member: String, radius: Int)
  case count
  /// The members of ranks from one to another; to the last where there is none.
  case range(from: Int, to: Int?, limit: Int)
  /// The ranks of members, in the order in which they are asked for.
  case ranks(members: [String])
  /// Members in the order in which they stand among one another.
  case among(members: [String])

  /// What a path ends with, of the questions that show members of the board.
  enum Word: String, CaseIterable {
    case top, range, rank, around, count

    var about: String {
      switch self {
      case .top: "the best, or a page"
      case .range: "the members of a range of ranks"
      case .rank: "one member"
      case .around: "a member and its neighbours"
      case .count: "how many members it has"
      }
    }
  }

  /// The most members that the answer may have.
  var membersMax: Int {
    switch self {
    case .top(_, let limit), .range(_, _, let limit): limit
    case .rank: 1
    case .around(_, let radius): 2 * radius + 1
    case .count: 0
    case .ranks(let members), .among(let members): members.count
    }
  }
}
