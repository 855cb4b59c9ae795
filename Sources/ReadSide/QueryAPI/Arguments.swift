internal import ChangeRecords

/// The parameters of a request, taken one by one; what is left over at the end is unknown.
struct Arguments {
  var rest: [(name: String, value: String)]

  init(_ query: [(name: String, value: String)]) { rest = query }

  mutating func all(_ name: String) -> [String] {
    defer { rest.removeAll { $0.name == name } }
    return rest.filter { $0.name == name }.map(\.value)
  }

  mutating func take(_ name: String) -> String? { all(name).last }

  mutating func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = take(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw QueryError.bad("`\(name)` is a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`")
    }
    return number
  }

  mutating func positions() throws -> [Position] {
    try all("at_least").flatMap { $0.split(separator: ",") }.map { text in
      guard let position = Position(text), position.sequence.rawValue <= Int64.max else {
        throw QueryError.bad("`\(text)` is not a position: table id:partition:sequence")
      }
      return position
    }
  }

  mutating func question(_ word: String) throws -> PipelineView.BoardQuestion {
    switch word {
    case "top":
      return .top(
        offset: try integer("offset", in: 0...1_000_000_000) ?? 0,
        limit: try integer("limit", in: 1...PipelineView.boardPageMax) ?? 10)
    case "rank", "around":
      guard let member = take("member") else { throw QueryError.bad("`member` is missing") }
      if word == "rank" { return .rank(member: member) }
      return .around(member: member, radius: try integer("radius", in: 0...500) ?? 5)
    case "count": return .count
    default: throw QueryError(404, "NotFound", "a leaderboard answers top, rank, around and count, not `\(word)`")
    }
  }

  func finish() throws {
    if let left = rest.first { throw QueryError.bad("`\(left.name)` is not a parameter here") }
  }
}
