internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// A leaderboard as questions about it are answered: what stays the same from answer to answer, made once for a definition.
final class AskedBoard: Sendable {
  let id: ProjectionID
  let definition: Leaderboard
  let name: String
  /// Those that name a board, then the member's.
  private let columns: [SQLColumn]
  /// The table of the collection that `show` takes columns from.
  private let shownTable: SQLTable?
  let shownTables: Set<String>
  let ranksTables: Set<String>
  private let shape: AnswerShape<ShownBoard>
  private let amongShape: AnswerShape<ShownBoard>
  private let ranksShape: AnswerShape<Ranks>

  /// Throws `QueryError` 404 when the pipeline has no leaderboard of this name.
  convenience init(named name: String, of pipeline: Pipeline) throws {
    let all = AskedBoard.all(of: pipeline)
    guard let (id, definition) = all.first(where: { pipeline.projections[$0.id].name == name }) else {
      throw QueryError.unknown("leaderboard", name, known: all.map { pipeline.projections[$0.id].name })
    }
    self.init(id, definition, of: pipeline, isCounted: true)
  }

  /// `isCounted`: answers say how many members the board has.
  init(_ id: ProjectionID, _ definition: Leaderboard, of pipeline: Pipeline, isCounted: Bool) {
    let projection = pipeline.projections[id]
    self.id = id
    self.definition = definition
    name = projection.name
    columns = Array(projection.table.columns[...definition.boardCount])
    shownTable = definition.show.map { pipeline.projections[$0.projection].table }
    shownTables = PipelineView.tables([id] + projection.shows, pipeline)
    ranksTables = PipelineView.tables([id], pipeline)
    shape = ShownBoard.shape(id, definition, pipeline, isCounted: isCounted)
    amongShape = ShownBoard.shape(id, definition, pipeline, isCounted: isCounted, isAmong: true)
    ranksShape = Ranks.shape(id, definition, pipeline)
  }

  static func all(of pipeline: Pipeline) -> [(id: ProjectionID, board: Leaderboard)] {
    pipeline.projections.ids.compactMap { id in
      if case .leaderboard(let board) = pipeline.projections[id].kind { (id, board) } else { nil }
    }
  }

  /// Whether the answer needs rows of the store beside the boards in memory.
  func needsRows(_ request: BoardRequest) -> Bool {
    definition.show != nil || !definition.columns.isEmpty || !definition.windows.isEmpty
      || (request.board == nil && definition.boardCount > 0)
  }

  /// What the request asks for, in a snapshot of the reader; `reader` may be nil when no rows are needed. Nil when the snapshot does not hold the
  /// positions.
  func answer(_ request: BoardRequest, _ seen: SeenBoards, _ reader: (any GenerationReader)?) throws -> BoardAnswer? {
    let isRanks = if case .ranks = request.question { true } else { false }
    let validity = isRanks ? seen.ranksValidity : seen.shownValidity
    guard PipelineView.holds(request.positions, seen.places, read: isRanks ? ranksTables : shownTables) else { return nil }
    let values = try values(request.board, reader)
    let board = definition.boardCount == 0 ? seen.whole : values.flatMap { seen.ranks.board($0) }
    let counted = board.map { board in definition.floor.map { board.count(atLeast: $0) } ?? board.count } ?? 0
    switch request.question {
    case .ranks(let texts):
      let found = try texts.map { try rank($0, board, counted: counted) }
      var cells = try columns(of: found.compactMap(\.?.member), values, reader)[...]
      let ranks = found.map { $0.map { ShownBoard.Member(ranked: $0, columns: cells.removeFirst()) } }
      return BoardAnswer(
        asked: self, shown: try shown(values, [], counted: counted, reader), ranks: ranks, isAmong: false, validity: validity)
    case .among(let texts):
      let members = try texts.map { try member($0) }
      let few = board?.among(members)
      let ranked = few.map { few in definition.floor.map { few.count(atLeast: $0) } ?? few.count } ?? 0
      let best = few?.page(from: 0, limit: ranked) ?? []
      let shown = try shown(
        values, best.compactMap { board?.rank(of: $0.member) }, counted: counted, among: best.map(\.rank), reader)
      return BoardAnswer(asked: self, shown: shown, ranks: nil, isAmong: true, validity: validity)
    default:
      let members = try members(request.question, board, counted: counted)
      return BoardAnswer(
        asked: self, shown: try shown(values, members, counted: counted, reader), ranks: nil, isAmong: false, validity: validity)
    }
  }

  /// A board with what is beside its members: when it closed, and what it shows of them. Nil `values` name no board: the answer is empty.
  /// `among` has the rank of each among these.
  func shown(
    _ values: [Value]?, _ members: [RankedMember], counted: Int, among: [Double]? = nil, _ reader: (any GenerationReader)?
  ) throws -> ShownBoard {
    var closedAt: Instant?
    if !definition.windows.isEmpty, let values { closedAt = try reader?.closedAt(id, board: values) }
    return ShownBoard(
      name: name, values: values ?? [], closedAt: closedAt, counted: counted,
      members: try zip(members.indices, columns(of: members.map(\.member), values, reader)).map { place, cells in
        let member = members[place]
        return ShownBoard.Member(
          ranked: member, columns: cells, shown: try shown(of: member.member, reader), among: among?[place])
      })
  }

  /// The cells of the leaderboard's columns, for each of the members; nulls for one that has no row.
  private func columns(
    of members: [Value], _ board: [Value]?, _ reader: (any GenerationReader)?
  ) throws -> [[AnswerCell]] {
    let none = Array(repeating: AnswerCell.null, count: definition.columns.count)
    guard let reader, let board, !none.isEmpty else { return members.map { _ in none } }
    return try reader.memberCells(id, board: board, members: members, columns: definition.furtherColumns).map { $0 ?? none }
  }

  /// The values of the board that is asked for: the latest board's where `text` is nil; nil when there is none.
  private func values(_ text: [String]?, _ reader: (any GenerationReader)?) throws -> [Value]? {
    guard let text else { return definition.boardCount == 0 ? [] : try reader?.latestBoard(id) }
    guard text.count == definition.boardCount else {
      let named = columns.dropLast().map(\.name).joined(separator: ", ")
      throw QueryError.bad("a board of `\(name)` is named by \(named): give `board` once for each")
    }
    return try zip(text, columns).map { try PipelineView.value($0, $1) }
  }

  private func member(_ text: String) throws -> Value { try PipelineView.value(text, columns[definition.boardCount]) }

  private func rank(_ text: String, _ board: RankBoard?, counted: Int) throws -> RankedMember? {
    let member = try member(text)
    guard let board else { return nil }
    // Without a floor everybody on the board is counted.
    if definition.floor != nil, (board.place(of: member) ?? counted) >= counted { return nil }
    return board.rank(of: member)
  }

  private func members(_ question: BoardQuestion, _ board: RankBoard?, counted: Int) throws -> [RankedMember] {
    switch question {
    case .top(let offset, let limit): return board?.page(from: offset, limit: min(limit, max(0, counted - offset))) ?? []
    case .range(let from, let to, let limit):
      guard let board else { return [] }
      let first = board.place { $0 >= Double(from) }
      let end = to.map { to in board.place { $0 > Double(to) } } ?? counted
      return board.page(from: first, limit: min(limit, min(end, counted) - first))
    case .rank(let text): return try rank(text, board, counted: counted).map { [$0] } ?? []
    case .around(let text, let radius):
      let member = try member(text)
      guard let board, let place = board.place(of: member), place < counted else { return [] }
      let first = max(0, place - radius)
      return board.page(from: first, limit: min(counted, place + radius + 1) - first)
    case .count, .ranks, .among: return []
    }
  }

  /// The columns that `show` takes from the collection's row of a member; nulls when it has none.
  private func shown(of member: Value, _ reader: (any GenerationReader)?) throws -> [AnswerCell] {
    guard let show = definition.show, let table = shownTable else { return [] }
    var found: [AnswerCell]?
    if let key = table.column(named: show.key) {
      try reader?.rows(show.projection, where: [(key, member)], newest: table.column(named: "_order"), limit: 1) { found = $0 }
    }
    return show.columns.map { name in
      if let found, let column = table.column(named: name) { found[column] } else { .null }
    }
  }

  /// Writes the members of the answer's object.
  func append(_ answer: BoardAnswer, to writer: inout JSONWriter) {
    if let ranks = answer.ranks {
      ranksShape.append(Ranks(board: answer.shown, ranks: ranks), to: &writer)
    } else if answer.isAmong {
      amongShape.append(answer.shown, to: &writer)
    } else {
      append(answer.shown, to: &writer)
    }
  }

  func append(_ shown: ShownBoard, to writer: inout JSONWriter) { shape.append(shown, to: &writer) }
}
