import DynamoModel
import LiteralTestKit
import Pipelines
import RandomTestKit
import ReadModels
import Testing

/// Boards beside a plain sorted array, over thousands of random changes.
@Suite struct RankBoardTests {
  struct Row {
    let member: String
    let score: Int64
    let reachedAt: Instant
  }

  @Test(
    arguments: [
      Leaderboard.Ties.firstToReach, .competition, .dense, .modified, .fractional,
    ], [Leaderboard.Direction.descending, .ascending])
  func `ranks and pages are those of a sorted array`(_ ties: Leaderboard.Ties, _ direction: Leaderboard.Direction) async {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for scores: Int64 in [5, 100_000] {
      let board = RankBoard(direction: direction, ties: ties)
      var rows: [String: Row] = [:]
      // Up, then mostly down to nothing: nodes split at every level and are dropped again.
      for round in 0..<12_000 {
        let name = "member-\(Int.random(in: 0..<6_000, using: &random))"
        let isRemoval = round < 8_000 ? Int.random(in: 0..<10, using: &random) == 0 : Int.random(in: 0..<10, using: &random) > 0
        if isRemoval {
          let gone = round < 8_000 ? name : rows.keys.min() ?? name
          rows[gone] = nil
          board.remove(.string(gone))
        } else {
          let row = Row(
            member: name, score: Int64.random(in: -scores...scores, using: &random),
            reachedAt: Instant(rawValue: Int64.random(in: 0..<50, using: &random)))
          rows[name] = row
          board.set(.string(name), score: .integer(row.score), reachedAt: row.reachedAt)
        }
        // Tests beside this one have their turn.
        if round % 200 == 0 { await Task.yield() }
        if round % 2_000 == 1_999 { check(board, rows, ties, direction, "seed \(seed), scores \(scores), round \(round)") }
      }
      for name in rows.keys { board.remove(.string(name)) }
      #expect(board.count == 0 && board.page(from: 0, limit: 1).isEmpty, "seed \(seed)")
      board.set(.string("again"), score: .integer(1), reachedAt: 1)
      #expect(board.rank(of: .string("again"))?.rank == 1, "seed \(seed)")
    }
  }

  private func check(
    _ board: RankBoard, _ rows: [String: Row], _ ties: Leaderboard.Ties, _ direction: Leaderboard.Direction, _ note: String
  ) {
    func isBetter(_ a: Int64, _ b: Int64) -> Bool { direction == .descending ? a > b : a < b }
    let sorted = rows.values.sorted { a, b in
      if a.score != b.score { return isBetter(a.score, b.score) }
      if ties == .firstToReach, a.reachedAt != b.reachedAt { return a.reachedAt < b.reachedAt }
      return a.member.utf8.lexicographicallyPrecedes(b.member.utf8)
    }
    var expected: [RankedMember] = []
    var distinct = 0
    var first = 0
    for (place, row) in sorted.enumerated() {
      if place == 0 || sorted[place - 1].score != row.score {
        distinct += 1
        first = place
      }
      var last = first
      while last + 1 < sorted.count, sorted[last + 1].score == row.score, ties == .modified || ties == .fractional { last += 1 }
      let rank: Double =
        switch ties {
        case .firstToReach: Double(place + 1)
        case .competition: Double(first + 1)
        case .dense: Double(distinct)
        case .modified: Double(last + 1)
        case .fractional: Double(first + last + 2) / 2
        }
      expected.append(
        RankedMember(member: .string(row.member), score: .integer(row.score), reachedAt: row.reachedAt, rank: rank))
    }
    #expect(board.count == rows.count, "\(note)")
    #expect(board.faults() == [], "\(note)")
    #expect(board.page(from: 0, limit: rows.count + 1) == expected, "\(note)")
    let middle = sorted.count / 3
    #expect(board.page(from: middle, limit: 100) == Array(expected.dropFirst(middle).prefix(100)), "\(note)")
    for (place, row) in sorted.enumerated() where place % 7 == 0 {
      #expect(board.rank(of: .string(row.member)) == expected[place], "\(note)")
      #expect(board.place(of: .string(row.member)) == place, "\(note)")
    }
    for floor in [Int64(-3), 0, 1, 40_000] {
      let count = sorted.count { !isBetter(floor, $0.score) }
      #expect(board.count(atLeast: .integer(floor)) == count, "\(note)")
    }
    #expect(board.rank(of: .string("nobody")) == nil)
  }

  /// A leaderboard of nothing, for its scores and ties.
  private static func leaderboard(_ directions: [Leaderboard.Direction], _ ties: Leaderboard.Ties) -> Leaderboard {
    Leaderboard(
      isOverItems: true, sources: [], boardCount: 0, windows: [], memberType: .string,
      scores: directions.map { Leaderboard.Score(function: .count, type: .integer, input: nil, direction: $0) }, columns: [],
      ties: ties, keepBoards: nil, keepMembers: nil, floor: nil, show: nil)
  }

  private typealias Listed = (member: String, scores: [Value], reachedAt: Instant)

  @Test(arguments: [Leaderboard.Ties.firstToReach, .competition, .dense, .modified, .fractional], [2, 3, 4])
  func `a list of scores ranks by the first, then by the next`(_ ties: Leaderboard.Ties, _ count: Int) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let directions = (0..<count).map { _ in Bool.random(using: &random) ? Leaderboard.Direction.ascending : .descending }
    let board = RankBoard(Self.leaderboard(directions, ties))
    var rows: [String: Listed] = [:]
    func score(_ place: Int) throws -> Value {
      let number = Int64.random(in: -2...2, using: &random)
      return switch place {
      case 0: .integer(number)
      case 1: .decimal(try Number("\(number * 25)e-2"))
      case 2: .timestamp(Instant(rawValue: number))
      default: .integer(number << 40)
      }
    }
    for round in 0..<2_000 {
      let member = "m\(Int.random(in: 0..<300, using: &random))"
      if Int.random(in: 0..<5, using: &random) == 0 {
        rows[member] = nil
        board.remove(.string(member))
        continue
      }
      let row = (member, try (0..<count).map(score), Instant(rawValue: Int64(round / 3)))
      rows[member] = row
      board.set(.string(member), score: row.1[0], moreScores: Array(row.1[1...]), reachedAt: row.2)
    }
    #expect(board.faults() == [], "seed \(seed)")
    check(board, Array(rows.values), directions, ties: ties, "seed \(seed)")
    let some = rows.values.filter { _ in Bool.random(using: &random) }
    let asked = (some.map(\.member) + some.prefix(9).map(\.member) + ["nobody"]).shuffled(using: &random)
    let among = board.among(asked.map { .string($0) })
    #expect(among.faults() == [], "seed \(seed)")
    check(among, some, directions, ties: ties, "seed \(seed), some")
    #expect(board.count == rows.count)
  }

  private func check(
    _ board: RankBoard, _ rows: [Listed], _ directions: [Leaderboard.Direction], ties: Leaderboard.Ties, _ note: String
  ) {
    func isBetter(_ one: [Value], _ other: [Value]) -> Bool {
      for (direction, values) in zip(directions, zip(one, other)) where values.0 != values.1 {
        return (values.0 < values.1) == (direction == .ascending)
      }
      return false
    }
    let sorted = rows.sorted { one, other in
      if one.scores != other.scores { return isBetter(one.scores, other.scores) }
      if ties == .firstToReach, one.reachedAt != other.reachedAt { return one.reachedAt < other.reachedAt }
      return one.member < other.member
    }
    let page = board.page(from: 0, limit: rows.count + 1)
    #expect(page.map(\.member) == sorted.map { .string($0.member) }, "\(note)")
    #expect(page.map { [$0.score] + $0.moreScores } == sorted.map(\.scores), "\(note)")
    #expect(page.map(\.reachedAt) == sorted.map(\.reachedAt), "\(note)")
    var ranks: [Double] = []
    for (place, row) in sorted.enumerated() {
      let better = sorted.filter { isBetter($0.scores, row.scores) }
      let equal = sorted.count { $0.scores == row.scores }
      let rank: Double =
        switch ties {
        case .firstToReach: Double(place + 1)
        case .competition: Double(better.count + 1)
        case .dense: Double(Set(better.map(\.scores)).count + 1)
        case .modified: Double(better.count + equal)
        case .fractional: Double(better.count) + Double(equal + 1) / 2
        }
      ranks.append(rank)
    }
    #expect(page.map(\.rank) == ranks, "\(note)")
    for rank in [0, 1, 2, 7, rows.count, rows.count + 1] {
      #expect(board.place { $0 >= Double(rank) } == ranks.firstIndex { $0 >= Double(rank) } ?? rows.count, "\(note)")
    }
    for floor: Int64 in -3...3 {
      let counted = sorted.count { !isBetter([.integer(floor)], [$0.scores[0]]) }
      #expect(board.count(atLeast: .integer(floor)) == counted, "\(note)")
    }
  }

  @Test func `scores of any length move members`() {
    let board = RankBoard(direction: .descending, ties: .competition)
    for number in 0..<500 { board.set(.string("m\(number)"), score: .string("start"), reachedAt: 0) }
    for round in 0..<20 {
      for number in 0..<500 {
        board.set(
          .string("m\(number)"), score: .string(String(repeating: "x", count: (number * 7 + round * 13) % 40)), reachedAt: 0)
      }
    }
    let lengths = board.page(from: 0, limit: 500).map { row in row.score.description.utf8.count }
    #expect(lengths == lengths.sorted(by: >) && lengths.count == 500)
    #expect(board.rank(of: .string("m0"))?.score == .string(String(repeating: "x", count: 19 * 13 % 40)))
  }
}
