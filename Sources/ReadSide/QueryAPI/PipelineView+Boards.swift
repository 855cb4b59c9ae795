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

    /// What a path ends with.
    enum Word: String, CaseIterable {
      case top, rank, around, count

      var about: String {
        switch self {
        case .top: "the best, or a page"
        case .rank: "one member"
        case .around: "a member and its neighbours"
        case .count: "how many members it has"
        }
      }
    }
  }

  package static let boardPageMax = 1000

  static func boards(of pipeline: Pipeline) -> [(id: ProjectionID, board: Leaderboard)] {
    pipeline.projections.ids.compactMap { id in
      if case .leaderboard(let board) = pipeline.projections[id].kind { (id, board) } else { nil }
    }
  }

  /// The answer as JSON: what `ShownBoard.shape` says, and what it is true for. `board` is the values of the board's columns, nil for the latest.
  /// A board or member that is not there gives no members.
  package func leaderboard(
    _ name: String, board text: [String]?, _ question: BoardQuestion, atLeast positions: [Position]
  ) async throws -> [UInt8] {
    try await answer(
      atLeast: positions, on: .boards,
      about: { pipeline in
        try PipelineView.board(named: name, pipeline) { [$0] + pipeline.projections[$0].shows }
      }
    ) { subject, snapshot, writer in
      let (id, definition) = subject
      let columns = snapshot.pipeline.projections[id].table.columns
      let (values, board, counted) = try PipelineView.found(subject, text, snapshot)
      let members = try PipelineView.members(question, board, counted: counted, columns[definition.boardCount])
      let shown = try PipelineView.shown(id, definition, values: values, members: members, counted: counted, snapshot)
      ShownBoard.shape(id, definition, snapshot.pipeline, isCounted: true).append(shown, to: &writer)
    }
  }

  /// A leaderboard of the pipeline; `reads` gives what an answer about it reads.
  static func board(
    named name: String, _ pipeline: Pipeline, reads: (ProjectionID) -> [ProjectionID]
  ) throws -> Subject<(id: ProjectionID, board: Leaderboard)> {
    let all = boards(of: pipeline)
    guard let found = all.first(where: { pipeline.projections[$0.id].name == name }) else {
      throw QueryError.unknown("leaderboard", name, known: all.map { pipeline.projections[$0.id].name })
    }
    return Subject(value: found, reads: reads(found.id))
  }

  /// The board that is asked for: its values (the latest board's where `text` is nil; nil when there is none), its members and how many of them are
  /// counted.
  static func found(
    _ subject: (id: ProjectionID, board: Leaderboard), _ text: [String]?, _ snapshot: Snapshot
  ) throws -> (values: [Value]?, board: RankBoard?, counted: Int) {
    let (id, definition) = subject
    let projection = snapshot.pipeline.projections[id]
    guard let ranks = try snapshot.reader.ranks(id) else {
      throw ReaderError.failed("the boards of `\(projection.name)` are not kept")
    }
    let columns = projection.table.columns
    let values: [Value]?
    if let text {
      guard text.count == definition.boardCount else {
        let named = columns[..<definition.boardCount].map(\.name).joined(separator: ", ")
        throw QueryError.bad(
          "a board of `\(projection.name)` is named by \(named): give `board` once for each")
      }
      values = try zip(text, columns).map { try value($0, $1) }
    } else {
      values = definition.boardCount == 0 ? [] : try snapshot.reader.latestBoard(id)
    }
    let board = values.flatMap { ranks.board($0) }
    return (values, board, board.map { board in definition.floor.map { board.count(atLeast: $0) } ?? board.count } ?? 0)
  }

  static func schema(_ id: ProjectionID, _ board: Leaderboard, _ pipeline: Pipeline) -> JSONSchema {
    .object(
      ShownBoard.shape(id, board, pipeline, isCounted: true).schemas
        + validitySchemas([id] + pipeline.projections[id].shows, pipeline))
  }

  /// What a question about a board is asked with.
  static func parameters(of word: BoardQuestion.Word, _ board: Leaderboard, _ projection: Projection) -> [RequestParameter] {
    var parameters = boardParameters(board, projection)
    let member = RequestParameter(
      name: Parameters.member, about: "The member.", schema: .parameter(board.memberType), isRequired: true)
    switch word {
    case .top: parameters += [Parameters.offset.parameter, Parameters.boardLimit.parameter]
    case .rank: parameters.append(member)
    case .around: parameters += [member, Parameters.radius.parameter]
    case .count: break
    }
    return parameters
  }

  private static func boardParameters(_ board: Leaderboard, _ projection: Projection) -> [RequestParameter] {
    guard board.boardCount > 0 else { return [] }
    let named = projection.table.columns[..<board.boardCount].map { "\($0.name) (\($0.type.rawValue))" }.joined(separator: ", ")
    return [
      RequestParameter(
        name: Parameters.board, about: "Which board, once for each of its parts: \(named). The latest when it is left out.",
        schema: .text, counts: 0...board.boardCount)
    ]
  }

  /// What the ranks of many members are asked with.
  static func ranksParameters(_ board: Leaderboard, _ projection: Projection) -> [RequestParameter] {
    boardParameters(board, projection) + [
      RequestParameter(
        name: Parameters.member, about: "A member, once for each of them; at most \(ranksMax).",
        schema: .parameter(board.memberType), counts: 0...ranksMax)
    ]
  }

  /// A board with what is beside its members: when it closed, and what it shows of them.
  static func shown(
    _ id: ProjectionID, _ definition: Leaderboard, values: [Value]?, members: [RankedMember], counted: Int, _ snapshot: Snapshot
  ) throws -> ShownBoard {
    var closedAt: Instant?
    if !definition.windows.isEmpty, let values { closedAt = try snapshot.reader.closedAt(id, board: values) }
    return ShownBoard(
      name: snapshot.pipeline.projections[id].name, values: values ?? [], closedAt: closedAt, counted: counted,
      members: try members.map { member in
        ShownBoard.Member(
          ranked: member, cells: try definition.show.map { try cells($0, of: member.member, snapshot) } ?? [])
      })
  }

  /// The columns that `show` takes from the collection's row of a member; nulls when it has none.
  private static func cells(_ show: Leaderboard.Show, of member: Value, _ snapshot: Snapshot) throws -> [AnswerCell] {
    let table = snapshot.pipeline.projections[show.projection].table
    var found: [AnswerCell]?
    if let key = table.column(named: show.key) {
      try snapshot.reader.rows(show.projection, where: [(key, member)], newest: table.column(named: "_order"), limit: 1) {
        found = $0
      }
    }
    return show.columns.map { name in
      if let found, let column = table.column(named: name) { found[column] } else { .null }
    }
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
