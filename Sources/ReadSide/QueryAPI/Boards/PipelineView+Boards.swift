internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// Questions about boards.
extension PipelineView {
  package static let boardPageMax = 1000

  /// The answer as JSON: what `ShownBoard.shape` says, of ranks what `Ranks.shape` says, and what it is true for. A board or member that is not there
  /// gives no members. O(log n) a member, all in one snapshot.
  func board(_ request: BoardRequest) async throws -> [UInt8] {
    try await fresh(request.positions) { [self] source in
      try await boardReader(request.leaderboard, source).answer(request)
    }.json
  }

  /// The same bytes, or the same error, if no waiting is needed for them: for a thread that must not wait. Nil when `board` is to be called. An answer
  /// holds whatever was committed before the call.
  func boardAtOnce(_ request: BoardRequest) throws -> [UInt8]? {
    guard let source = knownSource() else { return nil }
    do {
      return try boardReader(request.leaderboard, source).answerAtOnce(request)?.json
    } catch is ReaderError {
      return nil
    }
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
    case .range: parameters += [Parameters.fromRank.parameter, Parameters.toRank.parameter, Parameters.boardLimit.parameter]
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

  /// What many members are asked about with.
  static func membersParameters(_ board: Leaderboard, _ projection: Projection) -> [RequestParameter] {
    boardParameters(board, projection) + [
      RequestParameter(
        name: Parameters.member, about: "A member, once for each of them; at most \(Ranks.membersMax).",
        schema: .parameter(board.memberType), counts: 0...Ranks.membersMax)
    ]
  }

  static func amongSchema(_ id: ProjectionID, _ board: Leaderboard, _ pipeline: Pipeline) -> JSONSchema {
    .object(
      ShownBoard.shape(id, board, pipeline, isCounted: true, isAmong: true).schemas
        + validitySchemas([id] + pipeline.projections[id].shows, pipeline))
  }

  static func ranksSchema(_ id: ProjectionID, _ board: Leaderboard, _ pipeline: Pipeline) -> JSONSchema {
    .object(Ranks.shape(id, board, pipeline).schemas + validitySchemas([id], pipeline))
  }
}
