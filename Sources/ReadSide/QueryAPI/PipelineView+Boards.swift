package import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels
internal import SQLiteReadModels

/// Questions about a board, answered from the rank index in memory.
extension PipelineView {
  package enum BoardQuestion: Sendable {
    /// The members from a place on; the first is 0.
    case top(offset: Int, limit: Int)
    case rank(member: String)
    /// The members up to `radius` places before and behind one.
    case around(member: String, radius: Int)
    case count
  }

  package static let boardPageMax = 1000

  /// The answer as JSON: `board`, `members` (each with member, score, reached_at, rank), `count`, and what it is true for. `board` is
  /// the values of the board's columns, nil for the latest. A board or member that is not there gives no members.
  package func leaderboard(
    _ name: String, board text: [String]?, _ question: BoardQuestion, atLeast positions: [Position]
  ) async throws -> [UInt8] {
    try await read(atLeast: positions) { open, writer in
      try PipelineView.appendBoard(name, text, question, open, &writer)
    }.1.bytes
  }

  static func appendBoard(
    _ name: String, _ text: [String]?, _ question: BoardQuestion, _ open: Open, _ writer: inout JSONWriter
  ) throws {
    let pipeline = open.pipeline
    let names = pipeline.projections.filter { if case .leaderboard = $0.kind { true } else { false } }.map(\.name)
    guard let index = pipeline.projection(named: name), case .leaderboard(let definition) = pipeline.projections[index].kind,
      let ranks = open.ranks[index]
    else { throw QueryError.unknown("leaderboard", name, known: names) }
    let columns = pipeline.projections[index].table.columns
    let values: [Value]?
    if let text {
      guard text.count == definition.boardCount else {
        let named = columns[..<definition.boardCount].map(\.name).joined(separator: ", ")
        throw QueryError.bad("a board of `\(name)` is named by \(definition.boardCount) values (\(named)), one `board` for each")
      }
      values = try zip(text, columns).map { try value($0, $1) }
    } else {
      values = definition.boardCount == 0 ? [] : try ranks.latest(open.connection)
    }
    let board = values.flatMap { ranks.board($0) }
    let counted = board.map { board in definition.floor.map { board.count(atLeast: $0) } ?? board.count } ?? 0
    writer.name("leaderboard")
    writer.string(name)
    writer.name("board")
    writer.array(values ?? []) { $0.value($1) }
    writer.name("count")
    writer.integer(counted)
    writer.name("members")
    writer.array(try members(question, board, counted, columns[definition.boardCount])) { writer, ranked in
      writer.beginObject()
      writer.name("rank")
      if ranked.rank == ranked.rank.rounded() { writer.integer(Int(ranked.rank)) } else { writer.double(ranked.rank) }
      writer.name("member")
      writer.value(ranked.member)
      writer.name("score")
      writer.value(ranked.score)
      writer.name("reached_at")
      writer.string(Timestamp.text(ranked.reachedAt))
      writer.endObject()
    }
  }

  private static func members(
    _ question: BoardQuestion, _ board: RankBoard?, _ counted: Int, _ column: SQLColumn
  ) throws -> [RankedMember] {
    guard let board else { return [] }
    switch question {
    case .top(let offset, let limit): return board.page(from: offset, limit: min(limit, counted - offset))
    case .rank(let text):
      let member = try value(text, column)
      guard let place = board.place(of: member), place < counted else { return [] }
      return board.rank(of: member).map { [$0] } ?? []
    case .around(let text, let radius):
      guard let place = board.place(of: try value(text, column)), place < counted else { return [] }
      let first = max(0, place - radius)
      return board.page(from: first, limit: min(counted, place + radius + 1) - first)
    case .count: return []
    }
  }

  private static func value(_ text: String, _ column: SQLColumn) throws -> Value {
    do throws(TypeMismatch) {
      return try Value(text: text, as: column.type, form: .iso(zone: .utc))
    } catch {
      throw QueryError.bad("`\(text)` is no \(column.type.rawValue) for \(column.name): \(error.reason)")
    }
  }
}

extension JSONWriter {
  /// A typed value as JSON: numbers as numbers, everything else as the text that SQL shows.
  mutating func value(_ value: Value) {
    switch value {
    case .null: null()
    case .boolean(let flag): bool(flag)
    case .integer(let whole): integer(whole)
    case .decimal(let number): string(number.description)
    default: string(value.description)
    }
  }
}
