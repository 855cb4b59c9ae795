import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import RandomTestKit
import ReadModels
import Testing

/// What a board keeps of its members: all of their bytes, in little memory, and in a tree and a table that agree.
@Suite struct RankBoardMemoryTests {
  struct Row: Equatable {
    var score: Value
    var reachedAt: Instant
    var order: CommitOrder
  }

  /// Values of every kind and length, with few different ones among them.
  private func value(_ random: inout SeededGenerator, isLong: Bool) -> Value {
    let number = Int64.random(in: -40...40, using: &random)
    switch Int.random(in: 0..<9, using: &random) {
    case 0: return .integer(number)
    case 1: return .integer(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<64, using: &random))
    case 2: return .timestamp(Instant(rawValue: Int64.random(in: .min ... .max, using: &random)))
    case 3:
      let digits =
        UInt128(UInt64.random(in: 0 ... .max, using: &random)) * UInt128(UInt64.random(in: 0...5_421_010_862, using: &random))
      let number = try? Number(
        coefficient: digits, exponent: Int.random(in: -120...80, using: &random), isNegative: Bool.random(using: &random))
      return .decimal(number ?? .zero)
    case 4: return .decimal(Number(number))
    case 5: return Bool.random(using: &random) ? .null : .boolean(Bool.random(using: &random))
    case 6:
      let count = isLong ? Int.random(in: 0...1_024, using: &random) : Int.random(in: 0...3, using: &random)
      return .bytes((0..<count).map { _ in [0, 1, 0xff].randomElement(using: &random) ?? 0 })
    case 7:
      let count = isLong ? [0, 100, 126, 127, 128, 129, 1_024].randomElement(using: &random) ?? 0 : 1
      return .string(String(repeating: "m", count: count) + "\(number)")
    default: return .json("[\(number)\(isLong ? String(repeating: " ", count: Int.random(in: 0..<200, using: &random)) : "")]")
    }
  }

  private func time(_ random: inout SeededGenerator) -> Instant {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: .distantPast
    case 1: .distantFuture
    case 2: Instant(rawValue: Int64.random(in: -3_000...3_000, using: &random))
    case 3: Instant(rawValue: Int64.random(in: .min ... .max, using: &random))
    default: Instant(rawValue: 1_760_000_000_000_000 + Int64.random(in: 0...20, using: &random) * 500)
    }
  }

  private func order(_ random: inout SeededGenerator) -> CommitOrder {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .beforeAll
    case 1: .afterAll
    default: CommitOrder(rawValue: UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0..<64, using: &random))
    }
  }

  @Test(
    arguments: [Leaderboard.Ties.firstToReach, .competition, .dense, .modified, .fractional],
    [Leaderboard.Direction.descending, .ascending])
  func `members, scores, times and orders of any kind and length stand where a sorted array has them`(
    _ ties: Leaderboard.Ties, _ direction: Leaderboard.Direction
  ) async {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for isLong in [false, true] {
      let board = RankBoard(direction: direction, ties: ties)
      var rows: [Value: Row] = [:]
      for round in 0..<2_000 {
        let goesDown = round % 1_000 > 600
        if goesDown, Int.random(in: 0..<10, using: &random) > 1, let member = rows.keys.randomElement(using: &random) {
          rows[member] = nil
          board.remove(member)
        } else {
          let member = Int.random(in: 0..<3, using: &random) == 0 ? rows.keys.randomElement(using: &random) : nil
          let row = Row(score: value(&random, isLong: isLong), reachedAt: time(&random), order: order(&random))
          let name = member ?? value(&random, isLong: isLong)
          rows[name] = row
          board.set(name, score: row.score, reachedAt: row.reachedAt, reachedOrder: row.order)
        }
        // Tests beside this one have their turn.
        if round % 50 == 0 { await Task.yield() }
        if round % 250 == 249 { check(board, rows, ties, direction, "seed \(seed), long \(isLong), round \(round)") }
      }
      for member in rows.keys.sorted() { board.remove(member) }
      check(board, [:], ties, direction, "seed \(seed), long \(isLong), emptied")
    }
  }

  private func check(
    _ board: RankBoard, _ rows: [Value: Row], _ ties: Leaderboard.Ties, _ direction: Leaderboard.Direction, _ note: String
  ) {
    func isEarlier(_ a: (key: Value, value: Row), _ b: (key: Value, value: Row)) -> Bool {
      if a.value.score != b.value.score { return (a.value.score < b.value.score) == (direction == .ascending) }
      if ties == .firstToReach {
        if a.value.reachedAt != b.value.reachedAt { return a.value.reachedAt < b.value.reachedAt }
        if a.value.order != b.value.order { return a.value.order < b.value.order }
      }
      return a.key < b.key
    }
    let sorted = rows.sorted(by: isEarlier)
    #expect(board.faults() == [], "\(note)")
    let page = board.page(from: 0, limit: rows.count + 1)
    #expect(page.map(\.member) == sorted.map(\.key), "\(note)")
    #expect(page.map(\.score) == sorted.map(\.value.score), "\(note)")
    #expect(page.map(\.reachedAt) == sorted.map(\.value.reachedAt), "\(note)")
    for (place, row) in sorted.enumerated() where place % 5 == 0 {
      #expect(board.place(of: row.key) == place, "\(note)")
      #expect(board.rank(of: row.key) == page[place], "\(note)")
    }
  }

  @Test(arguments: [Leaderboard.Ties.firstToReach, .dense])
  func `members that are entered in any order before the index is made are those that were set one by one`(
    _ ties: Leaderboard.Ties
  ) async {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let plain = RankBoard(direction: .descending, ties: ties)
    var rows: [RankedMember] = []
    for number in 0..<5_000 {
      plain.set(
        .string("m\(number)"), score: .integer(Int64.random(in: 0..<900, using: &random)),
        reachedAt: Instant(rawValue: Int64(number)))
    }
    rows = plain.page(from: 0, limit: .max)
    for isShuffled in [false, true] {
      let board = RankBoard(direction: .descending, ties: ties)
      for row in isShuffled ? rows.shuffled(using: &random) : rows {
        board.enter(row.member, score: row.score, reachedAt: row.reachedAt, reachedOrder: .beforeAll)
      }
      await Task.yield()
      board.index()
      #expect(board.faults() == [], "seed \(seed)")
      #expect(board.page(from: 0, limit: .max) == rows, "seed \(seed)")
      #expect(board.rank(of: .string("m7")) == plain.rank(of: .string("m7")), "seed \(seed)")
      board.set(.string("m7"), score: .integer(-1), reachedAt: 0)
      #expect(board.place(of: .string("m7")) == rows.count - 1, "seed \(seed)")
      #expect(board.faults() == [], "seed \(seed)")
    }
  }

  @Test func `memory follows the number of members both ways`() async {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let count = 60_000
    let board = RankBoard(direction: .descending, ties: .firstToReach)
    func set(_ number: Int) async {
      if number % 500 == 0 { await Task.yield() }
      board.set(
        .string("player-\(number)"), score: .integer(Int64.random(in: 0..<1_000_000, using: &random)),
        reachedAt: Instant(rawValue: 1_760_000_000_000_000 + Int64.random(in: 0..<1_000_000_000, using: &random) * 1_000),
        reachedOrder: CommitOrder(rawValue: UInt64.random(in: 0..<1 << 32, using: &random)))
    }
    #expect(board.bytes < 4_096)
    for number in 0..<count { await set(number) }
    // Blocks come and go in pieces of 2 MB, of which all may be free but one.
    let piece = 2 << 20
    #expect(board.bytes < 64 * count + piece, "\(board.bytes / count) bytes a member, seed \(seed)")
    for _ in 0..<count { await set(Int.random(in: 0..<count, using: &random)) }
    #expect(board.bytes < 64 * count + piece, "\(board.bytes / count) bytes a member after updates, seed \(seed)")
    let numbers = (0..<count).shuffled(using: &random)
    for number in numbers[..<(count / 2)] {
      if number % 500 == 0 { await Task.yield() }
      board.remove(.string("player-\(number)"))
    }
    #expect(board.bytes < 32 * count + piece, "\(board.bytes / (count / 2)) bytes a member, half removed, seed \(seed)")
    #expect(board.faults() == [], "seed \(seed)")
    for number in numbers[(count / 2)...] { board.remove(.string("player-\(number)")) }
    #expect(board.bytes < 16_384, "\(board.bytes) bytes of an empty board, seed \(seed)")
    #expect(board.faults() == [])
  }
}
