internal import ChangeRecords

/// The parameters of a request, taken one by one; what is left over at the end is unknown.
struct Arguments: Sendable {
  var rest: [(name: String, value: String)]

  init(_ query: [(name: String, value: String)]) { rest = query }

  mutating func all(_ name: String) -> [String] {
    guard rest.contains(where: { $0.name == name }) else { return [] }
    defer { rest.removeAll { $0.name == name } }
    return rest.filter { $0.name == name }.map(\.value)
  }

  /// The last of the name; the others are taken with it.
  mutating func take(_ name: String) -> String? {
    guard let place = rest.lastIndex(where: { $0.name == name }) else { return nil }
    let value = rest.remove(at: place).value
    if !rest.isEmpty { rest.removeAll { $0.name == name } }
    return value
  }

  mutating func integer(_ parameter: IntegerParameter) throws -> Int? {
    guard let text = take(parameter.name) else { return nil }
    guard let number = Int(text), parameter.range.contains(number) else {
      throw QueryError.bad(
        "`\(parameter.name)` is a whole number from \(parameter.range.lowerBound) to \(parameter.range.upperBound), not `\(text)`"
      )
    }
    return number
  }

  mutating func integer(_ parameter: DefaultedParameter) throws -> Int { try integer(parameter.integer) ?? parameter.value }

  mutating func positions() throws -> [Position] {
    let texts = all(Parameters.atLeast.name)
    if texts.isEmpty { return [] }
    return try texts.flatMap { $0.split(separator: ",") }.map { text in
      guard let position = Position(text), position.sequence.rawValue <= Int64.max else {
        throw QueryError.bad("`\(text)` is not a position: table id:partition:sequence")
      }
      return position
    }
  }

  mutating func question(_ word: String) throws -> BoardQuestion {
    switch BoardQuestion.Word(rawValue: word) {
    case .top: return .top(offset: try integer(Parameters.offset), limit: try integer(Parameters.boardLimit))
    case .range:
      let (from, to) = (try integer(Parameters.fromRank), try integer(Parameters.toRank))
      if let to, to < from { throw QueryError.bad("`to` is the last rank, so it is not below `from`") }
      return .range(from: from, to: to, limit: try integer(Parameters.boardLimit))
    case .rank: return .rank(member: try member())
    case .around: return .around(member: try member(), radius: try integer(Parameters.radius))
    case .count: return .count
    case nil:
      throw QueryError(.notFound, "a leaderboard answers top, range, rank, around and count, not `\(word)`")
    }
  }

  /// Many members, once for each.
  mutating func members() throws -> [String] {
    let members = all(Parameters.member)
    guard members.count <= Ranks.membersMax else {
      throw QueryError.bad(
        "`\(Parameters.member)` is given \(members.count) times: at most \(Ranks.membersMax) are answered at once")
    }
    return members
  }

  /// What a request asks about a leaderboard; `question` takes what the question itself is asked with.
  mutating func board(
    _ leaderboard: String, _ question: (inout Arguments) throws -> BoardQuestion
  ) throws -> BoardRequest {
    let positions = try positions()
    let board = all(Parameters.board)
    let asked = try question(&self)
    try finish()
    return BoardRequest(leaderboard: leaderboard, board: board.isEmpty ? nil : board, question: asked, positions: positions)
  }

  private mutating func member() throws -> String {
    guard let member = take(Parameters.member) else { throw QueryError.bad("`\(Parameters.member)` is missing") }
    return member
  }

  func finish() throws {
    if let left = rest.first { throw QueryError.bad("`\(left.name)` is not a parameter here") }
  }
}
