package import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// Questions about a board.
extension PipelineView {
  package enum BoardQuestion: Sendable {
    /// The members from a place on; the first is 0.
    case top(offset: Int, limit: Int)
    case rank(member: String)
    /// The members up to `radius` places before and after one.
    case around(member: String, radius: Int)
    case count
  }

  package static let boardPageMax = 1000

  /// The answer as JSON: `board`, `closed_at` (null while it is open), `members` (each with rank, member, score, reached_at, and what `show`
  /// takes from a collection), `count`, and what it is true for. `board` is the values of the board's columns, nil for the latest. A board or
  /// member that is not there gives no members.
  package func leaderboard(
    _ name: String, board text: [String]?, _ question: BoardQuestion, atLeast positions: [Position]
  ) async throws -> [UInt8] {
    try await answer(
      atLeast: positions, on: .boards,
      about: { pipeline in
        guard let id = pipeline.projection(named: name), case .leaderboard(let definition) = pipeline.projections[id].kind else {
          let names = pipeline.projections.filter { if case .leaderboard = $0.kind { true } else { false } }.map(\.name)
          throw QueryError.unknown("leaderboard", name, known: names)
        }
        return Subject(value: (id: id, definition: definition), reads: [id] + pipeline.projections[id].shows)
      }
    ) { subject, snapshot, writer in
      let (id, definition) = subject
      guard let ranks = try snapshot.reader.ranks(id) else { throw ReaderError.failed("the boards of `\(name)` are not kept") }
      let columns = snapshot.pipeline.projections[id].table.columns
      let values: [Value]?
      if let text {
        guard text.count == definition.boardCount else {
          let named = columns[..<definition.boardCount].map(\.name).joined(separator: ", ")
          throw QueryError.bad(
            "a board of `\(name)` is named by \(named): give `board` once for each")
        }
        values = try zip(text, columns).map { try PipelineView.value($0, $1) }
      } else {
        values = definition.boardCount == 0 ? [] : try snapshot.reader.latestBoard(id)
      }
      let board = values.flatMap { ranks.board($0) }
      let counted = board.map { board in definition.floor.map { board.count(atLeast: $0) } ?? board.count } ?? 0
      let members = try PipelineView.members(question, board, counted: counted, columns[definition.boardCount])
      let shown = ShownBoard(id: id, definition: definition, values: values, members: members, counted: counted)
      try PipelineView.append(shown, snapshot, &writer)
    }
  }

  /// A board as an answer or a tile shows it.
  struct ShownBoard {
    let id: ProjectionID
    let definition: Leaderboard
    /// The values that name the board; nil when there is none.
    let values: [Value]?
    let members: [RankedMember]
    /// How many members the board has, those that are not shown included; nil leaves the number out.
    let counted: Int?
  }

  static func append(_ board: ShownBoard, _ snapshot: Snapshot, _ writer: inout JSONWriter) throws {
    writer.member("leaderboard", snapshot.pipeline.projections[board.id].name)
    writer.name("board")
    writer.array(board.values ?? []) { $0.value($1) }
    if !board.definition.windows.isEmpty {
      writer.name("closed_at")
      if let values = board.values, let closed = try snapshot.reader.closedAt(board.id, board: values) {
        writer.string(Timestamp.text(closed))
      } else {
        writer.null()
      }
    }
    if let counted = board.counted { writer.member("count", counted) }
    writer.name("members")
    writer.beginArray()
    for ranked in board.members {
      writer.beginObject()
      writer.name("rank")
      if ranked.rank == ranked.rank.rounded() { writer.integer(Int(ranked.rank)) } else { writer.double(ranked.rank) }
      writer.name("member")
      writer.value(ranked.member)
      writer.name("score")
      writer.value(ranked.score)
      writer.member("reached_at", Timestamp.text(ranked.reachedAt))
      if let show = board.definition.show {
        writer.name("show")
        try PipelineView.append(show, of: ranked.member, snapshot, &writer)
      }
      writer.endObject()
    }
    writer.endArray()
  }

  /// The columns that `show` takes from the collection's row of a member: an object, with nulls when there is no row.
  private static func append(
    _ show: Leaderboard.Show, of member: Value, _ snapshot: Snapshot, _ writer: inout JSONWriter
  ) throws {
    let table = snapshot.pipeline.projections[show.projection].table
    var found: [AnswerCell]?
    if let key = table.column(named: show.key) {
      try snapshot.reader.rows(show.projection, where: [(key, member)], newest: table.column(named: "_order"), limit: 1) {
        found = $0
      }
    }
    writer.beginObject()
    for name in show.columns {
      writer.name(text: name)
      if let found, let column = table.column(named: name) { writer.cell(found[column]) } else { writer.null() }
    }
    writer.endObject()
  }

  private static func members(
    _ question: BoardQuestion, _ board: RankBoard?, counted: Int, _ column: SQLColumn
  ) throws -> [RankedMember] {
    guard let board else { return [] }
    switch question {
    case .top(let offset, let limit): return board.page(from: offset, limit: min(limit, max(0, counted - offset)))
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
}
